// RUN: compress-opt %s --convert-kernel-to-gpu | FileCheck %s
// RUN: compress-opt %s --convert-kernel-to-gpu='target=spirv workgroup-size=32' | FileCheck %s --check-prefix=SPIRV
// RUN: compress-opt %s --pass-pipeline='builtin.module(convert-kernel-to-gpu,canonicalize,lower-affine,nvvm-attach-target{chip=sm_80},gpu.module(convert-scf-to-cf,convert-gpu-to-nvvm{use-bare-ptr-memref-call-conv=true},canonicalize,cse,reconcile-unrealized-casts),gpu-module-to-binary{format=isa})' \
// RUN:   | FileCheck %s --check-prefix=PTX

compress.format @w {
  %c = compress.stream 0 : tensor<40x64xsi4>
  %s = compress.stream 1 : tensor<40x2xf16>
  %d = compress.dequantize %c, %s group_size 32 : (tensor<40x64xsi4>, tensor<40x2xf16>) -> tensor<40x64xf32>
  compress.yield %d : tensor<40x64xf32>
}

// Three row tiles of two groups of 32 bytes of scales and 256 of codes: 432 words.
// CHECK-LABEL: func.func @product
// CHECK: %[[W:.+]] = memref.view %{{.+}} : memref<?xi8> to memref<432xi32>
// CHECK: gpu.launch_func @kernels::@w blocks in (%{{.+}}) threads in (%{{.+}}) args(%[[W]] : memref<432xi32>, %{{.+}} : memref<1x64xf32>, %{{.+}} : memref<1x40xf32>)
// CHECK: gpu.module @kernels
// CHECK: gpu.func @w(%[[P:.+]]: memref<432xi32>, %[[X:.+]]: memref<1x64xf32>, %[[Y:.+]]: memref<1x40xf32>) kernel
// CHECK-SAME: known_block_size = array<i32: 64, 1, 1>
// SPIRV: gpu.module @kernels attributes {spirv.target_env = #spirv.target_env<#spirv.vce<v1.3, [Shader], [SPV_KHR_storage_buffer_storage_class]>, api=Vulkan
// SPIRV: spirv.entry_point_abi = #spirv.entry_point_abi<workgroup_size = [32, 1, 1]>
// The last workgroup's threads beyond the rows do nothing.
// CHECK: %[[IN:.+]] = arith.cmpi ult, %{{.+}}, %c40
// CHECK: scf.if %[[IN]]
// CHECK: scf.for
// CHECK: memref.store %{{.+}}, %[[Y]]

// PTX: gpu.binary @kernels
// PTX-SAME: .target sm_80
// PTX-SAME: .visible .entry w(
// PTX-SAME: .maxntid 64
// PTX-SAME: ld.global
// PTX-SAME: st.global
func.func @product(%weights: memref<?xi8>, %x: memref<1x64xf32>, %y: memref<1x40xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  kernel.matmul @w at %weights[%zero] ins(%x) outs(%y) tokens %one
      : memref<?xi8>, memref<1x64xf32>, memref<1x40xf32>
  return
}
