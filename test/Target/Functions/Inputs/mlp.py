"""A network of plain linalg as an object file, against numbers of its own.

mlp.py FOLDER PASSES ACTIVATIONS TARGET [COMPILER-WORD...] [-- RUNNER-WORD...]

Writes a module whose products come in every form that is raised, runs
PASSES on it, builds the object file, links it with main.c and runs that. What
it must print follows from the values that --compress-decompress says the
weights have: sums in double precision, activations rounded by the formula
of kernel.quantize_activations.
"""
import os
import re
import shlex
import struct
import subprocess
import sys

TOKENS, SIZES = 3, [72, 40, 33, 10]
HERE = os.path.dirname(os.path.abspath(__file__))


def generator(seed):
    state = seed
    while True:
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        yield f32(((state >> 33) / 2**31 - 0.5))


def f32(value):
    return struct.unpack("<f", struct.pack("<f", value))[0]


def matrix(rows, columns, seed):
    numbers = generator(seed)
    return [[next(numbers) for _ in range(columns)] for _ in range(rows)]


def dense(rows):
    data = b"".join(struct.pack("<f", v) for row in rows for v in row)
    return f'dense<"0x{data.hex().upper()}">'


def transposed(rows):
    return [list(column) for column in zip(*rows)]


def module():
    w = [matrix(o, i, 11 + o) for i, o in zip(SIZES, SIZES[1:])]
    b = [matrix(1, o, 1000 + o) for o in SIZES[1:]]
    n, (c0, c1, c2, c3) = TOKENS, SIZES
    return w, b, f"""
#rows = affine_map<(i, j) -> (i, j)>
#channels = affine_map<(i, j) -> (j)>
func.func private @bias_relu(%y: tensor<{n}x{c1}xf32>) -> tensor<{n}x{c1}xf32> {{
  %b = arith.constant {dense(b[0])} : tensor<{c1}xf32> loc("b0")
  %zero = arith.constant 0.0 : f32
  %z = linalg.generic {{indexing_maps = [#channels, #rows], iterator_types = ["parallel", "parallel"]}}
      ins(%b : tensor<{c1}xf32>) outs(%y : tensor<{n}x{c1}xf32>) {{
  ^bb0(%c: f32, %a: f32):
    %s = arith.addf %a, %c : f32
    %r = arith.maximumf %s, %zero : f32
    linalg.yield %r : f32
  }} -> tensor<{n}x{c1}xf32>
  return %z : tensor<{n}x{c1}xf32>
}}
// A matrix [inputs, outputs]; one [outputs, inputs]; one that adds to a bias.
func.func @mlp(%x: tensor<{n}x{c0}xf32>) -> (tensor<{n}x{c3}xf32>, f32) {{
  %zero = arith.constant 0.0 : f32
  %w0 = arith.constant {dense(transposed(w[0]))} : tensor<{c0}x{c1}xf32> loc("w0")
  %w1 = arith.constant {dense(w[1])} : tensor<{c2}x{c1}xf32> loc("w1")
  %w2 = arith.constant {dense(w[2])} : tensor<{c3}x{c2}xf32> loc("w2")
  %b1 = arith.constant {dense(b[1])} : tensor<{c2}xf32> loc("b1")
  %b2 = arith.constant {dense(b[2])} : tensor<{c3}xf32> loc("b2")
  %e0 = tensor.empty() : tensor<{n}x{c1}xf32>
  %f0 = linalg.fill ins(%zero : f32) outs(%e0 : tensor<{n}x{c1}xf32>) -> tensor<{n}x{c1}xf32>
  %y0 = linalg.matmul ins(%x, %w0 : tensor<{n}x{c0}xf32>, tensor<{c0}x{c1}xf32>) outs(%f0 : tensor<{n}x{c1}xf32>) -> tensor<{n}x{c1}xf32>
  %z0 = call @bias_relu(%y0) : (tensor<{n}x{c1}xf32>) -> tensor<{n}x{c1}xf32>
  %y1 = nn.linear %z0, %w1 bias %b1 : (tensor<{n}x{c1}xf32>, tensor<{c2}x{c1}xf32>, tensor<{c2}xf32>) -> tensor<{n}x{c2}xf32>
  %z1 = nn.activation relu %y1 : tensor<{n}x{c2}xf32>
  %e2 = tensor.empty() : tensor<{n}x{c3}xf32>
  %f2 = linalg.broadcast ins(%b2 : tensor<{c3}xf32>) outs(%e2 : tensor<{n}x{c3}xf32>) dimensions = [0]
  %y2 = linalg.matmul indexing_maps = [affine_map<(i, j, k) -> (i, k)>, affine_map<(i, j, k) -> (j, k)>, affine_map<(i, j, k) -> (i, j)>]
      ins(%z1, %w2 : tensor<{n}x{c2}xf32>, tensor<{c3}x{c2}xf32>) outs(%f2 : tensor<{n}x{c3}xf32>) -> tensor<{n}x{c3}xf32>
  %i = arith.constant 1 : index
  %one = tensor.extract %y2[%i, %i] : tensor<{n}x{c3}xf32>
  return %y2, %one : tensor<{n}x{c3}xf32>, f32
}}
// A vector from the left, and one from the right.
func.func @vectors(%x: tensor<{c0}xf32>) -> (tensor<{c1}xf32>, tensor<{c1}xf32>) {{
  %zero = arith.constant 0.0 : f32
  %w0 = arith.constant {dense(transposed(w[0]))} : tensor<{c0}x{c1}xf32>
  %v0 = arith.constant {dense(w[0])} : tensor<{c1}x{c0}xf32> loc("v0")
  %e = tensor.empty() : tensor<{c1}xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<{c1}xf32>) -> tensor<{c1}xf32>
  %y = linalg.vecmat ins(%x, %w0 : tensor<{c0}xf32>, tensor<{c0}x{c1}xf32>) outs(%f : tensor<{c1}xf32>) -> tensor<{c1}xf32>
  %z = linalg.matvec ins(%v0, %x : tensor<{c1}x{c0}xf32>, tensor<{c0}xf32>) outs(%f : tensor<{c1}xf32>) -> tensor<{c1}xf32>
  return %y, %z : tensor<{c1}xf32>, tensor<{c1}xf32>
}}
"""


