// Objects of the LLVM dialect, for the machine that an instruction set is of.
// RUN: compress-translate %s --mlir-to-object --instruction-set=neon_dotprod -o %t.o
// RUN: llvm-readelf -h %t.o | FileCheck %s --check-prefix=AARCH64
// RUN: compress-translate %s --mlir-to-object --instruction-set=generic -o %t.o
// RUN: llvm-readelf -h -s %t.o | FileCheck %s --check-prefix=X86
// AARCH64: Type: REL
// AARCH64: Machine: AArch64
// X86: Type: REL
// X86: Machine: Advanced Micro Devices X86-64
// X86: FUNC GLOBAL DEFAULT {{.*}} twice
// RUN: not compress-translate %s --mlir-to-object --instruction-set=sse 2>&1 | FileCheck %s --check-prefix=SET
// SET: error: instruction-set "sse" is unknown; there are {{.+}}, avx2, generic, {{.+}} and neon
llvm.func @twice(%x: f32) -> f32 {
  %y = llvm.fadd %x, %x : f32
  llvm.return %y : f32
}
