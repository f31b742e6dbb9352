//===- TokenizerJson.cpp - Hugging Face's tokenizer.json ------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress/Formats/TokenizerJson.h"

#include "UnicodeProperties.h"
#include "compress/Support/Files.h"
#include "compress/Support/Json.h"
#include "compress/Support/Text.h"
#include "compress_runtime/Tokenizer.h"
#include "compress_runtime/TokenizerData.h"

#include <algorithm>
#include <unordered_map>

namespace compresslib {
namespace formats {

using rt::CodeRanges;
using rt::TokenizerData;
using rt::TokenizerStep;

/// GPT-2's pattern, which ByteLevel applies unasked.
static const char gpt2Pattern[] =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|)"
    R"(\s+(?!\S)|\s+)";

static bool mayBeEmpty(const rt::Pattern &pattern) {
  switch (pattern.kind) {
  case rt::Pattern::Character:
  case rt::Pattern::Set:
    return false;
  case rt::Pattern::Choice:
    return std::any_of(pattern.parts.begin(), pattern.parts.end(), mayBeEmpty);
  case rt::Pattern::Repeat:
    return !pattern.least || mayBeEmpty(pattern.parts[0]);
  case rt::Pattern::Sequence:
  case rt::Pattern::Atomic:
    return std::all_of(pattern.parts.begin(), pattern.parts.end(), mayBeEmpty);
  default:
    return true;
  }
}

namespace {
class Importer {
public:
  Importer(const json::Value &root, int64_t rows) : root_(root), rows_(rows) {}
  Status run(const std::string &source);
  const TokenizerData &data() const { return data_; }

private:
  void problem(std::string text) { problems_.push_back(std::move(text)); }
  void unsupported(const std::string &where, const std::string &what) {
    problem(where + " " + what + " is not supported");
  }
  /// A member that may be absent or null: then null.
  static const json::Value *get(const json::Value &value, const char *key) {
    const json::Value *member = value.find(key);
    return member && !member->isNull() ? member : nullptr;
  }
  bool boolean(const json::Value &value, const char *key, bool otherwise,
               const std::string &where) {
    const json::Value *member = get(value, key);
    if (!member)
      return otherwise;
    if (!member->isBool()) {
      problem(where + "." + key + " is " + member->kindName() +
              ", expected true or false");
      return otherwise;
    }
    return *member->getBool();
  }
  std::string string(const json::Value &value, const char *key,
                     const std::string &where) {
    const json::Value *member = get(value, key);
    if (!member || !member->isString()) {
      problem(where + "." + key + " is " +
              (member ? member->kindName() : "missing") +
              ", expected a string");
      return "";
    }
    return *member->getString();
  }
  /// The type of a component; "" (and a problem) if it has none.
  std::string typeOf(const json::Value &value, const std::string &where) {
    if (!value.isObject()) {
      problem(where + " is " + value.kindName() + ", expected an object");
      return "";
    }
    return string(value, "type", where);
  }
  /// {"String": …} or {"Regex": …}, stored.
  std::string pattern(const json::Value &value, const std::string &where) {
    const json::Value *member = get(value, "pattern");
    if (const json::Value *text = member ? member->find("String") : nullptr;
        text && text->isString())
      return stored(literalPattern(*text->getString()), where);
    if (const json::Value *regex = member ? member->find("Regex") : nullptr;
        regex && regex->isString()) {
      Expected<rt::Pattern> translated = translatePattern(*regex->getString());
      if (translated)
        return stored(*translated, where);
      problem(where + ": " + translated.error().message);
      return "";
    }
    problem(where + ".pattern is no String and no Regex");
    return "";
  }
  std::string stored(const rt::Pattern &pattern, const std::string &where) {
    std::string text = rt::serializePattern(pattern);
    if (Expected<rt::Pattern> again = rt::parsePattern(text); !again)
      problem(where + ".pattern " + again.error().message);
    return text;
  }
  /// A text of bounded length, or of one character.
  std::string bounded(const json::Value &value, const char *key,
                      const std::string &where) {
    std::string text = string(value, key, where);
    if (text.size() <= 0xffff)
      return text;
    problem(where + "." + key + " has " + std::to_string(text.size()) +
            " bytes, expected at most 65535");
    return "";
  }
  std::string oneCharacter(const json::Value &value, const char *key,
                           const std::string &where) {
    std::string text = string(value, key, where);
    size_t characters = 0;
    for (char c : text)
      characters += (c & 0xc0) != 0x80;
    if (characters != 1 && get(value, key) && get(value, key)->isString())
      problem(where + "." + key + " has " + std::to_string(characters) +
              " characters, expected one");
    return text;
  }
  template <typename Visit>
  void sequence(const json::Value &value, const char *key,
                const std::string &where, Visit visit) {
    const json::Value *list = get(value, key);
    if (!list || !list->isArray()) {
      problem(where + "." + key + " is no array");
      return;
    }
    for (size_t i = 0; i < list->getArray()->size(); ++i)
      visit((*list->getArray())[i], where + "[" + std::to_string(i) + "]");
  }
  /// A token id, or -1 and a problem.
  int32_t tokenId(const json::Value &value, const std::string &where) {
    std::optional<int64_t> id = value.getInt64();
    if (id && *id >= 0 && *id < rows_)
      return int32_t(*id);
    problem(where + " is " + (id ? std::to_string(*id) : value.kindName()) +
            ", expected an integer below the " + std::to_string(rows_) +
            " rows of the embedding");
    return -1;
  }

