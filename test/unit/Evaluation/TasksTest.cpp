//===- TasksTest.cpp - Exact answers to prompts --------------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Evaluation/Tasks.h"
#include "FakeCodec.h"

#include <algorithm>
#include <gtest/gtest.h>

using namespace compresslib;
using namespace compresslib::eval;

TEST(Tasks, AnswerOfAContinuation) {
  EXPECT_EQ(answerOf(" 119\n93 + 31"), "119");
  EXPECT_EQ(answerOf(" apple pear.  \n"), "apple pear");
  EXPECT_EQ(answerOf("a.."), "a.");
  EXPECT_EQ(answerOf("\n119"), "");
  EXPECT_EQ(answerOf(""), "");
}

TEST(Tasks, Files) {
  auto tasks =
      readTasks("{\"kind\": \"add\", \"prompt\": \"1 +\\n1 =\", "
                "\"answer\": \"2\"}\n\n"
                "{\"kind\": \"b\", \"prompt\": \"\", \"answer\": \"\", "
                "\"more\": 1}",
                "t.jsonl");
  ASSERT_TRUE(tasks.ok());
  ASSERT_EQ(tasks->size(), 2u);
  EXPECT_EQ((*tasks)[0].prompt, "1 +\n1 =");
  EXPECT_EQ((*tasks)[1].kind, "b");
  auto lacking = readTasks("{\"kind\": \"a\", \"prompt\": \"\", \"answer\": "
                           "\"\"}\n{\"kind\": \"a\", \"prompt\": 3}\n",
                           "t.jsonl");
  ASSERT_FALSE(lacking.ok());
  EXPECT_EQ(lacking.error().message,
            "'t.jsonl', line 2: a task needs the string \"prompt\"; it has an "
            "integer.");
  EXPECT_FALSE(readTasks("nonsense", "t.jsonl").ok());
  EXPECT_FALSE(readTasks("\n", "t.jsonl").ok());
}

TEST(Tasks, RightAndWrong) {
  // The true greedy continuation, by the formula, up to a line feed.
  auto continuation = [](const std::string &prompt, int count) {
    auto tokens = *fake::codec().encode(prompt, true);
    std::string text;
    for (int i = 0; i < count; ++i) {
      auto row = fake::logits(tokens).back();
      tokens.push_back(std::max_element(row.begin(), row.end()) - row.begin());
      text += fake::codec().decoder().push(tokens.back());
    }
    return text;
  };
  std::vector<Task> tasks;
  int64_t right = 0;
  for (const std::string prompt : {"abc", "Once", "x = ", "?"}) {
    // An answer of two bytes is three tokens with BOS; four more may follow.
    std::string answer = std::string(answerOf(continuation(prompt, 7)));
    tasks.push_back({"other", prompt, "zz"});
    tasks.push_back({"two", prompt, answer.substr(0, 2)});
    right += answer.size() == 2;
    std::string full = continuation(prompt, 40);
    // As long as it is itself plus what is generated beyond.
    for (size_t n = 1; n < 12; ++n) {
      std::string tried = full.substr(0, n);
      std::string got(answerOf(continuation(prompt, n + 5)));
      tasks.push_back({"tried", prompt, tried});
      right += got == tried;
    }
  }
  auto pool = rt::ThreadPool::create({2, false, false});
  auto model = rt::Model::create(fake::program(), fake::weights(),
                                 fake::weightsBytes(), **pool);
  auto accuracy = runTasks(**model, fake::codec(), fake::bos, {}, tasks);
  ASSERT_TRUE(accuracy.ok());
  EXPECT_EQ(accuracy->items, int64_t(tasks.size()));
  EXPECT_EQ(accuracy->right, right);
  ASSERT_EQ(accuracy->kinds.size(), 3u);
  EXPECT_EQ(accuracy->kinds[0].name, "other");
  EXPECT_EQ(accuracy->kinds[0].items, 4);

  // With the first token as the end, an empty answer is right.
  int32_t first = *fake::codec().encode(continuation("abc", 1), false)->data();
  auto ended = runTasks(**model, fake::codec(), fake::bos, {first},
                        {{"k", "abc", ""}, {"k", "abc", "zz"}});
  EXPECT_EQ(ended->right, 1);
  EXPECT_DOUBLE_EQ(ended->share(), 0.5);
}
