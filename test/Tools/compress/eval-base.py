# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{models}/primer %t
"""What `compress eval` measures against. The untouched model is known by its content: a module of the same size is
another one, and an origin that was changed or is gone is said and measured nothing against."""
import json, os, re, shutil, subprocess, sys

MODEL, WORK = sys.argv[1:3]
PROTOCOL = ["--text", f"{MODEL}/text/eval.txt", "--documents", "--context", "256", "--chunks", "4"]
ORIGIN = f"{WORK}/origin"
shutil.copytree(MODEL, ORIGIN, ignore=shutil.ignore_patterns("text"))


def run(*command, code=0):
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == code, (command, done.returncode, done.stderr)
    return done


def steps(path, *options):
    return json.loads(run("compress", "eval", path, *PROTOCOL, "--cache", WORK, "--activations", "f32", "--json",
                          *options).stdout)["steps"]


def refused(path, code, *sentences):
    error = run("compress", "eval", path, *PROTOCOL, "--cache", "none", code=code).stderr
    for sentence in [*sentences, "--base MODEL (--base none measures alone)"]:
        assert sentence in error, (sentence, error)
    assert len(error) < 4000, error


untouched, small = f"{WORK}/untouched.mlir", f"{WORK}/small.mlir"
run("compress", "import", ORIGIN, "-o", untouched)
# Two bits, kept as f16: as large as the model, and not the model.
run("compress-opt", untouched, "-o", small, "--compress-for-each="
    "consumer=linear pipeline=compress-quantize{bits=2},compress-decompress{type=f16}")
first = steps(ORIGIN)[0]
named = steps(small)
assert [s["name"] for s in named] == ["untouched", "small.mlir"], named
assert named[0]["bytes"] == named[1]["bytes"] == first["bytes"]
assert named[0]["nll"] == first["nll"]
run("compress", "build", small, "--activations", "f32", "--target", "native", "-o", f"{WORK}/app")
own = json.loads(run(f"{WORK}/app", "--perplexity", PROTOCOL[1], "--json", *PROTOCOL[2:]).stdout)
assert named[1]["nll"] == own["nll"] != first["nll"] and named[1]["kl"] > 0.01, (named, own)
# The cache serves the untouched model's own figure, too.
assert steps(small) == named
assert [s["name"] for s in steps(untouched)] == ["untouched"]

# What the cache's type does is a step of its own: the base's rounds nothing.
cached = steps(ORIGIN, "--cache-type", "int8")
assert [s["name"] for s in cached] == ["untouched", "int8 cache"], cached
assert cached[0]["nll"] == first["nll"] and 0 < cached[1]["kl"] < 0.01, cached

# Another base, and none.
other = steps(small, "--base", untouched)
assert [s["name"] for s in other] == ["untouched.mlir", "small.mlir"]
assert other[1]["kl"] == named[1]["kl"]
alone = steps(small, "--base", "none")
assert [s["name"] for s in alone] == ["small.mlir"] and "kl" not in alone[0] and alone[0]["nll"] == own["nll"]

# A module that does not say what it was.
with open(small) as file:
    text = file.read()
plain = f"{WORK}/plain.mlir"
with open(plain, "w") as file:
    file.write(re.sub(r' origin <"[^>]*>', "", text))
assert [s["name"] for s in steps(plain)] == ["untouched"]  # Leaves only: nothing says that it is another's.
run("compress-opt", plain, "--compress-quantize=bits=4", "-o", f"{WORK}/codes.mlir")
refused(f"{WORK}/codes.mlir", 1, "are compressed and name no file that they are from")
# Nor is what was rounded to leaves again untouched.
run("compress-opt", plain, "--compress-quantize=bits=4", "--compress-decompress=type=f16", "-o", f"{WORK}/rounded.mlir")
refused(f"{WORK}/rounded.mlir", 1, "are compressed and name no file that they are from")

# The origin's configuration, its bytes, and the file itself.
config = f"{ORIGIN}/config.json"
with open(config) as file:
    kept = file.read()
with open(config, "w") as file:
    file.write(kept.replace('"rms_norm_eps": 1e-', '"rms_norm_eps": 2e-'))
assert open(config).read() != kept
refused(small, 1, "The config.json of the untouched model")
with open(config, "w") as file:
    file.write(kept)
weights = f"{ORIGIN}/model.safetensors"
with open(weights, "rb") as file:
    whole = file.read()
header = int.from_bytes(whole[:8], "little")
tensors = json.loads(whole[8:8 + header])
begin, end = tensors["model.norm.weight"]["data_offsets"]
with open(weights, "wb") as file:
    file.write(whole[:8 + header + begin] + bytes(end - begin) + whole[8 + header + end:])
refused(small, 1, "tensor 'model.norm.weight' of", "has other bytes than when the module was made")
os.remove(weights)
refused(small, 3, "No such file or directory", weights)
assert steps(small, "--base", untouched)[1]["kl"] == named[1]["kl"]
# With another tokenizer there is nothing to compare.
with open(weights, "wb") as file:
    file.write(whole)
with open(f"{ORIGIN}/tokenizer.json") as file:
    tokenizer = json.load(file)
tokenizer["added_tokens"].append(dict(tokenizer["added_tokens"][0], id=tokenizer["added_tokens"][-1]["id"], content="<again>"))
with open(f"{ORIGIN}/tokenizer.json", "w") as file:
    json.dump(tokenizer, file)
error = run("compress", "eval", small, *PROTOCOL, "--base", ORIGIN, code=1).stderr
assert "has another tokenizer than" in error or "tokenizer.json" in error, error
