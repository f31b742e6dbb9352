// RUN: compress-opt %s --kernel-split-threads --split-input-file --verify-diagnostics

func.func @nested(%context: !kernel.context, %thread: index, %n: index) {
  scf.forall (%i) in (%n) {
    // expected-error @below {{'scf.forall' op is nested in another, but threads are shared out once; write one loop over both ranges}}
    scf.forall (%j) in (%n) {
    }
  }
  return
}

// -----

func.func @steps(%context: !kernel.context, %thread: index, %n: index) {
  // expected-error @below {{'scf.forall' op must count from 0 in steps of 1}}
  scf.forall (%i) = (0) to (%n) step (2) {
  }
  return
}

// -----

func.func @results(%context: !kernel.context, %thread: index, %n: index, %t: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'scf.forall' op has results, but threads share buffers only}}
  %0 = scf.forall (%i) in (%n) shared_outs(%o = %t) -> (tensor<4xf32>) {
    scf.forall.in_parallel {
    }
  }
  return %0 : tensor<4xf32>
}
