# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{models}/primer %t
#
# Evaluation after every step, and that what ships is what was measured: the
# binary's own figures are those of `compress eval`, to the last digit.
import json
import os
import subprocess
import sys

model, folder = sys.argv[1:]
text = f"{model}/text/eval.txt"
protocol = ["--documents", "--context", "256"]


def run(*command, code=0):
    result = subprocess.run(command, capture_output=True, text=True)
    assert result.returncode == code, (command, result.returncode, result.stderr)
    return result


def evaluate(path, *options):
    return json.loads(run("compress", "eval", path, "--text", text, "--cache",
                          folder, "--json", *protocol, *options).stdout)


# The whole text, untouched: the figure of an independent implementation.
untouched = evaluate(model)["steps"]
assert len(untouched) == 1
step = untouched[0]
assert abs(step["nll"] - 0.669295) < 0.0005, step
assert step["scored"] == 27061 and step["bytes"] == 11541120
assert "kl" not in step and step["activations"] == "f32"

# A recipe of two steps; figures for 4-bit groups of 32 likewise.
short = ["--chunks", "40"]
recipe = f"{folder}/recipe.yaml"
with open(recipe, "w") as file:
    file.write("""
steps:
  - pass: compress-quantize{bits=4 group-size=32}
    consumer: linear
    except: embedding
    title: blocks
  - pass: compress-quantize{bits=8 group-size=32 scheme=symmetric}
    consumer: embedding
    title: embedding
""")
steps = evaluate(model, "--recipe", recipe, "--activations", "f32", *short,
                 "--resume", f"{folder}/steps")["steps"]
assert [s["name"] for s in steps] == ["untouched", "blocks", "embedding"]
assert steps[1]["kl"] > 0 and 0.8 < steps[1]["same_top"] < 1
assert steps[0]["bytes"] > steps[1]["bytes"] > steps[2]["bytes"]
keys = {"nll", "nll_error", "perplexity", "kl", "kl_error", "kl_p99", "same_top",
        "scored", "bytes", "bits_per_weight", "activations"}
assert keys <= set(steps[2]), keys - set(steps[2])

# The steps are kept: the second run does none of them, and measures the same.
again = run("compress", "eval", model, "--text", text, "--cache", folder,
            "--json", *protocol, *short, "--recipe", recipe, "--activations",
            "f32", "--resume", f"{folder}/steps")
assert again.stderr.count("(kept from a former run)") == 2, again.stderr
assert json.loads(again.stdout)["steps"] == steps

# The binary measures itself.
for extra in [[], ["--side-car", "--cache-type", "f32,int8"]]:
    app = f"{folder}/app"
    run("compress", "build", model, "--recipe", recipe, "--activations", "f32",
        "--manifest", f"{folder}/manifest.json", "-o", app, *extra)
    own = json.loads(run(app, "--perplexity", text, "--json", *protocol,
                         *short).stdout)
    for key in ["nll", "perplexity", "scored"]:
        assert f"{own[key]:.6g}" == f"{steps[2][key]:.6g}", (key, own, steps[2])
    info = json.loads(run(app, "--info", "--json").stdout)
    assert info["weights_bytes" if "weights_bytes" in info else "bytes"], info
assert os.path.exists(app + ".weights")
assert [cache["type"] for cache in info["caches"]] == ["f32", "int8"], info
# The same program over another type of cache: nearly the same, and not it.
rounded = json.loads(run(app, "--perplexity", text, "--json", "--cache-type",
                         "int8", *protocol, *short).stdout)
assert 0 < abs(rounded["nll"] - own["nll"]) < 0.01, (rounded, own)
manifest = json.load(open(f"{folder}/manifest.json"))
assert manifest["cache_types"] == ["f32", "int8"], manifest
assert {entry["file"] for entry in manifest["inputs"]} >= {
    "config.json", "model.safetensors", "tokenizer.json"}

# A module that was compressed before: its base is the origin of its weights.
run("compress", "import", model, "-o", f"{folder}/primer.mlir")
run("compress-opt", f"{folder}/primer.mlir", "--compress-quantize=bits=4",
    "-o", f"{folder}/small.mlir")
named = evaluate(f"{folder}/small.mlir", "--activations", "f32", *short)["steps"]
assert [s["name"] for s in named] == ["untouched", "small.mlir"]
assert named[0]["nll"] == steps[0]["nll"] and named[1]["kl"] > 0

# Tasks.
tasks = f"{folder}/tasks.jsonl"
with open(f"{model}/text/tasks.jsonl") as file, open(tasks, "w") as out:
    out.writelines(file.readlines()[::20])
accuracy = json.loads(run("compress", "eval", model, "--tasks", tasks,
                          "--json").stdout)["steps"][0]["accuracy"]
assert accuracy > 0.9, accuracy

# Wrong commands.
for code, sentence, command in [
        (2, "Name what to measure on", ["eval", model]),
        (2, "Activations are f32 or int8, not 'f16'",
         ["eval", model, "--text", text, "--activations", "f16"]),
        (2, "A cache is of f32, f16 or int8, not 'int4'",
         ["build", model, "-o", app, "--cache-type", "f32,int4"]),
        (2, "--bos is auto, none or a token's number, not 'x'",
         ["eval", model, "--text", text, "--bos", "x"]),
        (2, "A chunk is 1 to 4096 tokens, not 0",
         ["eval", model, "--text", text, "--chunk", "0"]),
        (2, "avx3", ["eval", model, "--text", text, "--target", "avx3"]),
        (2, "Name the program to write with -o", ["build", model]),
        (3, "is a directory", ["build", model, "-o", folder]),
        (3, "No such file", ["eval", model, "--text", f"{folder}/none"]),
        (1, "has no nn.model", ["build", f"{folder}/empty.mlir", "-o", app])]:
    with open(f"{folder}/empty.mlir", "w") as file:
        file.write("module {}\n")
    result = run("compress", *command, code=code)
    assert sentence in result.stderr, result.stderr
dry = run("compress", "build", model, "--recipe", "int4", "--dry-run")
assert "5.3359 bits per weight" in dry.stdout, dry.stdout
