// RUN: compress-opt %s --compress-lower-to-llvm="stop-after=plan" | FileCheck %s --check-prefix=PLAN
// RUN: compress-opt %s --compress-lower-to-llvm="stop-after=kernel chunk=8" | FileCheck %s --check-prefix=KERNEL
// RUN: compress-opt %s --compress-lower-to-llvm="stop-after=kernel activations=f32" | FileCheck %s --check-prefix=F32
// RUN: not compress-opt %s --compress-lower-to-llvm="stop-after=object" 2>&1 | FileCheck %s --check-prefix=PHASE
// RUN: not compress-opt %s --compress-lower-to-llvm="target=sse9" 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: compress-opt %s --compress-lower-to-llvm=target=avx512vnni | compress-translate --mlir-to-llvmir | FileCheck %s --check-prefixes=IR,AVX512
// RUN: compress-opt %s --compress-lower-to-llvm="target=avxvnni" | compress-translate --mlir-to-llvmir | FileCheck %s --check-prefixes=IR,AVXVNNI
// RUN: compress-opt %s --compress-lower-to-llvm="target=avx2" | compress-translate --mlir-to-llvmir | FileCheck %s --check-prefixes=IR,AVX2
// RUN: compress-opt %s --compress-lower-to-llvm="target=neon_dotprod" | compress-translate --mlir-to-llvmir | FileCheck %s --check-prefixes=IR,NEON
// RUN: compress-opt %s --compress-lower-to-llvm="target=generic" | compress-translate --mlir-to-llvmir | FileCheck %s --check-prefixes=IR,GENERIC

// From a model to LLVM IR, and what stands between.

// PLAN: kernel.place = #kernel.place<0, 1728>
// PLAN: func.func @forward
// KERNEL-NOT: func.func @forward
// KERNEL: kernel.matmul_int8 @format at {{.*}} memref<?x48xf32>
// F32: kernel.matmul @format at
// PHASE: for the --stop-after option: Cannot find option named 'object'!
// TARGET: error: target "sse9" is unknown; there are {{.+}}, avx2, generic, {{.+}} and neon

// IR: define void @decode(ptr %0, i64 %1)
// AVX512: call <16 x i32> @llvm.x86.avx512.vpdpbusd.512(<16 x i32> %{{.+}}, <64 x i8> %{{.+}}, <64 x i8> %{{.+}})
// AVXVNNI: call <8 x i32> @llvm.x86.avx512.vpdpbusd.256(<8 x i32> %{{.+}}, <32 x i8> %{{.+}}, <32 x i8> %{{.+}})
// AVX2: call <16 x i16> @llvm.x86.avx2.pmadd.ub.sw(
// NEON: call <4 x i32> @llvm.aarch64.neon.sdot.v4i32.v16i8(
// GENERIC: mul <16 x i32>
// IR: define void @prefill(ptr %0, i64 %1)

compress.weight @e : tensor<48x64xf32> {
  %0 = compress.stored "codes" : tensor<48x64xsi4>
  %1 = compress.stored "scales" : tensor<48x2xf16>
  %2 = compress.dequantize %0, %1 group_size 32 : (tensor<48x64xsi4>, tensor<48x2xf16>) -> tensor<48x64xf32>
  compress.yield %2 : tensor<48x64xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %position: index) -> tensor<?x48xf32> {
  %e = compress.use @e : tensor<48x64xf32>
  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<48x64xf32> -> tensor<?x64xf32>
  %l = nn.linear %x, %e : (tensor<?x64xf32>, tensor<48x64xf32>) -> tensor<?x48xf32>
  return %l : tensor<?x48xf32>
}
