// RUN: compress-opt %s --split-input-file --verify-diagnostics

func.func @buffer_of_integer(%context: !kernel.context) {
  // expected-error @below {{'kernel.buffer' op reads count, which is no buffer}}
  %0 = kernel.buffer %context count : memref<?xi8>
  return
}

// -----

func.func @buffer_of_barrier(%context: !kernel.context) {
  // expected-error @below {{'kernel.buffer' op reads barrier, which is no buffer}}
  %0 = kernel.buffer %context barrier : memref<?xi8>
  return
}

// -----

func.func @buffer_of_known_size(%context: !kernel.context) {
  // expected-error @below {{'kernel.buffer' op has type 'memref<4xi8>', but a context's buffer has an unknown size and no layout}}
  %0 = kernel.buffer %context arena : memref<4xi8>
  return
}

// -----

func.func @buffer_with_layout(%context: !kernel.context) {
  // expected-error @below {{'kernel.buffer' op has type 'memref<?xi8, strided<[2]>>', but a context's buffer has an unknown size and no layout}}
  %0 = kernel.buffer %context arena : memref<?xi8, strided<[2]>>
  return
}

// -----

func.func @buffer_of_rank_2(%context: !kernel.context) {
  // expected-error @below {{'kernel.buffer' op result #0 must be 1D memref of any type values, but got 'memref<?x?xi8>'}}
  %0 = kernel.buffer %context arena : memref<?x?xi8>
  return
}

// -----

func.func @field_of_pointer(%context: !kernel.context) {
  // expected-error @below {{'kernel.field' op reads weights, which is no integer}}
  %0 = kernel.field %context weights
  return
}

// -----

func.func @field_of_function(%context: !kernel.context) {
  // expected-error @below {{'kernel.field' op reads barrier, which is no integer}}
  %0 = kernel.field %context barrier
  return
}

// -----

func.func @unknown_field(%context: !kernel.context) {
  // expected-error @below {{expected string or keyword containing one of the following enum values}}
  %0 = kernel.field %context length
  return
}

// -----

func.func @matmul_tokens(%w: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<3x16xf32>) {
  // expected-error @below {{'kernel.matmul' op has buffers of 2 and of 3 tokens}}
  kernel.matmul @w at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf32>, memref<3x16xf32>
  return
}

// -----

func.func @matmul_unknown(%w: memref<?xi8>, %o: index, %x: memref<2x?xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op has 'memref<2x?xf32>', but widths must be known}}
  kernel.matmul @w at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x?xf32>, memref<2x16xf32>
  return
}

// -----

func.func @matmul_types(%w: memref<?xi8>, %o: index, %x: memref<2x64xf16>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op operand #2 must be 2D memref of 32-bit float values, but got 'memref<2x64xf16>'}}
  kernel.matmul @w at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf16>, memref<2x16xf32>
  return
}

// -----

func.func @matmul_weights(%w: memref<?xf32>, %o: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op operand #0 must be 1D memref of 8-bit signless integer values, but got 'memref<?xf32>'}}
  kernel.matmul @w at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xf32>, memref<2x64xf32>, memref<2x16xf32>
  return
}

// -----

func.func @int8_blocks(%w: memref<?xi8>, %o: index, %q: memref<2x48xi8>, %s: memref<2x2xf32>, %t: memref<2x4xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul_int8' op has 48 codes a token, but they come in blocks of 32}}
  kernel.matmul_int8 @w at %w[%o] ins(%q, %s, %t) outs(%y) tokens %o : memref<?xi8>, memref<2x48xi8>, memref<2x2xf32>, memref<2x4xf32>, memref<2x16xf32>
  return
}

// -----

func.func @int8_scales(%w: memref<?xi8>, %o: index, %q: memref<2x64xi8>, %s: memref<2x3xf32>, %t: memref<2x4xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul_int8' op has 3 scales and 4 sums a token, but 2 blocks of codes, with a scale and two sums each}}
  kernel.matmul_int8 @w at %w[%o] ins(%q, %s, %t) outs(%y) tokens %o : memref<?xi8>, memref<2x64xi8>, memref<2x3xf32>, memref<2x4xf32>, memref<2x16xf32>
  return
}

// -----

