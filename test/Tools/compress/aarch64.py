# REQUIRES: aarch64
# UNSUPPORTED: sanitize
# RUN: rm -rf %t && mkdir -p %t/lib
# RUN: %{python} %s %{models}/primer %t %{build}
#
# A whole program for another processor: each instruction set of it, under qemu,
# writes what the program for this one writes, and is as sure of a text. Where
# the libraries that it is linked with are missing, no recipe is run first.
import json
import os
import shutil
import subprocess
import sys

model, folder, build = sys.argv[1:]


def run(*command, code=0, **options):
    result = subprocess.run(command, capture_output=True, text=True, **options)
    assert result.returncode == code, (command, result.returncode, result.stderr)
    return result


for name, target in [("here", "x86-64"), ("there", "aarch64")]:
    run("compress", "build", model, "--recipe", "int4", "--target", target,
        "-o", f"{folder}/{name}")
with open(f"{model}/text/eval.txt", encoding="utf-8") as file:
    words = file.read()[:1500]
with open(f"{folder}/text", "w", encoding="utf-8") as file:
    file.write(words)


def says(*program):
    # Something that the model is sure of.
    text = run(*program, "--temp", "0", "-n", "16", "-p",
               "Say bean 4 times:").stdout
    figures = json.loads(run(*program, "--perplexity", f"{folder}/text", "--context", "256",
                             "--json").stdout)
    return text, figures


text, figures = says(f"{folder}/here")
assert len(text) > 20, text
# The processor that has just each set's instructions.
processors = {"neon": "cortex-a53", "neon_dotprod": "neoverse-n1",
              "neon_i8mm": "max"}
info = json.loads(run("qemu-aarch64", f"{folder}/there", "--info", "--json").stdout)
assert info["target"] == "aarch64-unknown-linux-gnu", info
assert sorted(s["name"] for s in info["instruction_sets"]) == sorted(processors), info
for name, processor in processors.items():
    qemu = ["qemu-aarch64", "-cpu", processor, f"{folder}/there"]
    used = json.loads(run(*qemu, "--info", "--json").stdout)["instruction_set"]
    assert used == name, (used, name)
    there, others = says(*qemu)
    assert there == text, (name, there, text)
    assert others["scored"] == figures["scored"] == 127, (others, figures)
    # An activation may round to the other of two codes.
    assert abs(others["nll"] - figures["nll"]) < 1e-3, (name, others, figures)
    print(f"{name} on {processor}: nll {others['nll']:.6f}, here {figures['nll']:.6f}")
refused = run("qemu-aarch64", "-cpu", "cortex-a53", f"{folder}/there",
              "--instruction-set", "neon_dotprod", "-p", "x", code=3).stderr
assert "needs asimddp, which this processor does not have" in refused, refused

# A package without the other processor's runtime.
os.symlink(f"{build}/lib/libCompress.so", f"{folder}/lib/libCompress.so")
os.makedirs(f"{folder}/lib/compress")
result = run("compress", "build", model, "--recipe", "int4", "--target", "aarch64",
             "-o", f"{folder}/none", code=3,
             env={**os.environ, "LD_LIBRARY_PATH": f"{folder}/lib"})
assert result.stderr == (
    f"compress: error: Cannot link programs for aarch64: {folder}/lib/compress/aarch64/"
    "libCompressRuntime.a is not there. Build Compress where the C and C++ "
    "libraries of that processor are (on Debian libstdc++-12-dev-arm64-cross and "
    "libutf8proc-dev:arm64), or install the package with its runtime.\n"), result.stderr
assert not os.path.exists(f"{folder}/none")
shutil.rmtree(f"{folder}/lib")
