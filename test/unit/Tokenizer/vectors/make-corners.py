#!/usr/bin/env python3
"""Makes corners.json with Hugging Face's tokenizers (pip install
tokenizers==0.23.3): tokenizers of a few characters, each for one thing on which
implementations disagree, with the ids and the decoded text that the library
gives. A "|" before each piece shows where a pattern cuts.

    python3 test/unit/Tokenizer/vectors/make-corners.py
"""
import json
import os

from tokenizers import Tokenizer

here = os.path.dirname(os.path.abspath(__file__))

PATTERNS = [
    r"\p{Han}+", r"\p{Latin}+", r"\p{Cyrillic}+", r"\p{Greek}", r"\p{Common}+", r"\p{Hiragana}|\p{Katakana}", r"\p{L}+",
    r"\p{^Lu}", r"\P{N}+", r"\p{Decimal_Number}", r"\w+", r"[\w]+", r"\W", r"[^\w\s]+", r"[\W]", r"[^\W]", r"\d+", r"[\d\s]", r"\s+",
    r"\S+", r"[\S]", r"\h+", r"\b", r"\B", r"a{2}?", r"a{2}+b", r"a{1,2}+b", r"a{3,1}a", r"a{,2}b", r"a{,}", r"a{1,3}?b", r"a??b",
    r"(?:a?)*b", r"(a*)+b", r"a(?i)b|c", r"a(?:(?i)b|c)c", r"(?i:'s|'k|[sk])", r"(?i)a(?-i)b|c", r"(?i:'re|'ll)", r"^a", r"a$",
    r"\Aa", r"a\z", r"a\Z", r"^", r"$", r".", r"", r"a*", r"(?<=a|bb)c", r"(?<!a)b", r"(?>a+)b|a", r"a(?=b)", r"a(?!b)",
    r"[\p{L}&&[^\p{Han}]]+", r"[a[bc]]+", r"[^a[bc]]+", r"[\u4e00-\u9fa5]+", r"[a\-z-]+", r"\x{61}\u0062",
    r"\s+(?!\S)|\s+", r" ?\p{L}+| ?[^\s\p{L}]+",
]
TEXTS = [
    "aab aaab b abc ABC aBC aC c", "a\nb\r\n\na", "it's IT'S 'K '\u017f \u212a'RE 'll", "\u4f60\u597d\u3002\u4e16\u754c\u30fc\u3005\u3001\u30a2\u3042",
    "x\u00b2\u00bd\u2167\u24b6\u0301\u203f_\u200d\u200c\u00aa", "\u0436\u0482\u0483\u1c89 \u03b1\u0345\u0375 \u00df\u1e9e\u0130\ufb06",
    "1\u0664\u0967\u3007\u09f4 12", " \u00a0\u3000\u0085\u180e\u200b\u2028 ", "bbc ac  c aaaa", "a\u0378\U000323b0\U0002ebf0\U0001e4f0\ua7cbz", "-z\u200da-",
]


def added(index, content, **flags):
    return dict({"id": index, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
                 "normalized": False, "special": False}, **flags)


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def pieces(*parts):
    """The steps, and a mark before each piece."""
    return {"type": "Sequence", "pretokenizers": list(parts) + [
        {"type": "Metaspace", "replacement": "|", "prepend_scheme": "always", "split": False}]}


def normalizers(*parts):
    return {"type": "Sequence", "normalizers": list(parts)}