func.func @int8_tokens(%w: memref<?xi8>, %o: index, %q: memref<2x64xi8>, %s: memref<2x2xf32>, %t: memref<2x4xf32>, %y: memref<1x16xf32>) {
  // expected-error @below {{'kernel.matmul_int8' op has buffers of 2 and of 1 tokens}}
  kernel.matmul_int8 @w at %w[%o] ins(%q, %s, %t) outs(%y) tokens %o : memref<?xi8>, memref<2x64xi8>, memref<2x2xf32>, memref<2x4xf32>, memref<1x16xf32>
  return
}

// -----

func.func @quantize_codes(%n: index, %x: memref<2x64xf32>, %q: memref<2x96xi8>, %s: memref<2x3xf32>, %t: memref<2x6xf32>) {
  // expected-error @below {{'kernel.quantize_activations' op has 96 codes for 64 inputs; blocks of 32 have no more and no less}}
  kernel.quantize_activations %x into %q, %s, %t tokens %n : memref<2x64xf32>, memref<2x96xi8>, memref<2x3xf32>, memref<2x6xf32>
  return
}

// -----

func.func @quantize_sums(%n: index, %x: memref<2x64xf32>, %q: memref<2x64xi8>, %s: memref<2x2xf32>, %t: memref<2x2xf32>) {
  // expected-error @below {{'kernel.quantize_activations' op has 2 scales and 2 sums a token, but 2 blocks of codes, with a scale and two sums each}}
  kernel.quantize_activations %x into %q, %s, %t tokens %n : memref<2x64xf32>, memref<2x64xi8>, memref<2x2xf32>, memref<2x2xf32>
  return
}

// -----

func.func @gather_unknown(%w: memref<?xi8>, %o: index, %i: memref<?xi32>, %y: memref<2x?xf32>) {
  // expected-error @below {{'kernel.gather_rows' op has 'memref<2x?xf32>', but widths must be known}}
  kernel.gather_rows @w at %w[%o] ins(%i) outs(%y) tokens %o : memref<?xi8>, memref<?xi32>, memref<2x?xf32>
  return
}

// -----

func.func @gather_result(%w: memref<?xi8>, %o: index, %i: memref<?xi32>, %y: tensor<2x16xf32>) {
  // expected-error @below {{'kernel.gather_rows' op has 0 results, but there is one for a tensor and none for a buffer}}
  kernel.gather_rows @w at %w[%o] ins(%i) outs(%y) tokens %o : memref<?xi8>, memref<?xi32>, tensor<2x16xf32>
  return
}

// -----

func.func @attention_heads(%c: !kernel.context, %o: index, %q: memref<2x16xf32>, %k: memref<2x8xf32>) {
  // expected-error @below {{'kernel.attention' op has 3 heads of 16 channels and 1 key-value heads}}
  kernel.attention %c cache f32[%o of 64] ins(%q, %k, %k) outs(%q) heads 3 kv_heads 1 scale 1.0 : memref<2x16xf32>, memref<2x8xf32>, memref<2x8xf32>, memref<2x16xf32>
  return
}

// -----

func.func @attention_keys(%c: !kernel.context, %o: index, %q: memref<2x16xf32>, %k: memref<2x8xf32>) {
  // expected-error @below {{'kernel.attention' op has keys or values of 8 channels, but 2 heads are 16}}
  kernel.attention %c cache f32[%o of 64] ins(%q, %k, %k) outs(%q) heads 2 kv_heads 2 scale 1.0 : memref<2x16xf32>, memref<2x8xf32>, memref<2x8xf32>, memref<2x16xf32>
  return
}

// -----

func.func @attention_output(%c: !kernel.context, %o: index, %q: memref<2x16xf32>, %k: memref<2x8xf32>) {
  // expected-error @below {{'kernel.attention' op has queries of 16 channels and an output of 8}}
  kernel.attention %c cache f32[%o of 64] ins(%q, %k, %k) outs(%k) heads 2 kv_heads 1 scale 1.0 : memref<2x16xf32>, memref<2x8xf32>, memref<2x8xf32>, memref<2x8xf32>
  return
}

// -----

func.func @attention_tokens(%c: !kernel.context, %o: index, %q: memref<2x16xf32>, %k: memref<3x8xf32>) {
  // expected-error @below {{'kernel.attention' op has buffers of 2 and of 3 tokens}}
  kernel.attention %c cache f32[%o of 64] ins(%q, %k, %k) outs(%q) heads 2 kv_heads 1 scale 1.0 : memref<2x16xf32>, memref<3x8xf32>, memref<3x8xf32>, memref<2x16xf32>
  return
}

