//===- CommandLine.cpp - The command line of an edge binary --- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/CommandLine.h"
#include "compress_runtime/Bench.h"
#include "compress_runtime/Options.h"
#include "compress_runtime/Payload.h"
#include "compress_runtime/Perplexity.h"
#include "compress_runtime/Text.h"

#include "compress/Support/Json.h"
#include "compress/Support/Text.h"

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <sys/random.h>
#include <unistd.h>

namespace compresslib {
namespace rt {

namespace {

using ll = long long;

//===----------------------------------------------------------------------===//
// Output and signals
//===----------------------------------------------------------------------===//

volatile int interrupted = 0;

void onInterrupt(int) {
  interrupted = 1;
  // The next one ends the process, should it hang.
  signal(SIGINT, SIG_DFL);
}

void say(const std::string &message) {
  fprintf(stderr, "%s\n", message.c_str());
}

/// Unbuffered, so that text streams; false once the reader has gone.
bool print(std::string_view text) {
  while (!text.empty()) {
    ssize_t done = write(STDOUT_FILENO, text.data(), text.size());
    if (done < 0 && errno == EINTR)
      continue;
    if (done <= 0)
      return false;
    text.remove_prefix(done);
  }
  return true;
}

int fail(const Error &error) {
  say("error: " + error.message);
  return static_cast<int>(error.kind);
}

int printFailed() {
  int code = errno;
  say(code == EPIPE
          ? std::string("The reader of standard output has gone; stopped.")
          : format("error: Cannot write to standard output: %s.",
                   strerror(code)));
  return static_cast<int>(ErrorKind::Environment);
}

int printAll(const std::string &text) {
  return print(text) ? 0 : printFailed();
}

/// One JSON object. Support's writer prints the shortest digits, whose tables
/// would add 130 KB to every edge binary.
class Json {
public:
  void member(const char *key, std::string_view value) {
    text_ += text_.empty() ? "\"" : ", \"";
    text_ += key;
    text_ += "\": ";
    text_ += value;
  }
  void text(const char *key, std::string_view value) {
    member(key, json::quote(value));
  }
  void integer(const char *key, int64_t value) {
    member(key, format("%lld", ll(value)));
  }
  void real(const char *key, double value, int decimals = 6) {
    member(key, std::isfinite(value) ? format("%.*f", decimals, value)
                                     : std::string("null"));
  }
  std::string object() const { return "{" + text_ + "}"; }

private:
  std::string text_;
};

/// The next line of standard input without its end; false at its end.
Expected<bool> readLine(std::string &line) {
  static char buffer[4096];
  static size_t begin = 0, end = 0;
  line.clear();
  for (;;) {
    if (begin == end) {
      ssize_t got = read(STDIN_FILENO, buffer, sizeof(buffer));
      if (got <= 0)
        return !line.empty() && !interrupted;
      begin = 0;
      end = got;
    }
    const char *feed =
        static_cast<const char *>(memchr(buffer + begin, '\n', end - begin));
    size_t size = (feed ? feed - buffer : end) - begin;
    if (line.size() + size > maxStreamBytes)
      return badInput(format("A line of standard input has more than %s, the "
                             "most that is read as one text.",
                             humanSize(maxStreamBytes).c_str()));
    line.append(buffer + begin, size);
    begin += size + (feed ? 1 : 0);
    if (feed)
      return true;
  }
}

std::string unescaped(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      char c = text[++i];
      if (c == 'n')
        result += '\n';
      else if (c == 't')
        result += '\t';
      else if (c == '\\')
        result += '\\';
      else
        (result += '\\') += c;
    } else {
      result += text[i];
    }
  }
  return result;
}

//===----------------------------------------------------------------------===//
// Actions
//===----------------------------------------------------------------------===//

struct Edge {
  const Settings &settings;
  const compress_program &program;
  const Payload &payload;
  const TextCodec &codec;
  Model *model; ///< null for --info on a processor that cannot run it
  double loadMilliseconds;
  int32_t bos;
  int threads;

