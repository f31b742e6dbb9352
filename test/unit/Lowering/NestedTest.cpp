//===- NestedTest.cpp - Expressions nested at random ----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cases.h"

using namespace lowering;

namespace {

V nested(Expression &e, int64_t rows, int64_t columns, int depth);

V nestedVector(Expression &e, int64_t n, int depth) {
  switch (depth > 0 ? e.below(5) : e.below(2)) {
  default:
    return e.floats({n}, e.below(2) ? "f16" : "bf16", 0.4);
  case 1:
    return e.quantized({n}, "ui" + std::to_string(2 + e.below(7)),
                       e.below(2) ? 32 : 5, "f16", "f16");
  case 2:
    return e.lookup(e.codes({n}, "ui4"), nested(e, 1, 16, depth - 1), 1, 0);
  case 3:
    return e.sum({nestedVector(e, n, depth - 1), nestedVector(e, n, 0)});
  case 4: {
    int64_t ones;
    V mask = e.mask({n}, 0.6, ones);
    return e.densify(nestedVector(e, ones, depth - 1), mask);
  }
  }
}

V nested(Expression &e, int64_t rows, int64_t columns, int depth) {
  const int64_t groups[] = {0, 5, 16, 32, 64};
  int64_t group = groups[e.below(5)];
  int64_t per = group ? (columns + group - 1) / group : 1;
  std::string bits = std::to_string(2 + e.below(7));
  switch (depth > 0 ? e.below(10) : e.below(3)) {
  default:
    return e.floats({rows, columns}, e.below(2) ? "f16" : "bf16", 0.4);
  case 1:
    return e.quantized({rows, columns}, "si" + bits, group, "f16");
  case 2:
    return e.quantized({rows, columns}, "ui" + bits, group, "bf16",
                       "ui" + bits);
  case 3: {
    V codes = e.codes({rows, columns}, "si" + bits);
    return e.dequantize(codes, nested(e, rows, per, depth - 1), group);
  }
  case 4: {
    int64_t cell = columns % 4 ? 1 : 4;
    int64_t codes = columns / cell, many = e.below(2) ? 3 : 0;
    V book = many ? nested(e, rows * ((codes + many - 1) / many), 16 * cell,
                           depth - 1)
                  : nested(e, 1, 16 * cell, depth - 1);
    return e.lookup(e.codes({rows, codes}, "ui4"), book, cell, many);
  }
  case 5: {
    int64_t ones;
    V mask = e.mask({rows, columns}, 0.5, ones);
    return e.densify(nestedVector(e, ones, depth - 1), mask);
  }
  case 6: {
    if (columns % 4)
      return nested(e, rows, columns, depth - 1);
    V values = nested(e, rows, columns / 2, depth - 1);
    return e.densifyNM(values, e.positions(rows, columns / 2, 2, 4), 2, 4);
  }
  case 7:
    return e.product(nested(e, rows, 7, depth - 1),
                     nested(e, 7, columns, depth - 1));
  case 8: {
    V a = nested(e, rows, columns, depth - 1);
    return e.sum({a, nested(e, rows, columns, depth - 1)});
  }
  case 9: {
    int64_t dim = e.below(2);
    V source = nested(e, rows, columns, depth - 1);
    return e.permute(source, e.permutation(dim ? columns : rows, "ui16"), dim);
  }
  }
}

struct Nested : Lowering, ::testing::WithParamInterface<int> {};

/// The ops of the module's @w, and the types of its leaves.
std::string describe(mlir::ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream os(text);
  auto weight = llvm::cast<mlir::compress::WeightOp>(module.lookupSymbol("w"));
  mlir::OpPrintingFlags flags;
  flags.elideLargeElementsAttrs(1);
  weight->print(os, flags);
  return text;
}

TEST_P(Nested, Compared) {
  const int64_t rows[] = {5, 16, 33, 37}, columns[] = {20, 64, 71, 80};
  int seed = GetParam();
  Case c{"nested", [=](Expression &e) {
           Expression choice(seed);
           V value = nested(choice, rows[seed % 4], columns[seed / 4 % 4], 3);
           e = choice;
           return value;
         }};
  parse(tiedModel(c));
  setTokens(rows[seed % 4]);
  std::string set = runnableSets().front();
  std::vector<float> expected = reference(mlir::compress::Activations::f32);
  auto program = compile("f32", {set});
  ASSERT_TRUE(program);
  expectClose(run(*program, set, 2, unevenCalls()), expected, 1e-4,
              describe(*module));
}

INSTANTIATE_TEST_SUITE_P(All, Nested, ::testing::Range(0, 48));

} // namespace