// -----

func.func @attention_cache(%c: !kernel.context, %o: index, %q: memref<2x16xf32>, %k: memref<2x8xf32>) {
  // expected-error @below {{'kernel.attention' op has a cache of 'i16'; there are f32, f16 and i8}}
  kernel.attention %c cache i16[%o of 64] ins(%q, %k, %k) outs(%q) heads 2 kv_heads 1 scale 1.0 : memref<2x16xf32>, memref<2x8xf32>, memref<2x8xf32>, memref<2x16xf32>
  return
}

// -----

func.func @gather_indices(%w: memref<?xi8>, %o: index, %i: memref<?xi64>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.gather_rows' op operand #2 must be 1D memref of 32-bit signless integer values, but got 'memref<?xi64>'}}
  kernel.gather_rows @w at %w[%o] ins(%i) outs(%y) tokens %o : memref<?xi8>, memref<?xi64>, memref<2x16xf32>
  return
}

// -----

func.func @lane_bytes(%acc: vector<16xi32>, %a: vector<32xi8>) {
  // expected-error @below {{'kernel.lane_dot' op has 16 lanes and 32 bytes, but a lane takes four bytes}}
  %0 = kernel.lane_dot %acc, %a, %a bits 4 : vector<16xi32>, vector<32xi8>
  return
}

// -----

func.func @lane_bits(%acc: vector<16xi32>, %a: vector<64xi8>) {
  // expected-error @below {{'kernel.lane_dot' op has codes of 9 bits, but a byte holds 1 to 8}}
  %0 = kernel.lane_dot %acc, %a, %a bits 9 : vector<16xi32>, vector<64xi8>
  return
}

// -----

func.func @lane_pairs(%acc: vector<16xf32>, %a: vector<16xbf16>) {
  // expected-error @below {{'kernel.lane_dot_bf16' op has 16 lanes and 16 values, but a lane takes two values}}
  %0 = kernel.lane_dot_bf16 %acc, %a, %a : vector<16xf32>, vector<16xbf16>
  return
}

// -----

func.func @lane_types(%acc: vector<16xf32>, %a: vector<64xi8>) {
  // expected-error @below {{'kernel.lane_dot' op operand #0 must be vector of 32-bit signless integer values of ranks 1, but got 'vector<16xf32>'}}
  %0 = kernel.lane_dot %acc, %a, %a bits 4 : vector<16xf32>, vector<64xi8>
  return
}

// -----

func.func @f(%a: vector<64xi8>, %t: vector<32xi8>) {
  // expected-error @below {{'kernel.lane_lookup' op has a table of 32 entries, but a table has 16, 64 or 256}}
  %0 = kernel.lane_lookup %a in %t : vector<64xi8>, vector<32xi8>
  return
}

// -----

func.func @f(%x: memref<1x64xf32>, %y: memref<1x32xf32>, %n: index) {
  // expected-error @below {{'kernel.round_activations' op has 64 inputs and 32 outputs a token}}
  kernel.round_activations %x into %y tokens %n : memref<1x64xf32>, memref<1x32xf32>
  return
}

// -----

func.func @expand_bits(%w: memref<?xi8>, %at: index, %mask: i64) {
  // expected-error @below {{'kernel.lane_expand' op attribute 'bits' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 8}}
  %0 = kernel.lane_expand %w[%at] mask %mask bits 9 : memref<?xi8>, vector<64xi8>
  return
}

// -----

func.func @expand_of_four(%w: memref<?xi8>, %at: index, %mask: i64) {
  // expected-error @below {{'kernel.lane_expand' op attribute 'ones_of_four' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 4}}
  %0 = kernel.lane_expand %w[%at] mask %mask of_four 5 bits 4 : memref<?xi8>, vector<64xi8>
  return
}

// -----

func.func @no_format(%w: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op names @f, but no compress.format of that name is there}}
  kernel.matmul @f at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  return
}

// -----

func.func @expand_bytes(%w: memref<?xi8>, %at: index, %mask: i64) {
  // expected-error @below {{'kernel.lane_expand' op result #0 must be vector of 8-bit signless integer values of length 64, but got 'vector<32xi8>'}}
  %0 = kernel.lane_expand %w[%at] mask %mask bits 4 : memref<?xi8>, vector<32xi8>
  return
}

// -----

