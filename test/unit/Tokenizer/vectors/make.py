#!/usr/bin/env python3
"""Makes the vectors of this folder with Hugging Face's tokenizers (0.23.3):
small tokenizers trained on the text of models/primer, and for each of them
texts with the ids and the decoded text that the library gives."""
import json
import os

from tokenizers import Tokenizer, models, trainers, pre_tokenizers

here = os.path.dirname(os.path.abspath(__file__))
root = os.path.join(here, "..", "..", "..", "..")
primer = os.path.join(root, "models", "primer")
text = open(os.path.join(primer, "text", "calib.txt"), encoding="utf-8").read()[:200000]

LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"
          r" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")
O200K = (r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|"
         r"\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+")


def byte_level(size):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator([text], trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False))
    return json.loads(tokenizer.to_str())


def sentence_piece(size):
    """Pieces of characters after <unk>, <s>, </s> and the 256 byte tokens."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator([text], trainers.BpeTrainer(
        vocab_size=size, show_progress=False, limit_alphabet=60))
    trained = json.loads(tokenizer.to_str())["model"]
    names = ["<unk>", "<s>", "</s>"] + ["<0x%02X>" % b for b in range(256)]
    names += sorted(trained["vocab"], key=trained["vocab"].get)
    model = dict(trained, vocab={n: i for i, n in enumerate(names)}, unk_token="<unk>",
                 fuse_unk=True, byte_fallback=True)
    return {"version": "1.0", "truncation": None, "padding": None,
            "added_tokens": [added(i, names[i], special=True) for i in range(3)],
            "normalizer": None, "pre_tokenizer": None, "post_processor": None,
            "decoder": None, "model": model}


def added(index, content, **flags):
    return dict({"id": index, "content": content, "single_word": False, "lstrip": False,
                 "rstrip": False, "normalized": False, "special": False}, **flags)


def template(before, after):
    special = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
    return {"type": "TemplateProcessing",
            "single": [special(n) for n, _ in before] + [{"Sequence": {"id": "A", "type_id": 0}}]
            + [special(n) for n, _ in after],
            "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {n: {"id": n, "ids": [i], "tokens": [n]} for n, i in before + after}}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}


def sequence(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
DECODE_BYTES = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
SENTENCE_DECODER = {"type": "Sequence", "decoders": [
    {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
    {"type": "ByteFallback"}, {"type": "Fuse"},
    {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}


def metaspace(scheme, splits):
    return {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": scheme, "split": splits}


def tokenizers():
    base = byte_level(400)
    base["decoder"] = DECODE_BYTES
    size = len(base["model"]["vocab"])
    begin, end = added(size, "<|begin|>", special=True), added(size + 1, "<|end|>", special=True)

    llama3 = json.loads(json.dumps(base))
    llama3["pre_tokenizer"] = sequence(split(LLAMA3), BYTES)
    llama3["model"]["ignore_merges"] = True
    llama3["added_tokens"] = [begin, end]
    llama3["post_processor"] = {"type": "Sequence", "processors": [
        dict(BYTES), template([("<|begin|>", size)], [])]}
    yield "llama3", llama3

    flags = json.loads(json.dumps(base))
    flags["normalizer"] = {"type": "NFC"}
    flags["pre_tokenizer"] = sequence(split(O200K), BYTES)
    flags["added_tokens"] = [
        begin, end, added(size + 2, "  "), added(size + 3, "    "),
        added(size + 4, "\u00e9t\u00e9", normalized=True, single_word=True),
        added(size + 5, "[L]", lstrip=True), added(size + 6, "[R]", rstrip=True),
        added(size + 7, "[LR]", lstrip=True, rstrip=True, normalized=True)]
    flags["post_processor"] = template([("<|begin|>", size)], [("<|end|>", size + 1)])
    yield "added-flags", flags

    pieces = json.loads(json.dumps(base))
    pieces["normalizer"] = {"type": "Sequence", "normalizers": [
        {"type": "NFKD"}, {"type": "Replace", "pattern": {"Regex": "\\s{3,}"}, "content": "~"},
        {"type": "Strip", "strip_left": False, "strip_right": True}]}
    pieces["pre_tokenizer"] = sequence(
        {"type": "Digits", "individual_digits": False},
        {"type": "Punctuation", "behavior": "MergedWithPrevious"},
        split("[ae]", "MergedWithNext"), split("\\w", "Contiguous", True), split("q", "Removed"),
        dict(BYTES, add_prefix_space=True, use_regex=True))
    yield "pieces", pieces

    base = sentence_piece(200)
    llama2 = json.loads(json.dumps(base))
    llama2["normalizer"] = {"type": "Sequence", "normalizers": [
        {"type": "Prepend", "prepend": "\u2581"},
        {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]}
    llama2["decoder"] = SENTENCE_DECODER
    llama2["post_processor"] = template([("<s>", 1)], [])
    yield "llama2", llama2

    for scheme, splits in (("first", False), ("always", True), ("never", True)):
        one = json.loads(json.dumps(base))
        one["pre_tokenizer"] = metaspace(scheme, splits)
        one["decoder"] = metaspace(scheme, splits)
        one["model"]["byte_fallback"] = scheme == "always"
        one["model"]["fuse_unk"] = scheme != "never"
        yield "metaspace-" + scheme, one


TEXTS = [
    "", " ", "  ", "\n", "a", "Hello, world!", " Hello  World", "don't DON'T we'LL I'M \u017f's",
    "3.14159 12345678 1\u00bd \u2167 \u0664\u0662", "tabs\tand\nlines\r\n\r\n  end  ", "a\0b",
    "caf\u00e9 cafe\u0301 \u00e9t\u00e9 \u00e9t\u00e9s e\u0301te\u0301", "\u4e2d\u6587 \uac00\uac01 \u3042\u3044 \u0436",
    "\U0001f999 \U0001f44d\U0001f3fd \U0001f469\u200d\U0001f467", "\u180e a\u0085b\u00a0c\u2003d\u2028e\u3000f",
    "<|begin|>text<|end|> more", "<s>a</s> <s> b <unk>", "x [L] y [R]   z  [LR]  w", "x  y    z     w",
    "\u2581a \u2581\u2581b", "<0x41><0x0A>", "\u0120the", "q qq aqa", "naive (paren) [brackets] -- 'quotes' \u201ctypographic\u201d",
    "The function returns the number of bytes that were written, or -1 on error.",
    "a" * 100, "ab" * 60, " " * 70 + "x", "the the the " * 12, "\ufeffmark", "ThisIsCamelCase HTTPServer snake_case/path\n",
]


def write(name, value):
    with open(os.path.join(here, name), "w", encoding="utf-8") as out:
        out.write(json.dumps(value, ensure_ascii=True, separators=(",", ":")) + "\n")


def cases(tokenizer):
    result = []
    for one in TEXTS:
        ids = tokenizer.encode(one).ids
        result.append({"text": one, "ids": ids,
                       "plain": tokenizer.encode(one, add_special_tokens=False).ids,
                       "decoded": tokenizer.decode(ids),
                       "whole": tokenizer.decode(ids, skip_special_tokens=False)})
    return result


for name, value in tokenizers():
    write(name + ".tokenizer.json", value)
    write(name + ".cases.json", cases(Tokenizer.from_str(json.dumps(value))))
write("primer.cases.json", cases(Tokenizer.from_file(os.path.join(primer, "tokenizer.json"))))
