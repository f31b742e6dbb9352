// RUN: compress-opt %s --kernel-lower-lane-ops=target=generic --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts -o %t.mlir
// RUN: mlir-runner %t.mlir -e main --entry-point-result=i32
// RUN: %if cpu-avx2 %{ compress-opt %s --kernel-lower-lane-ops=target=avx2 --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts -o %t.mlir %}
// RUN: %if cpu-avx2 %{ mlir-runner %t.mlir -e main --entry-point-result=i32 %}
// RUN: %if aarch64 %{ compress-opt %s --kernel-lower-lane-ops=target=neon --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-translate --mlir-to-llvmir -o %t.ll && %{cc} --target=aarch64-linux-gnu -fuse-ld=lld -static -Wno-override-module %t.ll -o %t.run && qemu-aarch64 %t.run %}

// Dots onto each other whose pairs are added in 16 bits, of the largest codes
// with the smallest bytes: one more than fit, of every width.
func.func @four(%acc: vector<8xi32>, %a: vector<32xi8>, %b: vector<32xi8>) -> vector<8xi32> attributes {no_inline} {
  %0 = kernel.lane_dot %acc, %a, %b bits 4 : vector<8xi32>, vector<32xi8>
  %1 = kernel.lane_dot %0, %a, %b bits 4 : vector<8xi32>, vector<32xi8>
  %2 = kernel.lane_dot %1, %a, %b bits 4 : vector<8xi32>, vector<32xi8>
  %3 = kernel.lane_dot %2, %a, %b bits 4 : vector<8xi32>, vector<32xi8>
  %4 = kernel.lane_dot %3, %a, %b bits 4 : vector<8xi32>, vector<32xi8>
  %5 = kernel.lane_dot %4, %a, %b bits 4 : vector<8xi32>, vector<32xi8>
  %6 = kernel.lane_dot %5, %a, %b bits 4 : vector<8xi32>, vector<32xi8>
  %7 = kernel.lane_dot %6, %a, %b bits 4 : vector<8xi32>, vector<32xi8>
  %8 = kernel.lane_dot %7, %a, %b bits 4 : vector<8xi32>, vector<32xi8>
  return %8 : vector<8xi32>
}
func.func @five(%acc: vector<8xi32>, %a: vector<32xi8>, %b: vector<32xi8>) -> vector<8xi32> attributes {no_inline} {
  %0 = kernel.lane_dot %acc, %a, %b bits 5 : vector<8xi32>, vector<32xi8>
  %1 = kernel.lane_dot %0, %a, %b bits 5 : vector<8xi32>, vector<32xi8>
  %2 = kernel.lane_dot %1, %a, %b bits 5 : vector<8xi32>, vector<32xi8>
  %3 = kernel.lane_dot %2, %a, %b bits 5 : vector<8xi32>, vector<32xi8>
  %4 = kernel.lane_dot %3, %a, %b bits 5 : vector<8xi32>, vector<32xi8>
  return %4 : vector<8xi32>
}
func.func @six(%acc: vector<8xi32>, %a: vector<32xi8>, %b: vector<32xi8>) -> vector<8xi32> attributes {no_inline} {
  %0 = kernel.lane_dot %acc, %a, %b bits 6 : vector<8xi32>, vector<32xi8>
  %1 = kernel.lane_dot %0, %a, %b bits 6 : vector<8xi32>, vector<32xi8>
  %2 = kernel.lane_dot %1, %a, %b bits 6 : vector<8xi32>, vector<32xi8>
  return %2 : vector<8xi32>
}
func.func @seven(%acc: vector<8xi32>, %a: vector<32xi8>, %b: vector<32xi8>) -> vector<8xi32> attributes {no_inline} {
  %0 = kernel.lane_dot %acc, %a, %b bits 7 : vector<8xi32>, vector<32xi8>
  %1 = kernel.lane_dot %0, %a, %b bits 7 : vector<8xi32>, vector<32xi8>
  return %1 : vector<8xi32>
}
func.func @signed(%acc: vector<8xi32>, %a: vector<32xi8>, %b: vector<32xi8>) -> vector<8xi32> attributes {no_inline} {
  %0 = kernel.lane_dot %acc, %a, %b bits 8 signed : vector<8xi32>, vector<32xi8>
  %1 = kernel.lane_dot %0, %a, %b bits 8 signed : vector<8xi32>, vector<32xi8>
  return %1 : vector<8xi32>
}