compress.format @f {
  %0 = compress.stream 0 : tensor<16xf16>
  compress.yield %0 : tensor<16xf16>
}
func.func @vector(%w: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op names format @f of 'tensor<16xf16>', which is no matrix}}
  kernel.matmul @f at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf32>, memref<2x16xf32>
  return
}

// -----

compress.format @f {
  %0 = compress.stream 0 : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @inputs(%w: memref<?xi8>, %o: index, %x: memref<2x32xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul' op has 32 inputs, but format @f is 'tensor<16x64xf16>'}}
  kernel.matmul @f at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x32xf32>, memref<2x16xf32>
  return
}

// -----

compress.format @f {
  %0 = compress.stream 0 : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @outputs(%w: memref<?xi8>, %o: index, %x: memref<2x64xf32>, %y: memref<2x8xf32>) {
  // expected-error @below {{'kernel.matmul' op has 8 outputs, but format @f is 'tensor<16x64xf16>'}}
  kernel.matmul @f at %w[%o] ins(%x) outs(%y) tokens %o : memref<?xi8>, memref<2x64xf32>, memref<2x8xf32>
  return
}

// -----

compress.format @f {
  %0 = compress.stream 0 : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @gather_widths(%w: memref<?xi8>, %o: index, %i: memref<?xi32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.gather_rows' op has rows of 16, but format @f is 'tensor<16x64xf16>'}}
  kernel.gather_rows @f at %w[%o] ins(%i) outs(%y) tokens %o : memref<?xi8>, memref<?xi32>, memref<2x16xf32>
  return
}

// -----

compress.format @f {
  %0 = compress.stream 0 : tensor<16x64xf16>
  compress.yield %0 : tensor<16x64xf16>
}
func.func @int8_inputs(%w: memref<?xi8>, %o: index, %q: memref<2x96xi8>, %s: memref<2x3xf32>, %t: memref<2x6xf32>, %y: memref<2x16xf32>) {
  // expected-error @below {{'kernel.matmul_int8' op has 96 codes a token, but format @f is 'tensor<16x64xf16>'}}
  kernel.matmul_int8 @f at %w[%o] ins(%q, %s, %t) outs(%y) tokens %o : memref<?xi8>, memref<2x96xi8>, memref<2x3xf32>, memref<2x6xf32>, memref<2x16xf32>
  return
}

// -----

func.func @tile_quads(%a: memref<?x64xi8>, %b: memref<?xi8>, %acc: memref<?xi32>, %i: index) {
  // expected-error @below {{'kernel.tile_dot' op attribute 'quads' failed to satisfy constraint: 64-bit signless integer attribute whose value is positive whose maximum value is 16}}
  kernel.tile_dot %a[%i, %i], %b[%i] into %acc[%i] accumulate true quads 17 bits 8 : memref<?x64xi8>, memref<?xi8>, memref<?xi32>
  return
}

// -----

func.func @tile_rows(%a: memref<16x64xi8, strided<[1, 16]>>, %b: memref<?xi8>, %acc: memref<?xi32>, %i: index) {
  // expected-error @below {{'kernel.tile_dot' op has rows whose elements do not lie side by side}}
  kernel.tile_dot %a[%i, %i], %b[%i] into %acc[%i] accumulate true quads 16 bits 8 : memref<16x64xi8, strided<[1, 16]>>, memref<?xi8>, memref<?xi32>
  return
}

// -----

func.func @attend_nothing(%cache: memref<?xf32>, %q: memref<4x128xf32>, %s: memref<?xf32>, %i: index) {
  // expected-error @below {{'kernel.attend' op has no query}}
  kernel.attend %cache[%i] at %i ins(%q) states %s weights %i tokens() columns() last() places() head_size 64 chains 1 scale 0.125 : memref<?xf32>, memref<4x128xf32>, memref<?xf32>
  return
}

// -----

func.func @attend_chains(%cache: memref<?xf32>, %q: memref<4x128xf32>, %s: memref<?xf32>, %i: index) {
  // expected-error @below {{'kernel.attend' op has 3 chains; a power of two that divides the 64 channels is needed}}
  kernel.attend %cache[%i] at %i ins(%q) states %s weights %i tokens(%i) columns(%i) last(%i) places(%i) head_size 64 chains 3 scale 0.125 : memref<?xf32>, memref<4x128xf32>, memref<?xf32>
  return
}
