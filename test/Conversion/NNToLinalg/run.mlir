// Each op by the reference evaluator, lowered and by the reference evaluator,
// and lowered and run: numbers as PyTorch has them.
// RUN: compress-opt %s --compress-check -o /dev/null 2>&1 | FileCheck %s --check-prefix=HOLDS
// RUN: compress-opt %s --convert-nn-to-linalg --compress-check -o /dev/null 2>&1 | FileCheck %s --check-prefix=HOLDS
// RUN: compress-opt %s --convert-nn-to-linalg --convert-check-to-cf \
// RUN:   --convert-elementwise-to-linalg --one-shot-bufferize=bufferize-function-boundaries \
// RUN:   --convert-linalg-to-loops \
// RUN:   --expand-strided-metadata --lower-affine --convert-scf-to-cf --convert-math-to-llvm \
// RUN:   --convert-math-to-libm --convert-to-llvm --reconcile-unrealized-casts \
// RUN:   | mlir-runner -e main --entry-point-result=void

// HOLDS-DAG: @embedding: {{[0-9]+}} check
func.func @embedding() {
  %w = arith.constant dense<[[-1.625, 1.125, -1.875], [0.5, -0.375, 0.625], [-0.625, 0.125, -1.5], [-1.75, 1.875, -1.125], [-1.375, 0.25, 1.25]]> : tensor<5x3xf32>
  %t = arith.constant dense<[4, 0, 2, 2]> : tensor<4xi32>
  %y = nn.embedding %t, %w : tensor<4xi32>, tensor<5x3xf32> -> tensor<4x3xf32>
  %e = arith.constant dense<[[-1.375, 0.25, 1.25], [-1.625, 1.125, -1.875], [-0.625, 0.125, -1.5], [-0.625, 0.125, -1.5]]> : tensor<4x3xf32>
  check.expect_close %y, %e tolerance 0.0 : tensor<4x3xf32>
  return
}

// HOLDS-DAG: @linear: {{[0-9]+}} check
func.func @linear() {
  %x = arith.constant dense<[[-1.875, 1.0, 0.375, -1.25], [-1.25, -0.875, 1.5, -0.25], [0.25, -1.5, 0.125, 1.25]]> : tensor<3x4xf32>
  %w = arith.constant dense<[[-0.375, 1.75, 1.25, -0.875], [1.875, 0.625, 0.0, 1.5]]> : tensor<2x4xf32>
  %b = arith.constant dense<[-1.625, -2.0]> : tensor<2xf32>
  %y = nn.linear %x, %w : (tensor<3x4xf32>, tensor<2x4xf32>) -> tensor<3x2xf32>
  %e = arith.constant dense<[[4.015625, -4.765625], [1.03125, -3.265625], [-3.65625, 1.40625]]> : tensor<3x2xf32>
  check.expect_close %y, %e tolerance 1.0e-6 : tensor<3x2xf32>
  %z = nn.linear %x, %w bias %b : (tensor<3x4xf32>, tensor<2x4xf32>, tensor<2xf32>) -> tensor<3x2xf32>
  %f = arith.constant dense<[[2.390625, -6.765625], [-0.59375, -5.265625], [-5.28125, -0.59375]]> : tensor<3x2xf32>
  check.expect_close %z, %f tolerance 1.0e-6 : tensor<3x2xf32>
  return
}

// HOLDS-DAG: @rms_norm: {{[0-9]+}} check
func.func @rms_norm() {
  %x = arith.constant dense<[[2.0, -0.25, -0.25, 1.875, 1.25, 0.625], [-0.25, 2.0, -1.125, -1.5, 1.25, 0.875]]> : tensor<2x6xf32>
  %g = arith.constant dense<[1.125, -2.0, 0.875, -0.25, 1.75, -0.5]> : tensor<6xf32>
  %y = nn.rms_norm %x, %g epsilon 1.0e-3 : tensor<2x6xf32>, tensor<6xf32>
  %e = arith.constant dense<[[1.7788043, 0.395289838, -0.172939301, -0.37058422, 1.72939312, -0.247056156], [-0.218817472, -3.1120708, -0.765861154, 0.29175663, 1.70191371, -0.340382755]]> : tensor<2x6xf32>
  check.expect_close %y, %e tolerance 1.0e-6 : tensor<2x6xf32>
  return
}

