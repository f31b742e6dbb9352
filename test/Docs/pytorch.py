# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{source} %t %{cc} | FileCheck %s
# CHECK: {{as PyTorch has it|skipped}}
#
# docs/PyTorch.md, with an MLP, a convolution network, a vision transformer and
# MNIST of ONNX. COMPRESS_TORCH_PYTHON names an interpreter that has torch,
# torch-mlir and onnx; they are large, and no test downloads them.
import ctypes
import glob
import os
import re
import subprocess
import sys

source, folder, compiler = sys.argv[1:]
interpreter = os.environ.pop("COMPRESS_TORCH_PYTHON", None)
if interpreter:
    sys.exit(subprocess.run([interpreter] + sys.argv).returncode)
try:
    import onnx
    import torch
    from torch import nn
    from torch_mlir import fx
except ImportError as error:
    print(f"skipped: {error}; `pip install torch torch-mlir onnx` and set COMPRESS_TORCH_PYTHON")
    sys.exit(0)

with open(os.path.join(source, "docs", "PyTorch.md"), encoding="utf-8") as file:
    for block in re.findall(r"```python\n(.*?)```", file.read(), re.S):
        exec(block)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.out = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, t, c = x.shape
        q, k, v = self.qkv(x).reshape(n, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        scores = (q @ k.transpose(-2, -1)) * (c // self.heads) ** -0.5
        return self.out((scores.softmax(-1) @ v).transpose(1, 2).reshape(n, t, c))


class Transformer(nn.Module):
    def __init__(self, width=64):
        super().__init__()
        self.patch = nn.Conv2d(3, width, 8, stride=8)
        self.first, self.attention = nn.LayerNorm(width), Attention(width, 4)
        self.second = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        x = self.patch(x).flatten(2).transpose(1, 2)
        x = x + self.attention(self.first(x))
        x = x + self.mlp(self.second(x))
        return self.head(x.mean(1))


class Convolutions(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(3, 16, 3, stride=2, padding=1), nn.BatchNorm2d(16), nn.ReLU(),
            nn.Conv2d(16, 16, 3, padding=1, groups=16), nn.ReLU(),
            nn.Conv2d(16, 32, 3, padding=2, dilation=2, groups=2), nn.ReLU(),
            nn.MaxPool2d(2), nn.Conv2d(32, 64, 1), nn.ReLU())
        self.head = nn.Linear(64, 10)

    def forward(self, x):
        return self.head(self.body(x).mean((2, 3)))


def run(name, arrays, size, recipe, pattern=None):
    """The function's result for inputs, compiled with a recipe."""
    path = os.path.join(folder, name)
    command = ["compress", "build", path + ".mlir", "--emit=object", "--target", "native", "-o", path + ".o",
               "--activations=f32"] + (["--recipe", recipe] if recipe else [])
    subprocess.run(command, check=True)
    library = f"{path}{len(recipe)}.so"
    subprocess.run(compiler.split() + ["-shared", path + ".o", "-lm", "-o", library], check=True)
    with open(path + ".h", encoding="utf-8") as file:
        function = re.findall(r"void (\w+)\(", file.read())[-1]
    result = torch.empty(size)
    pointers = [ctypes.c_void_p(a.data_ptr()) for a in arrays + [result]]
    getattr(ctypes.CDLL(library), function)(*pointers)
    return result


def error(result, expected):
    return float((result - expected).norm() / expected.norm())


torch.manual_seed(0)
networks = {
    "mlp": (nn.Sequential(nn.Linear(64, 96), nn.ReLU(), nn.Linear(96, 10)), torch.randn(5, 64)),
    "convolutions": (Convolutions(), torch.randn(1, 3, 48, 48)),
    "transformer": (Transformer(), torch.randn(1, 3, 32, 32)),
}
for name, (model, example) in networks.items():
    expected = model.eval()(example).detach()
    for output_type in ("linalg-on-tensors", "tosa"):
        if name == "convolutions" and output_type == "tosa":
            continue  # torch-mlir has no TOSA for groups
        key = f"{name}-{output_type}"
        export(model, example, os.path.join(folder, key + ".mlir"), output_type)
        assert error(run(key, [example], expected.shape, ""), expected) < 1e-5, key
        assert error(run(key, [example], expected.shape, "compress-quantize{bits=8}"), expected) < 3e-2, key

# Weights are named after the lines that use them.
listed = subprocess.run(
    ["compress-opt", os.path.join(folder, "mlp-linalg-on-tensors.mlir"), "--compress-outline-weights"],
    check=True, capture_output=True, text=True).stdout
assert re.search(r"compress.weight @pytorch_\d+", listed), listed[:2000]

data = os.path.join(os.environ.get("COMPRESS_TEST_DATA", ""), "models", "mnist-onnx", "mnist.onnx")
if os.path.exists(data):
    export_onnx(data, os.path.join(folder, "mnist.mlir"))
    image = torch.rand(1, 1, 28, 28)
    from onnx.reference import ReferenceEvaluator
    expected = torch.from_numpy(ReferenceEvaluator(data).run(None, {"Input3": image.numpy()})[0])
    assert error(run("mnist", [image], (1, 10), ""), expected) < 1e-5
    assert error(run("mnist", [image], (1, 10), "compress-quantize{bits=8}"), expected) < 3e-2
print("as PyTorch has it")
