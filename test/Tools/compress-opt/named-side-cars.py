# RUN: rm -rf %t && mkdir -p %t
# RUN: compress import %{models}/primer -o %t/primer.mlir
# RUN: %{python} %s %t
"""In place, the old side-car goes only where the old module made it and no file of the folder names it, whatever that file is called."""
import glob, os, re, shutil, subprocess, sys

os.chdir(sys.argv[1])


def quantize(bits, output="small.mlir", source="primer.mlir"):
    subprocess.run(["compress-opt", source, f"--compress-quantize=bits={bits}", "-o", output], check=True)
    return re.search(rb"compress.store \"(.*?)\" hash \"(.*?)\"", open(output, "rb").read()).group(2).decode()


def isThere(digits):
    return bool(glob.glob(f"*.{digits}.safetensors"))


old = quantize(4)
new = quantize(8)
assert isThere(new) and not isThere(old)

def large(path):
    # Larger than any window, the name across 1 MiB.
    text = open("small.mlir", "rb").read()
    at = text.index(b".safetensors") - 8
    with open(path, "wb") as file:
        file.write(b"x" * ((1 << 20) - at) + text + b"y" * (3 << 20))

def unreadable(path):
    shutil.copy("small.mlir", path)
    os.chmod(path, 0)

for keep in [lambda path: shutil.copy("small.mlir", path + ".bak"),
             lambda path: shutil.copy("small.mlir", path + ".ir"),
             lambda path: shutil.copy("small.mlir", path),
             lambda path: large(path + ".log"),
             lambda path: unreadable(path + ".mlir"),
             lambda path: os.link("small.mlir", path + ".txt")]:
    for path in glob.glob("saved*"):
        os.remove(path)
    old = quantize(4)
    keep("saved")
    new = quantize(8)
    assert isThere(new) and isThere(old), os.listdir()

# A name that text escapes.
for path in glob.glob("s*"):
    os.remove(path)
shutil.copy("primer.mlir", "modèle.mlir")
old = quantize(4, "modèle.mlir")
shutil.copy("modèle.mlir", "saved")
new = quantize(8, "modèle.mlir")
assert isThere(new) and isThere(old), os.listdir()

# One that the old module did not make.
other = quantize(3, "other.mlir")
shutil.copy("other.mlir", "small.mlir")
os.remove("other.mlir")
quantize(8)
assert isThere(other), os.listdir()

for path in ["saved", *glob.glob("mod*"), *glob.glob("other*")]:
    os.remove(path)
# What is no regular file names nothing, and holds nobody up.
os.mkfifo("fifo")
os.mkdir("folder")
old = quantize(4)
new = quantize(8)
assert isThere(new) and not isThere(old), os.listdir()
