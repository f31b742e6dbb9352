# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{models}/primer %t
"""Errors of a large module or a large op have a few KB, from compress-opt and from compress."""
import os, resource, subprocess, sys

MODEL, WORK = sys.argv[1:3]
os.chdir(WORK)
subprocess.run(["compress", "import", MODEL, "-o", "primer.mlir"], check=True)


def check(*command, limit=None):
    result = subprocess.run(command, capture_output=True, text=True, preexec_fn=lambda: limit and resource.setrlimit(
        resource.RLIMIT_FSIZE, (limit, limit)))
    assert result.returncode in (1, 3), (command, result.returncode)
    assert "error:" in result.stderr and len(result.stderr) < 6000, (command, len(result.stderr), result.stderr[:3000])


check("compress-opt", "primer.mlir", "-o", "out.mlir", limit=1 << 20)
check("compress-opt", "primer.mlir", "--compress-quantize=bits=4", "-o", "out.mlir", limit=100)
check("compress", "import", MODEL, "-o", "out.mlir", limit=1 << 20)
check("compress", "build", "primer.mlir", "--recipe", "int4", "--resume", "kept", "-o", "app", limit=1 << 20)
# A function that a pass refuses, of many ops.
with open("large.mlir", "w") as file:
    file.write("func.func @f(%x0: memref<?xf32>) -> f32 {\n  %c = arith.constant 0 : index\n")
    file.write("  %v0 = memref.load %x0[%c] : memref<?xf32>\n")
    for i in range(5000):
        file.write(f"  %v{i + 1} = arith.addf %v{i}, %v{i} : f32\n")
    file.write("  return %v5000 : f32\n}\n")
# A constant of 2 MB on one line, which has not the size of its type.
with open("line.mlir", "w") as file:
    file.write('func.func @f() -> tensor<9xf32> {\n  %0 = arith.constant dense<"0x' + "0000803F" * 262144 +
               '"> : tensor<9xf32>\n  return %0 : tensor<9xf32>\n}\n')
check("compress-opt", "line.mlir", "-o", "out.mlir")
check("compress", "build", "line.mlir", "--emit=object", "-o", "out.o")
check("compress-opt", "large.mlir", "--pass-pipeline=builtin.module(compress-functions-to-llvm)", "-o", "out.mlir")
check("compress", "build", "large.mlir", "--emit=object", "-o", "out.o")
