// RUN: compress-opt %s --kernel-lower-lane-ops=target=generic --convert-scf-to-cf --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts -o %t.mlir
// RUN: mlir-runner %t.mlir -e main --entry-point-result=i32
// RUN: %if cpu-avx2 %{ compress-opt %s --kernel-lower-lane-ops=target=avx2 --convert-scf-to-cf --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts -o %t.mlir %}
// RUN: %if cpu-avx2 %{ mlir-runner %t.mlir -e main --entry-point-result=i32 %}
// RUN: %if aarch64 %{ compress-opt %s --kernel-lower-lane-ops=target=neon --convert-scf-to-cf --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-translate --mlir-to-llvmir -o %t.ll && %{cc} --target=aarch64-linux-gnu -fuse-ld=lld -static -Wno-override-module %t.ll -o %t.run && qemu-aarch64 %t.run %}

// Codes of every width at the positions of a mask that has a full byte and an
// empty one; and of a mask that has two of every four, but none at the end.
memref.global "private" constant @run : memref<128xi8> = dense<[41, -126, -37, 52, -115, -26, 63, -104, -15, 74, -93, -4, 85, -82, 7, 96, -71, 18, 107, -60, 29, 118, -49, 40, -127, -38, 51, -116, -27, 62, -105, -16, 73, -94, -5, 84, -83, 6, 95, -72, 17, 106, -61, 28, 117, -50, 39, -128, -39, 50, -117, -28, 61, -106, -17, 72, -95, -6, 83, -84, 5, 94, -73, 16, 105, -62, 27, 116, -51, 38, 127, -40, 49, -118, -29, 60, -107, -18, 71, -96, -7, 82, -85, 4, 93, -74, 15, 104, -63, 26, 115, -52, 37, 126, -41, 48, -119, -30, 59, -108, -19, 70, -97, -8, 81, -86, 3, 92, -75, 14, 103, -64, 25, 114, -53, 36, 125, -42, 47, -120, -31, 58, -109, -20, 69, -98, -9, 80]>
func.func private @compare(%got: vector<64xi8>, %want: vector<64xi8>) attributes {no_inline} {
  %same = arith.cmpi eq, %got, %want : vector<64xi8>
  %all = vector.reduction <and>, %same : vector<64xi1> into i1
  cf.assert %all, "differs"
  return
}
func.func @bits1(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> attributes {no_inline} {
  %0 = kernel.lane_expand %w[%at] mask %mask bits 1 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @bits2(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> attributes {no_inline} {
  %0 = kernel.lane_expand %w[%at] mask %mask bits 2 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @bits3(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> attributes {no_inline} {
  %0 = kernel.lane_expand %w[%at] mask %mask bits 3 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @bits4(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> attributes {no_inline} {
  %0 = kernel.lane_expand %w[%at] mask %mask bits 4 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @bits5(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> attributes {no_inline} {
  %0 = kernel.lane_expand %w[%at] mask %mask bits 5 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @bits6(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> attributes {no_inline} {
  %0 = kernel.lane_expand %w[%at] mask %mask bits 6 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @bits7(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> attributes {no_inline} {
  %0 = kernel.lane_expand %w[%at] mask %mask bits 7 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @bits8(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> attributes {no_inline} {
  %0 = kernel.lane_expand %w[%at] mask %mask bits 8 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @regular3(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> attributes {no_inline} {
  %0 = kernel.lane_expand %w[%at] mask %mask of_four 2 bits 3 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @regular4(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> attributes {no_inline} {
  %0 = kernel.lane_expand %w[%at] mask %mask of_four 2 bits 4 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @regular8(%w: memref<?xi8>, %at: index, %mask: i64) -> vector<64xi8> attributes {no_inline} {
  %0 = kernel.lane_expand %w[%at] mask %mask of_four 2 bits 8 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
// All of them: the run, unpacked.
func.func @all1(%w: memref<?xi8>, %at: index) -> vector<64xi8> attributes {no_inline} {
  %mask = arith.constant -1 : i64
  %0 = kernel.lane_expand %w[%at] mask %mask bits 1 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @all2(%w: memref<?xi8>, %at: index) -> vector<64xi8> attributes {no_inline} {
  %mask = arith.constant -1 : i64
  %0 = kernel.lane_expand %w[%at] mask %mask bits 2 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @all3(%w: memref<?xi8>, %at: index) -> vector<64xi8> attributes {no_inline} {
  %mask = arith.constant -1 : i64
  %0 = kernel.lane_expand %w[%at] mask %mask bits 3 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @all4(%w: memref<?xi8>, %at: index) -> vector<64xi8> attributes {no_inline} {
  %mask = arith.constant -1 : i64
  %0 = kernel.lane_expand %w[%at] mask %mask bits 4 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @all5(%w: memref<?xi8>, %at: index) -> vector<64xi8> attributes {no_inline} {
  %mask = arith.constant -1 : i64
  %0 = kernel.lane_expand %w[%at] mask %mask bits 5 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @all6(%w: memref<?xi8>, %at: index) -> vector<64xi8> attributes {no_inline} {
  %mask = arith.constant -1 : i64
  %0 = kernel.lane_expand %w[%at] mask %mask bits 6 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @all7(%w: memref<?xi8>, %at: index) -> vector<64xi8> attributes {no_inline} {
  %mask = arith.constant -1 : i64
  %0 = kernel.lane_expand %w[%at] mask %mask bits 7 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}
func.func @all8(%w: memref<?xi8>, %at: index) -> vector<64xi8> attributes {no_inline} {
  %mask = arith.constant -1 : i64
  %0 = kernel.lane_expand %w[%at] mask %mask bits 8 : memref<?xi8>, vector<64xi8>
  return %0 : vector<64xi8>
}

func.func @main() -> i32 {
  %run = memref.get_global @run : memref<128xi8>
  %w = memref.cast %run : memref<128xi8> to memref<?xi8>
  %at = arith.constant 5 : index
  %mask = arith.constant -7946785942050655745 : i64
  %r1 = call @bits1(%w, %at, %mask) : (memref<?xi8>, index, i64) -> vector<64xi8>
  %e1 = arith.constant dense<[0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]> : vector<64xi8>
  call @compare(%r1, %e1) : (vector<64xi8>, vector<64xi8>) -> ()
  %r2 = call @bits2(%w, %at, %mask) : (memref<?xi8>, index, i64) -> vector<64xi8>
  %e2 = arith.constant dense<[2, 1, 2, 3, 3, 3, 3, 0, 0, 0, 0, 0, 2, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 3, 0, 3, 0, 0, 2, 0, 0, 0, 0, 2, 0, 0, 1, 0, 3, 0, 2, 0, 2, 0, 0, 3, 3, 0, 0, 0, 3, 0, 0, 1]> : vector<64xi8>
  call @compare(%r2, %e2) : (vector<64xi8>, vector<64xi8>) -> ()
  %r3 = call @bits3(%w, %at, %mask) : (memref<?xi8>, index, i64) -> vector<64xi8>
  %e3 = arith.constant dense<[6, 4, 7, 7, 3, 0, 6, 4, 1, 0, 0, 0, 6, 3, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 6, 0, 0, 0, 0, 0, 5, 0, 0, 4, 0, 0, 0, 0, 7, 7, 0, 2, 0, 5, 4, 3, 0, 5, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6]> : vector<64xi8>
  call @compare(%r3, %e3) : (vector<64xi8>, vector<64xi8>) -> ()
  %r4 = call @bits4(%w, %at, %mask) : (memref<?xi8>, index, i64) -> vector<64xi8>
  %e4 = arith.constant dense<[6, 14, 15, 3, 8, 9, 1, 15, 10, 0, 0, 0, 4, 3, 0, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 0, 0, 0, 15, 0, 0, 0, 5, 0, 5, 0, 0, 14, 0, 0, 0, 0, 10, 7, 0, 0, 0, 0, 6, 9, 0, 11, 2, 0, 1, 11, 0, 0, 0, 6, 0, 0, 4]> : vector<64xi8>
  call @compare(%r4, %e4) : (vector<64xi8>, vector<64xi8>) -> ()
  %r5 = call @bits5(%w, %at, %mask) : (memref<?xi8>, index, i64) -> vector<64xi8>
  %e5 = arith.constant dense<[6, 31, 15, 16, 25, 24, 11, 9, 3, 0, 0, 0, 5, 31, 0, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 23, 0, 0, 0, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11, 14, 0, 5, 0, 17, 21, 17, 0, 24, 29, 0, 16, 29, 0, 0, 0, 30, 0, 0, 12]> : vector<64xi8>
  call @compare(%r5, %e5) : (vector<64xi8>, vector<64xi8>) -> ()
  %r6 = call @bits6(%w, %at, %mask) : (memref<?xi8>, index, i64) -> vector<64xi8>
  %e6 = arith.constant dense<[38, 63, 3, 38, 49, 43, 52, 40, 60, 0, 0, 0, 23, 37, 0, 43, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 22, 0, 46, 0, 0, 18, 0, 0, 0, 0, 44, 6, 0, 49, 0, 29, 24, 55, 0, 51, 40, 0, 4, 40, 0, 0, 0, 54, 0, 0, 51]> : vector<64xi8>
  call @compare(%r6, %e6) : (vector<64xi8>, vector<64xi8>) -> ()
  %r7 = call @bits7(%w, %at, %mask) : (memref<?xi8>, index, i64) -> vector<64xi8>
  %e7 = arith.constant dense<[102, 127, 96, 12, 47, 105, 40, 126, 85, 0, 0, 0, 92, 30, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 22, 0, 0, 0, 87, 0, 0, 0, 68, 0, 53, 0, 0, 68, 0, 0, 0, 0, 59, 88, 0, 123, 0, 12, 37, 32, 0, 109, 51, 0, 24, 22, 0, 0, 0, 119, 0, 0, 115]> : vector<64xi8>
  call @compare(%r7, %e7) : (vector<64xi8>, vector<64xi8>) -> ()
  %r8 = call @bits8(%w, %at, %mask) : (memref<?xi8>, index, i64) -> vector<64xi8>
  %e8 = arith.constant dense<[-26, 63, -104, -15, 74, -93, -4, 85, -82, 0, 0, 0, 7, 96, 0, -71, 0, 0, 0, 0, 0, 0, 0, 0, 0, 18, 0, 0, 0, 107, 0, 0, 0, -60, 0, 29, 0, 0, 118, 0, 0, 0, 0, -49, 40, 0, -127, 0, -38, 51, -116, 0, -27, 62, 0, -105, -16, 0, 0, 0, 73, 0, 0, -94]> : vector<64xi8>
  call @compare(%r8, %e8) : (vector<64xi8>, vector<64xi8>) -> ()
  %regular = arith.constant 55069904839808595 : i64
  %s3 = call @regular3(%w, %at, %regular) : (memref<?xi8>, index, i64) -> vector<64xi8>
  %t3 = arith.constant dense<[6, 4, 0, 0, 7, 0, 7, 0, 0, 3, 0, 0, 6, 0, 0, 4, 0, 1, 0, 6, 0, 0, 3, 5, 4, 6, 0, 0, 0, 0, 5, 0, 4, 0, 0, 7, 0, 0, 7, 2, 5, 0, 4, 0, 0, 3, 0, 5, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]> : vector<64xi8>
  call @compare(%s3, %t3) : (vector<64xi8>, vector<64xi8>) -> ()
  %s4 = call @regular4(%w, %at, %regular) : (memref<?xi8>, index, i64) -> vector<64xi8>
  %t4 = arith.constant dense<[6, 14, 0, 0, 15, 0, 3, 0, 0, 8, 9, 0, 1, 0, 0, 15, 0, 10, 0, 4, 0, 0, 3, 10, 12, 15, 0, 0, 0, 5, 5, 0, 14, 0, 0, 10, 0, 0, 7, 0, 0, 0, 6, 0, 0, 9, 0, 11, 2, 1, 0, 0, 0, 0, 11, 6, 0, 0, 0, 0, 0, 0, 0, 0]> : vector<64xi8>
  call @compare(%s4, %t4) : (vector<64xi8>, vector<64xi8>) -> ()
  %s8 = call @regular8(%w, %at, %regular) : (memref<?xi8>, index, i64) -> vector<64xi8>
  %t8 = arith.constant dense<[-26, 63, 0, 0, -104, 0, -15, 0, 0, 74, -93, 0, -4, 0, 0, 85, 0, -82, 0, 7, 0, 0, 96, -71, 18, 107, 0, 0, 0, -60, 29, 0, 118, 0, 0, -49, 0, 0, 40, -127, -38, 0, 51, 0, 0, -116, 0, -27, 62, -105, 0, 0, 0, 0, -16, 73, 0, 0, 0, 0, 0, 0, 0, 0]> : vector<64xi8>
  call @compare(%s8, %t8) : (vector<64xi8>, vector<64xi8>) -> ()
  %a1 = call @all1(%w, %at) : (memref<?xi8>, index) -> vector<64xi8>
  %f1 = arith.constant dense<[0, 1, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 0, 1, 1, 1, 1, 1, 1, 1, 0, 1, 0, 1, 0, 1, 0]> : vector<64xi8>
  call @compare(%a1, %f1) : (vector<64xi8>, vector<64xi8>) -> ()
  %a2 = call @all2(%w, %at) : (memref<?xi8>, index) -> vector<64xi8>
  %f2 = arith.constant dense<[2, 1, 2, 3, 3, 3, 3, 0, 0, 2, 1, 2, 1, 0, 3, 3, 2, 2, 0, 1, 3, 0, 2, 2, 0, 3, 3, 3, 1, 1, 1, 1, 2, 3, 2, 2, 3, 1, 0, 0, 0, 0, 2, 1, 1, 2, 3, 2, 2, 0, 1, 0, 3, 2, 2, 1, 0, 1, 0, 3, 1, 3, 1, 0]> : vector<64xi8>
  call @compare(%a2, %f2) : (vector<64xi8>, vector<64xi8>) -> ()
  %a3 = call @all3(%w, %at) : (memref<?xi8>, index) -> vector<64xi8>
  %f3 = arith.constant dense<[6, 4, 7, 7, 3, 0, 6, 4, 1, 6, 3, 5, 4, 6, 0, 5, 4, 7, 7, 2, 5, 4, 3, 5, 7, 0, 0, 0, 6, 2, 6, 5, 2, 2, 4, 5, 6, 0, 1, 6, 5, 3, 0, 3, 7, 6, 3, 6, 0, 5, 4, 0, 0, 5, 6, 6, 3, 6, 0, 6, 0, 3, 1, 7]> : vector<64xi8>
  call @compare(%a3, %f3) : (vector<64xi8>, vector<64xi8>) -> ()
  %a4 = call @all4(%w, %at) : (memref<?xi8>, index) -> vector<64xi8>
  %f4 = arith.constant dense<[6, 14, 15, 3, 8, 9, 1, 15, 10, 4, 3, 10, 12, 15, 5, 5, 14, 10, 7, 0, 0, 6, 9, 11, 2, 1, 11, 6, 4, 12, 13, 1, 6, 7, 15, 12, 8, 2, 1, 8, 10, 13, 3, 3, 12, 8, 5, 14, 14, 3, 7, 9, 0, 15, 9, 4, 2, 10, 11, 15, 4, 5, 13, 10]> : vector<64xi8>
  call @compare(%a4, %f4) : (vector<64xi8>, vector<64xi8>) -> ()
  %a5 = call @all5(%w, %at) : (memref<?xi8>, index) -> vector<64xi8>
  %f5 = arith.constant dense<[6, 31, 15, 16, 25, 24, 11, 9, 3, 5, 31, 11, 5, 23, 30, 0, 0, 11, 14, 5, 17, 21, 17, 24, 29, 16, 29, 30, 12, 20, 4, 16, 26, 30, 12, 24, 24, 18, 27, 7, 23, 4, 28, 19, 4, 17, 14, 31, 20, 10, 11, 13, 16, 15, 1, 23, 17, 16, 26, 6, 12, 14, 20, 14]> : vector<64xi8>
  call @compare(%a5, %f5) : (vector<64xi8>, vector<64xi8>) -> ()
  %a6 = call @all6(%w, %at) : (memref<?xi8>, index) -> vector<64xi8>
  %f6 = arith.constant dense<[38, 63, 3, 38, 49, 43, 52, 40, 60, 23, 37, 43, 7, 0, 22, 46, 18, 44, 6, 49, 29, 24, 55, 51, 40, 4, 40, 54, 51, 48, 24, 57, 62, 28, 9, 60, 9, 9, 58, 62, 20, 53, 42, 1, 31, 33, 27, 4, 42, 13, 12, 7, 53, 57, 60, 9, 0, 38, 45, 12, 11, 18, 30, 15]> : vector<64xi8>
  call @compare(%a6, %f6) : (vector<64xi8>, vector<64xi8>) -> ()
  %a7 = call @all7(%w, %at) : (memref<?xi8>, index) -> vector<64xi8>
  %f7 = arith.constant dense<[102, 127, 96, 12, 47, 105, 40, 126, 85, 92, 30, 0, 22, 87, 68, 53, 68, 59, 88, 123, 12, 37, 32, 109, 51, 24, 22, 119, 115, 18, 124, 36, 34, 119, 83, 106, 106, 96, 23, 92, 17, 84, 13, 102, 81, 78, 115, 19, 0, 51, 75, 89, 72, 60, 15, 75, 111, 17, 5, 85, 63, 10, 107, 2]> : vector<64xi8>
  call @compare(%a7, %f7) : (vector<64xi8>, vector<64xi8>) -> ()
  %a8 = call @all8(%w, %at) : (memref<?xi8>, index) -> vector<64xi8>
  %f8 = arith.constant dense<[-26, 63, -104, -15, 74, -93, -4, 85, -82, 7, 96, -71, 18, 107, -60, 29, 118, -49, 40, -127, -38, 51, -116, -27, 62, -105, -16, 73, -94, -5, 84, -83, 6, 95, -72, 17, 106, -61, 28, 117, -50, 39, -128, -39, 50, -117, -28, 61, -106, -17, 72, -95, -6, 83, -84, 5, 94, -73, 16, 105, -62, 27, 116, -51]> : vector<64xi8>
  call @compare(%a8, %f8) : (vector<64xi8>, vector<64xi8>) -> ()
  %zero = arith.constant 0 : i32
  return %zero : i32
}