  /// What an empty match puts before a text is spelled twice by tokenizers
  /// (0.23), where one of certain steps follows.
  void checkStart(const std::string &where) {
    if (insertsAtStart_)
      unsupported(where, "after a Replace of the empty text");
  }

  void readModel();
  void readMerges(const json::Value &merges);
  void readAdded();
  void readNormalizer(const json::Value &value, const std::string &where);
  void readPreTokenizer(const json::Value &value, const std::string &where);
  void readPostProcessor(const json::Value &value, const std::string &where);
  void readDecoder(const json::Value &value, const std::string &where);
  void checkDecoder();
  void toBytes();
  uint32_t behavior(const json::Value &value, const char *otherwise,
                    const std::string &where);

  const json::Value &root_;
  int64_t rows_;
  TokenizerData data_;
  std::unordered_map<std::string, int32_t> ids_; // of the model's vocabulary
  std::vector<std::string> problems_;
  bool insertsAtStart_ = false; // a Replace puts something before a text
};
} // namespace

void Importer::readNormalizer(const json::Value &value,
                              const std::string &where) {
  std::string type = typeOf(value, where);
  if (type.substr(0, 2) == "NF" || type == "Strip")
    checkStart(where);
  auto add = [&](TokenizerStep::Kind kind) -> TokenizerStep & {
    data_.normalizer.push_back({kind, 0, "", ""});
    return data_.normalizer.back();
  };
  if (type == "Sequence") {
    sequence(value, "normalizers", where,
             [&](const json::Value &part, const std::string &at) {
               readNormalizer(part, at);
             });
  } else if (type == "Prepend") {
    std::string text = bounded(value, "prepend", where);
    if (text.empty() && get(value, "prepend"))
      unsupported(where + ".prepend", "that is empty");
    add(TokenizerStep::Prepend).text = text;
  } else if (type == "Replace") {
    std::string what = pattern(value, where);
    std::string with = bounded(value, "content", where);
    Expected<rt::Pattern> matched = rt::parsePattern(what);
    insertsAtStart_ |= !with.empty() && matched && mayBeEmpty(*matched);
    TokenizerStep &step = add(TokenizerStep::Replace);
    step.text = what;
    step.other = with;
  } else if (type == "NFC") {
    add(TokenizerStep::NFC);
  } else if (type == "NFD") {
    add(TokenizerStep::NFD);
  } else if (type == "NFKC") {
    add(TokenizerStep::NFKC);
  } else if (type == "NFKD") {
    add(TokenizerStep::NFKD);
  } else if (type == "Strip") {
    bool left = boolean(value, "strip_left", true, where);
    bool right = boolean(value, "strip_right", true, where);
    add(TokenizerStep::Strip).flags = uint32_t(left) | uint32_t(right) << 1;
  } else if (!type.empty()) {
    unsupported(where, "\"" + printable(type) + "\"");
  }
}

uint32_t Importer::behavior(const json::Value &value, const char *otherwise,
                            const std::string &where) {
  const json::Value *member = get(value, "behavior");
  std::string name = otherwise;
  if (member)
    name = member->isString() ? *member->getString() : member->kindName();
  const char *names[] = {"Removed", "Isolated", "MergedWithPrevious",
                         "MergedWithNext", "Contiguous"};
  for (uint32_t i = 0; i < 5; ++i)
    if (name == names[i])
      return i;
  unsupported(where + ".behavior", "\"" + printable(name) + "\"");
  return 0;
}

void Importer::readPreTokenizer(const json::Value &value,
                                const std::string &where) {
  std::string type = typeOf(value, where);
  if (data_.byteLevel && !type.empty())
    unsupported(where, "\"" + printable(type) + "\" after ByteLevel");
  auto split = [&](std::string text, uint32_t flags) {
    data_.preTokenizer.push_back(
        {TokenizerStep::Split, flags, std::move(text), ""});
  };
  auto splitAt = [&](const rt::Pattern &pattern, uint32_t flags) {
    split(rt::serializePattern(pattern), flags);
  };
  if (type == "Sequence") {
    sequence(value, "pretokenizers", where,
             [&](const json::Value &part, const std::string &at) {
               readPreTokenizer(part, at);
             });
  } else if (type == "ByteLevel") {
    checkStart(where);
    if (boolean(value, "add_prefix_space", true, where))
      data_.preTokenizer.push_back({TokenizerStep::PrefixSpace, 0, "", ""});
    if (boolean(value, "use_regex", true, where))
      splitAt(*translatePattern(gpt2Pattern), rt::SplitIsolated);
    data_.byteLevel = true;
  } else if (type == "Digits") {
    bool single = boolean(value, "individual_digits", false, where);
    splitAt(setPattern(rustNumeric()),
            single ? rt::SplitIsolated : rt::SplitContiguous);
  } else if (type == "Split") {
    std::string text = pattern(value, where);
    uint32_t flags = behavior(value, "Removed", where);
    if (boolean(value, "invert", false, where))
      flags |= rt::splitInverted;
    split(text, flags);
  } else if (type == "Punctuation") {
    splitAt(setPattern(rustPunctuation()), behavior(value, "Isolated", where));
  } else if (type == "Whitespace") {
    // \w+|[^\w\s]+
    rt::Pattern choice;
    choice.kind = rt::Pattern::Choice;
    CodeRanges word = rustWordCharacters();
    for (const CodeRanges &set :
         {word, complement(unite(word, whiteSpace()))}) {
      rt::Pattern run;
      run.kind = rt::Pattern::Repeat;
      run.least = 1;
      run.parts.push_back(setPattern(set));
      choice.parts.push_back(run);
    }
    splitAt(choice, rt::SplitRemoved | rt::splitInverted);
  } else if (type == "WhitespaceSplit") {
    splitAt(setPattern(whiteSpace()), rt::SplitRemoved);
  } else if (type == "CharDelimiterSplit") {
    splitAt(literalPattern(oneCharacter(value, "delimiter", where)),
            rt::SplitRemoved);
  } else if (type == "Metaspace") {
    std::string replacement = oneCharacter(value, "replacement", where);
    std::string scheme = "always";
    if (get(value, "prepend_scheme"))
      scheme = string(value, "prepend_scheme", where);
    else if (!boolean(value, "add_prefix_space", true, where))
      scheme = "never";
    uint32_t flags = rt::PrependAlways;
    if (scheme == "first")
      flags = rt::PrependFirst;
    else if (scheme == "never")
      flags = rt::PrependNever;
    else if (scheme != "always")
      unsupported(where + ".prepend_scheme", "\"" + printable(scheme) + "\"");
    data_.preTokenizer.push_back(
        {TokenizerStep::Metaspace, flags, replacement, ""});
    if (boolean(value, "split", true, where))
      splitAt(literalPattern(replacement), rt::SplitMergedWithNext);
  } else if (!type.empty()) {
    unsupported(where, "\"" + printable(type) + "\"");
  }
}

void Importer::readPostProcessor(const json::Value &value,
                                 const std::string &where) {
  std::string type = typeOf(value, where);
  if (type == "Sequence") {
    sequence(value, "processors", where,
             [&](const json::Value &part, const std::string &at) {
               readPostProcessor(part, at);
             });
  } else if (type == "ByteLevel") {
    // Changes offsets only.
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    for (const char *key : {"cls", "sep"}) {
      const json::Value *pair = get(value, key);
      const json::Array *parts = pair ? pair->getArray() : nullptr;
      std::string at = where + "." + key;
      if (!parts || parts->size() != 2) {
        problem(at + " is no pair of a token and its id");
        continue;
      }
      int32_t id = tokenId((*parts)[1], at);
      if (key[0] == 'c')
        data_.prefix.insert(data_.prefix.begin(), id);
      else
        data_.suffix.push_back(id);
    }
  } else if (type == "TemplateProcessing") {
    const json::Value *tokens = get(value, "special_tokens");
    std::vector<int32_t> before, after;
    int texts = 0;
    sequence(value, "single", where + ".single",
             [&](const json::Value &part, const std::string &at) {
               if (const json::Value *text = part.find("Sequence")) {
                 const json::Value *id = text->find("id");
                 if (!id || !id->isString() || *id->getString() != "A")
                   problem(at + " names another text than A");
                 ++texts;
                 return;
               }
               const json::Value *token = part.find("SpecialToken");
               const json::Value *name = token ? token->find("id") : nullptr;
               const json::Value *entry = tokens && name && name->isString()
                                              ? tokens->find(*name->getString())
                                              : nullptr;
               const json::Value *ids = entry ? entry->find("ids") : nullptr;
               if (!ids || !ids->isArray()) {
                 problem(at +
                         " names a token that special_tokens has no ids of");
                 return;
               }
               for (const json::Value &id : *ids->getArray())
                 (texts ? after : before)
                     .push_back(tokenId(id, where + ".special_tokens"));
             });
    if (texts != 1)
      problem(where + ".single has the text A " + std::to_string(texts) +
              " times, expected once");
    data_.prefix.insert(data_.prefix.begin(), before.begin(), before.end());
    data_.suffix.insert(data_.suffix.end(), after.begin(), after.end());
  } else if (!type.empty()) {
    unsupported(where, "\"" + printable(type) + "\"");
  }
}

void Importer::readDecoder(const json::Value &value, const std::string &where) {
  std::string type = typeOf(value, where);
  auto add = [&](TokenizerStep::Kind kind, std::string text = "",
                 std::string other = "", uint32_t flags = 0) {
    data_.decoder.push_back({kind, flags, std::move(text), std::move(other)});
  };
  if (type == "Sequence") {
    sequence(value, "decoders", where,
             [&](const json::Value &part, const std::string &at) {
               readDecoder(part, at);
             });
  } else if (type == "ByteLevel") {
    add(TokenizerStep::DecodeByteLevel);
  } else if (type == "ByteFallback") {
    add(TokenizerStep::DecodeBytes);
  } else if (type == "Fuse") {
    add(TokenizerStep::DecodeFuse);
  } else if (type == "Replace") {
    const json::Value *member = get(value, "pattern");
    const json::Value *text = member ? member->find("String") : nullptr;
    if (!text || !text->isString() || text->getString()->empty())
      unsupported(where, "\"Replace\" of anything but a string");
    else
      add(TokenizerStep::DecodeReplace, *text->getString(),
          string(value, "content", where));
  } else if (type == "Strip") {
    std::string content = string(value, "content", where);
    uint32_t counts[2] = {0, 0};
    int i = 0;
    for (const char *key : {"start", "stop"}) {
      const json::Value *count = get(value, key);
      std::optional<int64_t> number = count ? count->getInt64() : std::nullopt;
      if (!number || *number < 0 || *number > 0xffff)
        problem(where + "." + key + " is no integer from 0 to 65535");
      else
        counts[i] = uint32_t(*number);
      ++i;
    }
    if (content.empty())
      problem(where + ".content is empty");
    if (counts[1])
      unsupported(where, "\"Strip\" from the end");
    add(TokenizerStep::DecodeStrip, content, "", counts[0]);
  } else if (type == "Metaspace") {
    std::string replacement = string(value, "replacement", where);
    bool never = get(value, "prepend_scheme")
                     ? string(value, "prepend_scheme", where) == "never"
                     : !boolean(value, "add_prefix_space", true, where);
    add(TokenizerStep::DecodeMetaspace, replacement, "", !never);
  } else if (!type.empty()) {
    unsupported(where, "\"" + printable(type) + "\"");
  }
}

/// What the streaming decoder runs token by token: one ByteLevel; or steps on
/// tokens, then ByteFallback, then Fuse, then strips from the start.
void Importer::checkDecoder() {
  bool bytes = false, fused = false, byteLevel = false, ordered = true;
  for (const TokenizerStep &step : data_.decoder) {
    switch (step.kind) {
    case TokenizerStep::DecodeByteLevel:
      byteLevel = true;
      break;
    case TokenizerStep::DecodeBytes:
      ordered &= !bytes && !fused;
      bytes = true;
      break;
    case TokenizerStep::DecodeFuse:
      ordered &= !fused;
      fused = true;
      break;
    case TokenizerStep::DecodeStrip:
      ordered &= fused || !bytes;
      break;
    default:
      ordered &= !bytes && !fused;
    }
  }
  if (byteLevel && data_.decoder.size() != 1)
    unsupported("decoder", "ByteLevel beside other steps");
  else if (!ordered)
    unsupported("decoder", "this order of steps (expected Replace, Strip and "
                           "Metaspace, then ByteFallback, then Fuse, then "
                           "Strip from the start)");
  if (byteLevel != data_.byteLevel)
    unsupported("decoder", byteLevel
                               ? "ByteLevel without a ByteLevel pre-tokenizer"
                               : "other than ByteLevel with a ByteLevel "
                                 "pre-tokenizer");
}

void Importer::readModel() {
  const json::Value *model = get(root_, "model");
  if (!model || !model->isObject()) {
    problem("model is missing");
    return;
  }
  const json::Value *type = get(*model, "type");
  const json::Value *merges = get(*model, "merges");
  // Old files leave the type out.
  if (type ? !type->isString() || *type->getString() != "BPE" : !merges) {
    unsupported("model", type && type->isString()
                             ? "\"" + printable(*type->getString()) + "\""
                             : std::string("without type"));
    return;
  }
  if (const json::Value *dropout = get(*model, "dropout"))
    if (dropout->getNumber() != 0.0)
      unsupported("model.dropout", "other than 0");
  for (const char *key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (const json::Value *affix = get(*model, key))
      if (!affix->isString() || !affix->getString()->empty())
        unsupported(std::string("model.") + key, "that is not empty");
  data_.fuseUnknown = boolean(*model, "fuse_unk", false, "model");
  data_.byteFallback = boolean(*model, "byte_fallback", false, "model");
  data_.ignoreMerges = boolean(*model, "ignore_merges", false, "model");

  const json::Value *vocabulary = get(*model, "vocab");
  if (!vocabulary || !vocabulary->isObject()) {
    problem("model.vocab is no object");
    return;
  }
  for (const auto &[token, value] : *vocabulary->getObject()) {
    int32_t id = tokenId(value, "the id of token '" + printable(token) + "'");
    if (id < 0)
      return;
    if (token.empty() || token.size() > 0xffff) {
      problem("token " + std::to_string(id) + " has " +
              std::to_string(token.size()) + " bytes, expected 1 to 65535");
      return;
    }
    if (size_t(id) >= data_.tokens.size())
      data_.tokens.resize(size_t(id) + 1);
    if (!data_.tokens[id].text.empty()) {
      problem("tokens '" + printable(data_.tokens[id].text) + "' and '" +
              printable(token) + "' both have the id " + std::to_string(id));
      return;
    }
    data_.tokens[id] = {token, true};
    ids_.emplace(token, id);
  }
  if (const json::Value *unknown = get(*model, "unk_token")) {
    auto found =
        unknown->isString() ? ids_.find(*unknown->getString()) : ids_.end();
    if (found == ids_.end())
      problem("model.unk_token is not in the vocabulary");
    else
      data_.unknown = found->second;
  }
  if (!merges || !merges->isArray())
    problem("model.merges is no array");
  else
    readMerges(*merges);
}

void Importer::readMerges(const json::Value &merges) {
  size_t bad = 0;
  std::string first;
  size_t index = 0;
  for (const json::Value &value : *merges.getArray()) {
    std::string left, right;
    if (const std::string *text = value.getString()) {
      size_t space = text->find(' ');
      if (space != std::string::npos &&
          text->find(' ', space + 1) == std::string::npos) {
        left = text->substr(0, space);
        right = text->substr(space + 1);
      }
    } else if (const json::Array *pair = value.getArray();
               pair && pair->size() == 2 && (*pair)[0].isString() &&
               (*pair)[1].isString()) {
      left = *(*pair)[0].getString();
      right = *(*pair)[1].getString();
    }
    auto leftId = ids_.find(left), rightId = ids_.find(right);
    auto result = ids_.find(left + right);
    if (leftId == ids_.end() || rightId == ids_.end() || result == ids_.end()) {
      if (!bad++)
        first =
            "model.merges[" + std::to_string(index) + "] (" +
            (left.empty() && right.empty()
                 ? std::string("no pair of tokens")
                 : "'" + printable(left) + "' and '" + printable(right) + "'") +
            ") is no pair of tokens whose join is a token";
    } else {
      data_.merges.push_back({leftId->second, rightId->second, result->second});
    }
    ++index;
  }
  if (bad)
    problem(first + (bad > 1 ? ", and so " + std::to_string(bad - 1) + " more"
                             : std::string()));
}

void Importer::readAdded() {
  const json::Value *added = get(root_, "added_tokens");
  if (!added)
    return;
  if (!added->isArray()) {
    problem("added_tokens is no array");
    return;
  }
  std::unordered_map<std::string, int32_t> contents;
  size_t index = 0;
  for (const json::Value &value : *added->getArray()) {
    std::string where = "added_tokens[" + std::to_string(index++) + "]";
    rt::AddedToken token;
    const json::Value *id = get(value, "id");
    token.id = id ? tokenId(*id, where + ".id") : -1;
    if (!id)
      problem(where + ".id is missing");
    token.content = string(value, "content", where);
    if (token.id < 0 || token.content.empty())
      continue;
    if (token.content.size() > 0xffff) {
      problem(where + ".content is longer than 65535 bytes");
      continue;
    }
    token.singleWord = boolean(value, "single_word", false, where);
    if (token.singleWord && data_.wordPattern.empty())
      data_.wordPattern =
          rt::serializePattern(setPattern(rustWordCharacters()));
    token.lstrip = boolean(value, "lstrip", false, where);
    token.rstrip = boolean(value, "rstrip", false, where);
    token.special = boolean(value, "special", false, where);
    token.normalized = boolean(value, "normalized", !token.special, where);
    if (!contents.emplace(token.content, token.id).second) {
      problem(where + " repeats the token '" + printable(token.content) + "'");
      continue;
    }
    auto known = ids_.find(token.content);
    if (known != ids_.end() && known->second != token.id) {
      problem(where + " gives '" + printable(token.content) + "' the id " +
              std::to_string(token.id) + ", the vocabulary " +
              std::to_string(known->second));
      continue;
    }
    if (size_t(token.id) >= data_.tokens.size())
      data_.tokens.resize(size_t(token.id) + 1);
    TokenizerData::Token &slot = data_.tokens[token.id];
    if (slot.text.empty())
      slot = {token.content, false};
    else if (slot.text != token.content)
      problem(where + " gives '" + printable(token.content) + "' the id " +
              std::to_string(token.id) + " of '" + printable(slot.text) + "'");
    data_.added.push_back(std::move(token));
  }
}

/// Byte-level tokens are stored as their bytes. A token with other characters
/// (an added one with a space, say) can be no result of merging letters, and
/// decodes to itself.
void Importer::toBytes() {
  std::vector<bool> letters(256);
  for (TokenizerData::Token &token : data_.tokens) {
    if (std::optional<std::string> bytes = rt::bytesOfLetters(token.text))
      token.text = *bytes;
    else
      token.model = false;
    if (token.model && token.text.size() == 1)
      letters[(unsigned char)token.text[0]] = true;
  }
  if (data_.byteFallback) {
    // Every byte is a letter of the vocabulary, or fallback would be reached.
    if (std::count(letters.begin(), letters.end(), false))
      unsupported("model.byte_fallback",
                  "with a ByteLevel vocabulary that lacks a byte");
    data_.byteFallback = false;
  }
}

Status Importer::run(const std::string &source) {
  if (!root_.isObject())
    return badInput("'" + printable(source, 400) + "' holds " +
                    root_.kindName() + ", expected a tokenizer.json object.");
  readModel();
  readAdded();
  if (const json::Value *normalizer = get(root_, "normalizer"))
    readNormalizer(*normalizer, "normalizer");
  if (const json::Value *preTokenizer = get(root_, "pre_tokenizer"))
    readPreTokenizer(*preTokenizer, "pre_tokenizer");
  if (const json::Value *postProcessor = get(root_, "post_processor"))
    readPostProcessor(*postProcessor, "post_processor");
  if (const json::Value *decoder = get(root_, "decoder"))
    readDecoder(*decoder, "decoder");
  checkDecoder();
  const std::pair<const char *, const std::vector<TokenizerStep> *> lists[] = {
      {"normalizer", &data_.normalizer},
      {"pre_tokenizer", &data_.preTokenizer},
      {"decoder", &data_.decoder}};
  for (auto [name, steps] : lists)
    if (steps->size() > rt::maxTokenizerSteps)
      problem(std::string(name) + " has " + std::to_string(steps->size()) +
              " steps, expected at most " +
              std::to_string(rt::maxTokenizerSteps));
  for (std::vector<int32_t> *ids : {&data_.prefix, &data_.suffix})
    for (int32_t id : *ids)
      if (id >= 0 &&
          (size_t(id) >= data_.tokens.size() || data_.tokens[id].text.empty()))
        problem("post_processor adds the token " + std::to_string(id) +
                ", which does not exist");
  if (data_.tokens.empty() && problems_.empty())
    problem("the vocabulary is empty");
  if (!problems_.empty()) {
    std::string text = "'" + printable(source, 400) +
                       "' is a tokenizer that cannot be imported: ";
    size_t shown = std::min<size_t>(problems_.size(), 30);
    for (size_t i = 0; i < shown; ++i)
      text += (i ? "; " : "") + problems_[i];
    if (shown < problems_.size())
      text += "; and " + std::to_string(problems_.size() - shown) + " more";
    return badInput(text + ".");
  }
  if (data_.byteLevel)
    toBytes();
  if (!problems_.empty())
    return badInput(
        "'" + printable(source, 400) +
        "' is a tokenizer that cannot be imported: " + problems_[0] + ".");
  return {};
}

Expected<TokenizerFile> parseTokenizerJson(std::string_view text,
                                           const std::string &source,
                                           int64_t rows) {
  Expected<json::Value> root = json::read(text, source);
  if (!root)
    return root.error();
  Importer importer(*root, rows);
  if (Status status = importer.run(source); !status)
    return status.error();
  const TokenizerData &data = importer.data();
  TokenizerFile file;
  file.blob = rt::serializeTokenizer(data);
  file.vocabularySize = int64_t(data.tokens.size());
  // What is stored must load, its patterns included.
  Expected<rt::Tokenizer> loaded = rt::Tokenizer::load(file.blob);
  if (!loaded)
    return badInput(
        "'" + printable(source, 400) +
        "' is a tokenizer that cannot be imported: " + loaded.error().message);
  return file;
}

Expected<TokenizerFile> readTokenizerJson(const std::string &path) {
  Expected<std::string> text = readFile(path, 256 << 20);
  if (!text)
    return text.error();
  return parseTokenizerJson(*text, path);
}

} // namespace formats
} // namespace compresslib
