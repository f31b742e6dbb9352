// RUN: compress-opt %s --kernel-lower-lane-ops=target=generic --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts -o %t.mlir
// RUN: mlir-runner %t.mlir -e holds --entry-point-result=void
// RUN: not --crash mlir-runner %t.mlir -e fails --entry-point-result=void
// RUN: %if aarch64 %{ compress-opt %s --kernel-lower-lane-ops=target=neon --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-translate --mlir-to-llvmir -o %t.ll && %{cc} --target=aarch64-linux-gnu -fuse-ld=lld -static -Wno-override-module %t.ll -o %t.run && qemu-aarch64 %t.run %}

// Numbers of the arithmetic that all sets without an instruction share. Sums
// that are exact in f32, so that their order is no matter; products whose
// operands have eight bits, and pairs whose halves differ.
func.func @dot(%acc: vector<4xf32>, %a: vector<8xbf16>, %b: vector<8xbf16>) -> vector<4xf32> attributes {no_inline} {
  %0 = kernel.lane_dot_bf16 %acc, %a, %b : vector<4xf32>, vector<8xbf16>
  return %0 : vector<4xf32>
}

func.func private @compare(%want: vector<4xf32>) attributes {no_inline} {
  %acc = arith.constant dense<[1.0, -0.5, 0.0, 1024.0]> : vector<4xf32>
  %a = arith.constant dense<[1.5, -2.0, 1.9921875, 0.0, -3.0, 255.0, 0.0, 1.0]> : vector<8xbf16>
  %b = arith.constant dense<[4.0, 0.25, 1.9921875, 7.0, -5.0, 255.0, 9.0, -1024.0]> : vector<8xbf16>
  %0 = call @dot(%acc, %a, %b) : (vector<4xf32>, vector<8xbf16>, vector<8xbf16>) -> vector<4xf32>
  %same = arith.cmpf oeq, %0, %want : vector<4xf32>
  %all = vector.reduction <and>, %same : vector<4xi1> into i1
  cf.assert %all, "differs"
  return
}

func.func @holds() {
  %want = arith.constant dense<[6.5, 3.46881103515625, 65040.0, 0.0]> : vector<4xf32>
  call @compare(%want) : (vector<4xf32>) -> ()
  return
}

func.func @fails() {
  %want = arith.constant dense<[6.5, 3.46881103515625, 65040.0, 1.0]> : vector<4xf32>
  call @compare(%want) : (vector<4xf32>) -> ()
  return
}

func.func @main() -> i32 {
  call @holds() : () -> ()
  %0 = arith.constant 0 : i32
  return %0 : i32
}
