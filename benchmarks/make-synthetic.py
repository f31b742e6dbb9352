#!/usr/bin/env python3
"""make-synthetic.py 135m|1.1b FOLDER: a Llama of that shape with random weights, as a Hugging Face folder.

For speed and memory, not for quality: bf16 weights of normal distribution from a fixed seed (one block of values, begun
at another place for every tensor), a byte-level tokenizer that fills the vocabulary. Python's standard library alone.
"""
import json, os, random, struct, sys
from pathlib import Path

SHAPES = {
    "135m": dict(hidden_size=576, intermediate_size=1536, num_hidden_layers=30, num_attention_heads=9,
                 num_key_value_heads=3, vocab_size=49152, tie_word_embeddings=True),
    "1.1b": dict(hidden_size=2048, intermediate_size=5632, num_hidden_layers=22, num_attention_heads=32,
                 num_key_value_heads=4, vocab_size=32000, tie_word_embeddings=False),
}
shape, out = SHAPES[sys.argv[1]], Path(sys.argv[2])
out.mkdir(parents=True, exist_ok=True)
h, f, v = shape["hidden_size"], shape["intermediate_size"], shape["vocab_size"]
head = 64
kv = shape["num_key_value_heads"] * head

config = dict(architectures=["LlamaForCausalLM"], model_type="llama", head_dim=head, max_position_embeddings=8192,
              rms_norm_eps=1e-5, rope_theta=10000.0, rope_scaling=None, hidden_act="silu", attention_bias=False,
              mlp_bias=False, bos_token_id=0, eos_token_id=0, torch_dtype="bfloat16", **shape)
json.dump(config, open(out / "config.json", "w"), indent=1)

# Byte-level BPE without merges: 256 bytes, one special token, names that fill up.
visible = [*range(33, 127), *range(161, 173), *range(174, 256)]
letters, extra = {b: chr(b) for b in visible}, 0
for b in range(256):
    if b not in letters:
        letters[b] = chr(256 + extra)
        extra += 1
vocab = {"<|endoftext|>": 0, **{letters[b]: b + 1 for b in range(256)}}
vocab.update({f"<unused{i}>": i for i in range(len(vocab), v)})
level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
tokenizer = dict(version="1.0", truncation=None, padding=None, normalizer=None, pre_tokenizer=level, decoder=level,
                 added_tokens=[dict(id=0, content="<|endoftext|>", single_word=False, lstrip=False, rstrip=False,
                                    normalized=False, special=True)], post_processor=None,
                 model=dict(type="BPE", dropout=None, unk_token=None, continuing_subword_prefix=None,
                            end_of_word_suffix=None, fuse_unk=False, byte_fallback=False, vocab=vocab, merges=[]))
json.dump(tokenizer, open(out / "tokenizer.json", "w"))

tensors = {"model.embed_tokens.weight": [v, h], "model.norm.weight": [h]}
if not shape["tie_word_embeddings"]:
    tensors["lm_head.weight"] = [v, h]
for i in range(shape["num_hidden_layers"]):
    p = f"model.layers.{i}."
    for name, dims in {"self_attn.q_proj": [h, h], "self_attn.k_proj": [kv, h], "self_attn.v_proj": [kv, h],
                       "self_attn.o_proj": [h, h], "mlp.gate_proj": [f, h], "mlp.up_proj": [f, h],
                       "mlp.down_proj": [h, f], "input_layernorm": [h], "post_attention_layernorm": [h]}.items():
        tensors[p + name + ".weight"] = dims

rng = random.Random(20261123)
# One block of values; an odd length, so that every tensor differs.
block = b"".join(struct.pack("<f", rng.gauss(0, 0.03))[2:] for _ in range(262139)) * 2
header, end = {}, 0
for name, dims in tensors.items():
    size = 2
    for d in dims:
        size *= d
    header[name] = dict(dtype="BF16", shape=dims, data_offsets=[end, end + size])
    end += size
text = json.dumps(header).encode()
text += b" " * (-(8 + len(text)) % 64)
half = len(block) // 2
with open(out / "model.safetensors.part", "wb") as file:
    file.write(struct.pack("<Q", len(text)) + text)
    for name, dims in tensors.items():
        if len(dims) == 1:
            file.write(b"\x80\x3f" * dims[0])
            continue
        rest, at = dims[0] * dims[1] * 2, rng.randrange(half // 2) * 2
        while rest:
            part = block[at:at + min(half, rest)]
            file.write(part)
            rest -= len(part)
            at = (at + len(part)) % half
os.replace(out / "model.safetensors.part", out / "model.safetensors")
