//===- Tasks.cpp - Exact answers to prompts -------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Evaluation/Tasks.h"

#include "compress/Support/Json.h"
#include "compress_runtime/Perplexity.h"

#include <algorithm>
#include <cmath>

namespace compresslib {
namespace eval {

Expected<std::vector<Task>> readTasks(std::string_view text,
                                      const std::string &source) {
  std::vector<Task> tasks;
  uint64_t offset = 0;
  for (size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    size_t next = std::min(line.size() + 1, text.size());
    if (!rt::stripped(line).empty()) {
      json::ReadOptions options;
      options.offset = offset;
      auto value = json::read(line, source, options);
      if (!value)
        return value.error();
      Task task;
      struct {
        const char *key;
        std::string *into;
      } members[] = {{"kind", &task.kind},
                     {"prompt", &task.prompt},
                     {"answer", &task.answer}};
      for (auto &member : members) {
        const json::Value *found = value->find(member.key);
        if (!found || !found->getString())
          return badInput("'" + source + "', line " + std::to_string(number) +
                          ": a task needs the string \"" + member.key +
                          "\"; it has " + (found ? found->kindName() : "none") +
                          ".");
        *member.into = *found->getString();
      }
      tasks.push_back(std::move(task));
    }
    text.remove_prefix(next);
    offset += next;
  }
  if (tasks.empty())
    return badInput("'" + source + "' has no tasks.");
  return tasks;
}

double Accuracy::error() const {
  return items ? std::sqrt(share() * (1 - share()) / items) : 0.0;
}

std::string_view answerOf(std::string_view continuation) {
  std::string_view line =
      rt::stripped(continuation.substr(0, continuation.find('\n')));
  if (!line.empty() && line.back() == '.')
    line.remove_suffix(1);
  return line;
}

Expected<Accuracy>
runTasks(rt::Model &model, const rt::TextCodec &codec, int32_t bos,
         const std::vector<int32_t> &endTokens, const std::vector<Task> &tasks,
         const std::function<bool(size_t, size_t)> &progress) {
  Accuracy accuracy;
  rt::SamplerOptions greedy;
  greedy.temperature = 0;
  rt::Generator generator(model, greedy);
  for (size_t i = 0; i < tasks.size(); ++i) {
    const Task &task = tasks[i];
    std::vector<int32_t> prompt;
    if (bos >= 0)
      prompt.push_back(bos);
    auto ids = codec.encode(task.prompt, false);
    auto answer = codec.encode(task.answer, true);
    if (!ids || !answer)
      return ids ? answer.error() : ids.error();
    prompt.insert(prompt.end(), ids->begin(), ids->end());
    rt::GenerateOptions options;
    options.maximum = answer->size() + 4;
    options.stop = {"\n"}; // only the first line counts
    options.endTokens = endTokens;
    std::string continuation;
    generator.reset();
    auto result = generator.generate(prompt, options, codec.decoder(),
                                     [&](std::string_view text) {
                                       continuation += text;
                                       return true;
                                     });
    if (!result)
      return result.error();
    auto kind = std::find_if(
        accuracy.kinds.begin(), accuracy.kinds.end(),
        [&](const Accuracy::Kind &k) { return k.name == task.kind; });
    if (kind == accuracy.kinds.end())
      kind = accuracy.kinds.insert(kind, {task.kind, 0, 0});
    bool right = answerOf(continuation) == rt::stripped(task.answer);
    ++kind->items;
    ++accuracy.items;
    kind->right += right;
    accuracy.right += right;
    if (progress && !progress(i + 1, tasks.size()))
      break;
  }
  return accuracy;
}

} // namespace eval
} // namespace compresslib