  double bitsPerWeight() const {
    const Metadata &m = payload.metadata();
    return m.parameters ? 8.0 * m.bytes / m.parameters : 0.0;
  }
  int info(const std::string &unsupported) const;
  int perplexity() const;
  int bench() const;
  int generate(std::string prompt) const;
  int interactive(const std::string &prompt) const;
  int parallel(const std::string &text) const;
};

int Edge::info(const std::string &unsupported) const {
  const Metadata &m = payload.metadata();
  const char *chosen = model ? model->instructionSet() : "";
  if (settings.json) {
    Json json;
    json.text("name", m.name);
    json.text("recipe", m.recipe);
    json.text("version", m.version);
    json.text("target", m.target);
    json.text("manifest", m.manifest);
    json.integer("parameters", m.parameters);
    json.integer("bytes", m.bytes);
    json.real("bits_per_weight", bitsPerWeight());
    json.integer("packed_bytes", payload.weightsBytes());
    json.integer("tokenizer_bytes", payload.tokenizer().size());
    json.integer("vocabulary", program.vocabulary);
    json.integer("max_context", program.max_context);
    json.integer("default_context", defaultContext(program));
    std::string caches;
    for (uint64_t i = 0; i < program.cache_count; ++i) {
      Json cache;
      cache.text("type", cacheTypeName(program.caches[i]));
      cache.integer("bytes_per_position", program.caches[i].bytes_per_position);
      caches += (i ? ", " : "") + cache.object();
    }
    json.member("caches", "[" + caches + "]");
    json.text("activations", program.int8_activations ? "int8" : "f32");
    json.integer("prefill_chunk", program.prefill_chunk);
    json.text("instruction_set", chosen);
    std::string sets;
    for (uint32_t i = 0; i < program.variant_count; ++i) {
      const compress_variant &v = program.variants[i];
      Json set;
      set.text("name", v.instruction_set);
      set.text("needs", featureNames(v));
      set.member("runs",
                 featureNames(v, processorHas).empty() ? "true" : "false");
      sets += (i ? ", " : "") + set.object();
    }
    json.member("instruction_sets", "[" + sets + "]");
    json.integer("threads", threads);
    json.real("load_milliseconds", loadMilliseconds, 3);
    return printAll(json.object() + "\n");
  }
  std::string text;
  auto line = [&](const char *name, const std::string &value) {
    text += format("%-18s %s\n", name, value.empty() ? "-" : value.c_str());
  };
  line("model", m.name);
  line("recipe", m.recipe);
  line("compiler", m.version);
  line("target", m.target);
  line("manifest", m.manifest);
  line("parameters", format("%llu", (unsigned long long)m.parameters));
  line("weights", format("%llu bytes, %.3f bits a weight; %llu packed",
                         (unsigned long long)m.bytes, bitsPerWeight(),
                         (unsigned long long)payload.weightsBytes()));
  line("tokenizer", format("%zu bytes, %u tokens", payload.tokenizer().size(),
                           program.vocabulary));
  line("activations", program.int8_activations ? "int8" : "f32");
  line("context", format("%lld by default, %u at most in training",
                         ll(defaultContext(program)), program.max_context));
  for (uint64_t i = 0; i < program.cache_count; ++i)
    line(i ? "" : "cache",
         format("%s: %llu bytes a position%s", cacheTypeName(program.caches[i]),
                (unsigned long long)program.caches[i].bytes_per_position,
                i ? "" : ", the default"));
  for (uint32_t i = 0; i < program.variant_count; ++i) {
    const compress_variant &v = program.variants[i];
    std::string missing = featureNames(v, processorHas);
    line(i ? "" : "instruction sets",
         format("%s: %s", v.instruction_set,
                !strcmp(v.instruction_set, chosen) ? "used"
                : missing.empty()
                    ? "runs here"
                    : ("this processor lacks " + missing).c_str()));
  }
  line("threads", format("%d", threads));
  if (!unsupported.empty())
    line("cannot run", unsupported);
  return printAll(text);
}

int Edge::perplexity() const {
  auto text = readStream(settings.perplexityFile);
  if (!text)
    return fail(text.error());
  TextOptions options;
  options.context = settings.context ? settings.context : 512;
  options.chunks = settings.chunks;
  options.documents = settings.documents;
  options.bos = bos;
  auto sequences = cutText(*text, options, codec.encode);
  if (!sequences)
    return fail(sequences.error());
  double start = now(), last = start;
  signal(SIGINT, onInterrupt);
  bool terminal = isatty(STDERR_FILENO);
  auto score =
      rt::perplexity(*model, *sequences, [&](size_t done, const Score &score) {
        if (terminal && now() - last > 0.2) {
          last = now();
          fprintf(stderr, "\r%zu of %zu, perplexity %.4f ", done,
                  sequences->size(), score.perplexity);
        }
        return !interrupted;
      });
  if (terminal)
    fprintf(stderr, "\r\033[K");
  if (!score)
    return fail(score.error());
  if (interrupted)
    return 130;
  if (!std::isfinite(score->nll))
    return fail(badInput("A logit is not finite: the weights hold NaN or "
                         "infinite values."));
  const Metadata &m = payload.metadata();
  if (settings.json) {
    Json json;
    json.real("nll", score->nll);
    json.real("nll_error", score->nllError);
    json.real("perplexity", score->perplexity);
    json.integer("scored", score->scored);
    json.integer("bytes", m.bytes);
    json.real("bits_per_weight", bitsPerWeight());
    json.text("activations", model->activations());
    json.integer("context", options.context);
    return printAll(json.object() + "\n");
  }
  return printAll(format(
      "nll %.6f +- %.6f, perplexity %.4f, %lld predictions of %zu %s, %s "
      "activations, %.3f bits a weight, %.1f s\n",
      score->nll, score->nllError, score->perplexity, ll(score->scored),
      sequences->size(), options.documents ? "documents" : "windows",
      model->activations(), bitsPerWeight(), now() - start));
}

int Edge::bench() const {
  BenchOptions options;
  options.prompt = settings.benchPrompt;
  options.generate = settings.benchGenerate;
  options.repetitions = settings.repetitions;
  options.depth = settings.benchDepth;
  options.batch = settings.benchBatch;
  auto result = rt::bench(*model, options);
  if (!result)
    return fail(result.error());
  if (settings.json) {
    Json json;
    json.real("prefill_tokens_per_second", result->prefillTokensPerSecond, 2);
    json.real("prefill_tokens_per_second_deviation", result->prefillDeviation,
              2);
    json.real("decode_tokens_per_second", result->decodeTokensPerSecond, 2);
    json.real("decode_tokens_per_second_deviation", result->decodeDeviation, 2);
    json.integer("prompt_tokens", result->prompt);
    json.integer("decoded_tokens", result->generate);
    json.integer("depth", settings.benchDepth);
    json.integer("batch", settings.benchBatch);
    json.text("cache_type", model->cacheType());
    json.integer("repetitions", result->repetitions);
    json.real("load_milliseconds", loadMilliseconds, 3);
    json.integer("peak_rss_bytes", result->peakRssBytes);
    json.integer("threads", threads);
    json.text("instruction_set", model->instructionSet());
    json.text("activations", model->activations());
    json.integer("packed_bytes", payload.weightsBytes());
    return printAll(json.object() + "\n");
  }
  return printAll(
      format("prefill of %-6lld %10.1f +- %.1f tokens/s\n"
             "decode of %-7lld %10.1f +- %.1f tokens/s\n"
             "load %.1f ms, peak %.1f MB, %d threads, %s, %s activations\n",
             ll(result->prompt), result->prefillTokensPerSecond,
             result->prefillDeviation, ll(result->generate),
             result->decodeTokensPerSecond, result->decodeDeviation,
             loadMilliseconds, result->peakRssBytes / 1e6, threads,
             model->instructionSet(), model->activations()));
}

SamplerOptions samplerOptions(const Settings &s) {
  SamplerOptions options;
  options.temperature = s.temperature;
  options.topK = s.topK;
  options.topP = s.topP;
  options.minP = s.minP;
  options.repeatPenalty = s.repeatPenalty;
  options.repeatLast = s.repeatLast;
  options.seed = s.seed;
  if (!s.hasSeed || s.seed < 0)
    if (getrandom(&options.seed, sizeof(options.seed), 0) < 0)
      options.seed = static_cast<uint64_t>(now() * 1e9);
  return options;
}

GenerateOptions generateOptions(const Edge &edge) {
  GenerateOptions options;
  options.maximum = edge.settings.maximum;
  options.stop = edge.settings.stop;
  options.endTokens = edge.payload.metadata().endTokens;
  options.ignoreEnd = edge.settings.ignoreEnd;
  return options;
}

Expected<std::vector<int32_t>> promptTokens(const Edge &edge,
                                            std::string_view text, bool first) {
  int64_t replaced;
  std::string clean = cleanText(text, replaced);
  if (replaced)
    say(format("The prompt had %lld bytes that are not UTF-8 text; each was "
               "replaced by U+FFFD.",
               ll(replaced)));
  std::vector<int32_t> tokens;
  if (first && edge.bos >= 0)
    tokens.push_back(edge.bos);
  auto ids = edge.codec.encode(clean, false);
  if (!ids)
    return ids.error();
  tokens.insert(tokens.end(), ids->begin(), ids->end());
  return tokens;
}

/// Why a text ended, as --json says it.
const char *nameOf(StopReason reason) {
  switch (reason) {
  case StopReason::Limit:
    return "limit";
  case StopReason::EndToken:
    return "end";
  case StopReason::StopString:
    return "stop";
  case StopReason::ContextFull:
    return "context";
  case StopReason::Interrupted:
  case StopReason::OutputClosed:
    break;
  }
  return "interrupted";
}

int Edge::generate(std::string prompt) const {
  auto tokens = promptTokens(*this, prompt, true);
  if (!tokens)
    return fail(tokens.error());
  if (tokens->empty())
    return fail(usageError("The prompt is empty, and the model has no token "
                           "that begins a text. Give a prompt with -p."));
  Generator generator(*model, samplerOptions(settings), &interrupted);
  bool echo =
      static_cast<int64_t>(tokens->size()) <= model->context() && settings.echo;
  std::string all; // of what --json prints at the end
  auto emit = [&](std::string_view text) {
    if (!settings.json)
      return print(text);
    all += text;
    return true;
  };
  if (echo && !emit(prompt))
    return printFailed();
  int closed = 0;
  signal(SIGINT, onInterrupt);
  auto result = generator.generate(*tokens, generateOptions(*this),
                                   codec.decoder(), [&](std::string_view text) {
                                     bool open = emit(text);
                                     closed = errno;
                                     return open;
                                   });
  if (!result)
    return fail(result.error());
  if (settings.json) {
    Json json;
    int64_t replaced;
    json.text("text", cleanText(all, replaced));
    json.integer("prompt_tokens", tokens->size());
    json.integer("tokens", result->tokens.size());
    json.text("stop", nameOf(result->reason));
    if (int rc = printAll(json.object() + "\n"))
      return rc;
    return result->reason == StopReason::Interrupted ? 130 : 0;
  }
  if (result->reason == StopReason::OutputClosed) {
    errno = closed;
    return printFailed();
  }
  if (!print("\n"))
    return printFailed();
  if (result->reason == StopReason::ContextFull)
    say(format("Stopped after %zu tokens: the context of %lld positions is "
               "full. A longer one is asked for with --context.",
               result->tokens.size(), ll(model->context())));
  return result->reason == StopReason::Interrupted ? 130 : 0;
}

int Edge::parallel(const std::string &text) const {
  std::vector<std::vector<int32_t>> prompts;
  for (size_t begin = 0; begin < text.size();) {
    size_t end = std::min(text.find('\n', begin), text.size());
    auto tokens = promptTokens(
        *this, std::string_view(text).substr(begin, end - begin), true);
    if (!tokens)
      return fail(tokens.error());
    prompts.push_back(std::move(*tokens));
    begin = end + 1;
  }
  signal(SIGINT, onInterrupt);
  auto results = generateTogether(*model, prompts, samplerOptions(settings),
                                  generateOptions(*this), codec, &interrupted);
  if (!results)
    return fail(results.error());
  std::string all;
  for (const Completion &one : *results) {
    if (!settings.json) {
      all += one.text + "\n";
      continue;
    }
    Json json;
    int64_t replaced;
    json.text("text", cleanText(one.text, replaced));
    json.integer("prompt_tokens", one.generation.promptTokens);
    json.integer("tokens", one.generation.tokens.size());
    json.text("stop", nameOf(one.generation.reason));
    all += json.object() + "\n";
  }
  if (int rc = printAll(all))
    return rc;
  return interrupted ? 130 : 0;
}

int Edge::interactive(const std::string &prompt) const {
  Generator generator(*model, samplerOptions(settings), &interrupted);
  std::string line = prompt;
  bool given = settings.hasPrompt || settings.hasFile;
  bool terminal = isatty(STDIN_FILENO);
  for (;;) {
    if (!given) {
      if (terminal && !print("> "))
        return printFailed();
      Expected<bool> more = readLine(line);
      if (!more)
        return fail(more.error());
      if (!*more)
        return terminal && !print("\n") ? printFailed() : 0;
    }
    given = false;
    if (line.empty())
      continue;
    auto tokens = promptTokens(*this, line, generator.used() == 0);
    if (tokens && generator.used() &&
        generator.used() + static_cast<int64_t>(tokens->size()) >=
            model->context()) {
      say(format("The context of %lld positions is full; the text begins anew.",
                 ll(model->context())));
      generator.reset();
      tokens = promptTokens(*this, line, true);
    }
    if (!tokens) {
      say("error: " + tokens.error().message);
      continue;
    }
    // Ctrl-C ends an answer; at the prompt it ends the program.
    interrupted = 0;
    signal(SIGINT, onInterrupt);
    auto result = generator.generate(*tokens, generateOptions(*this),
                                     codec.decoder(), print);
    signal(SIGINT, SIG_DFL);
    if (!result) {
      if (result.error().kind != ErrorKind::Usage)
        return fail(result.error());
      say("error: " + result.error().message);
      continue;
    }
    if (result->reason == StopReason::OutputClosed || !print("\n"))
      return printFailed();
  }
}

} // namespace

