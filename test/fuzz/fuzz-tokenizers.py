#!/usr/bin/env python3
"""Random tokenizers, on random texts, here and in Hugging Face's tokenizers.

    ninja -C build tokenizer-driver
    python3 -m venv /tmp/venv && /tmp/venv/bin/pip install tokenizers==0.23.3
    /tmp/venv/bin/python test/fuzz/fuzz-tokenizers.py build/bin/test/tokenizer-driver

makes tokenizer.json files out of everything that the importer knows, and some
that it refuses, and compares ids and decoded texts. It prints how many
tokenizers were refused and why, what share of the texts differs, and the first
differences, made as small as they get. Exits 1 if there is one."""
import argparse
import collections
import json
import multiprocessing
import random
import re
import resource
import subprocess
import sys

import tokenizers
import tokenizers.pre_tokenizers

# Characters on which implementations disagree: of each category, word
# characters that are no letters, marks that move, joiners, spaces, characters
# of several scripts (extensions), of recent Unicode versions, with case folds
# of other lengths or in other blocks, and what normal forms change.
CORNERS = (
    "\u00b2\u00b3\u00b9\u00bc\u00bd\u00be\u00aa\u00b5\u00ba\u2167\u2160\u24b6\u24d0\U0001f130\U0001f150"
    "\u200c\u200d\u200b\u2060\ufeff\u00ad\u00a0\u0085\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u180e"
    "\x00\x1c\x1f\x7f\x0b\x0c\r\n\t "
    "\u3002\uff0c\u3001\u300c\u4f60\u597d\u4e16\u754c\u3005\u3007\u30fc\u30a2\u3042\u30fb\ud55c\uac00\u1100\u1161\u11a8"
    "\u0301\u0327\u0345\u0308\u20dd\ufe0f\u093f\u0c3c\u1abf\u0898\U00011938\U00011935\U00011930"
    "\u00e9e\u0301\u00c5\u212b\u2126\u1e9b\u0323\ufb01\ufb06\u00df\u1e9e\u0130\u0131\u017f\u212a\u0149\u01c5\u01f0\u0390"
    "\u03c3\u03c2\u03a3\u0398\u03d1\u1fbe\u10d0\u1c90\u13a0\uab70\u2c2f"
    "\u0660\u0967\uff11\u09f4\u3021\u3220\U00016ff4\U00011de0\U0001e4f0\U0001f1e6\U0001f469\U0001f3fd"
    "\u061d\u2e52\u166d\U000111c9\u2e43\u00a7\u00b6\u203f\u2040\uff3f_\u2010\u00ab\u00bb\u2018\u201d\u20ac\u00a4+<=>|~^`$"
    "\u02b0\u02bc\u0482\u0531\u0587\u05d0\u0627\u0915\u1e030\U0001e030\u32ff\ua7f2\uab69\U00010781\U0001f16c"
    "\U0002ebf0\U00031350\u1c89\ua7cb\U00010d40\U0001ccd6\u0378\ue000\U0010ffff\ufdfa\ufb2c\u0344\u0958"
)
ASCII = "abcdeABCDEstfilkSTKIrv019'\"-.,!?/\\()[]{}<>@#%&*:; \n\t\r_"
META = "\u2581"

