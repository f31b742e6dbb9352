#!/usr/bin/env python3
"""benchmarks/networks.py [--network resnet18|vit] [--rounds N] [--threads N] [--json]

Plain networks beside onnxruntime (PyPI: onnxruntime, onnx, numpy): the ResNet-18 and the small vision transformer of
the tests, with the same random weights, at 224 x 224. Compress runs them as they are, in int8, and in int8 with 2:4
pruned; onnxruntime in f32. Programs are measured in turn, and a ratio is the median of the rounds'. First their results
are compared.
"""
import argparse, json, os, statistics, subprocess, sys, tempfile, time
from pathlib import Path

root = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(root / "test" / "Target" / "Functions" / "Inputs"))
import networks

try:
    import numpy, onnx, onnxruntime
    from onnx import helper, numpy_helper
except ImportError as e:
    sys.exit(f"{e.name} is missing: pip install onnxruntime onnx numpy")

p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
p.add_argument("--network", choices=["resnet18", "vit"], help="one of them, not both")
p.add_argument("--rounds", type=int, default=7)
p.add_argument("--threads", type=int, default=2)
p.add_argument("--target", default="native", help="the instruction set of the objects")
p.add_argument("--json", action="store_true", help="rows as JSON")
p.add_argument("--build", default="build")
o = p.parse_args()
build = Path(o.build).resolve()

SIZE, WIDTHS = 224, {"resnet18": 64, "vit": 192}
RECIPES = {
    "f32": None,
    "int8": "compress-quantize{bits=8 group-size=32}",
    # Three colours of 7 x 7 pixels are no multiple of four.
    "2:4": "compress-for-each{consumer=linear regex=weight_[1-9][0-9]*$ pipeline=compress-prune{kind=n-of-m n=2 m=4}},"
           "compress-quantize{bits=8 group-size=32}",
}


class Onnx(networks.Linalg):
    """The same weights in the same order; images lie as ONNX has them, channels first."""

    def __init__(self):
        super().__init__()
        self.nodes, self.constants = [], []

    def node(self, op, inputs, dims, **attributes):
        self.count += 1
        name = f"v{self.count}"
        self.nodes.append(helper.make_node(op, [v[0] for v in inputs], [name], **attributes))
        return name, list(dims)

    def constant(self, array):
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(numpy.ascontiguousarray(array), name))
        return name, list(array.shape)

    def array(self, dims, fan):
        self.values(dims, (3.0 / fan) ** 0.5)
        data = bytes.fromhex(self.resources.pop().split('"')[1][10:])
        self.resources.append("")
        return numpy.frombuffer(data, numpy.float32).reshape(dims)

    def weight(self, dims, fan):
        return self.constant(self.array(dims, fan))

    def conv(self, x, outputs, kernel, stride, pad):
        w = self.array([kernel, kernel, x[1][3], outputs], kernel * kernel * x[1][3])
        size = (x[1][1] + 2 * pad - kernel) // stride + 1
        bias = self.weight([outputs], outputs)
        return self.node("Conv", [x, self.constant(w.transpose(3, 2, 0, 1)), bias], [1, size, size, outputs],
                         strides=[stride, stride], pads=[pad] * 4)

    def relu(self, x):
        return self.node("Relu", [x], x[1])

    def add(self, x, y):
        return self.node("Add", [x, y], x[1])

    def max_pool(self, x):
        size = (x[1][1] - 1) // 2 + 1
        return self.node("MaxPool", [x], [1, size, size, x[1][3]], kernel_shape=[3, 3], strides=[2, 2], pads=[1] * 4)

    def scale(self, x, factor):
        return self.node("Mul", [x, self.constant(numpy.float32(factor).reshape(1))], x[1])

    def reshape(self, x, dims):
        return self.node("Reshape", [x, self.constant(numpy.array(dims, numpy.int64))], dims)

    def mean_pool(self, x):
        c = x[1][3]
        return self.reshape(self.node("GlobalAveragePool", [x], [1, 1, 1, c]), [1, c])

    def matmul(self, x, w, dims):
        return self.node("MatMul", [x, w], dims)

    def linear(self, x, outputs):
        y = self.matmul(x, self.weight([x[1][-1], outputs], x[1][-1]), [x[1][0], outputs])
        return self.add(y, self.weight([outputs], outputs))

    def flatten(self, x):
        _, h, w, c = x[1]
        return self.transpose(self.reshape(x, [c, h * w]), [1, 0])

    def transpose(self, x, order):
        return self.node("Transpose", [x], [x[1][i] for i in order], perm=order)

    # As they are without MLIR's own ops of shapes.
    heads, merge = networks.Writer.heads, networks.Writer.merge

    def softmax(self, x):
        return self.node("Softmax", [x], x[1], axis=-1)

    def normalize(self, x):
        n = x[1][1]
        weight, bias = self.weight([n], 3.0), self.weight([n], n)
        return self.node("LayerNormalization", [x, weight, bias], x[1], axis=-1, epsilon=1e-6)

    def gelu(self, x):
        return self.node("Gelu", [x], x[1])

    def vector(self, x):
        axes = self.constant(numpy.array([0], numpy.int64))
        return self.node("ReduceMean", [x, axes], [1, x[1][1]], keepdims=1)

    def session(self, network, width):
        dims = [1, SIZE, SIZE, 3]
        result = getattr(networks, network)(self, ("x", dims), width)
        f32 = onnx.TensorProto.FLOAT
        graph = helper.make_graph(self.nodes, network,
                                  [helper.make_tensor_value_info("x", f32, [1, 3, SIZE, SIZE])],
                                  [helper.make_tensor_value_info(result[0], f32, result[1])], self.constants)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = o.threads
        options.inter_op_num_threads = 1
        return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


