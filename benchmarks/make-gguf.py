#!/usr/bin/env python3
"""make-gguf.py SHAPE OUT.gguf: the shape of a synthetic model as llama.cpp's GGUF, every matrix in Q4_0.

For llama-bench: random codes, one scale; norms of ones. Written by the GGUF specification, version 3; Python's standard
library alone.
"""
import os, random, struct, sys
from pathlib import Path

SHAPES = {
    "135m": dict(h=576, f=1536, layers=30, heads=9, kv=3, v=49152, tied=True),
    "1.1b": dict(h=2048, f=5632, layers=22, heads=32, kv=4, v=32000, tied=False),
}
s, out = SHAPES[sys.argv[1]], Path(sys.argv[2])
h, f, v, kv = s["h"], s["f"], s["v"], 64 * s["kv"]
U32, F32, STRING, ARRAY = 4, 6, 8, 9
TYPE_F32, TYPE_Q4_0 = 0, 2


def text(value):
    raw = value.encode()
    return struct.pack("<Q", len(raw)) + raw


def entry(key, kind, value):
    return text(key) + struct.pack("<I", kind) + value


u32 = lambda key, value: entry(key, U32, struct.pack("<I", value))
f32 = lambda key, value: entry(key, F32, struct.pack("<f", value))
string = lambda key, value: entry(key, STRING, text(value))
visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
letters, extra = {b: chr(b) for b in visible}, 0
for b in range(256):
    if b not in letters:
        letters[b] = chr(256 + extra)
        extra += 1
tokens = ["<|endoftext|>", *(letters[b] for b in range(256))]
tokens += [f"<unused{i}>" for i in range(len(tokens), v)]
metadata = [
    string("general.architecture", "llama"), string("general.name", sys.argv[1]), u32("general.file_type", 2),
    u32("llama.block_count", s["layers"]), u32("llama.context_length", 8192), u32("llama.embedding_length", h),
    u32("llama.feed_forward_length", f), u32("llama.attention.head_count", s["heads"]),
    u32("llama.attention.head_count_kv", s["kv"]), f32("llama.attention.layer_norm_rms_epsilon", 1e-5),
    f32("llama.rope.freq_base", 10000.0), u32("llama.rope.dimension_count", 64), u32("llama.vocab_size", v),
    string("tokenizer.ggml.model", "gpt2"), string("tokenizer.ggml.pre", "smollm"),
    entry("tokenizer.ggml.tokens", ARRAY, struct.pack("<IQ", STRING, v) + b"".join(map(text, tokens))),
    entry("tokenizer.ggml.merges", ARRAY, struct.pack("<IQ", STRING, 0)),
    u32("tokenizer.ggml.bos_token_id", 0), u32("tokenizer.ggml.eos_token_id", 0),
]
tensors = [("token_embd.weight", v, h), ("output_norm.weight", 0, h)]
if not s["tied"]:
    tensors.append(("output.weight", v, h))
for i in range(s["layers"]):
    tensors += [(f"blk.{i}.{name}.weight", rows, columns) for name, rows, columns in [
        ("attn_q", h, h), ("attn_k", kv, h), ("attn_v", kv, h), ("attn_output", h, h), ("ffn_gate", f, h), ("ffn_up", f, h),
        ("ffn_down", h, f), ("attn_norm", 0, h), ("ffn_norm", 0, h)]]
infos, offset, sizes = [], 0, []
for name, rows, columns in tensors:
    size = rows * columns // 32 * 18 if rows else columns * 4
    dims = [columns, rows] if rows else [columns]
    infos.append(text(name) + struct.pack(f"<I{len(dims)}QIQ", len(dims), *dims, TYPE_Q4_0 if rows else TYPE_F32, offset))
    sizes.append(size)
    offset += (size + 31) // 32 * 32
header = struct.pack("<4sIQQ", b"GGUF", 3, len(tensors), len(metadata)) + b"".join(metadata) + b"".join(infos)
rng = random.Random(20261123)
# Blocks of a half-precision scale of 0.01 and 16 random bytes.
blocks = b"".join(struct.pack("<e", 0.01) + rng.randbytes(16) for _ in range(65537))
part = out.with_suffix(".part")
with open(part, "wb") as file:
    file.write(header + b"\0" * (-len(header) % 32))
    for (name, rows, columns), size in zip(tensors, sizes):
        if not rows:
            file.write(struct.pack("<f", 1.0) * columns)
        rest = size if rows else 0
        while rest:
            piece = blocks[:rest]
            file.write(piece)
            rest -= len(piece)
        file.write(b"\0" * (-size % 32))
os.replace(part, out)