CATEGORIES = """L Lu Ll Lt Lm Lo M Mn Mc Me N Nd Nl No P Pc Pd Ps Pe Pi Pf Po S Sm Sc Sk So Z Zs Zl Zp
C Cc Cf Cn Co Letter Uppercase_Letter Decimal_Number Punctuation Separator Mark""".split()
SCRIPTS = """Latin Greek Cyrillic Han Hiragana Katakana Hangul Arabic Hebrew Devanagari Thai Common
Inherited Armenian Georgian Bopomofo""".split()
KNOWN = [
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+",
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+"
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"[\p{Han}]+|[\p{L}&&[^\p{Han}]]+|\s+", r"\p{Han}+", r"\w+|[^\w\s]+", r"[\u4e00-\u9fa5\u3040-\u30ff]+",
    r"\d{1,3}(?=(?:\d{3})*\b)", r"\d{1,3}(?=(?:\d{3})*(?!\d))", r"(?<=\d)(?=\d)", r"(?<![a-z])\p{L}", r"[\r\n]",
    r"\s?\p{L}+", r"\s?\p{P}+", r"(?i)'s|a", r"a(?i)b|c", r"a{2}?", r"(?:a|b){1,2}", r"^\s+|\s+$", r".", r"",
]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.alphabet = [self.r.choice(ASCII) for _ in range(12)] + self.r.sample(CORNERS, 14)

    def some(self, *choices):
        return self.r.choice(choices)

    def maybe(self, probability):
        return self.r.random() < probability

    # Texts ------------------------------------------------------------------

    def character(self):
        p = self.r.random()
        if p < 0.55:
            return self.r.choice(self.alphabet)
        if p < 0.8:
            return self.r.choice(ASCII)
        if p < 0.98:
            return self.r.choice(CORNERS)
        code = self.r.randrange(0x110000)
        return "\u00e9" if 0xd800 <= code < 0xe000 else chr(code)

    def text(self, words):
        out = []
        for _ in range(self.r.randrange(1, 9)):
            p = self.r.random()
            if words and p < 0.35:
                out.append(self.r.choice(words))
            elif p < 0.45:
                out.append(self.r.choice([" ", "  ", "\n", " \n ", META, "\u3000", "\t"]) * self.r.randrange(1, 4))
            elif p < 0.6:
                out.append(self.r.choice(["it's", "I'LL", "'\u017f", "don't", "a1b22c333", "foo_bar", "x\u00b2", "SS", "\u00df",
                                          "ffi", "st", "abcABC", "aaaa", "a\u200db", "1234567"]))
            else:
                out.append("".join(self.character() for _ in range(self.r.randrange(1, 6))))
        return "".join(out)

    # Patterns ---------------------------------------------------------------

    def literal(self, c=None):
        c = c or self.character()
        if c in "\\^$.|?*+()[]{}-&~#":
            return "\\" + c
        if c == "\n":
            return self.some("\\n", "\n")
        if self.maybe(0.05) and ord(c) < 0x10000:
            return self.some("\\u%04x" % ord(c), "\\x{%x}" % ord(c))
        return c

    def item(self):
        p = self.r.random()
        if p < 0.3:
            return self.some("\\s", "\\S", "\\w", "\\W", "\\d", "\\D", "\\h", "\\n", "\\r", "\\t")
        if p < 0.6:
            name = self.r.choice(CATEGORIES if self.maybe(0.6) else SCRIPTS)
            return self.some("\\p{%s}", "\\p{%s}", "\\p{%s}", "\\P{%s}", "\\p{^%s}") % name
        return self.literal()

    def set(self):
        out = "[" + ("^" if self.maybe(0.35) else "")
        for _ in range(self.r.randrange(1, 4)):
            p = self.r.random()
            if p < 0.2:
                out += self.some("a-z", "A-Z", "0-9", "\u4e00-\u9fff", "\u0400-\u04ff", "\u00c0-\u00ff")
            elif p < 0.25:
                out += self.some("[:alpha:]", "[:word:]", "[a-c]", "&&[a-f]", "-")
            else:
                out += self.item()
        return out + "]"

    def atom(self, depth):
        p = self.r.random()
        if p < 0.25:
            return self.literal()
        if p < 0.5:
            return self.item()
        if p < 0.68:
            return self.set()
        if p < 0.72:
            return "."
        if p < 0.76:
            return self.some("^", "$", "\\A", "\\z", "\\Z", "\\b")
        if depth > 2:
            return self.literal()
        if p < 0.79:
            return self.some("(?i)", "(?-i)", "(?i:%s)" % self.pattern(depth + 1))
        if p < 0.85:
            return self.some("(?=%s)", "(?!%s)", "(?<=%s)", "(?<!%s)") % self.pattern(depth + 1)
        return self.some("(?:%s)", "(?:%s)", "(%s)", "(?>%s)", "(?i:%s)") % self.pattern(depth + 1)

    def quantifier(self):
        p = self.r.random()
        if p < 0.55:
            return ""
        q = self.some("?", "*", "+", "+", "{2}", "{1,3}", "{1,}", "{,2}", "{0,1}", "{3,1}", "{0}")
        if self.maybe(0.25):
            q += self.some("?", "?", "+", "*")
        return q

    def pattern(self, depth=0):
        if depth == 0 and self.maybe(0.35):
            return self.r.choice(KNOWN)
        return "|".join("".join(self.atom(depth) + self.quantifier() for _ in range(self.r.randrange(0 if self.maybe(0.1) else 1, 4)))
                        for _ in range(self.r.randrange(1, 4)))

    def matcher(self):
        if self.maybe(0.3):
            text = self.some(" ", META, "", "aa", self.character(), self.character() + self.character())
            return {"String": text}
        return {"Regex": self.pattern()}

    # Components -------------------------------------------------------------

    def normalizer(self):
        kind = self.some("Prepend", "Replace", "Replace", "NFC", "NFD", "NFKC", "NFKD", "Strip")
        part = {"type": kind}
        if kind == "Prepend":
            part["prepend"] = self.some(META, " ", "ab", self.character(), "")
        elif kind == "Replace":
            part.update(pattern=self.matcher(), content=self.some(META, "", " ", "x", self.character()))
        elif kind == "Strip":
            part.update(strip_left=self.maybe(0.6), strip_right=self.maybe(0.6))
        return part

    def behavior(self):
        return self.some("Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous")

    def pre_tokenizer(self):
        kind = self.some("Digits", "Split", "Split", "Split", "Punctuation", "Whitespace", "WhitespaceSplit",
                         "CharDelimiterSplit", "Metaspace")
        part = {"type": kind}
        if kind == "Digits":
            part["individual_digits"] = self.maybe(0.5)
        elif kind == "Split":
            part.update(pattern=self.matcher(), behavior=self.behavior(), invert=self.maybe(0.3))
        elif kind == "Punctuation":
            part["behavior"] = self.behavior()
        elif kind == "CharDelimiterSplit":
            part["delimiter"] = self.some(" ", META, "a", self.character())
        elif kind == "Metaspace":
            part.update(replacement=self.some(META, META, "_", "\u00e9"), prepend_scheme=self.some("always", "first", "never"),
                        split=self.maybe(0.6))
        return part

    def decoder(self):
        kinds = []
        for _ in range(self.r.randrange(0, 3)):
            kind = self.some("Replace", "Strip", "Metaspace")
            if kind == "Replace":
                kinds.append({"type": kind, "pattern": {"String": self.some(META, "a", "aa", self.character())},
                              "content": self.some(" ", "", "x", "aa")})
            elif kind == "Strip":
                kinds.append({"type": kind, "content": self.some(" ", META, "a"), "start": self.r.randrange(0, 3), "stop": 0})
            else:
                kinds.append({"type": kind, "replacement": self.some(META, "_"),
                              "prepend_scheme": self.some("always", "first", "never"), "split": True})
        if self.maybe(0.6):
            kinds.append({"type": "ByteFallback"})
        if self.maybe(0.6):
            kinds.append({"type": "Fuse"})
            if self.maybe(0.6):
                kinds.append({"type": "Strip", "content": " ", "start": self.r.randrange(0, 3), "stop": 0})
        if len(kinds) == 1 and self.maybe(0.5):
            return kinds[0]
        return {"type": "Sequence", "decoders": kinds} if kinds else None

    def model(self, byte_level):
        if byte_level:
            letters = list(tokenizers.pre_tokenizers.ByteLevel.alphabet())
            if self.maybe(0.1):
                letters = self.r.sample(sorted(letters), 230)
            source = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
            spell = lambda text: "".join(p for p, _ in source.pre_tokenize_str(text))
        else:
            letters = sorted(set(self.alphabet) | set(" " + META + "ab"))
            spell = lambda text: text
        names = ["<unk>"] + sorted(set(letters))
        if not byte_level and self.maybe(0.5):
            names += ["<0x%02X>" % b for b in range(256 if self.maybe(0.8) else 128)]
        known, merges = set(names), []
        for _ in range(self.r.randrange(0, 40)):
            if self.maybe(0.5):
                pair = [self.r.choice(names[1:]), self.r.choice(names[1:])]
            else:
                text = spell(self.text([]))
                if len(text) < 2:
                    continue
                at = self.r.randrange(len(text) - 1)
                pair = [text[at], text[at + 1]]
            if pair[0] not in known or pair[1] not in known or pair in merges:
                continue
            if any(len(p) == 6 and p.startswith("<0x") for p in pair):
                continue
            merges.append(pair)
            if "".join(pair) not in known:
                known.add("".join(pair))
                names.append("".join(pair))
        return {"type": "BPE", "dropout": None, "unk_token": "<unk>" if self.maybe(0.5) else None,
                "continuing_subword_prefix": None, "end_of_word_suffix": None, "fuse_unk": self.maybe(0.5),
                "byte_fallback": not byte_level and self.maybe(0.5), "ignore_merges": self.maybe(0.3),
                "vocab": {n: i for i, n in enumerate(names)}, "merges": merges}

    def added(self, model):
        tokens, seen, following = [], set(), len(model["vocab"])
        for _ in range(self.r.randrange(0, 5) if self.maybe(0.7) else 0):
            content = self.some("<s>", "</s>", "<a>", "a", " ", "  ", "ab", "\n", "b ", " c", META, "\u00e9", "it", self.character(),
                                self.character() + self.character())
            if content in seen:
                continue
            seen.add(content)
            index = model["vocab"].get(content)
            if index is None:
                index, following = following, following + 1
            tokens.append({"id": index, "content": content, "single_word": self.maybe(0.25), "lstrip": self.maybe(0.3),
                           "rstrip": self.maybe(0.3), "normalized": self.maybe(0.4), "special": self.maybe(0.5)})
        return tokens

    def post_processor(self, model, added):
        names = [(t["content"], t["id"]) for t in added] + [("<unk>", 0)]
        kind = self.some(None, None, "TemplateProcessing", "BertProcessing", "RobertaProcessing", "ByteLevel", "Sequence")
        if kind in ("BertProcessing", "RobertaProcessing"):
            part = {"type": kind, "sep": list(self.r.choice(names)), "cls": list(self.r.choice(names))}
            if kind == "RobertaProcessing":
                part.update(trim_offsets=True, add_prefix_space=False)
            return part
        level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": self.maybe(0.5), "use_regex": True}
        if kind == "ByteLevel":
            return level
        if kind is None:
            return None
        before = [self.r.choice(names) for _ in range(self.r.randrange(0, 3))]
        after = [self.r.choice(names) for _ in range(self.r.randrange(0, 2))]
        special = lambda name: {"SpecialToken": {"id": name, "type_id": 0}}
        single = [special(n) for n, _ in before] + [{"Sequence": {"id": "A", "type_id": 0}}] + [special(n) for n, _ in after]
        template = {"type": "TemplateProcessing", "single": single, "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}],
                    "special_tokens": {n: {"id": n, "ids": [i], "tokens": [n]} for n, i in before + after}}
        return {"type": "Sequence", "processors": [level, template]} if kind == "Sequence" else template

    def tokenizer(self):
        byte_level = self.maybe(0.5)
        model = self.model(byte_level)
        added = self.added(model)
        normalizers = [self.normalizer() for _ in range(self.some(0, 0, 1, 1, 2, 3))]
        parts = [self.pre_tokenizer() for _ in range(self.some(0, 1, 1, 1, 2, 3))]
        decoder = self.decoder()
        if byte_level:
            parts.append({"type": "ByteLevel", "add_prefix_space": self.maybe(0.5), "trim_offsets": True,
                          "use_regex": self.maybe(0.5)})
            decoder = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
        join = lambda parts, name: (None if not parts else parts[0] if len(parts) == 1 else
                                    {"type": "Sequence", name: parts})
        return {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
                "normalizer": join(normalizers, "normalizers"), "pre_tokenizer": join(parts, "pretokenizers"),
                "post_processor": self.post_processor(model, added), "decoder": decoder, "model": model}

    def texts(self, tokenizer, count):
        words = [t["content"] for t in tokenizer["added_tokens"]] + [META, " "]
        return [self.text(words) for _ in range(count)]


