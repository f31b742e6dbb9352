# RUN: rm -rf %t && mkdir -p %t
# RUN: compress import %{models}/primer -o %t/primer.mlir
# RUN: %{python} %s %{models}/primer %t
#
# Sizes predicted by `compress info --recipe` are those of what the recipe makes,
# the packed bytes those that programs hold.
import json
import subprocess
import sys

model, folder = sys.argv[1:]

RECIPES = [
    "f16", "int8", "int4", "int3",
    "compress-quantize{bits=2 group-size=64 scale-type=f32 zero-type=f16}",
    "compress-quantize{bits=5 group-size=0 scheme=symmetric scale-type=bf16}",
    "compress-quantize{bits=4 group-size=48 search=scale}",
    "compress-quantize-hqq{bits=3}",
    "compress-prune{percent=37}",
    "compress-prune{kind=row percent=50},compress-quantize{bits=4 group-size=32}",
    "compress-prune{kind=n-of-m n=2 m=4},compress-quantize{bits=8}",
    "compress-prune{kind=block percent=25}",
    "compress-decompose{rank=16},compress-quantize{bits=8}",
    "compress-decompose{ratio=0.4 factor-type=f32}",
    "compress-quantize{bits=3},compress-correct{rank=4}",
    # Nothing to correct, and nothing lost by what there is.
    "compress-correct{rank=4}",
    "compress-decompress{type=f32},compress-correct{rank=2}",
    "compress-palettize{bits=4 method=lloyd}",
    "compress-palettize{entries=11 method=lloyd group-size=64}",
    "compress-palettize{bits=4 method=lloyd},compress-quantize{target=codebook bits=8}",
    "compress-vector-quantize{cell=2 bits=4 rounds=2}",
    "compress-quantize{bits=4},compress-quantize{target=scales bits=8 group-size=0}",
]


def info(path, *options):
    text = subprocess.run(["compress", "info", path, "--json", *options],
                          check=True, capture_output=True, text=True).stdout
    return json.loads(text)


for recipe in RECIPES:
    predicted = info(model, "--recipe", recipe)
    if recipe in ("f16", "int8", "int4", "int3"):
        passes = [f"--compress-{recipe}-pipeline"]
    else:
        passes = [f"--pass-pipeline=builtin.module({recipe})"]
    subprocess.run(["compress-opt", f"{folder}/primer.mlir", *passes, "-o",
                    f"{folder}/small.mlir"], check=True)
    actual = info(f"{folder}/small.mlir")
    assert predicted == actual, (recipe, predicted["bytes"], actual["bytes"])
    subprocess.run(["compress", "build", f"{folder}/small.mlir", "--target",
                    "generic", "-o", f"{folder}/app"], check=True)
    program = json.loads(subprocess.run([f"{folder}/app", "--info", "--json"],
                                        check=True, capture_output=True,
                                        text=True).stdout)
    assert program["packed_bytes"] == predicted["packed_bytes"], (
        recipe, predicted["packed_bytes"], program["packed_bytes"])
    print(f"{actual['bytes']:9} {actual['bits_per_weight']:7.4f}  {recipe}")

# What follows from values alone is refused.
for recipe, sentence in [
        ("compress-decompose{energy=0.9}", "whose rank follows from the values"),
        ("compress-tie", "known only when it runs")]:
    result = subprocess.run(["compress", "info", model, "--recipe", recipe],
                            capture_output=True, text=True)
    assert result.returncode == 1 and sentence in result.stderr, result.stderr
