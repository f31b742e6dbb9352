# UNSUPPORTED: sanitize
# RUN: rm -rf %t && mkdir -p %t/out %t/scratch
# RUN: %{cc} -shared -fPIC -o %t/end.so %S/Inputs/end-while-making.c -ldl
# RUN: compress import %{models}/primer -o %t/primer.mlir
# RUN: %{python} %s %t
"""A signal that comes between the making of a temporary and its registration leaves nothing either."""
import os, signal, subprocess, sys

folder = sys.argv[1]
primer, out, scratch = f"{folder}/primer.mlir", f"{folder}/out", f"{folder}/scratch"
for variable, command in [
        ("END_AT_FOLDER", ["compress", "build", primer, "--target", "generic", "-o", f"{out}/app"]),
        ("END_AT_FILE", ["compress-opt", primer, "--compress-quantize=bits=4", "-o", f"{out}/small.mlir"]),
        ("END_AT_FILE", ["compress", "import", os.path.realpath(primer), "-o", f"{out}/app.mlir"])]:
    done = subprocess.run(command, capture_output=True, text=True, env={
        **os.environ, "TMPDIR": scratch, "LD_PRELOAD": f"{folder}/end.so", variable: "1"})
    assert done.returncode == -signal.SIGTERM, (command, done)
    left = os.listdir(out) + os.listdir(scratch)
    assert not left, (command, left)