class Driver:
    """What this project makes of them."""

    def __init__(self, path):
        self.process = subprocess.Popen(path,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def run(self, tokenizer, texts):
        request = {"tokenizer": json.dumps(tokenizer, ensure_ascii=False), "texts": texts}
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            sys.exit("The driver died of:\n" + json.dumps(request))
        return json.loads(line)


class Theirs:
    """What tokenizers makes of them, in a process that is given up where a
    pattern takes it too long or too much memory. None if it fails to load."""

    def __init__(self):
        self.worker = None

    def run(self, tokenizer, texts, seconds=20):
        if self.worker is None:
            self.pipe, other = multiprocessing.Pipe()
            self.worker = multiprocessing.Process(target=answer, args=(other,), daemon=True)
            self.worker.start()
        self.pipe.send((tokenizer, texts))
        try:
            if self.pipe.poll(seconds):
                return self.pipe.recv()
        except EOFError:
            pass
        self.worker.kill()
        self.worker = None
        return None


def answer(pipe):
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    while True:
        pipe.send(ask(*pipe.recv()))


def ask(tokenizer, texts):
    """The same from tokenizers; a text on which it panics has no results."""
    try:
        loaded = tokenizers.Tokenizer.from_str(json.dumps(tokenizer))
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return None
    results = []
    for text in texts:
        one = {}
        try:
            one["ids"] = loaded.encode(text).ids
            one["plain"] = loaded.encode(text, add_special_tokens=False).ids
            one["decoded"] = loaded.decode(one["ids"])
            one["whole"] = loaded.decode(one["ids"], skip_special_tokens=False)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
        results.append(one)
    return results


def differs(ours, other):
    return any(ours.get(key) != other[key] for key in other)


def shrink(driver, theirs, tokenizer, text):
    """A smaller tokenizer and text that still differ."""
    def bad(t, x):
        ours, other = driver.run(t, [x]), theirs.run(t, [x])
        return other and other[0] and "results" in ours and differs(ours["results"][0], other[0])

    again = True
    while again:
        again = False
        for at in range(len(text)):
            shorter = text[:at] + text[at + 1:]
            if bad(tokenizer, shorter):
                text, again = shorter, True
                break
        candidates = [dict(tokenizer, **{key: None}) for key in ("normalizer", "pre_tokenizer", "post_processor", "decoder")
                      if tokenizer[key]]
        for key, inner in (("normalizer", "normalizers"), ("pre_tokenizer", "pretokenizers"), ("decoder", "decoders")):
            if tokenizer[key] and inner in tokenizer[key]:
                parts = tokenizer[key][inner]
                candidates += [dict(tokenizer, **{key: {"type": "Sequence", inner: parts[:i] + parts[i + 1:]}})
                               for i in range(len(parts))]
        added = tokenizer["added_tokens"]
        if not tokenizer["post_processor"]:
            candidates += [dict(tokenizer, added_tokens=added[:i]) for i in range(len(added) - 1, len(added))]
        for i, token in enumerate(added):
            candidates += [dict(tokenizer, added_tokens=added[:i] + [dict(token, **{flag: False})] + added[i + 1:])
                           for flag in ("single_word", "lstrip", "rstrip", "normalized", "special") if token[flag]]
        if tokenizer["model"]["merges"]:
            candidates.append(dict(tokenizer, model=dict(tokenizer["model"], merges=[])))
        for candidate in candidates:
            if candidate != tokenizer and bad(candidate, text):
                tokenizer, again = candidate, True
                break
    return tokenizer, text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("driver")
    parser.add_argument("--count", type=int, default=2500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--texts", type=int, default=8)
    parser.add_argument("--show", type=int, default=5, help="differences to print")
    parser.add_argument("--refused", action="store_true", help="print what was refused that tokenizers takes")
    arguments = parser.parse_args()
    driver, theirs = Driver(arguments.driver), Theirs()
    refused, texts, different, wrong, failed, unread = collections.Counter(), 0, 0, 0, 0, 0
    for number in range(arguments.count):
        maker = Maker(arguments.seed * 1000003 + number)
        tokenizer = maker.tokenizer()
        samples = maker.texts(tokenizer, arguments.texts)
        ours, other = driver.run(tokenizer, samples), theirs.run(tokenizer, samples)
        if other is None:
            unread += 1
            continue
        if "refused" in ours:
            for part in re.split("; ", ours["refused"].split(": ", 1)[1]):
                refused[re.sub(r"(at byte \d+|\"(?:(?! uses ).)*\" uses|^(?:pre_tokenizer|normalizer|added_tokens)[\[\]0-9]*:? ?)", "", part, flags=re.S)[-90:]] += 1
            refused["tokenizers"] += 1
            if arguments.refused:
                print(ours["refused"])
            continue
        bad = 0
        for text, one, two in zip(samples, ours["results"], other):
            if not two:
                failed += 1
                continue
            texts += 1
            if differs(one, two):
                bad += 1
                if bad == 1 and wrong < arguments.show:
                    small, short = shrink(driver, theirs, tokenizer, text)
                    one, two = driver.run(small, [short])["results"][0], theirs.run(small, [short])[0]
                    small["model"]["vocab"] = {n: i for n, i in small["model"]["vocab"].items()
                                               if i in one.get("ids", []) or i in two.get("ids", [])}
                    print("tokenizer %d differs on %r:\n  here  %s\n  there %s\n  %s" % (
                        number, short, one, two, json.dumps(small, ensure_ascii=False)), flush=True)
        different += bad
        wrong += bad > 0
    total = refused.pop("tokenizers", 0)
    print("%d tokenizers: %d that tokenizers itself refuses or never ends, %d refused here, %d compared" % (
        arguments.count, unread, total, arguments.count - unread - total))
    for reason, times in refused.most_common(40):
        print("  %5d %s" % (times, reason))
    print("%d texts compared (%d on which tokenizers fails): %d differ (%.3f %%), of %d tokenizers" % (
        texts, failed, different, 100.0 * different / max(1, texts), wrong))
    return different > 0


if __name__ == "__main__":
    sys.exit(main())
