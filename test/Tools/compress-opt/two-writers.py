# UNSUPPORTED: sanitize
# RUN: rm -rf %t && mkdir -p %t
# RUN: %{cc} -shared -fPIC -o %t/hold.so %S/Inputs/hold-removal.c -ldl
# RUN: compress import %{models}/primer -o %t/primer.mlir
# RUN: %{python} %s %t
"""Two writers of one folder at once leave modules whose side-cars are there."""
import glob, os, re, subprocess, sys, time

folder = sys.argv[1]
primer = f"{folder}/primer.mlir"


def write(bits, output, **environment):
    return subprocess.Popen(
        ["compress-opt", primer, f"--compress-quantize=bits={bits}", "-o", output],
        env={**os.environ, **environment}, stdout=subprocess.DEVNULL)


def check(module):
    name = re.search(rb"small\.[0-9a-f]{16}\.safetensors", open(module, "rb").read())
    assert os.path.exists(f"{folder}/{name.group().decode()}"), (module, name)
    subprocess.run(["compress", "info", module], check=True, stdout=subprocess.DEVNULL)


# One is about to remove the side-car of 4 bits, as its module names that of 8
# now; the other makes a module that names the one of 4 bits.
for other in ["small.mlir", "small.mlirbc"]:
    for path in glob.glob(f"{folder}/small.*"):
        os.remove(path)
    assert write(4, f"{folder}/small.mlir").wait() == 0
    mark, gate = f"{folder}/mark", f"{folder}/gate"
    for path in [mark, gate]:
        if os.path.exists(path):
            os.remove(path)
    first = write(8, f"{folder}/small.mlir", LD_PRELOAD=f"{folder}/hold.so",
                  HOLD_MARK=mark, HOLD_GATE=gate)
    end = time.monotonic() + 20
    while not os.path.exists(mark):
        assert first.poll() is None and time.monotonic() < end, "nothing was removed"
        time.sleep(0.01)
    second = write(4, f"{folder}/{other}")
    try:
        second.wait(2)
    except subprocess.TimeoutExpired:
        pass
    open(gate, "w").close()
    assert first.wait() == 0 and second.wait() == 0
    for module in {f"{folder}/small.mlir", f"{folder}/{other}"}:
        check(module)

# And as it comes, for some rounds.
for round in range(6):
    writers = [write(4 + 4 * (round % 2), f"{folder}/small.mlir"),
               write(8 - 4 * (round % 2), f"{folder}/small.mlir"),
               write(4, f"{folder}/small.mlirbc")]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    check(f"{folder}/small.mlir")
    check(f"{folder}/small.mlirbc")
