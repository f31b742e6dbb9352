# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{models}/primer %t
"""What cannot be written, or is no regular file, ends a run at once with exit code 3 and all outputs as they were; and the bytes of a program follow from what went in."""
import glob, hashlib, os, resource, shutil, subprocess, sys

MODEL, WORK = sys.argv[1:3]
os.chdir(WORK)
BUILD = ["compress", "build", "--target", "generic"]


def run(*command, code=0, text="", limit=None, **environment):
    def prepare():
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, preexec_fn=prepare,
                            env={**os.environ, **environment})
    assert result.returncode == code and text in result.stderr and len(result.stderr) < 4000, (
        command, result.returncode, len(result.stderr), result.stderr[:2000])


def digest(path):
    return hashlib.sha256(open(path, "rb").read()).hexdigest()


run("compress", "import", MODEL, "-o", "primer.mlir")

# A temporary folder that cannot be written, or is full.
for limits in [{"TMPDIR": f"{WORK}/none"}, {"limit": 100_000}]:
    run("compress-opt", "primer.mlir", "--compress-quantize=bits=4", "-o", "small.mlir", code=3, text="TMPDIR", **limits)
    run("compress", "eval", "primer.mlir", "--recipe", "int4", "--text", f"{MODEL}/text/eval.txt", "--context", "64",
        "--chunks", "1", "--cache", "none", code=3, text="TMPDIR", **limits)
    run(*BUILD, "primer.mlir", "--recipe", "int4", "-o", "app", code=3, text="TMPDIR", **limits)
run(*BUILD, "primer.mlir", "-o", "app", code=3, text="TMPDIR", TMPDIR=f"{WORK}/none")
# Full while the linker writes, which maps its output; where a namespace of mounts may be had.
os.mkdir("full")
UNSHARE = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c"]
MOUNT = "mount -t tmpfs -o size=1024k none full"
if subprocess.run([*UNSHARE, MOUNT], stderr=subprocess.DEVNULL).returncode == 0:
    run(*UNSHARE, MOUNT + " && TMPDIR=$PWD/full exec " + " ".join([*BUILD, "primer.mlir", "-o", "app"]), code=3, text="TMPDIR")
os.rmdir("full")

# A report that cannot be written: beforehand where that is seen, else in the end.
with open("f.mlir", "w") as file:
    file.write('compress.weight @w : tensor<4x8xf32> {\n  %0 = compress.constant dense<1.0> : tensor<4x8xf32>\n  compress.yield %0 : tensor<4x8xf32>\n}\n')
run("compress-opt", "f.mlir", "--compress-report=output=none/report", "-o", "g.mlir", code=3, text="none/report")
run("compress-opt", "f.mlir", "--compress-report=output=report", "-o", "/dev/null", code=3, text="report", limit=100)
run("compress", "build", "primer.mlir", "--recipe", "compress-report{output=report}", "-o", "app", code=3,
    text="report", limit=100)

# A manifest that cannot be written leaves no program, and an old one as it was.
for name, output in [("none/manifest.json", "none/manifest.json"), ("folder", "folder")]:
    os.makedirs("folder", exist_ok=True)
    run(*BUILD, "primer.mlir", "-o", "app", "--manifest", name, code=3, text=output)
assert sorted(name for name in os.listdir() if not name.startswith(("primer", "folder", "f.mlir"))) == [], os.listdir()

# A side-car that is no regular file.
run(*BUILD, "primer.mlir", "--side-car", "-o", "app")
shutil.move("app.weights", "weights")
shutil.copy("primer.mlir", "module.mlir")
sideCar, = glob.glob("primer.*.safetensors")
shutil.move(sideCar, "tensors")
for make, kind in [(os.mkfifo, "a FIFO"), (os.mkdir, "a directory"), (lambda path: os.symlink("/dev/zero", path), "a device")]:
    make("app.weights")
    make(sideCar)
    run("./app", "-p", "Once", "-n", "1", code=3, text=f"app.weights' is {kind}")
    run("compress-opt", "primer.mlir", "-o", "copy.mlir", code=3, text=f"{sideCar}' is {kind}")
    run("compress", "info", "primer.mlir", code=3, text=f"{sideCar}' is {kind}")
    run("compress", "import", MODEL, "-o", "primer.mlir", code=3, text=sideCar) if kind == "a directory" else None
    for path in ["app.weights", sideCar]:
        os.rmdir(path) if kind == "a directory" else os.remove(path)
shutil.move("tensors", sideCar)

# The bytes depend neither on the output's name nor on how and where inputs are named.
os.makedirs("elsewhere/deep")
os.symlink(os.path.realpath(MODEL), "linked")
run("compress-opt", "primer.mlir", "-o", "elsewhere/deep/renamed.mlirbc")
recipe = "steps:\n  - pass: compress-quantize{bits=4}\n"
for path in ["r.yaml", "elsewhere/other.yaml"]:
    with open(path, "w") as file:
        file.write(recipe)
digests = {
    kind: {(digest(output), digest(output + ".json"))
           for i, (model, recipe) in enumerate(builds)
           for output in [f"elsewhere/{kind}-{i}" if i % 2 else f"{kind}{i}"]
           if not run(*BUILD, model, "--recipe", recipe, "-o", output, "--manifest", output + ".json")}
    for kind, builds in {
        "folder": [(os.path.relpath(MODEL) + "//", "int4"), ("linked/.", "int4")],
        "module": [("./primer.mlir", f"{WORK}/r.yaml"), ("elsewhere/deep/renamed.mlirbc", "elsewhere/other.yaml")]}.items()}
assert all(len(found) == 1 for found in digests.values()), digests
os.mkdir("objects")
with open("object.mlir", "w") as file:
    file.write("func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {\n  return %x : tensor<2xf32>\n}\n")
shutil.copy("object.mlir", "objects/same.mlir")
run("compress", "build", "object.mlir", "--emit=object", "-o", "object.o")
run("compress", "build", "objects/same.mlir", "--emit=object", "-o", "objects/other.o")
assert digest("object.o") == digest("objects/other.o")
