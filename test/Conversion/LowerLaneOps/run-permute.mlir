// RUN: compress-opt %s --kernel-lower-lane-ops=target=generic --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts -o %t.mlir
// RUN: mlir-runner %t.mlir -e main --entry-point-result=i32
// RUN: %if cpu-avx2 %{ compress-opt %s --kernel-lower-lane-ops=target=avx2 --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts -o %t.mlir %}
// RUN: %if cpu-avx2 %{ mlir-runner %t.mlir -e main --entry-point-result=i32 %}
// RUN: %if aarch64 %{ compress-opt %s --kernel-lower-lane-ops=target=neon --convert-vector-to-llvm --convert-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-translate --mlir-to-llvmir -o %t.ll && %{cc} --target=aarch64-linux-gnu -fuse-ld=lld -static -Wno-override-module %t.ll -o %t.run && qemu-aarch64 %t.run %}

// A quad of a palette whose entries differ in all their bytes.
func.func @palette(%t: vector<16xf32>, %i: vector<64xi8>) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) attributes {no_inline} {
  %0:4 = kernel.lane_permute %t by %i : vector<16xf32>, vector<64xi8>
  return %0#0, %0#1, %0#2, %0#3 : vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>
}
func.func @main() -> i32 {
  %t = arith.constant dense<[0x3F800000, 0xBF878F16, 0x3F8F1E2D, 0xBF96AD44, 0x3F9E3C5A, 0xBFA5CB70, 0x3FAD5A87, 0xBFB4E99E, 0x3FBC78B4, 0xBFC407CA, 0x3FCB96E1, 0xBFD325F8, 0x3FDAB50E, 0xBFE24424, 0x3FE9D33B, 0xBFF16252]> : vector<16xf32>
  %i = arith.constant dense<[0, 5, 10, 15, 7, 12, 1, 6, 14, 3, 8, 13, 5, 10, 15, 4, 12, 1, 6, 11, 3, 8, 13, 2, 10, 15, 4, 9, 1, 6, 11, 0, 8, 13, 2, 7, 15, 4, 9, 14, 6, 11, 0, 5, 13, 2, 7, 12, 4, 9, 14, 3, 11, 0, 5, 10, 2, 7, 12, 1, 9, 14, 3, 8]> : vector<64xi8>
  %r:4 = call @palette(%t, %i) : (vector<16xf32>, vector<64xi8>) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
  %e0 = arith.constant dense<[0x3F800000, 0xBFB4E99E, 0x3FE9D33B, 0xBFA5CB70, 0x3FDAB50E, 0xBF96AD44, 0x3FCB96E1, 0xBF878F16, 0x3FBC78B4, 0xBFF16252, 0x3FAD5A87, 0xBFE24424, 0x3F9E3C5A, 0xBFD325F8, 0x3F8F1E2D, 0xBFC407CA]> : vector<16xf32>
  %c0 = arith.cmpf une, %r#0, %e0 : vector<16xf32>
  %e1 = arith.constant dense<[0xBFA5CB70, 0x3FDAB50E, 0xBF96AD44, 0x3FCB96E1, 0xBF878F16, 0x3FBC78B4, 0xBFF16252, 0x3FAD5A87, 0xBFE24424, 0x3F9E3C5A, 0xBFD325F8, 0x3F8F1E2D, 0xBFC407CA, 0x3F800000, 0xBFB4E99E, 0x3FE9D33B]> : vector<16xf32>
  %c1 = arith.cmpf une, %r#1, %e1 : vector<16xf32>
  %e2 = arith.constant dense<[0x3FCB96E1, 0xBF878F16, 0x3FBC78B4, 0xBFF16252, 0x3FAD5A87, 0xBFE24424, 0x3F9E3C5A, 0xBFD325F8, 0x3F8F1E2D, 0xBFC407CA, 0x3F800000, 0xBFB4E99E, 0x3FE9D33B, 0xBFA5CB70, 0x3FDAB50E, 0xBF96AD44]> : vector<16xf32>
  %c2 = arith.cmpf une, %r#2, %e2 : vector<16xf32>
  %e3 = arith.constant dense<[0xBFF16252, 0x3FAD5A87, 0xBFE24424, 0x3F9E3C5A, 0xBFD325F8, 0x3F8F1E2D, 0xBFC407CA, 0x3F800000, 0xBFB4E99E, 0x3FE9D33B, 0xBFA5CB70, 0x3FDAB50E, 0xBF96AD44, 0x3FCB96E1, 0xBF878F16, 0x3FBC78B4]> : vector<16xf32>
  %c3 = arith.cmpf une, %r#3, %e3 : vector<16xf32>
  %c01 = arith.ori %c0, %c1 : vector<16xi1>
  %c23 = arith.ori %c2, %c3 : vector<16xi1>
  %c = arith.ori %c01, %c23 : vector<16xi1>
  %wrong = vector.reduction <or>, %c : vector<16xi1> into i1
  %true = arith.constant true
  %right = arith.xori %wrong, %true : i1
  cf.assert %right, "a lane is not its entry"
  %zero = arith.constant 0 : i32
  return %zero : i32
}
