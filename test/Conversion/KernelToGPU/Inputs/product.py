"""A product of one token with an integer weight, on Vulkan's software driver.

product.py FOLDER PASSES INPUTS OUTPUTS COMPILER

From a linalg.vecmat by the passes to SPIR-V; the sums must be those of the
values that --compress-decompress says the weight has.
"""
import glob
import os
import re
import shlex
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
WORKGROUP = 64


def numbers(count, state):
    result = []
    for _ in range(count):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        value = (state >> 33) / 2**31 - 0.5
        result.append(struct.unpack("<f", struct.pack("<f", value))[0])
    return result


def run(*words, **environment):
    result = subprocess.run(words, capture_output=True, text=True,
                            env={**os.environ, **environment})
    if result.returncode:
        sys.exit(f"{shlex.join(words)}\n{result.stdout}{result.stderr}")
    return result.stdout


def main():
    folder, passes, inputs, outputs, compiler = sys.argv[1:6]
    inputs, outputs = int(inputs), int(outputs)
    os.makedirs(folder, exist_ok=True)

    def path(name):
        return os.path.join(folder, name)

    w = numbers(inputs * outputs, 5)
    x = numbers(inputs, 6)
    data = struct.pack(f"<{len(w)}f", *w).hex().upper()
    with open(path("plain.mlir"), "w") as file:
        file.write(f"""
func.func @product(%x: tensor<1x{inputs}xf32>) -> tensor<1x{outputs}xf32> {{
  %w = arith.constant dense<"0x{data}"> : tensor<{outputs}x{inputs}xf32> loc("w")
  %y = nn.linear %x, %w : (tensor<1x{inputs}xf32>, tensor<{outputs}x{inputs}xf32>) -> tensor<1x{outputs}xf32>
  return %y : tensor<1x{outputs}xf32>
}}
""")
    run("compress-opt", path("plain.mlir"), "--compress-outline-weights", *shlex.split(passes),
        "-o", path("small.mlir"))
    decompressed = run("compress-opt", path("small.mlir"), "--compress-decompress")
    data = re.search(r'dense<"0x([0-9A-F]+)">', decompressed)[1]
    w = struct.unpack(f"<{outputs * inputs}f", bytes.fromhex(data))
    expected = [sum(a * b for a, b in zip(x, w[o * inputs:(o + 1) * inputs]))
                for o in range(outputs)]

    kernels = run("compress-opt", path("small.mlir"),
                  "--compress-functions-to-llvm=activations=f32 stop-after=kernel",
                  "--kernel-embed-weights",
                  f"--convert-kernel-to-gpu=target=spirv workgroup-size={WORKGROUP}",
                  "--canonicalize", "--cse")
    packed = re.search(r'memref.global.*@packed_weights.*dense<"0x([0-9A-F]+)">', kernels)[1]
    with open(path("kernels.mlir"), "w") as file:
        file.write(kernels)
    text = run("compress-opt", path("kernels.mlir"),
               "--pass-pipeline=builtin.module(lower-affine,convert-gpu-to-spirv,"
               "spirv.module(spirv-lower-abi-attrs,spirv-update-vce))")
    shader = re.search(r"^  spirv\.module.*?^  }", text, re.DOTALL | re.MULTILINE)[0]
    with open(path("shader.mlir"), "w") as file:
        file.write(shader)
    entry = re.search(r'spirv\.EntryPoint "GLCompute" @(\w+)', shader)[1]
    run("compress-translate", path("shader.mlir"), "--no-implicit-module", "--serialize-spirv",
        "-o", path("shader.spv"))
    with open(path("weights"), "wb") as file:
        file.write(bytes.fromhex(packed))
    with open(path("input"), "wb") as file:
        file.write(struct.pack(f"<{inputs}f", *x))
    run(*shlex.split(compiler), "-O1", "-Wall", "-Werror", os.path.join(HERE, "vulkan.c"),
        "-lvulkan", "-o", path("vulkan"))
    driver = glob.glob("/usr/share/vulkan/icd.d/lvp_icd*.json")[0]
    device = run(path("vulkan"), path("shader.spv"), entry,
                 str(-(-outputs // WORKGROUP)), path("weights"), path("input"),
                 path("output"), str(4 * outputs),
                 VK_ICD_FILENAMES=driver, VK_DRIVER_FILES=driver)
    with open(path("output"), "rb") as file:
        made = struct.unpack(f"<{outputs}f", file.read())
    worst = max(abs(a - b) / max(1, abs(b)) for a, b in zip(made, expected))
    if not worst < 2e-6:
        sys.exit(f"the largest error is {worst}")
    print(f"{outputs} sums as expected on {device.strip()}")


main()
