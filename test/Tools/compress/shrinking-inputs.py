# UNSUPPORTED: sanitize
# RUN: rm -rf %t && mkdir -p %t
# RUN: %{cc} -shared -fPIC -o %t/cut.so %S/../compress-opt/Inputs/cut-mapped.c -ldl
# RUN: %{python} %s %{models}/primer %t
"""A file that is cut short while it is mapped ends the run with exit code 3 and its name: no signal, no temporaries, no output."""
import glob, os, shutil, subprocess, sys, time

MODEL, WORK = sys.argv[1:3]
out = f"{WORK}/out"
os.mkdir(out)


def cut(path, *command, named=True):
    """Runs a command whose input `path` shrinks as soon as it is mapped; a file that is read instead may do without."""
    before = set(os.listdir(out))
    shutil.copy(path, f"{WORK}/kept")
    result = subprocess.run(command, capture_output=True, text=True, timeout=120, env={
        **os.environ, "LD_PRELOAD": f"{WORK}/cut.so", "CUT_FILE": path})
    isCut = os.path.getsize(path) < os.path.getsize(f"{WORK}/kept")
    shutil.copy(f"{WORK}/kept", path)
    if not isCut:
        assert not named and result.returncode == 0, (command, result.stderr)
        return
    assert result.returncode == 3, (command, result.returncode, result.stderr)
    assert path in result.stderr and "cut short" in result.stderr, result.stderr
    assert set(os.listdir(out)) == before, os.listdir(out)


model = f"{WORK}/primer"
shutil.copytree(MODEL, model)
for path in glob.glob(model + "/**", recursive=True):
    os.chmod(path, 0o755)
weights = f"{model}/model.safetensors"
text = f"{model}/text/eval.txt"
cut(weights, "compress", "import", model, "-o", f"{out}/primer.mlir")
cut(weights, "compress", "build", model, "--target", "generic", "-o", f"{out}/app")
for name in ["tokenizer.json", "config.json"]:
    cut(f"{model}/{name}", "compress", "import", model, "-o", f"{WORK}/other.mlir", named=False)

subprocess.run(["compress", "import", model, "-o", f"{WORK}/primer.mlir"], check=True)
sideCar, = glob.glob(f"{WORK}/primer.*.safetensors")
for options in [[], ["--mlir-disable-threading"], [f"--mlir-pass-pipeline-crash-reproducer={WORK}/crash.mlir"]]:
    cut(sideCar, "compress-opt", f"{WORK}/primer.mlir", "--compress-quantize=bits=4", *options, "-o", f"{out}/small.mlir")
cut(sideCar, "compress", "eval", f"{WORK}/primer.mlir", "--base", model, "--cache", "none",
    "--text", text, "--context", "64", "--chunks", "1")
cut(text, "compress", "eval", model, "--cache", "none", "--text", text, "--context", "64", "--chunks", "1", named=False)
# A module larger than what is read at once.
large = f"{WORK}/large.mlir"
with open(large, "w") as file:
    file.write("module {\n" + "  // comment\n" * 100000 + "}\n")
cut(large, "compress-opt", large, "-o", f"{WORK}/copy.mlir", named=False)

# A program's side-car is mapped when the prompt is asked for.
subprocess.run(["compress", "build", model, "--target", "generic", "--side-car", "-o", f"{WORK}/app"], check=True)
app = subprocess.Popen([f"{WORK}/app", "-n", "4", "--temp", "0"], stdin=subprocess.PIPE,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
end = time.monotonic() + 20
while not ("app.weights" in open(f"/proc/{app.pid}/maps").read()
           and open(f"/proc/{app.pid}/wchan").read() != "0"
           and open(f"/proc/{app.pid}/stat").read().split()[2] == "S"):
    assert time.monotonic() < end
    time.sleep(0.05)
time.sleep(0.5)
os.truncate(f"{WORK}/app.weights", 4096)
_, errors = app.communicate("Once upon a time")
assert app.returncode == 3, (app.returncode, errors)
assert f"{WORK}/app.weights" in errors and "cut short" in errors, errors