// HOLDS-DAG: @layer_norm: {{[0-9]+}} check
func.func @layer_norm() {
  %x = arith.constant dense<[[2.0, -0.25, -0.25, 1.875, 1.25, 0.625], [-0.25, 2.0, -1.125, -1.5, 1.25, 0.875]]> : tensor<2x6xf32>
  %g = arith.constant dense<[1.125, -2.0, 0.875, -0.25, 1.75, -0.5]> : tensor<6xf32>
  %b = arith.constant dense<[1.75, -1.0, -0.75, 1.125, -0.5, 0.75]> : tensor<6xf32>
  %y = nn.layer_norm %x, %g epsilon 1.0e-3 : tensor<2x6xf32>, tensor<6xf32>
  %e = arith.constant dense<[[1.38559163, 2.463274, -1.07768238, -0.273697108, 0.718454897, 0.136848554], [-0.406541288, -2.82525659, -0.919851065, 0.336731195, 1.43726718, -0.262814581]]> : tensor<2x6xf32>
  check.expect_close %y, %e tolerance 1.0e-6 : tensor<2x6xf32>
  %z = nn.layer_norm %x, %g bias %b epsilon 1.0e-3 : tensor<2x6xf32>, tensor<6xf32>, tensor<6xf32>
  %f = arith.constant dense<[[3.13559151, 1.463274, -1.82768238, 0.851302862, 0.218454883, 0.886848569], [1.34345877, -3.82525659, -1.66985106, 1.4617312, 0.937267244, 0.487185419]]> : tensor<2x6xf32>
  check.expect_close %z, %f tolerance 1.0e-6 : tensor<2x6xf32>
  return
}

// HOLDS-DAG: @rotary: {{[0-9]+}} check
func.func @rotary() {
  %x = arith.constant dense<[[-0.875, 2.0, -1.0, -0.25, 1.75, -0.375, -0.25, 0.125], [0.5, 1.25, 0.125, 1.25, 1.25, -0.625, -1.875, 1.0], [2.0, 1.625, 0.75, 0.375, -1.125, -1.5, 0.5, -1.25]]> : tensor<3x8xf32>
  %w = arith.constant dense<[1.0, 0.125]> : tensor<2xf32>
  %p = arith.constant 5 : index
  %y = nn.rotary %x at %p, %w : tensor<3x8xf32>, tensor<2xf32>
  %e = arith.constant dense<[[-1.20712876, 1.76820052, 0.555396557, 0.967453718, 0.256677777, -0.377248317, -1.74903309, -0.118041083], [0.515012085, 0.0625626147, -0.0196864605, 1.76665962, 0.676308811, -1.13894427, -2.14958858, 0.305664629], [1.0150646, 0.753791094, 1.8793999, 1.48763204, -1.17663336, -0.00206592679, -0.362158775, -1.95256138]]> : tensor<3x8xf32>
  check.expect_close %y, %e tolerance 1.0e-6 : tensor<3x8xf32>
  return
}

// HOLDS-DAG: @attention: {{[0-9]+}} check
func.func @attention() {
  %q = arith.constant dense<[[-0.875, -1.0, -0.625, -0.375, 0.75, -1.25, 1.375, 2.0], [-1.25, 1.875, -0.75, -0.5, 0.875, -0.375, 0.875, 1.0], [-0.875, 1.875, -1.75, -0.375, -0.5, 2.0, -0.625, 1.875]]> : tensor<3x8xf32>
  %k = arith.constant dense<[[-0.875, -1.625, 1.25, -1.5], [1.75, 0.75, 0.375, 1.875], [0.875, 1.75, -1.125, -0.375]]> : tensor<3x4xf32>
  %v = arith.constant dense<[[-1.75, 1.25, -0.75, -1.0], [-0.75, -0.875, 1.25, 1.0], [1.625, 0.625, 1.375, -2.0]]> : tensor<3x4xf32>
  %c = arith.constant dense<[[[[-0.875, 0.25], [-1.25, -0.5]], [[-1.625, 0.375], [0.375, 1.125]], [[-0.25, 0.75], [-1.75, 1.0]], [[-1.375, 0.125], [0.875, -0.375]], [[1.875, 1.875], [0.625, -0.75]], [[0.5, -1.5], [-0.5, 1.875]]], [[[-0.625, -1.0], [-0.25, 0.875]], [[-1.0, -1.25], [1.875, 1.0]], [[-1.125, -1.75], [1.375, -0.625]], [[-1.0, -1.125], [-0.875, 1.875]], [[-0.25, -0.125], [1.25, -0.5]], [[1.25, -0.75], [1.375, 0.875]]]]> : tensor<2x6x2x2xf32>
  %p = arith.constant 2 : index
  %y, %n = nn.attention %q, %k, %v, %c at %p heads 4 kv_heads 2
    : tensor<3x8xf32>, tensor<3x4xf32>, tensor<2x6x2x2xf32>
  %e = arith.constant dense<[[-1.39364707, 0.303266615, -1.21496391, -0.157670587, -0.564743638, -0.71890825, 1.69495654, 0.891504586], [-0.898929179, -1.1014024, -1.22486246, -0.117398955, 0.0298055317, -0.194619402, 1.22210896, 0.821152568], [0.186714008, -0.349060148, -1.12442434, -0.381648988, 1.33091187, 0.843921244, 1.31142175, 0.794593811]]> : tensor<3x8xf32>
  %f = arith.constant dense<[[[[-0.875, 0.25], [-1.25, -0.5]], [[-1.625, 0.375], [0.375, 1.125]], [[-0.875, -1.625], [1.25, -1.5]], [[1.75, 0.75], [0.375, 1.875]], [[0.875, 1.75], [-1.125, -0.375]], [[0.5, -1.5], [-0.5, 1.875]]], [[[-0.625, -1.0], [-0.25, 0.875]], [[-1.0, -1.25], [1.875, 1.0]], [[-1.75, 1.25], [-0.75, -1.0]], [[-0.75, -0.875], [1.25, 1.0]], [[1.625, 0.625], [1.375, -2.0]], [[1.25, -0.75], [1.375, 0.875]]]]> : tensor<2x6x2x2xf32>
  check.expect_close %y, %e tolerance 1.0e-6 : tensor<3x8xf32>
  check.expect_equal %n, %f : tensor<2x6x2x2xf32>
  %z, %m = nn.attention %q, %k, %v, %c at %p heads 4 kv_heads 2 scale 0.25
    : tensor<3x8xf32>, tensor<3x4xf32>, tensor<2x6x2x2xf32>
  %g = arith.constant dense<[[-1.22018445, -0.114985831, -1.15715063, -0.272087961, -0.0894466043, -0.123244554, 0.951419592, 0.530786991], [-0.938796759, -0.798094511, -1.10815156, -0.337089598, 0.389671594, 0.255387157, 0.846598089, 0.601728559], [-0.188561618, -0.379593968, -0.855510771, -0.289691031, 1.09202671, 0.406825513, 1.06834233, 0.369259655]]> : tensor<3x8xf32>
  check.expect_close %z, %g tolerance 1.0e-6 : tensor<3x8xf32>
  return
}

