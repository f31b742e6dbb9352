// RUN: compress-translate --mlir-to-llvmir %s | FileCheck %s

// CHECK-LABEL: define i32 @answer()
// CHECK: ret i32 42
llvm.func @answer() -> i32 {
  %0 = llvm.mlir.constant(42 : i32) : i32
  llvm.return %0 : i32
}

// RUN: compress-translate --mlir-to-object %s -o %t.o
// RUN: llvm-nm %t.o | FileCheck %s --check-prefix=OBJECT
// OBJECT: T answer
