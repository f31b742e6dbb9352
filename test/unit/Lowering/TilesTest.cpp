//===- TilesTest.cpp - Products of sets with tiles ------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cases.h"
#include "TileEmulator.h"
#include "compress/InstructionSets/InstructionSet.h"

using namespace lowering;

namespace {

struct Int8Tiles : Expressions {
  void compareTiles(const std::vector<float> &expected,
                    void (*tileDot)(mlir::OpBuilder &, mlir::Location,
                                    const mlir::kernel::TileDot &),
                    const std::string &features) {
    mlir::kernel::InstructionSet tiled =
        *mlir::kernel::findInstructionSet(runnableSets().front());
    std::string set = tiled.name += "_tiles";
    tiled.features += features;
    tiled.inFamily = false;
    tiled.usesTiles = true;
    tiled.tileDot = tileDot;
    mlir::kernel::RegisterInstructionSet registered(std::move(tiled));
    auto program = compile("int8", {set}, 35);
    ASSERT_TRUE(program);
    bool factors = std::string(GetParam().name).find("product") == 0;
    for (const std::vector<int64_t> &calls :
         {std::vector<int64_t>{35, 2}, std::vector<int64_t>{16, 17, 4}})
      for (int threads : {1, 2})
        expectClose(run(*program, set, threads, calls), expected,
                    factors ? 5e-3 : 1e-5, set + features);
  }
};

// Sixteen tokens at once, and every remainder: by the lane dots of a set that
// runs here, and by AMX's own instructions.
TEST_P(Int8Tiles, Compared) {
  parse(hiddenModel(GetParam()));
  setTokens(37);
  std::vector<float> expected = reference(mlir::compress::Activations::int8);
  compareTiles(expected, nullptr, "");
#ifdef __x86_64__
  TileEmulator emulator;
  compareTiles(expected, mlir::kernel::findInstructionSet("amx")->tileDot,
               ",+amx-tile,+amx-int8");
  if (!llvm::is_contained(runnableSets(), "amx"))
    EXPECT_GT(emulator.getProducts(), 0);
#endif
}

INSTANTIATE_TEST_SUITE_P(All, Int8Tiles,
                         ::testing::ValuesIn(int8Of(fewCases())), nameOf);

} // namespace
