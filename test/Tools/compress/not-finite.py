# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{models}/primer %t
"""A weight that is not finite makes logits that are not, whatever the instruction set, the type that it is stored in,
and the activations that it meets: every evaluation and every program says so."""
import json, os, shutil, struct, subprocess, sys

MODEL, WORK = sys.argv[1:3]
PROTOCOL = [f"{MODEL}/text/eval.txt", "--documents", "--context", "256", "--chunks", "1"]
FLAGS = open("/proc/cpuinfo").read().split()
TARGETS = ["generic"] + [name for name, flag in
                         [("avx2", "avx2"), ("avxvnni", "avx_vnni"), ("avx512vnni", "avx512_vnni")] if flag in FLAGS]
with open(f"{MODEL}/model.safetensors", "rb") as file:
    WHOLE = file.read()
LENGTH = int.from_bytes(WHOLE[:8], "little")
BLOCK = "model.layers.1."


def run(*command, code=0):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code, (command, done.returncode, done.stdout, done.stderr)
    return done


def halves(data):
    """Brain floats as halves."""
    values = struct.unpack(f"<{len(data) // 2}H", data)
    return struct.pack(f"<{len(values)}e", *struct.unpack(f"<{len(values)}f", b"".join(
        struct.pack("<I", v << 16) for v in values)))


def make(tensor, dtype, bits):
    """The model with one tensor in `dtype`, and one value of it the pattern `bits`."""
    header = json.loads(WHOLE[8:8 + LENGTH])
    begin, end = header[tensor]["data_offsets"]
    assert header[tensor]["dtype"] == "BF16"
    header[tensor]["dtype"] = dtype
    data = WHOLE[8 + LENGTH + begin:8 + LENGTH + end]
    data = bytearray(halves(data) if dtype == "F16" else data)
    data[14:16] = struct.pack("<H", bits)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    folder = f"{WORK}/model"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(MODEL, folder, ignore=shutil.ignore_patterns("text"))
    with open(f"{folder}/model.safetensors", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + WHOLE[8 + LENGTH:8 + LENGTH + begin] + bytes(data)
                   + WHOLE[8 + LENGTH + end:])
    error = run("compress", "import", folder, "-o", f"{WORK}/m.mlir", code=1).stderr
    assert f"'{tensor}' holds" in error, error
    run("compress", "import", folder, "--allow-non-finite", "-o", f"{WORK}/m.mlir")
    return f"{WORK}/m.mlir"


def refused(module, *options):
    for target in TARGETS:
        error = run("compress", "eval", module, "--base", "none", "--cache", "none", "--target", target, *options,
                    "--text", *PROTOCOL, code=1).stderr
        assert "A logit is not finite" in error, error
    run("compress", "build", module, "--target", ",".join(reversed(TARGETS)), *options, "-o", f"{WORK}/app")
    assert "finite" in run(f"{WORK}/app", "--perplexity", *PROTOCOL, code=1).stderr


for dtype, infinite, nan in [("F16", 0x7c00, 0x7e00), ("BF16", 0xff80, 0x7fc0)]:
    for bits in [infinite, nan]:
        refused(make(BLOCK + "self_attn.q_proj.weight", dtype, bits), "--activations", "f32")
# Behind the norm are products of int8 activations with codes.
refused(make(BLOCK + "post_attention_layernorm.weight", "F16", 0x7e00), "--activations", "int8", "--recipe",
        "compress-for-each{consumer=linear pipeline=compress-quantize{bits=8}}")
