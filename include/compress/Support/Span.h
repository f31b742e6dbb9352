//===- Span.h - A pointer and a size ----------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A view of contiguous elements that someone else owns (std::span is C++20, and
// the core does not see LLVM's ArrayRef, which converts through data and size).
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_SUPPORT_SPAN_H
#define COMPRESS_SUPPORT_SPAN_H

#include <cassert>
#include <cstddef>
#include <type_traits>
#include <vector>

namespace compresslib {

template <typename T> class Span {
public:
  using value_type = std::remove_cv_t<T>;

  Span() = default;
  Span(T *data, size_t size) : data_(data), size_(size) {}
  template <size_t N> Span(T (&array)[N]) : data_(array), size_(N) {}
  template <typename U = T, std::enable_if_t<std::is_const_v<U>, int> = 0>
  Span(const std::vector<value_type> &vector)
      : data_(vector.data()), size_(vector.size()) {}
  Span(std::vector<value_type> &vector)
      : data_(vector.data()), size_(vector.size()) {}
  template <typename U,
            std::enable_if_t<std::is_same_v<const U, T> && !std::is_const_v<U>,
                             int> = 0>
  Span(Span<U> other) : data_(other.data()), size_(other.size()) {}

  T *data() const { return data_; }
  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  T *begin() const { return data_; }
  T *end() const { return data_ + size_; }
  T &operator[](size_t index) const {
    assert(index < size_);
    return data_[index];
  }
  T &front() const { return (*this)[0]; }
  T &back() const { return (*this)[size_ - 1]; }
  Span subspan(size_t offset, size_t count) const {
    assert(offset <= size_ && count <= size_ - offset);
    return Span(data_ + offset, count);
  }
  Span subspan(size_t offset) const { return subspan(offset, size_ - offset); }

private:
  T *data_ = nullptr;
  size_t size_ = 0;
};

} // namespace compresslib

#endif // COMPRESS_SUPPORT_SPAN_H
