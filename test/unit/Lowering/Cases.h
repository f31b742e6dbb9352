//===- Cases.h - The expressions that are compared ------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef COMPRESS_TEST_UNIT_LOWERING_CASES_H
#define COMPRESS_TEST_UNIT_LOWERING_CASES_H

#include "Harness.h"

namespace lowering {

struct Case {
  const char *name;
  Body body;
  /// Whether some node takes int8 activations.
  bool int8 = false;
};
inline void PrintTo(const Case &c, std::ostream *os) { *os << c.name; }
inline std::string nameOf(const ::testing::TestParamInfo<Case> &info) {
  return info.param.name;
}

/// All expressions; fewer of them, with every width of codes, zero points, and
/// what vectors differ in; and of some those that take int8 activations.
std::vector<Case> cases();
std::vector<Case> fewCases();
std::vector<Case> int8Of(std::vector<Case> some);

/// The weight @w of `rows` x `columns` as the embedding, inside the model, and
/// as the head of the same (tied).
std::string tiedModel(const Case &c);
/// embedding -> @w -> head, where the inputs of @w are exact, so that int8
/// activations round alike.
std::string hiddenModel(const Case &c);

struct Expressions : Lowering, ::testing::WithParamInterface<Case> {};

} // namespace lowering

#endif // COMPRESS_TEST_UNIT_LOWERING_CASES_H