DRIVER = r"""
#include "compress_runtime/Threads.h"
#include "network.h"
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
static float image[224 * 224 * 3], result[1000];
static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec * 1e-9;
}
/* RUNS RESULTS < image: seconds of the fastest run. */
int main(int argc, char **argv) {
  if (argc != 3 || fread(image, sizeof image, 1, stdin) != 1 || !compress_set_threads(THREADS))
    return 1;
  double best = 1e9;
  for (int i = 0; i < atoi(argv[1]); ++i) {
    double start = now();
    network(image, result);
    double seconds = now() - start;
    if (i && seconds < best)
      best = seconds;
  }
  FILE *file = fopen(argv[2], "wb");
  if (!file || fwrite(result, sizeof result, 1, file) != 1 || fclose(file))
    return 1;
  printf("%.9f\n", best);
  return 0;
}
"""


def run(*command):
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.exit(f"{command[0]}: {done.stderr}")
    return done.stdout


def program(folder, network, name):
    here = folder / name.replace(":", "-")
    here.mkdir()
    text = run(sys.executable, root / "test/Target/Functions/Inputs/networks.py", network, "linalg", SIZE,
               WIDTHS[network])
    (here / "network.mlir").write_text(text)
    (here / "main.c").write_text(DRIVER)
    recipe = ["--recipe", RECIPES[name]] if RECIPES[name] else []
    run(build / "bin/compress", "build", here / "network.mlir", "--emit=object", "--target", o.target, *recipe, "-o",
        here / "network.o")
    run("clang-22", "-O2", f"-DTHREADS={o.threads}", "-I", root / "runtime/include", "-I", here, here / "main.c",
        here / "network.o", build / "lib/compress" / os.uname().machine / "libCompressRuntime.a", "-lstdc++",
        "-lpthread", "-lm", "-o", here / "network")
    return here


RUNS = 12


def measure(network, folder):
    image = numpy.random.default_rng(1).uniform(-0.5, 0.5, (1, SIZE, SIZE, 3)).astype(numpy.float32)
    (folder / "image").write_bytes(image.tobytes())
    session = Onnx().session(network, WIDTHS[network])
    feed = {"x": numpy.ascontiguousarray(image.transpose(0, 3, 1, 2))}

    def peer():
        best = 1e9
        for i in range(RUNS):
            start = time.perf_counter()
            session.run(None, feed)
            if i:
                best = min(best, time.perf_counter() - start)
        return best

    programs = {name: program(folder, network, name) for name in RECIPES}

    def ours(name):
        with open(folder / "image", "rb") as file:
            done = subprocess.run([programs[name] / "network", str(RUNS), folder / "result"], stdin=file,
                                  stdout=subprocess.PIPE, text=True, check=True)
        return float(done.stdout)

    want = session.run(None, feed)[0].ravel()
    ours("f32")
    got = numpy.fromfile(folder / "result", numpy.float32)
    error = float(abs(got - want).max() / abs(want).max())
    if not error < 1e-4:
        sys.exit(f"{network}: results differ by {error:.1e} of the largest")
    rounds = [{"onnxruntime": peer(), **{name: ours(name) for name in RECIPES}} for _ in range(o.rounds)]

    def ratio(a, b):
        return statistics.median(r[a] / r[b] for r in rounds)

    return {"network": network, "threads": o.threads, "difference": error,
            "milliseconds": {n: 1e3 * statistics.median(r[n] for r in rounds) for n in rounds[0]},
            "f32_over_onnxruntime": ratio("onnxruntime", "f32"), "int8_over_f32": ratio("f32", "int8"),
            "2:4_over_f32": ratio("f32", "2:4")}


rows = []
for network in [o.network] if o.network else list(WIDTHS):
    with tempfile.TemporaryDirectory() as folder:
        rows.append(measure(network, Path(folder)))
    if not o.json:
        row = rows[-1]
        times = ", ".join(f"{name} {ms:.1f}" for name, ms in row["milliseconds"].items())
        print(f"{network}, {o.threads} threads, milliseconds: {times}\n"
              f"  speed: f32 {row['f32_over_onnxruntime']:.2f} x onnxruntime's, int8 {row['int8_over_f32']:.2f} x f32's, "
              f"2:4 {row['2:4_over_f32']:.2f} x f32's; results differ by {row['difference']:.1e} of the largest",
              flush=True)
if o.json:
    print(json.dumps(rows))
