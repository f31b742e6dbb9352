# UNSUPPORTED: sanitize
# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{models}/primer %t
"""Runs that end early, however they end, leave nothing: neither beside the output nor in TMPDIR; and what SIGKILL left, the next run sweeps."""
import fcntl, glob, os, resource, shutil, signal, subprocess, sys, time

MODEL, WORK = sys.argv[1:3]
out, scratch = f"{WORK}/out", f"{WORK}/scratch"
os.mkdir(out)
os.mkdir(scratch)
environment = {**os.environ, "TMPDIR": scratch}
primer = f"{WORK}/primer.mlir"
subprocess.run(["compress", "import", MODEL, "-o", primer], check=True)
OPTIMIZE = ["compress-opt", primer, "--compress-quantize=bits=4", "-o", f"{out}/small.mlir"]
BUILD = ["compress", "build", primer, "--target", "generic", "--recipe", "int4", "-o", f"{out}/app"]


def left():
    return os.listdir(out) + os.listdir(scratch)


def endAt(path, sent, command):
    """Ends the command as soon as something matches `path`; false if it was too quick for that."""
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None:
        time.sleep(0.0005)
        if glob.glob(path, include_hidden=True):
            process.send_signal(sent)
            break
    return process.wait() == -sent


def clear():
    for path in glob.glob(f"{out}/*", include_hidden=True) + glob.glob(f"{scratch}/*", include_hidden=True):
        shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)


# While objects are written and linked, and while the outputs are written.
for sent, command, path in [(signal.SIGTERM, BUILD, f"{scratch}/compress-link*/program*"),
                            (signal.SIGINT, BUILD, f"{scratch}/compress*"),
                            (signal.SIGHUP, OPTIMIZE, f"{out}/.small*safetensors*"),
                            (signal.SIGTERM, OPTIMIZE, f"{out}/.small*safetensors*")]:
    if endAt(path, sent, command):
        assert not left(), (sent, command, path, left())
    clear()

# Out of memory, wherever that strikes: from what loading takes up to what is enough.
megabytes = 100
while True:
    megabytes += 10
    limit = megabytes << 20
    result = subprocess.run(OPTIMIZE, env=environment, capture_output=True, text=True,
                            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert result.returncode in (0, 3, 127), (megabytes, result.returncode, result.stderr)
    if result.returncode == 0:
        break
    if result.returncode == 3:
        assert not left(), (megabytes, left())
clear()

# SIGKILL leaves them; the next run sweeps its folder and TMPDIR, but not what a living process holds.
for command, path in [(BUILD, f"{scratch}/compress-link*/program*"), (OPTIMIZE, f"{out}/.small*safetensors*")]:
    for _ in range(5):
        if endAt(path, signal.SIGKILL, command) and glob.glob(path, include_hidden=True):
            break
    else:
        sys.exit("no run was killed in time")
with open(f"{out}/.other.mlir.tmp-1-0", "w") as file:
    fcntl.flock(file, fcntl.LOCK_SH)
    open(f"{out}/.another.tmp-4194304-12", "w").close()
    open(f"{out}/.notes.tmp-1", "w").close()  # another's name
    heldFolder = f"{scratch}/compress-link-held"
    os.mkdir(heldFolder)
    open(heldFolder + "/program", "w").close()
    folder = os.open(heldFolder, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_SH)
    subprocess.run(BUILD, env=environment, check=True)
    hidden = sorted(name for name in os.listdir(out) if name.startswith("."))
    assert hidden == [".notes.tmp-1", ".other.mlir.tmp-1-0"], hidden
    assert os.listdir(scratch) == ["compress-link-held"], os.listdir(scratch)
    assert os.listdir(heldFolder) == ["program"]
