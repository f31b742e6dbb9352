//===- Options.cpp - The options of an edge binary ------------ -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Options.h"
#include "compress_runtime/Text.h"
#include "compress_runtime/ThreadPool.h"

#include "compress/Support/Text.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

namespace compresslib {
namespace rt {

namespace {

/// One option: exactly one of the targets is set.
struct Option {
  const char *shortName; ///< "-p" or null
  const char *name;      ///< "--prompt"
  const char *value;     ///< its name in --help; null: no value
  const char *help;
  std::string *text;
  bool *flag; ///< set as well where another target is
  int64_t *integer;
  double *real;
  std::vector<std::string> *list;
  double least, most;
};

std::vector<Option> optionTable(Settings &s) {
  const double big = 1e9;
  auto text = [](const char *a, const char *n, const char *v, std::string *t,
                 bool *f, const char *h) {
    return Option{a, n, v, h, t, f, nullptr, nullptr, nullptr, 0, 0};
  };
  auto flag = [](const char *a, const char *n, bool *f, const char *h) {
    return Option{a,       n,       nullptr, h, nullptr, f,
                  nullptr, nullptr, nullptr, 0, 0};
  };
  auto integer = [](const char *a, const char *n, int64_t *i, double least,
                    double most, const char *h, bool *f = nullptr) {
    return Option{a, n, "N", h, nullptr, f, i, nullptr, nullptr, least, most};
  };
  auto real = [](const char *n, double *r, double least, double most,
                 const char *h) {
    return Option{nullptr, n, "X",     h,     nullptr, nullptr,
                  nullptr, r, nullptr, least, most};
  };
  return {
      text("-p", "--prompt", "TEXT", &s.prompt, &s.hasPrompt,
           "the text to continue"),
      text("-f", "--file", "FILE", &s.promptFile, &s.hasFile,
           "read the prompt from FILE, less a final line feed (without -p and "
           "-f: from standard input)"),
      flag("-e", "--escape", &s.escape,
           "read \\n, \\t and \\\\ in -p as line feed, tab and backslash"),
      integer(nullptr, "--parallel", &s.parallel, 1, 4096,
              "with -f: every line of FILE is a prompt, and N are continued "
              "together"),
      flag("-i", "--interactive", &s.interactive,
           "continue one line of standard input after the other"),
      flag(nullptr, "--echo", &s.echo, "print the prompt too"),
      integer("-n", "--predict", &s.maximum, -1, big,
              "tokens to generate; -1: to the end of the text or of the "
              "context (default -1)"),
      integer("-c", "--context", &s.context, 0, 1 << 30,
              "positions of the context, prompt included (default: the "
              "model's, at most 4096; 512 with --perplexity)"),
      integer("-t", "--threads", &s.threads, 0, ThreadPool::maximum,
              "threads (default: one a core)"),
      integer("-s", "--seed", &s.seed, -1, 9.2e18,
              "seed of the sampler; -1: a new one each time (default -1)",
              &s.hasSeed),
      real("--temp", &s.temperature, -1e3, 1e3,
           "temperature; 0: always the most likely token (default 0.8)"),
      integer(nullptr, "--top-k", &s.topK, -1, big,
              "draw from the K most likely; 0: all (default 40)"),
      real("--top-p", &s.topP, 0, 1e3,
           "draw from the most likely that sum to P; 1: all (default 0.95)"),
      real("--min-p", &s.minP, 0, 1,
           "and have P times the largest probability; 0: all (default 0.05)"),
      real("--repeat-penalty", &s.repeatPenalty, 1e-3, 1e3,
           "penalty of repeated tokens; 1: none (default 1)"),
      integer(nullptr, "--repeat-last-n", &s.repeatLast, -1, big,
              "tokens it looks back; -1: all (default 64)"),
      Option{nullptr, "--stop", "TEXT", "stop before TEXT; may be given again",
             nullptr, nullptr, nullptr, nullptr, &s.stop, 0, 0},
      flag(nullptr, "--ignore-eos", &s.ignoreEnd,
           "go on where the model ends its text"),
      text(nullptr, "--perplexity", "FILE", &s.perplexityFile, &s.hasPerplexity,
           "measure how well the model predicts FILE"),
      flag(nullptr, "--documents", &s.documents,
           "FILE is documents separated by <|endoftext|>: score each from its "
           "beginning, up to --context tokens"),
      integer(nullptr, "--chunks", &s.chunks, 0, big,
              "only the first N windows or documents; 0: all"),
      text(nullptr, "--bos", "ID", &s.bos, nullptr,
           "token put first: auto (the tokenizer's), none, or an id"),
      text(nullptr, "--cache-type", "TYPE", &s.cacheType, nullptr,
           "how keys and values are stored: f32, f16 or int8, if the program "
           "has code for it (see --info)"),
      flag(nullptr, "--bench", &s.bench, "measure tokens a second"),
      integer(nullptr, "--bench-prompt", &s.benchPrompt, 1, big,
              "tokens of its prefill (default 512)"),
      integer(nullptr, "--bench-predict", &s.benchGenerate, 1, big,
              "tokens that it decodes (default 128)"),
      integer(nullptr, "--bench-depth", &s.benchDepth, 0, big,
              "positions before those (default 0)"),
      integer(nullptr, "--bench-batch", &s.benchBatch, 1, 4096,
              "texts that it decodes together (default 1)"),
      integer("-r", "--repetitions", &s.repetitions, 1, 1e6,
              "times that it measures (default 5)"),
      flag(nullptr, "--info", &s.info, "describe model, code and processor"),
      flag(nullptr, "--verify", &s.verify,
           "check all of the file before anything else; without it, weights "
           "are checked when they are first read"),
      flag(nullptr, "--json", &s.json,
           "print the text, or --perplexity, --bench and --info, as JSON"),
      text(nullptr, "--instruction-set", "NAME", &s.instructionSet, nullptr,
           "use the code of this instruction set (see --info)"),
      flag(nullptr, "--no-pin", &s.noPin, "do not bind threads to cores"),
      flag("-h", "--help", &s.help, "print this help"),
      flag(nullptr, "--version", &s.version, "print the compiler's version"),
  };
}

Status setOption(const Option &option, const char *value) {
  if (option.flag)
    *option.flag = true;
  if (option.text)
    *option.text = value;
  if (option.list)
    option.list->push_back(value);
  if (!option.integer && !option.real)
    return {};
  char *end;
  errno = 0;
  double number = option.integer ? 0 : strtod(value, &end);
  if (option.integer) {
    int64_t whole = strtoll(value, &end, 10);
    number = static_cast<double>(whole);
    *option.integer = whole;
  } else {
    *option.real = number;
  }
  if (end == value || *end || errno || !(number >= option.least) ||
      number > option.most)
    return usageError(format("%s takes a%s number from %g to %g; '%s' was "
                             "given.",
                             option.name, option.integer ? " whole" : "",
                             option.least, option.most, value));
  return {};
}

} // namespace

Status Settings::parse(int argc, char **argv) {
  const std::vector<Option> table = optionTable(*this);
  for (int i = 1; i < argc; ++i) {
    std::string_view argument = argv[i];
    size_t equals = argument.substr(0, 2) == "--" ? argument.find('=')
                                                  : std::string_view::npos;
    std::string_view name = argument.substr(0, equals);
    const Option *found = nullptr;
    for (const Option &option : table)
      if (name == option.name || (option.shortName && name == option.shortName))
        found = &option;
    // -n5 is -n 5.
    const char *attached = nullptr;
    if (!found && name.size() > 2 && name[0] == '-' && name[1] != '-')
      for (const Option &option : table)
        if (option.shortName && option.value &&
            name.substr(0, 2) == option.shortName) {
          found = &option;
          attached = argv[i] + 2;
        }
    if (!found) {
      if (argument.empty() || argument[0] != '-')
        return usageError(format(
            "The argument '%s' belongs to no option. A prompt is given with "
            "-p; see --help.",
            printable(argument).c_str()));
      std::vector<std::string> names;
      for (const Option &option : table)
        names.push_back(option.name);
      return usageError(format("There is no option '%s'.%s See --help.",
                               printable(name).c_str(),
                               didYouMean(name, names).c_str()));
    }
    const char *value = attached;
    if (equals != std::string_view::npos) {
      value = argv[i] + equals + 1;
      if (!found->value)
        return usageError(format("%s takes no value.", found->name));
    } else if (found->value && !attached) {
      if (++i == argc)
        return usageError(
            format("%s needs a value: %s.", found->name, found->value));
      value = argv[i];
    }
    if (Status s = setOption(*found, value); !s)
      return s;
  }
  return {};
}

std::string Settings::helpText(const char *program) {
  Settings defaults;
  std::string text =
      format("Usage: %s -p TEXT [-n N] [--temp X] [--json]  continue a text\n"
             "       %s --perplexity FILE [--json]          measure quality\n"
             "       %s --bench | --info [--json]           measure speed, "
             "describe\n\n",
             program, program, program);
  for (const Option &option : optionTable(defaults)) {
    std::string left =
        format("  %s%s%s%s%s", option.shortName ? option.shortName : "    ",
               option.shortName ? ", " : "", option.name,
               option.value ? " " : "", option.value ? option.value : "");
    std::string_view rest = option.help;
    left.resize(std::max<size_t>(left.size() + 1, 26), ' ');
    while (true) {
      size_t width = 53;
      size_t cut = rest.size() <= width ? rest.size() : rest.rfind(' ', width);
      text += left + std::string(rest.substr(0, cut)) + "\n";
      if (cut >= rest.size())
        break;
      rest.remove_prefix(cut + 1);
      left.assign(26, ' ');
    }
  }
  text += "\nExit codes: 0; 1 the data is wrong; 2 the command is wrong; 3 "
          "disk, memory,\nprocessor or I/O, a closed standard output included; "
          "130 after Ctrl-C.\n";
  return text;
}

} // namespace rt
} // namespace compresslib
