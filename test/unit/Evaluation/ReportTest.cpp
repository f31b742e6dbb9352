//===- ReportTest.cpp - Steps as a table and as JSON ---------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Evaluation/Report.h"

#include <gtest/gtest.h>

using namespace compresslib;
using namespace compresslib::eval;

static std::vector<Step> steps() {
  Step base;
  base.name = "untouched";
  base.bytes = 2000;
  base.parameters = 1000;
  base.activations = "f32";
  TextScore text;
  text.score = {0.6692951, 0.0031, 1.9528601, 27061};
  text.compared = true;
  text.sameTop = 1;
  base.text = text;
  Step small = base;
  small.name = "compress-quantize";
  small.bytes = 562;
  small.text->kl = 0.00068123456;
  small.text->sameTop = 0.9234;
  Accuracy accuracy;
  accuracy.kinds = {{"add", 39, 40}};
  accuracy.right = 39;
  accuracy.items = 40;
  small.accuracy = accuracy;
  return {base, small};
}

TEST(Report, Table) {
  EXPECT_EQ(
      stepsTable(steps()),
      "step                 weights    bits  act.       nll        +-  "
      "perplexity        KL        +-  KL 99 %  KL max  same top  tasks\n"
      "untouched             2.0 KB  16.000   f32  0.669295  0.003100      "
      "1.9529  0.000000  0.000000  0.00000  0.0000  100.00 %      -\n"
      "compress-quantize  562 bytes   4.496   f32  0.669295  0.003100      "
      "1.9529  0.000681  0.000000  0.00000  0.0000   92.34 %  39/40\n");
  auto bare = steps();
  for (Step &step : bare)
    step.text.reset();
  EXPECT_EQ(stepsTable(bare).find("nll"), std::string::npos);
}

TEST(Report, Json) {
  json::Writer writer(0);
  writeStep(writer, steps()[1]);
  auto read = json::read(writer.text(), "text");
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->find("nll")->getNumber(), 0.669295);
  EXPECT_EQ(read->find("perplexity")->getNumber(), 1.95286);
  EXPECT_EQ(read->find("kl")->getNumber(), 0.00068123);
  EXPECT_EQ(read->find("same_top")->getNumber(), 0.9234);
  EXPECT_EQ(read->find("bytes")->getInt64(), 562);
  EXPECT_EQ(read->find("bits_per_weight")->getNumber(), 4.496);
  EXPECT_EQ(read->find("accuracy")->getNumber(), 0.975);
  EXPECT_EQ(read->find("tasks")->find("add")->find("right")->getInt64(), 39);
  for (const char *key :
       {"nll_error", "kl_error", "kl_p99", "kl_max", "scored", "activations"})
    EXPECT_TRUE(read->find(key)) << key;
  Step bare = steps()[0];
  bare.text.reset();
  json::Writer other(0);
  writeStep(other, bare);
  EXPECT_EQ(other.text().find("nll"), std::string::npos);
}