int runCommandLine(int argc, char **argv, const compress_program &program,
                   LoadCodec loadCodec, const std::string &payloadPath) {
  double start = now();
  signal(SIGPIPE, SIG_IGN);
  endOnLostPages();
  std::set_new_handler([] {
    const char message[] = "error: Memory ran out. Give the process more, or "
                           "ask for a shorter --context or prompt.\n";
    [[maybe_unused]] ssize_t written =
        write(STDERR_FILENO, message, sizeof(message) - 1);
    _exit(static_cast<int>(ErrorKind::Environment));
  });
  Settings settings;
  if (Status s = settings.parse(argc, argv); !s)
    return fail(s.error());
  if (settings.help)
    return printAll(Settings::helpText(argc ? argv[0] : "app"));
  if (settings.hasPrompt && settings.hasFile)
    return fail(usageError("-p and -f both give a prompt; use one."));
  if (settings.hasPerplexity + settings.bench + settings.info +
          settings.interactive >
      1)
    return fail(usageError("--perplexity, --bench, --info and --interactive "
                           "exclude each other."));
  if (settings.json && settings.interactive)
    return fail(usageError("--json and --interactive exclude each other."));
  if (settings.parallel && (!settings.hasFile || settings.interactive))
    return fail(usageError("--parallel needs -f with a prompt a line, and "
                           "excludes --interactive."));
  if (settings.documents && !settings.hasPerplexity)
    return fail(usageError("--documents belongs to --perplexity."));

  ThreadPoolOptions threads;
  threads.threads = settings.threads;
  threads.pin = threads.pinCaller = !settings.noPin;
  auto pool = ThreadPool::create(threads);
  if (!pool)
    return fail(pool.error());

  auto payload = Payload::open(payloadPath);
  if (!payload)
    return fail(payload.error());
  const Metadata &metadata = payload->metadata();
  if (settings.verify) {
    if (Status s = payload->verify(pool->get()); !s)
      return fail(s.error());
    if (!settings.hasPrompt && !settings.hasFile && !settings.hasPerplexity &&
        !settings.bench && !settings.info && !settings.interactive &&
        !settings.version)
      return printAll(
          format("'%s' is as it was built: %zu checksums of its "
                 "%llu bytes agree.\n",
                 payload->path().c_str(), payload->blocks(),
                 static_cast<unsigned long long>(payload->fileBytes())));
  }
  if (settings.version)
    return printAll(format("%s, built by compress %s\n", metadata.name.c_str(),
                           metadata.version.c_str()));
  auto variant = selectVariant(program, settings.instructionSet, processorHas,
                               metadata.rebuild);
  if (!variant && !settings.info)
    return fail(variant.error());

  auto codec = loadCodec(payload->tokenizer());
  if (!codec)
    return fail(codec.error());
  int32_t bos = codec->bos;
  if (settings.bos == "none") {
    bos = -1;
  } else if (settings.bos != "auto") {
    char *end;
    long id = strtol(settings.bos.c_str(), &end, 10);
    if (end == settings.bos.c_str() || *end || id < 0 ||
        id >= program.vocabulary)
      return fail(usageError(format(
          "--bos takes auto, none, or an id below the vocabulary of %u; '%s' "
          "was given.",
          program.vocabulary, settings.bos.c_str())));
    bos = static_cast<int32_t>(id);
  }

  std::unique_ptr<Model> model;
  if (variant) {
    ModelOptions options;
    options.context = settings.context;
    if (settings.hasPerplexity && !settings.context)
      options.context = 512;
    if (settings.bench)
      options.context =
          std::max<int64_t>({settings.context, settings.benchPrompt,
                             settings.benchDepth + settings.benchGenerate});
    options.slots = settings.bench      ? settings.benchBatch
                    : settings.parallel ? settings.parallel
                                        : 1;
    options.instructionSet = (*variant)->instruction_set;
    options.cacheType = settings.cacheType;
    options.rebuild = metadata.rebuild;
    auto created = Model::create(program, payload->weights(),
                                 payload->weightsBytes(), **pool, options);
    if (!created)
      return fail(created.error());
    model = std::move(*created);
    if (!settings.bench && program.max_context &&
        model->context() > (program.max_context + 15) / 16 * 16)
      say(format("The model was trained for %u positions; a context of %lld "
                 "goes beyond that.",
                 program.max_context, ll(model->context())));
  }
  Edge edge{settings,    program,
            *payload,    *codec,
            model.get(), (now() - start) * 1e3,
            bos,         pool->get()->size()};
  if (settings.info)
    return edge.info(variant ? std::string() : variant.error().message);
  if (settings.hasPerplexity)
    return edge.perplexity();
  if (settings.bench)
    return edge.bench();

  std::string prompt = settings.prompt;
  if (settings.escape)
    prompt = unescaped(prompt);
  if (settings.hasFile || (!settings.hasPrompt && !settings.interactive)) {
    if (!settings.hasFile && isatty(STDIN_FILENO))
      say("The prompt is read from standard input, up to Ctrl-D.");
    auto text =
        readStream(settings.hasFile ? settings.promptFile : "/dev/stdin");
    if (!text)
      return fail(text.error());
    prompt = std::move(*text);
    if (!prompt.empty() && prompt.back() == '\n')
      prompt.pop_back();
  }
  if (settings.parallel)
    return edge.parallel(prompt);
  return settings.interactive ? edge.interactive(prompt)
                              : edge.generate(std::move(prompt));
}

} // namespace rt
} // namespace compresslib