func.func private @compare(%got: vector<8xi32>, %want: vector<8xi32>) attributes {no_inline} {
  %same = arith.cmpi eq, %got, %want : vector<8xi32>
  %all = vector.reduction <and>, %same : vector<8xi1> into i1
  cf.assert %all, "differs"
  return
}

func.func @main() -> i32 {
  %acc = arith.constant dense<[0, 1, -1, 1000000, 4, 5, 6, 7]> : vector<8xi32>
  %b = arith.constant dense<-128> : vector<32xi8>
  %a4 = arith.constant dense<15> : vector<32xi8>
  %0 = call @four(%acc, %a4, %b) : (vector<8xi32>, vector<32xi8>, vector<32xi8>) -> vector<8xi32>
  // 9 * 4 * 15 * 128
  %w4 = arith.constant dense<[-69120, -69119, -69121, 930880, -69116, -69115, -69114, -69113]> : vector<8xi32>
  call @compare(%0, %w4) : (vector<8xi32>, vector<8xi32>) -> ()
  %a5 = arith.constant dense<31> : vector<32xi8>
  %1 = call @five(%acc, %a5, %b) : (vector<8xi32>, vector<32xi8>, vector<32xi8>) -> vector<8xi32>
  // 5 * 4 * 31 * 128
  %w5 = arith.constant dense<[-79360, -79359, -79361, 920640, -79356, -79355, -79354, -79353]> : vector<8xi32>
  call @compare(%1, %w5) : (vector<8xi32>, vector<8xi32>) -> ()
  %a6 = arith.constant dense<63> : vector<32xi8>
  %2 = call @six(%acc, %a6, %b) : (vector<8xi32>, vector<32xi8>, vector<32xi8>) -> vector<8xi32>
  // 3 * 4 * 63 * 128
  %w6 = arith.constant dense<[-96768, -96767, -96769, 903232, -96764, -96763, -96762, -96761]> : vector<8xi32>
  call @compare(%2, %w6) : (vector<8xi32>, vector<8xi32>) -> ()
  %a7 = arith.constant dense<127> : vector<32xi8>
  %3 = call @seven(%acc, %a7, %b) : (vector<8xi32>, vector<32xi8>, vector<32xi8>) -> vector<8xi32>
  // 2 * 4 * 127 * 128
  %w7 = arith.constant dense<[-130048, -130047, -130049, 869952, -130044, -130043, -130042, -130041]> : vector<8xi32>
  call @compare(%3, %w7) : (vector<8xi32>, vector<8xi32>) -> ()
  // Both ends of a byte among the codes, -127 among the others.
  %as = arith.constant dense<[-128, 127, -1, 0, -128, -128, -128, -128, 127, 127, 127, 127, 1, -2, 3, -4, 100, -100, 50, -50, -128, -127, 126, -125, 5, 0, 0, -5, -77, 33, -128, 64]> : vector<32xi8>
  %bs = arith.constant dense<[127, -127, 127, -127, 127, 127, 127, 127, 127, 127, 127, 127, -1, -1, -1, -1, 127, -127, -127, 127, -127, 127, -127, 127, 0, 9, -9, 1, 12, -13, -14, 15]> : vector<32xi8>
  %4 = call @signed(%acc, %as, %bs) : (vector<8xi32>, vector<32xi8>, vector<32xi8>) -> vector<8xi32>
  %ws = arith.constant dense<[-65024, -130047, 129031, 1000004, 25404, -63495, -4, 2805]> : vector<8xi32>
  call @compare(%4, %ws) : (vector<8xi32>, vector<8xi32>) -> ()
  %zero = arith.constant 0 : i32
  return %zero : i32
}
