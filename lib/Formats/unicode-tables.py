#!/usr/bin/env python3
"""Writes UnicodeTables.inc: what the classes of patterns hold, asked of Hugging
Face's tokenizers (pip install tokenizers==0.23.3), whose three regular
expression engines each have a Unicode version of their own.

    python3 lib/Formats/unicode-tables.py > lib/Formats/UnicodeTables.inc
"""
from tokenizers import Regex
from tokenizers.pre_tokenizers import Digits, Punctuation, Split

CATEGORIES = "Cn Lu Ll Lt Lm Lo Mn Mc Me Nd Nl No Pc Pd Ps Pe Pi Pf Po Sm Sc Sk So Zs Zl Zp Cc Cf Co".split()
SCRIPTS = """Unknown Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak
Bengali Bhaiksuki Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma
Cham Cherokee Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru
Dogra Duployan Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Garay Georgian Glagolitic Gothic Grantha Greek
Gujarati Gunjala_Gondi Gurmukhi Gurung_Khema Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana
Imperial_Aramaic Inherited Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi
Kayah_Li Kharoshthi Khitan_Small_Script Khmer Khojki Khudawadi Kirat_Rai Lao Latin Lepcha Limbu Linear_A Linear_B
Lisu Lycian Lydian Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek
Mende_Kikakui Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nag_Mundari
Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Ol_Onal Old_Hungarian Old_Italic
Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage Osmanya
Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan Saurashtra Sharada
Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Sunuwar Syloti_Nagri Syriac Tagalog
Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh Tirhuta Todhri
Toto Tulu_Tigalari Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Zanabazar_Square""".split()

CODES = [c for c in range(0x110000) if not 0xd800 <= c < 0xe000]
TEXT = "".join(map(chr, CODES))
PLACE = {c: i for i, c in enumerate(CODES)}


def members(pre_tokenizer):
    """Those that removing takes away."""
    left = bytearray(b"\1" * len(CODES))
    for _, (begin, end) in pre_tokenizer.pre_tokenize_str(TEXT):
        left[begin:end] = bytes(end - begin)
    return [c for c, taken in zip(CODES, left) if taken]


def isolated(pre_tokenizer):
    return [c for c in CODES if len(pre_tokenizer.pre_tokenize_str("  " + chr(c) + "  ")) == 3]


def rows(name, kind, entries):
    print("static const %s %s[] = {" % (kind, name))
    line = "   "
    for entry in entries:
        if len(line) + len(entry) > 77:
            print(line)
            line = "   "
        line += " " + entry + ","
    print(line + "};")


def partition(name, names):
    which = [0] * len(CODES)
    for index, one in enumerate(names[1:], 1):
        for code in members(Split(Regex(r"\p{%s}" % one), "removed")):
            which[PLACE[code]] = index
    runs, last = [], None
    for code, index in zip(CODES, which):
        if index != last:
            runs.append("0x%x" % (code << 8 | index))
            last = index
    rows(name + "Names", "char *const", ['"%s"' % n for n in names])
    print("// First character << 8 | index of the name, to the next first.")
    rows(name + "Runs", "uint32_t", runs)


def ranges(name, codes):
    found = []
    for code in codes:
        if found and found[-1][1] == code - 1:
            found[-1][1] = code
        else:
            found.append([code, code])
    rows(name, "rt::CodeRange", ["{0x%x, 0x%x}" % tuple(pair) for pair in found])


print("// Made by unicode-tables.py.")
print("// clang-format off")
partition("category", CATEGORIES)
partition("script", SCRIPTS)
ranges("numericRanges", isolated(Digits(True)))
ranges("punctuationRanges", isolated(Punctuation()))
print("// clang-format on")
