# RUN: %{python} %s %{models}/primer %t
"""What ships is what was measured: for techniques alone and composed, in f32 and int8, the binary's own --perplexity
prints the digits of `compress eval`, and the reference evaluator, which shares no code with packers and kernels, agrees:
in f32 within 0.05 % on a few documents, in int8 within 0.05 % on the whole text."""
import json, os, shutil, subprocess, sys

MODEL, WORK = sys.argv[1:3]
WHOLE = ["--documents", "--context", "256"]
FEW = [*WHOLE, "--chunks", "12"]
Q = "compress-quantize"
BLOCKS = "compress-for-each{{match=model.layers.* consumer=linear pipeline=\"{}\"}}".format
RECIPES = {
    # Alone.
    "rtn4": f"{Q}{{bits=4 group-size=32}}",
    "rtn3 symmetric": f"{Q}{{bits=3 group-size=64 scheme=symmetric}}",
    "rtn8 row": f"{Q}{{bits=8 group-size=0 scheme=symmetric}}",
    "rtn5 group 48": f"{Q}{{bits=5 group-size=48}}",
    "scale search": f"{Q}{{bits=4 group-size=32 scheme=symmetric search=scale}}",
    "hqq": "compress-quantize-hqq{bits=4 group-size=64}",
    "magnitude": "compress-prune{kind=matrix percent=30}",
    "2:4": BLOCKS("compress-prune{kind=n-of-m n=2 m=4}"),
    "blocks": BLOCKS("compress-prune{kind=block percent=20 block-rows=4 block-columns=4}"),
    "svd": BLOCKS("compress-decompose{ratio=0.9}"),
    "palette": BLOCKS("compress-palettize{entries=16 method=lloyd}"),
    "vectors": BLOCKS("compress-vector-quantize{cell=2 entries=256 rounds=3}"),
    # Composed.
    "pruned, then quantised": BLOCKS("compress-prune{kind=matrix percent=30},compress-quantize{bits=8 group-size=32 scheme=symmetric}"),
    "2:4, then quantised": BLOCKS("compress-prune{kind=n-of-m n=2 m=4},compress-quantize{bits=4 group-size=32 scheme=symmetric}"),
    "blocks, then quantised": BLOCKS("compress-prune{kind=block percent=20},compress-quantize{bits=8 group-size=0 scheme=symmetric}"),
    "factors quantised": BLOCKS("compress-decompose{ratio=0.9},compress-quantize{bits=8 group-size=32}"),
    "quantised, corrected": BLOCKS("compress-quantize{bits=3 group-size=32},compress-correct{rank=8}"),
    "quantised, corrected, factors quantised": BLOCKS("compress-quantize{bits=3 group-size=32},compress-correct{rank=16},compress-quantize{bits=8 group-size=32}"),
    "palette of a quantised codebook": BLOCKS("compress-palettize{entries=16 method=lloyd},compress-quantize{bits=8 group-size=0 target=codebook scheme=symmetric}"),
    "quantised scales": BLOCKS("compress-quantize{bits=4 group-size=32},compress-quantize{bits=8 group-size=0 target=scales}"),
    "palette corrected": BLOCKS("compress-palettize{entries=8 method=lloyd},compress-correct{rank=4}"),
    "pruned and corrected": BLOCKS("compress-prune{kind=matrix percent=50},compress-correct{rank=8}"),
    "2:4 corrected": BLOCKS("compress-prune{kind=n-of-m n=2 m=4},compress-correct{rank=8}"),
    "blocks of several techniques": "compress-for-each{match=*mlp* consumer=linear pipeline=\"compress-quantize{bits=4 group-size=32}\"},"
                                    "compress-for-each{match=*self_attn* consumer=linear pipeline=\"compress-decompose{ratio=0.9}\"},"
                                    "compress-for-each{match=*embed* pipeline=\"compress-palettize{entries=64 method=lloyd}\"}",
}


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{' '.join(command)} gave {done.returncode}:\n{done.stderr}")
    return done.stdout


shutil.rmtree(WORK, ignore_errors=True)
os.makedirs(WORK)
text = os.path.join(MODEL, "text", "eval.txt")
app = os.path.join(WORK, "app")
bad = 0


def check(name, recipe, activations, documents, limit):
    common = ["--recipe", recipe, "--activations", activations, "--target", "native"]
    measured = json.loads(run("compress", "eval", MODEL, *common, "--text", text, *documents, "--cache", "none",
                              "--reference", "--json"))["steps"][-1]
    run("compress", "build", MODEL, *common, "-o", app)
    shipped = json.loads(run(app, "--perplexity", text, *documents, "--json"))
    reference = measured["reference_nll"]
    far = abs(measured["nll"] - reference) / reference
    right = shipped["nll"] == measured["nll"] and shipped["bytes"] == measured["bytes"] and far <= limit
    print(f"{name}, {activations}: eval {measured['nll']}, binary {shipped['nll']}, reference {reference}"
          f" ({far:.4%}), {measured['bytes']} bytes{'' if right else '  WRONG'}", flush=True)
    return not right


for name, recipe in RECIPES.items():
    bad += check(name, recipe, "f32", FEW, 0.0005)
    # Without integer codes there is nothing that int8 activations could meet.
    # A last bit before an activation's rounding is a whole code behind it: such
    # flips average out over a text, and less over a twenty-fifth of it.
    if "quantize" in recipe:
        bad += check(name, recipe, "int8", FEW, 0.0025)
bad += check("rtn4, whole text", RECIPES["rtn4"], "int8", WHOLE, 0.0005)
sys.exit(1 if bad else 0)
