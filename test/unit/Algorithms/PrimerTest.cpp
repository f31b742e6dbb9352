//===- PrimerTest.cpp - Techniques on a real model's matrices -------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Relative and largest errors of two matrices of the model that ships, beside
// what an independent evaluation of the same definitions in PyTorch gives.
//
//===----------------------------------------------------------------------===//

#include "compress/Algorithms/ErrorMeasure.h"
#include "compress/Algorithms/HQQ.h"
#include "compress/Algorithms/LowRank.h"
#include "compress/Algorithms/Magnitude.h"
#include "compress/Algorithms/Palette.h"
#include "compress/Algorithms/RoundToNearest.h"
#include "compress/Algorithms/ScaleSearch.h"
#include "compress/Algorithms/VectorQuantize.h"
#include "compress/Formats/Safetensors.h"
#include "gtest/gtest.h"

#include <functional>
#include <string>

using namespace compresslib;
using namespace compresslib::algo;

namespace {

using Values = std::vector<float>;
using Transform = std::function<Values(MatrixRef)>;

Transform nearest(int bits, int64_t group, bool symmetric) {
  return [=](MatrixRef w) {
    RoundToNearestOptions options;
    options.bits = bits;
    options.groupSize = group;
    options.scheme = symmetric ? Scheme::Symmetric : Scheme::Asymmetric;
    return roundToNearest(w, options)->dequantize();
  };
}

Values kept(MatrixRef w, const Expected<std::vector<uint8_t>> &keep) {
  Values values(w.values.begin(), w.values.end());
  for (size_t i = 0; i < values.size(); ++i)
    if (!(*keep)[i])
      values[i] = 0;
  return values;
}

Transform magnitude(double percent) {
  return [=](MatrixRef w) { return kept(w, keepLargest(w, percent)); };
}

Transform lowRank(double ratio) {
  return [=](MatrixRef w) {
    Expected<LowRankFactors> factors =
        truncatedSVD(w, rankForKeptRatio(w.rows, w.columns, ratio));
    Values values(size_t(w.size()));
    std::vector<double> row(static_cast<size_t>(w.columns));
    for (int64_t r = 0; r < w.rows; ++r) {
      std::fill(row.begin(), row.end(), 0.0);
      for (int64_t k = 0; k < factors->rank; ++k)
        for (int64_t c = 0; c < w.columns; ++c)
          row[c] += double(factors->left[r * factors->rank + k]) *
                    factors->right[k * w.columns + c];
      std::copy(row.begin(), row.end(), values.begin() + r * w.columns);
    }
    return values;
  };
}

Transform palette(int entries, PaletteOptions::Method method) {
  return [=](MatrixRef w) {
    PaletteOptions options;
    options.entries = entries;
    options.method = method;
    return palettize(w, options)->decode();
  };
}

struct Loaded {
  Values values;
  MatrixRef matrix;
};

Loaded load(const std::string &name) {
  Loaded result;
  auto file = formats::SafetensorsFile::open(
      COMPRESS_SOURCE_DIR "/models/primer/model.safetensors");
  if (!file.ok()) {
    ADD_FAILURE() << file.error().message;
    return result;
  }
  const formats::SafetensorsTensor *tensor = file->find(name);
  if (!tensor) {
    ADD_FAILURE() << name;
    return result;
  }
  result.values.resize(tensor->elements);
  EXPECT_TRUE(
      formats::rowsToFloat(*tensor, 0, tensor->rows(), result.values.data())
          .ok());
  result.matrix =
      MatrixRef(result.values, tensor->rows(), int64_t(tensor->rowElements()));
  return result;
}

ErrorMeasure errorOf(const Loaded &loaded, const Transform &transform) {
  ErrorMeasure measure;
  measure.add(loaded.values, transform(loaded.matrix));
  return measure;
}

struct Figure {
  const char *name;
  Transform transform;
  /// Of the two matrices: ‖E‖/‖W‖ and max |E|.
  double relative[2], largest[2];
  /// How near it has to come: 0 where every value is the same.
  double tolerance;
};

TEST(Primer, ErrorsAreThoseOfTheReference) {
  auto lloyd = PaletteOptions::Method::Lloyd;
  const Figure figures[] = {
      {"rtn:8:0:sym",
       nearest(8, 0, true),
       {0.00655682068222456, 0.0077294022474497},
       {0.00262451172, 0.00221252441},
       0},
      {"rtn:4:0",
       nearest(4, 0, false),
       {0.103885302861505, 0.121896152187923},
       {0.0399169922, 0.0341796875},
       0},
      {"rtn:4:32",
       nearest(4, 32, false),
       {0.0786517866403825, 0.0809804897083851},
       {0.0388183594, 0.0327148438},
       0},
      {"rtn:4:32:sym",
       nearest(4, 32, true),
       {0.0925988239735811, 0.0968803778413383},
       {0.0462646484, 0.0394897461},
       0},
      {"rtn:3:32",
       nearest(3, 32, false),
       {0.168704024392497, 0.173281084516389},
       {0.0782470703, 0.0678710938},
       0},
      {"rtn:2:32",
       nearest(2, 32, false),
       {0.396149649211898, 0.40684432545833},
       {0.1953125, 0.160400391},
       0},
      {"magnitude:20",
       magnitude(20),
       {0.0587822966127094, 0.0639775585642388},
       {0.0260009766, 0.0206298828},
       0},
      {"magnitude:50",
       magnitude(50),
       {0.243419319993076, 0.264352185745964},
       {0.0703125, 0.0554199219},
       0},
      {"nm:2:4",
       [](MatrixRef w) { return kept(w, keepNOfM(w, 2, 4)); },
       {0.373925837903208, 0.362865773579962},
       {0.330078125, 0.328125},
       0},
      {"svd:0.9",
       lowRank(0.9),
       {0.109015249852299, 0.301445230938054},
       {0.0569805503, 0.119614424},
       1e-6},
      {"svd:0.5",
       lowRank(0.5),
       {0.212900971822445, 0.547704567057247},
       {0.113335565, 0.251036175},
       1e-6},
      {"palette:16",
       palette(16, lloyd),
       {0.11135950902545, 0.106498972168317},
       {0.304782569, 0.331196949},
       0},
      {"palette:4",
       palette(4, lloyd),
       {0.376031007923516, 0.349504796458402},
       {0.48225978, 0.437832735},
       0}};
  const char *names[] = {"model.layers.0.self_attn.q_proj.weight",
                         "model.layers.3.mlp.down_proj.weight"};
  for (int which = 0; which < 2; ++which) {
    Loaded loaded = load(names[which]);
    ASSERT_FALSE(loaded.values.empty());
    for (const Figure &figure : figures) {
      ErrorMeasure measure = errorOf(loaded, figure.transform);
      EXPECT_NEAR(measure.relative(), figure.relative[which],
                  figure.relative[which] * (figure.tolerance + 1e-12))
          << figure.name << ' ' << names[which];
      EXPECT_NEAR(measure.largest(), figure.largest[which],
                  figure.largest[which] * (figure.tolerance * 100 + 1e-8))
          << figure.name << ' ' << names[which];
    }
  }
}

TEST(Primer, BetterMethodsAreBetter) {
  for (const char *name : {"model.layers.0.self_attn.q_proj.weight",
                           "model.layers.3.mlp.down_proj.weight"}) {
    Loaded loaded = load(name);
    ASSERT_FALSE(loaded.values.empty());
    auto error = [&](const Transform &transform) {
      return errorOf(loaded, transform).relative();
    };
    auto exact = PaletteOptions::Method::Exact;
    auto lloyd = PaletteOptions::Method::Lloyd;
    for (int entries : {4, 16})
      EXPECT_LT(error(palette(entries, exact)), error(palette(entries, lloyd)));
    for (int bits : {2, 3, 4}) {
      ScaleSearchOptions search;
      search.bits = bits;
      EXPECT_LT(error([&](MatrixRef w) {
                  return searchScales(w, search)->dequantize();
                }),
                error(nearest(bits, 32, true)));
    }
    // At the same 2 bits a weight (8 for a cell of 4), a codebook of vectors
    // beats codes with a scale a row.
    EXPECT_LT(error([](MatrixRef w) {
                VectorQuantizeOptions options;
                options.rounds = 5;
                return vectorQuantize(w, options)->decode();
              }),
              error(nearest(2, 0, false)));
    HQQOptions halfQuadratic;
    halfQuadratic.bits = 2;
    halfQuadratic.groupSize = 32;
    EXPECT_LT(error([&](MatrixRef w) {
                return quantizeHalfQuadratic(w, halfQuadratic)->dequantize();
              }),
              error(nearest(2, 32, false)));
  }
}

} // namespace
