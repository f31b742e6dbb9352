# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{models}/primer %t
"""A tool that is killed at any point leaves the old output or the new one, whole, and never a part of one."""
import os, random, subprocess, sys, time

MODEL, WORK = sys.argv[1:3]


def run(*command):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


run("compress", "import", MODEL, "-o", WORK + "/primer.mlir")
OPTIMIZE = ["compress-opt", WORK + "/primer.mlir", "-o", WORK + "/small.mlir", "--compress-quantize=bits=4"]
BUILD = ["compress", "build", WORK + "/primer.mlir", "--target", "generic", "-o", WORK + "/app"]
# Old outputs, of another recipe.
run(*OPTIMIZE[:-1], "--compress-quantize=bits=8")
run(*BUILD, "--recipe", "int8")
began = time.monotonic()
run(*BUILD, "--recipe", "int4")
longest = time.monotonic() - began
run(*BUILD, "--recipe", "int8")

rng = random.Random(1)
for round in range(16):
    for command, limit in [(OPTIMIZE, 0.3), (BUILD + ["--recipe", "int4"], longest)]:
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(rng.random() * limit)
        process.kill()
        process.wait()
        # Whichever it is, its side-car and its checksum are right.
        run("compress", "info", WORK + "/small.mlir")
        run(WORK + "/app", "-p", "Once", "-n", "1", "--temp", "0")
# And what was left behind keeps nobody from working.
run(*OPTIMIZE)
run(*BUILD, "--recipe", "int4")
