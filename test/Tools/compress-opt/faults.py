# RUN: rm -rf %t && mkdir -p %t
# RUN: compress import %{models}/primer -o %t/primer.mlir
# RUN: %{python} %s %t
#
# Outputs that cannot be written: exit code 3, a sentence, and the old files as
# they were.
import hashlib
import os
import random
import resource
import signal
import subprocess
import sys
import time

folder = sys.argv[1]


def contents(where=folder):
    return {name: hashlib.sha256(open(os.path.join(where, name), "rb").read())
            .hexdigest() for name in sorted(os.listdir(where))
            if os.path.isfile(os.path.join(where, name))}


def run(*arguments, limits=(), **options):
    def prepare():
        for what, value in limits:
            resource.setrlimit(what, (value, value))
    return subprocess.run(["compress-opt", *arguments], capture_output=True,
                          text=True, preexec_fn=prepare, **options)


def expect(result, code, text):
    assert result.returncode == code, (result.returncode, result.stderr)
    assert text in result.stderr, result.stderr


primer = os.path.join(folder, "primer.mlir")
before = contents()

# A directory, a FIFO, a missing folder, a full device.
os.mkdir(os.path.join(folder, "directory"))
expect(run(primer, "-o", os.path.join(folder, "directory")), 3, "is a directory")
os.mkfifo(os.path.join(folder, "fifo"))
expect(run(primer, "-o", os.path.join(folder, "fifo")), 3, "is a FIFO")
os.remove(os.path.join(folder, "fifo"))
expect(run(primer, "-o", os.path.join(folder, "none/out.mlir")), 3,
       "No such file or directory")
expect(run(primer, "-o", "/dev/full"), 3, "No space left on device")
assert contents() == before

# A file-size limit, met by the side-car: checked before anything is written.
result = run(primer, "-o", primer,
             limits=[(resource.RLIMIT_FSIZE, 1 << 20)])
expect(result, 3, "The file-size limit forbids")
assert contents() == before
# Met by the module: the new side-car goes away again.
result = run(primer, "-o", os.path.join(folder, "other.mlir"),
             limits=[(resource.RLIMIT_FSIZE, 1 << 10)])
expect(result, 3, "The file-size limit")
assert contents() == before

# A memory limit below what mapping the side-car takes.
result = run(primer, "-o", primer, limits=[(resource.RLIMIT_AS, 60 << 20)])
assert result.returncode != 0
assert contents() == before

# A folder that cannot be written (root may write anywhere).
if os.geteuid() != 0:
    sealed = os.path.join(folder, "sealed")
    os.mkdir(sealed)
    os.chmod(sealed, 0o555)
    expect(run(primer, "-o", os.path.join(sealed, "out.mlir")), 3,
           "Permission denied")

# Ended at a random moment: the old module or the new one, never a part.
random.seed(1)
names = set(before)
for i in range(12):
    process = subprocess.Popen(["compress-opt", primer, "-o", primer],
                               stderr=subprocess.DEVNULL)
    time.sleep(random.uniform(0.0, 0.15))
    sent = signal.SIGINT if i % 2 else signal.SIGKILL
    process.send_signal(sent)
    process.wait()
    after = contents()
    assert {name: after[name] for name in names} == before
    # SIGINT removes its temporaries.
    for name in set(after) - names:
        assert sent == signal.SIGKILL and name.startswith("."), name
        os.remove(os.path.join(folder, name))