def corners():
    """A name, texts, and what differs from a tokenizer without anything."""
    for pattern in PATTERNS:
        yield "Regex " + pattern, TEXTS, {"pre_tokenizer": pieces(split({"Regex": pattern}))}
    for behavior in ("Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"):
        for invert in (False, True):
            for pattern in ("a", "a*", ""):
                yield "%s %s %r" % (behavior, pattern, invert), TEXTS[:1] + TEXTS[8:9] + ["baab", "a"], {
                    "pre_tokenizer": pieces(split({"Regex": pattern}, behavior, invert))}
    yield "empty String", TEXTS[:2], {"pre_tokenizer": pieces(split({"String": ""}, "Contiguous"))}
    yield "String", TEXTS, {"pre_tokenizer": pieces(split({"String": "-"}), split({"String": "b."}))}
    for kind in ("Whitespace", "WhitespaceSplit"):
        yield kind, TEXTS, {"pre_tokenizer": pieces({"type": kind})}
    for single in (True, False):
        yield "Digits %r" % single, TEXTS + ["\U00016ff4\U00011de0\u00bc"], {
            "pre_tokenizer": pieces({"type": "Digits", "individual_digits": single})}
    yield "Punctuation", TEXTS + ["\u061d.\u2e43\u166d\U000111c9$+\u00a7\u00bb"], {
        "pre_tokenizer": pieces({"type": "Punctuation", "behavior": "Isolated"})}
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        yield form, ["e\u0301\u00e9\u212b\ufb01", "a\u0327\u0898\u0301", "\U00011935\U00011930 \U00011938", "\u32ff\u32fe\ua7f2\U0001e030",
                     "\ud55c\u1112\u1161\u11ab", "a\u1abf\u0301", "\u0344\u0958\ufdfa"], {"normalizer": {"type": form}}
    for pattern in ("a*", "b|(?=c)", "\\s"):
        yield "Replace " + pattern, TEXTS, {"normalizer": {"type": "Replace", "pattern": {"Regex": pattern}, "content": "\u00e9"}}
    first = {"type": "Metaspace", "replacement": "|", "prepend_scheme": "first", "split": True}
    for name, steps in (("Strip", [{"type": "Strip", "strip_left": True, "strip_right": False}]),
                        ("Prepend", [{"type": "Prepend", "prepend": "ab"}]),
                        ("Replace", [{"type": "Replace", "pattern": {"String": "ab"}, "content": "x"}])):
        yield "first after " + name, [" a", "ab a", "a b", "  "], {
            "normalizer": normalizers(*steps),
            "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split({"Regex": "b"}), first]}}
    strips = {"lstrip": True, "rstrip": True}
    spaces = [added(90, "<a>", **strips), added(91, "  ", **strips), added(92, " b", rstrip=True), added(93, "<c>", rstrip=True)]
    yield "overlapping strips", ["    ", "x <a>  <a> y", "<c>  b  <a>", "<c>   b b", "<a>    <c>  x", "   <a>   "], {"added_tokens": spaces}
    words = [added(90, "ab", single_word=True), added(91, "\u24b6", single_word=True), added(92, "-", single_word=True, lstrip=True)]
    yield "single words", ["ab", "ab ab", "xab abx", "\u200dab", "ab\u200d", "ab\u00b2", "ab\u24b6", "\u24b6-ab", "ab\u0301", "ab_", "- -ab", "\U0001e4f0ab"], {
        "added_tokens": words}
    changed = [added(90, "<s>", special=True, normalized=True), added(91, "a b", normalized=True), added(92, "\u00e9", special=True)]
    yield "normalized tokens", ["<s>a b\u00e9", "x a b y", "a\u2581b \u2581<s>", "e\u0301"], {
        "added_tokens": changed, "normalizer": normalizers({"type": "NFC"}, {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"})}
    yield "prefixed tokens", ["<s>a", "\u2581<s>", "x<s>"], {
        "added_tokens": changed[:1], "normalizer": {"type": "Prepend", "prepend": "\u2581"}}


def vectors():
    for name, texts, parts in corners():
        letters = sorted(set("".join(texts)) | set("|\u00e9\u2581x"))
        known = {t["content"] for t in parts.get("added_tokens", [])}
        letters = [c for c in letters if c not in known]
        vocab = {c: i for i, c in enumerate(letters)}
        tokens = [dict(t, id=t["id"] - 90 + len(vocab)) for t in parts.get("added_tokens", [])]
        tokenizer = dict({"normalizer": None, "pre_tokenizer": None, "post_processor": None}, **parts)
        tokenizer.update(added_tokens=tokens, decoder={"type": "Fuse"}, model={
            "type": "BPE", "vocab": vocab, "merges": []})
        source = json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":"))
        loaded = Tokenizer.from_str(source)
        cases = []
        for text in texts:
            ids = loaded.encode(text).ids
            cases.append({"text": TEXTS.index(text) if text in TEXTS else text, "ids": ids, "decoded": loaded.decode(ids), "whole": loaded.decode(ids, skip_special_tokens=False)})
            if cases[-1]["decoded"] == cases[-1]["whole"]:
                del cases[-1]["decoded"]
        yield {"name": name, "tokenizer": source, "cases": cases}


with open(os.path.join(here, "corners.json"), "w", encoding="utf-8") as out:
    dump = lambda value: json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # Texts that many have are named by their number.
    out.write('{"texts":' + dump(TEXTS) + ',\n"tokenizers":[\n' + ",\n".join(map(dump, vectors())) + "\n]}\n")