// HOLDS-DAG: @activation: {{[0-9]+}} check
func.func @activation() {
  %x = arith.constant dense<[-30.0, -2.5, -1.0, -0.125, 0.0, 0.5, 1.0, 4.0]> : tensor<8xf32>
  %y0 = nn.activation silu %x : tensor<8xf32>
  %e0 = arith.constant dense<[-2.80728695e-12, -0.189645454, -0.268941432, -0.0585988276, 0.0, 0.311229676, 0.731058598, 3.92805505]> : tensor<8xf32>
  check.expect_close %y0, %e0 tolerance 1.0e-6 : tensor<8xf32>
  %y1 = nn.activation gelu %x : tensor<8xf32>
  %e1 = arith.constant dense<[-0.0, -0.0155241629, -0.158655256, -0.0562827215, 0.0, 0.345731229, 0.841344774, 3.9998734]> : tensor<8xf32>
  check.expect_close %y1, %e1 tolerance 1.0e-6 : tensor<8xf32>
  %y2 = nn.activation gelu_tanh %x : tensor<8xf32>
  %e2 = arith.constant dense<[-0.0, -0.0150842657, -0.158808008, -0.0562827997, 0.0, 0.345714003, 0.841192007, 3.99992967]> : tensor<8xf32>
  check.expect_close %y2, %e2 tolerance 1.0e-6 : tensor<8xf32>
  %y3 = nn.activation relu %x : tensor<8xf32>
  %e3 = arith.constant dense<[0.0, 0.0, 0.0, 0.0, 0.0, 0.5, 1.0, 4.0]> : tensor<8xf32>
  check.expect_close %y3, %e3 tolerance 1.0e-6 : tensor<8xf32>
  return
}

// HOLDS-DAG: @block: {{[0-9]+}} check
func.func @block() {
  %x = arith.constant dense<[[-1.625, -1.25, -1.875, -2.0], [-1.625, -1.0, -0.125, 1.625]]> : tensor<2x4xf32>
  %w = arith.constant dense<[[-1.5, 0.625, -1.625, -1.125], [1.625, 1.75, -0.5, 0.0], [-0.25, -0.5, -1.375, -2.0], [1.5, -1.375, -0.625, 0.25]]> : tensor<4x4xf32>
  %g = arith.constant dense<[0.0, 1.75, -1.75, -1.75]> : tensor<4xf32>
  %d = tensor.cast %x : tensor<2x4xf32> to tensor<?x4xf32>
  %y = nn.block "one" -> (tensor<?x4xf32>) {
    %0 = nn.rms_norm %d, %g epsilon 1.0e-5 : tensor<?x4xf32>, tensor<4xf32>
    %1 = nn.linear %0, %w : (tensor<?x4xf32>, tensor<4x4xf32>) -> tensor<?x4xf32>
    %2 = arith.addf %d, %1 : tensor<?x4xf32>
    nn.yield %2 : tensor<?x4xf32>
  }
  %s = tensor.cast %y : tensor<?x4xf32> to tensor<2x4xf32>
  %e = arith.constant dense<[[-7.83935833, -4.44504261, -7.96155643, -0.929660797], [-0.230224967, -3.52802944, 4.86567879, 2.86722136]]> : tensor<2x4xf32>
  check.expect_close %s, %e tolerance 1.0e-6 : tensor<2x4xf32>
  return
}

func.func @main() {
  call @embedding() : () -> ()
  call @linear() : () -> ()
  call @rms_norm() : () -> ()
  call @layer_norm() : () -> ()
  call @rotary() : () -> ()
  call @attention() : () -> ()
  call @activation() : () -> ()
  call @block() : () -> ()
  return
}
