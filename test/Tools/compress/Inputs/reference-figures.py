"""Negative log likelihood after each transform, on the whole evaluation texts, beside the figures of an independent
implementation (PyTorch, f32): the same definitions give the same figures. Factors and codebooks are kept in f32, as
there."""
import json, subprocess, sys

NAME, MODEL, DATA, CACHE = sys.argv[1:5]
BLOCKS = "compress-for-each{{match=model.layers.* consumer=linear pipeline=\"{}\"}}".format
PASSES = {
    "untouched": None,
    "rtn:8:0:sym": BLOCKS("compress-quantize{bits=8 group-size=0 scheme=symmetric}"),
    "rtn:8:0:sym+e": "compress-quantize{bits=8 group-size=0 scheme=symmetric}",
    "rtn:4:0": BLOCKS("compress-quantize{bits=4 group-size=0}"),
    "rtn:4:32": BLOCKS("compress-quantize{bits=4 group-size=32}"),
    "rtn:4:32+e": "compress-quantize{bits=4 group-size=32}",
    "rtn:4:64": BLOCKS("compress-quantize{bits=4 group-size=64}"),
    "rtn:4:32:sym": BLOCKS("compress-quantize{bits=4 group-size=32 scheme=symmetric}"),
    "rtn:3:32": BLOCKS("compress-quantize{bits=3 group-size=32}"),
    "rtn:2:32": BLOCKS("compress-quantize{bits=2 group-size=32}"),
    "magnitude:20": BLOCKS("compress-prune{percent=20}"),
    "magnitude:50": BLOCKS("compress-prune{percent=50}"),
    "nm:2:4": BLOCKS("compress-prune{kind=n-of-m n=2 m=4}"),
    "svd:0.9": BLOCKS("compress-decompose{ratio=0.9 factor-type=f32}"),
    "svd:0.5": BLOCKS("compress-decompose{ratio=0.5 factor-type=f32}"),
    "palette:16": BLOCKS("compress-palettize{entries=16 method=lloyd codebook-type=f32}"),
    "palette:4": BLOCKS("compress-palettize{entries=4 method=lloyd codebook-type=f32}"),
}
PRIMER = [0.669295, 0.669322, 0.669396, 0.670728, 0.670452, 0.674324, 0.670600, 0.670429, 0.674564, 0.751315,
          0.669730, 0.699728, 0.879799, 0.681813, 2.420703, 0.674461, 0.962468]
STORIES = [1.368734, 1.369260, 1.369483, 1.497266, 1.467874, 1.500264, 1.492705, 1.505185, 1.923243, 5.848119,
           1.437624, 3.678558, 4.776865, 4.132402, 7.450769, 1.539014, 5.689149]

MODELS = {"primer": (MODEL, MODEL + "/text/eval.txt", 256, 27061, PRIMER),
          "stories260K": (MODEL, DATA + "/text/tinystories/tinystories_gpt4_eval.txt", 512, 62824, STORIES)}
model, text, context, scored, figures = MODELS[NAME]

bad = 0
for (name, recipe), figure in zip(PASSES.items(), figures):
    command = ["compress", "eval", model, "--text", text, "--documents", "--context", str(context),
               "--activations", "f32", "--cache", CACHE, "--json"]
    if recipe:
        command += ["--recipe", recipe]
    step = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)["steps"][-1]
    limit = 0.0005 if name == "untouched" else 0.002
    right = abs(step["nll"] - figure) <= limit and step["scored"] == scored
    bad += not right
    print(f"{NAME} {name}: {step['nll']:.6f}, reference {figure:.6f}{'' if right else '  WRONG'}",
          flush=True)
sys.exit(1 if bad else 0)