def rounded(x):
    """Blocks of 32 as int8, and back."""
    result = []
    for first in range(0, len(x), 32):
        block = [f32(v) for v in x[first:first + 32]]
        largest = max(map(abs, block))
        factor = f32(127 / largest) if largest else 0.0
        scale = f32(largest / 127)
        result += [round(f32(v * factor)) * scale for v in block]
    return result


def product(x, w, quantized):
    if quantized:
        x = [rounded(row) for row in x]
    return [[sum(a * b for a, b in zip(row, v)) for v in w] for row in x]


def values(text, name):
    """The dense value of a weight in a decompressed module."""
    found = re.search(
        r'compress\.weight @' + name + r' : tensor<(\d+)x(\d+)xf32>.*?'
        r'dense<"0x([0-9A-F]+)">', text, re.DOTALL)
    rows, columns = int(found[1]), int(found[2])
    numbers = struct.unpack(f"<{rows * columns}f", bytes.fromhex(found[3]))
    return [list(numbers[r * columns:(r + 1) * columns]) for r in range(rows)]


def run(*words):
    result = subprocess.run(words, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{shlex.join(words)}\n{result.stdout}{result.stderr}")
    return result.stdout


def main():
    folder, passes, activations, target = sys.argv[1:5]
    rest = sys.argv[5:]
    split = rest.index("--") if "--" in rest else len(rest)
    compiler, runner = rest[:split], rest[split + 1:]
    os.makedirs(folder, exist_ok=True)

    def path(name):
        return os.path.join(folder, name)

    w, b, text = module()
    with open(path("plain.mlir"), "w") as file:
        file.write(text)
    run("compress-opt", path("plain.mlir"), "--compress-outline-weights=min-elements=4",
        *shlex.split(passes), "-o", path("small.mlir"))
    decompressed = run("compress-opt", path("small.mlir"), "--compress-decompress")
    w = [values(decompressed, f"w{i}") for i in range(3)]

    # Only integer codes are multiplied with rounded activations.
    with open(path("small.mlir")) as file:
        kept = file.read()
    for i in range(3):
        body = re.search(rf"compress\.weight @w{i} .*?\n  }}", kept, re.DOTALL)[0]
        if "dequantize" in body and re.search("product|sum|permute", body):
            assert activations == "f32", "the truth of compositions is f32's"
    quantized = activations == "int8" and "dequantize" in kept
    x = matrix(TOKENS, SIZES[0], 7)
    y = x
    for i in range(3):
        y = product(y, w[i], quantized)
        y = [[v + c for v, c in zip(row, b[i][0])] for row in y]
        if i < 2:
            y = [[max(v, 0.0) for v in row] for row in y]
    vector = product(x[:1], w[0], quantized)[0]

    def array(name, numbers):
        body = ", ".join(f"{v!r}" for v in numbers)
        return f"static const float {name}[{len(numbers)}] = {{{body}}};\n"

    with open(path("expected.h"), "w") as file:
        file.write(array("input", [v for row in x for v in row]))
        file.write(array("expected", [v for row in y for v in row]))
        file.write(array("expected_vector", vector))
        file.write(f"enum {{ columns = {SIZES[-1]} }};\n")
    run("compress", "build", path("small.mlir"), "--emit=object", "--target",
        target, "--activations", activations, "-o", path("mlp.o"))
    run(*compiler, "-Wall", "-Werror", "-O1", "-I", folder,
        os.path.join(HERE, "main.c"), path("mlp.o"), "-lm", "-o", path("main"))
    print(run(*runner, path("main")), end="")


main()
