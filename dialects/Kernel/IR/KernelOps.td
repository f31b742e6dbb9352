//===- KernelOps.td - How a machine multiplies -------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef KERNEL_OPS_TD
#define KERNEL_OPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/Dialect/SCF/IR/DeviceMappingInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/ValueBoundsOpInterface.td"

include "Kernel/IR/SharedWork.td"

def KernelDialect : Dialect {
  let name = "kernel";
  let cppNamespace = "::mlir::kernel";
  let summary = "Products with packed weights, and the lane ops they are made of";
  let description = [{
    Target-neutral. The upper half are products over packed weights: their
    operands are buffers, their weight is a `compress.format` (the expression
    without its data) and a byte offset for its *place*, so that one compiled
    block serves every layer of the same format. The lower half
    are lane ops, which `--kernel-lower-lane-ops` lowers per instruction set.

    Code is single-program: every thread runs it with its own `thread`;
    `scf.forall` marks what is split, `kernel.barrier` where threads meet.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

/// Packed weights; activations and their parts, a row a token.
def PackedBuffer : MemRefRankOf<[I8], [1]>;
def RowsF32 : MemRefRankOf<[F32], [2]>;
def RowsI8 : MemRefRankOf<[I8], [2]>;
def TokensBuffer : MemRefRankOf<[I32], [1]>;

/// A lane op: --kernel-lower-lane-ops lowers it.
def LaneOp : NativeOpTrait<"LaneOp"> {
  let cppNamespace = "::mlir::kernel";
}

class Kernel_Op<string mnemonic, list<Trait> traits = []> : Op<KernelDialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// The packed form of a weight
//===----------------------------------------------------------------------===//

def PlaceAttr : AttrDef<KernelDialect, "Place"> {
  let mnemonic = "place";
  let summary = "Where a packed weight lies";
  let description = [{
    Byte offset and length in the program's packed weights. The layout within
    follows from the expression alone (compress/Analysis/PackedLayout.h).

    ```mlir
    #kernel.place<4096, 18432>
    ```
  }];
  let parameters = (ins "int64_t":$offset, "int64_t":$bytes);
  let assemblyFormat = "`<` $offset `,` $bytes `>`";
}

def PartAttr : AttrDef<KernelDialect, "Part"> {
  let mnemonic = "part";
  let summary = "Where a part of a packed weight lies, and in what format";
  let description = [{
    Byte offset in the program's packed weights. Indices of a permute, and
    vectors, have no format.

    ```mlir
    #kernel.part<4096, @format>
    ```
  }];
  let parameters = (ins "int64_t":$offset, OptionalParameter<"::mlir::FlatSymbolRefAttr">:$format);
  let assemblyFormat = "`<` $offset (`,` $format^)? `>`";
}

def SplitAttr : AttrDef<KernelDialect, "Split", [DeclareAttrInterfaceMethods<DeviceMappingAttrInterface>]> {
  let mnemonic = "split";
  let summary = "A dimension of an scf.forall that is split among threads";
  let description = [{
    Code outside an `scf.forall` runs on every thread, so a loop of a single
    iteration must not dissolve into it: the mapping keeps it.

    A thread's share of a loop is a fixed range, unless there is a grain: then
    threads take ranges of about that many iterations or more as they get to
    them, and one that is slowed down takes fewer.

    ```mlir
    scf.forall (%i, %j) in (%n, 4) { } {mapping = [#kernel.split<0>, #kernel.split<1>]}
    scf.forall (%i) in (%n) { } {mapping = [#kernel.split<0, grain = 4>]}
    ```
  }];
  let parameters = (ins "int64_t":$dimension, OptionalParameter<"int64_t">:$grain);
  let assemblyFormat = "`<` $dimension (`,` `grain` `=` $grain^)? `>`";
}

//===----------------------------------------------------------------------===//
// Context and threads
//===----------------------------------------------------------------------===//

def ContextField : I32EnumAttr<"ContextField", "a field of compress_context", [
    I32EnumAttrCase<"weights", 0>, I32EnumAttrCase<"arena", 1>,
    I32EnumAttrCase<"scratch", 2>, I32EnumAttrCase<"cache", 3>,
    I32EnumAttrCase<"rotary", 4>, I32EnumAttrCase<"logits", 5>,
    I32EnumAttrCase<"tokens", 6>, I32EnumAttrCase<"context", 7>,
    I32EnumAttrCase<"positions", 8>, I32EnumAttrCase<"count", 9>,
    I32EnumAttrCase<"logits_begin", 10>, I32EnumAttrCase<"threads", 11>,
    I32EnumAttrCase<"barrier", 12>, I32EnumAttrCase<"take", 13>,
    I32EnumAttrCase<"scratch_stride", 14>, I32EnumAttrCase<"slots", 15>,
    I32EnumAttrCase<"pages", 16>, I32EnumAttrCase<"runs", 17>,
    I32EnumAttrCase<"run_count", 18>, I32EnumAttrCase<"partials", 19>]> {
  let cppNamespace = "::mlir::kernel";
}

def ContextType : TypeDef<KernelDialect, "Context"> {
  let mnemonic = "context";
  let summary = "A pointer to the runtime's compress_context";
}

def BufferOp : Kernel_Op<"buffer", [Pure]> {
  let summary = "A pointer field of the context, as a buffer";
  let description = [{
    The buffer's dynamic size is unknown (very large).

    Constraint: the field is weights, arena, scratch, cache, rotary, logits,
    tokens, positions, slots, pages, runs or partials.

    ```mlir
    %weights = kernel.buffer %context weights : memref<?xi8>
    ```
  }];
  let arguments = (ins ContextType:$context, ContextField:$field);
  let results = (outs MemRefRankOf<[AnyType], [1]>:$result);
  let assemblyFormat = "$context $field attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def FieldOp : Kernel_Op<"field", [Pure, DeclareOpInterfaceMethods<ValueBoundsOpInterface, ["populateBoundsForIndexValue"]>]> {
  let summary = "An integer field of the context";
  let description = [{
    With `at_most`, passes may count on what it says: buffers of as many tokens
    have places of that size.

    Constraint: the field is context, count, logits_begin, threads, scratch_stride
    or run_count.

    ```mlir
    %count = kernel.field %context count at_most 64
    ```
  }];
  let arguments = (ins ContextType:$context, ContextField:$field,
                       OptionalAttr<ConfinedAttr<I64Attr, [IntPositive]>>:$at_most);
  let results = (outs Index:$result);
  let assemblyFormat = "$context $field (`at_most` $at_most^)? attr-dict";
  let builders = [OpBuilder<(ins "::mlir::Value":$context, "ContextField":$field,
                                 CArg<"std::optional<int64_t>", "{}">:$atMost), [{
    build($_builder, $_state, $_builder.getIndexType(), context, field,
          atMost ? $_builder.getI64IntegerAttr(*atMost) : IntegerAttr());
  }]>];
  let hasVerifier = 1;
}

def BarrierOp : Kernel_Op<"barrier", []> {
  let summary = "Waits until every thread has arrived";
  let arguments = (ins ContextType:$context, Index:$thread);
  let assemblyFormat = "$context `thread` $thread attr-dict";
}

def TakeOp : Kernel_Op<"take", []> {
  let summary = "The next iterations of a loop that threads share out as they go";
  let description = [{
    A range of the `count` iterations of a loop that no other thread gets; an
    empty one where none are left. Every thread takes until then. `first` marks
    the first take of a loop; loops must come in the same order on every thread,
    but threads need not meet between them. Fewer than `grain` are rather left to
    the thread that they were meant for.

    ```mlir
    %begin, %end = kernel.take %context thread %thread of %count grain 4 first
    ```
  }];
  let arguments = (ins ContextType:$ctx, Index:$thread, Index:$count,
                       ConfinedAttr<I64Attr, [IntPositive]>:$grain, UnitAttr:$first);
  let results = (outs Index:$begin, Index:$end);
  let assemblyFormat = "$ctx `thread` $thread `of` $count `grain` $grain (`first` $first^)? attr-dict";
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

def QuantizeActivationsOp : Kernel_Op<"quantize_activations", [
    DeclareOpInterfaceMethods<SharedWork, ["getWholeTokens"]>]> {
  let summary = "Activations as int8, a scale for each 32 inputs";
  let description = [{
    Per token and block b of 32 consecutive inputs (the last one shorter):
    amax = max |x|; code = round-half-even(x * (127 / amax)), 0 where amax = 0;
    `scales[t, b] = amax / 127`; `sums[t, 2b] = scales[t, b] * Σ codes`, `sums[t, 2b+1]` the
    same of the block's second half. Codes behind the last input are 0. Shared by every product of the same input.

    Constraints: all buffers have the same tokens; of n inputs, codes are
    32 * ceil(n / 32), scales ceil(n / 32), sums twice as many.

    ```mlir
    kernel.quantize_activations %x into %codes, %scales, %sums tokens %n
        : memref<1x64xf32>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>
    ```
  }];
  let arguments = (ins Arg<RowsF32, "", [MemRead]>:$input, Arg<RowsI8, "", [MemWrite]>:$codes,
                       Arg<RowsF32, "", [MemWrite]>:$scales, Arg<RowsF32, "", [MemWrite]>:$sums,
                       Index:$tokens);
  let assemblyFormat = [{
    $input `into` $codes `,` $scales `,` $sums `tokens` $tokens attr-dict
      `:` type($input) `,` type($codes) `,` type($scales) `,` type($sums)
  }];
  let hasVerifier = 1;
}

def RoundActivationsOp : Kernel_Op<"round_activations", [
    DeclareOpInterfaceMethods<SharedWork, ["getWholeTokens"]>]> {
  let summary = "Activations as their int8 codes say them, in f32";
  let description = [{
    What `kernel.quantize_activations` makes, times its scales: the input of a
    product whose weight is codes that do not lie in tiles, so that a weight's
    layout never changes what a model computes.

    Constraint: both buffers have the same shape.

    ```mlir
    kernel.round_activations %x into %y tokens %n : memref<1x64xf32>, memref<1x64xf32>
    ```
  }];
  let arguments = (ins Arg<RowsF32, "", [MemRead]>:$input, Arg<RowsF32, "", [MemWrite]>:$output,
                       Index:$tokens);
  let assemblyFormat = "$input `into` $output `tokens` $tokens attr-dict `:` type($input) `,` type($output)";
  let hasVerifier = 1;
}

/// A product with a weight in a format.
class Kernel_Product<string mnemonic, Trait work = SharedWork> : Kernel_Op<mnemonic, [work,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]>;

def MatmulOp : Kernel_Product<"matmul"> {
  let summary = "Activations times a packed weight, in f32";
  let description = [{
    `output[t, o] (+)= Σ_i input[t, i] * W[o, i]` for t < tokens, W a weight in
    @format that lies `offset` bytes into `weights`. With `accumulate` the sum is
    added to the output.

    Constraints: input and output have the same tokens; their widths are the
    format's columns and rows.

    ```mlir
    kernel.matmul @f at %weights[%offset] ins(%x) outs(%y) tokens %n
        : memref<?xi8>, memref<1x64xf32>, memref<1x172xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$format, Arg<PackedBuffer, "", [MemRead]>:$weights, Index:$offset,
                       Arg<RowsF32, "", [MemRead]>:$input, Arg<RowsF32, "", [MemRead, MemWrite]>:$output,
                       Index:$tokens, UnitAttr:$accumulate);
  let assemblyFormat = [{
    $format `at` $weights `[` $offset `]` `ins` `(` $input `)` `outs` `(` $output `)`
      (`accumulate` $accumulate^)? `tokens` $tokens attr-dict
      `:` type($weights) `,` type($input) `,` type($output)
  }];
  let hasVerifier = 1;
}

def MatmulInt8Op : Kernel_Product<"matmul_int8"> {
  let summary = "Quantised activations times a packed integer weight";
  let description = [{
    As `kernel.matmul`, with the inputs that `kernel.quantize_activations` made
    and a weight of integer codes: integer dot products in each block of 32.

    Constraints: all buffers have the same tokens; scales have a column a block
    of 32 codes, sums two.

    ```mlir
    kernel.matmul_int8 @f at %weights[%offset] ins(%codes, %scales, %sums) outs(%y) tokens %n
        : memref<?xi8>, memref<1x64xi8>, memref<1x2xf32>, memref<1x4xf32>, memref<1x172xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$format, Arg<PackedBuffer, "", [MemRead]>:$weights, Index:$offset,
                       Arg<RowsI8, "", [MemRead]>:$codes, Arg<RowsF32, "", [MemRead]>:$scales,
                       Arg<RowsF32, "", [MemRead]>:$sums, Arg<RowsF32, "", [MemRead, MemWrite]>:$output,
                       Index:$tokens, UnitAttr:$accumulate);
  let assemblyFormat = [{
    $format `at` $weights `[` $offset `]` `ins` `(` $codes `,` $scales `,` $sums `)` `outs` `(` $output `)`
      (`accumulate` $accumulate^)? `tokens` $tokens attr-dict
      `:` type($weights) `,` type($codes) `,` type($scales) `,` type($sums) `,` type($output)
  }];
  let hasVerifier = 1;
}

/// Rows of activations, on tensors until they are bufferized.
def Rows : AnyTypeOf<[RowsF32, TensorRankOf<[F32], [2]>]>;

/// An op that writes rows into its output, which it takes and returns as long as
/// that is a tensor.
class Kernel_RowsOp<string mnemonic, list<Trait> traits = []> : Kernel_Op<mnemonic, !listconcat(traits, [
    DestinationStyleOpInterface, DeclareOpInterfaceMethods<MemoryEffectsOpInterface>])> {
  let extraClassDeclaration = [{
    MutableOperandRange getDpsInitsMutable() { return getOutputMutable(); }
  }];
}

def GatherRowsOp : Kernel_RowsOp<"gather_rows", [
    DeclareOpInterfaceMethods<SharedWork, ["getWholeTokens"]>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Rows of a packed weight, one a token";
  let description = [{
    `output[t, i] = W[tokens[t], i]`, W as in `kernel.matmul`. On tensors until
    they are bufferized, on buffers then.

    ```mlir
    kernel.gather_rows @f at %weights[%offset] ins(%tokens) outs(%x) tokens %n
        : memref<?xi8>, memref<?xi32>, memref<1x64xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$format, PackedBuffer:$weights, Index:$offset,
                       TokensBuffer:$indices, Rows:$output, Index:$tokens);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $format `at` $weights `[` $offset `]` `ins` `(` $indices `)` `outs` `(` $output `)` `tokens` $tokens attr-dict
      `:` type($weights) `,` type($indices) `,` type($output) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def MultiplyOp : Kernel_RowsOp<"multiply", [AttrSizedOperandSegments]> {
  let summary = "Activations times a weight, whatever its expression";
  let description = [{
    `output[t, o] = Σ_i input[t, i] * W[o, i]` for t < tokens (all rows, where
    there is no such number), W the value of @weight or of one whose parts have
    the same formats; they lie `offsets` bytes into `weights`, an offset a part
    in the order of its `kernel.parts`. On tensors until they are bufferized, on
    buffers then; `--kernel-split-multiply` makes it the products above, one for
    each part of the expression.

    ```mlir
    %y = kernel.multiply @w at %weights[%offset] ins(%x) outs(%init)
        : memref<?xi8>, tensor<1x64xf32>, tensor<1x172xf32> -> tensor<1x172xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight, AnyMemRef:$weights, Variadic<Index>:$offsets,
                       AnyTypeOf<[AnyMemRef, AnyRankedTensor]>:$input,
                       AnyTypeOf<[AnyMemRef, AnyRankedTensor]>:$output, Optional<Index>:$tokens);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $weight `at` $weights `[` $offsets `]` `ins` `(` $input `)` `outs` `(` $output `)`
      (`tokens` $tokens^)? attr-dict
      `:` type($weights) `,` type($input) `,` type($output) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Attention
//===----------------------------------------------------------------------===//

def CacheBuffer : MemRefRankOf<[F32, F16, I8], [1]>;
def FloatBuffer : MemRefRankOf<[F32], [1]>;

def AttentionOp : Kernel_RowsOp<"attention"> {
  let summary = "Attention of a call's tokens over the paged key-value cache";
  let description = [{
    Stores the keys and values of each token at its position of its slot, then
    `output[t, h] = Σ_p softmax_p(scale * query[t, h]·key[p, h']) * value[p, h']`
    over positions p up to the token's, h' the head's key-value head: what
    `nn.attention` says, of the context's tokens. Keys and values are stored as
    elements of `cache`, `offset` bytes behind those of other layers, which are
    `of` bytes a position in all (AttentionLayout.h). On tensors until they are
    bufferized, on buffers then; `--kernel-split-attention` makes loops of it.

    Constraints: the rows of keys and values are `kv_heads` heads, of queries and
    the output `heads`, a multiple.

    ```mlir
    %y = kernel.attention %context cache f16[%offset of 4096] ins(%q, %k, %v) outs(%init)
        heads 4 kv_heads 2 scale 1.250000e-01
        : tensor<?x64xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x64xf32> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins ContextType:$context, TypeAttr:$cache, Index:$offset,
                       ConfinedAttr<I64Attr, [IntPositive]>:$cache_bytes,
                       Rows:$query, Rows:$key, Rows:$value, Rows:$output,
                       ConfinedAttr<I64Attr, [IntPositive]>:$heads,
                       ConfinedAttr<I64Attr, [IntPositive]>:$kv_heads, F32Attr:$scale);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $context `cache` $cache `[` $offset `of` $cache_bytes `]` `ins` `(` $query `,` $key `,` $value `)`
      `outs` `(` $output `)` `heads` $heads `kv_heads` $kv_heads `scale` $scale attr-dict
      `:` type($query) `,` type($key) `,` type($value) `,` type($output) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
}

def AttendOp : Kernel_Op<"attend", [SameVariadicOperandSize]> {
  let summary = "What 64 positions of a cache add to queries of one head";
  let description = [{
    Scores `scale` q·k of each query with the 64 keys from `record` on, the
    first at `position`; those behind the query's last position do not count.
    The query's state then is that of the positions before and of these: its
    values, weighted by the exponentials of scores less the largest one, their
    sums and the largest score (online softmax: Milakov and Gimelshein, "Online
    normalizer calculation for softmax", 2018). compress/Conversion/
    AttentionLayout.h says how records and states lie. `weights` is where the
    queries' 64 weights each may lie meanwhile.

    A query is a token, the column of its first channel, the last position that
    it sees and the place of its state. Its products are summed in `chains`
    chains; bits depend on no other query. With `streamed` the cache is fetched
    ahead.

    Constraint: there is a query, and of each all four; `chains` is a power of
    two that divides `head_size`.

    ```mlir
    kernel.attend %cache[%record] at %position ins(%queries) states %states weights %weights
        tokens(%t) columns(%c) last(%l) places(%s) head_size 64 chains 1 scale 1.250000e-01
        : memref<?xf32>, memref<4x192xf32>, memref<?xf32>
    ```
  }];
  let arguments = (ins Arg<CacheBuffer, "", [MemRead]>:$cache, Index:$record, Index:$position,
                       Arg<RowsF32, "", [MemRead]>:$queries,
                       Arg<FloatBuffer, "", [MemRead, MemWrite]>:$states, Index:$weights,
                       Variadic<Index>:$tokens, Variadic<Index>:$columns, Variadic<Index>:$last,
                       Variadic<Index>:$places,
                       ConfinedAttr<I64Attr, [IntPositive]>:$head_size,
                       ConfinedAttr<I64Attr, [IntPositive]>:$chains, F32Attr:$scale, UnitAttr:$streamed);
  let assemblyFormat = [{
    $cache `[` $record `]` `at` $position `ins` `(` $queries `)` `states` $states `weights` $weights
      `tokens` `(` $tokens `)` `columns` `(` $columns `)` `last` `(` $last `)` `places` `(` $places `)`
      `head_size` $head_size `chains` $chains `scale` $scale (`streamed` $streamed^)? attr-dict
      `:` type($cache) `,` type($queries) `,` type($states)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Lane ops
//===----------------------------------------------------------------------===//

def LaneDotOp : Kernel_Op<"lane_dot", [LaneOp, Pure, AllTypesMatch<["acc", "result"]>, AllTypesMatch<["a", "b"]>]> {
  let summary = "Dot products of four bytes in each 32-bit lane";
  let description = [{
    `result[l] = acc[l] + Σ_j a[4l+j] * b[4l+j]`, a unsigned with at most
    `bits` bits, b signed, no saturation: AVX512-VNNI's vpdpbusd, and what other
    instruction sets make of it. The range matters: AVX2's pmaddubsw
    saturates with 8-bit codes.

    With `signed` a is signed too, and b at least -127: sdot, or AVX2's psignb.

    ```mlir
    %0 = kernel.lane_dot %acc, %a, %b bits 4 : vector<16xi32>, vector<64xi8>
    %1 = kernel.lane_dot %acc, %a, %b bits 8 signed : vector<16xi32>, vector<64xi8>
    ```
  }];
  let arguments = (ins VectorOfRankAndType<[1], [I32]>:$acc, VectorOfRankAndType<[1], [I8]>:$a,
                       VectorOfRankAndType<[1], [I8]>:$b, I64Attr:$bits, UnitAttr:$is_signed);
  let results = (outs VectorOfRankAndType<[1], [I32]>:$result);
  let assemblyFormat = [{
    $acc `,` $a `,` $b `bits` $bits (`signed` $is_signed^)? attr-dict `:` type($acc) `,` type($a)
  }];
  let hasVerifier = 1;
}

def LaneDotBF16Op : Kernel_Op<"lane_dot_bf16", [LaneOp, Pure, AllTypesMatch<["acc", "result"]>, AllTypesMatch<["a", "b"]>]> {
  let summary = "Dot products of two bf16 in each 32-bit lane";
  let description = [{
    `result[l] = acc[l] + a[2l] * b[2l] + a[2l+1] * b[2l+1]` in f32:
    AVX512-BF16's vdpbf16ps, elsewhere two products and two sums of f32. A
    product of two bf16 is exact in f32 but for its range, so what is left open
    is which of the three terms are added first and how the sums round.
    Subnormal numbers, among the operands and the results, may count as 0:
    vdpbf16ps takes them so, whatever the mode of the processor.

    ```mlir
    %0 = kernel.lane_dot_bf16 %acc, %a, %b : vector<16xf32>, vector<32xbf16>
    ```
  }];
  let arguments = (ins VectorOfRankAndType<[1], [F32]>:$acc, VectorOfRankAndType<[1], [BF16]>:$a,
                       VectorOfRankAndType<[1], [BF16]>:$b);
  let results = (outs VectorOfRankAndType<[1], [F32]>:$result);
  let assemblyFormat = "$acc `,` $a `,` $b attr-dict `:` type($acc) `,` type($a)";
  let hasVerifier = 1;
}

def TileDotOp : Kernel_Op<"tile_dot", [LaneOp]> {
  let summary = "Dot products of sixteen rows with sixteen packed rows";
  let description = [{
    For r and l from 0 to 15, `acc[i + 16 * r + l] (+)= Σ_s Σ_j a[row + r, input
    + 4 * s + j] * b[k + 64 * s + 4 * l + j]`, s from 0 to `quads` - 1, j from 0
    to 3; a signed, b unsigned with at most `bits` bits, no saturation. The
    packed rows are row tiles of byte codes. AMX's tdpbsud; elsewhere a
    `kernel.lane_dot` a row and quad. The buffers do not overlap.

    Constraint: `quads` is from 1 to 16, `bits` from 1 to 8; the innermost
    elements of a lie side by side.

    ```mlir
    kernel.tile_dot %a[%row, %input], %b[%k] into %acc[%i] accumulate true quads 16 bits 8
        : memref<?x64xi8>, memref<?xi8>, memref<?xi32>
    ```
  }];
  let arguments = (ins Arg<RowsI8, "", [MemRead]>:$a, Index:$row, Index:$input,
                       Arg<PackedBuffer, "", [MemRead]>:$b, Index:$place,
                       Arg<MemRefRankOf<[I32], [1]>, "", [MemRead, MemWrite]>:$acc, Index:$first,
                       BoolAttr:$accumulate,
                       ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<16>]>:$quads,
                       ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<8>]>:$bits);
  let assemblyFormat = [{
    $a `[` $row `,` $input `]` `,` $b `[` $place `]` `into` $acc `[` $first `]` `accumulate` $accumulate
      `quads` $quads `bits` $bits attr-dict `:` type($a) `,` type($b) `,` type($acc)
  }];
  let hasVerifier = 1;
}

def LaneLookupOp : Kernel_Op<"lane_lookup", [LaneOp, Pure, AllTypesMatch<["indices", "result"]>]> {
  let summary = "Bytes of a small table";
  let description = [{
    `result[i] = table[indices[i]]`. Of 16 entries one byte shuffle, of more what
    an instruction set makes of it. An index beyond the table is undefined.

    Constraint: the table has 16, 64 or 256 entries.

    ```mlir
    %0 = kernel.lane_lookup %indices in %table : vector<64xi8>, vector<16xi8>
    ```
  }];
  let arguments = (ins VectorOfRankAndType<[1], [I8]>:$indices, VectorOfRankAndType<[1], [I8]>:$table);
  let results = (outs VectorOfRankAndType<[1], [I8]>:$result);
  let assemblyFormat = "$indices `in` $table attr-dict `:` type($indices) `,` type($table)";
  let hasVerifier = 1;
}

def LaneExpandOp : Kernel_Op<"lane_expand", [LaneOp, MemoryEffects<[MemRead]>]> {
  let summary = "Codes of a run, at the positions of a mask";
  let description = [{
    Byte i of the result is 0 where bit i of the mask is 0, else the `bits` bits
    from bit `bits` * j up of the bytes at `address`, j the ones before bit i.
    As many bytes may be read as the result has, whatever the mask.

    `of_four` says that of every four bits of the mask, from the low one up, so
    many are ones up to four from which on all are 0; where a code lies is then
    known without counting. What another mask gives is undefined.

    Constraint: 64 bytes; `bits` is from 1 to 8, `of_four` from 1 to 4.

    ```mlir
    %0 = kernel.lane_expand %weights[%address] mask %mask bits 4 : memref<?xi8>, vector<64xi8>
    %1 = kernel.lane_expand %weights[%address] mask %regular of_four 2 bits 4 : memref<?xi8>, vector<64xi8>
    ```
  }];
  let arguments = (ins PackedBuffer:$weights, Index:$address, I64:$mask,
                       OptionalAttr<ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<4>]>>:$ones_of_four,
                       ConfinedAttr<I64Attr, [IntPositive, IntMaxValue<8>]>:$bits);
  let results = (outs VectorOfLengthAndType<[64], [I8]>:$result);
  let assemblyFormat = [{
    $weights `[` $address `]` `mask` $mask (`of_four` $ones_of_four^)? `bits` $bits attr-dict `:` type($weights) `,` type($result)
  }];
}

def LanePermuteOp : Kernel_Op<"lane_permute", [LaneOp, Pure, AllTypesMatch<["table", "first", "second", "third", "fourth"]>]> {
  let summary = "Floats of a table of sixteen";
  let description = [{
    Lane r of result k is `table[indices[4r+k]]`: a quad of a palette in one
    register. What an index beyond it gives is undefined.

    ```mlir
    %0:4 = kernel.lane_permute %table by %indices : vector<16xf32>, vector<64xi8>
    ```
  }];
  let arguments = (ins VectorOfLengthAndType<[16], [F32]>:$table, VectorOfLengthAndType<[64], [I8]>:$indices);
  let results = (outs VectorOfLengthAndType<[16], [F32]>:$first, VectorOfLengthAndType<[16], [F32]>:$second,
                      VectorOfLengthAndType<[16], [F32]>:$third, VectorOfLengthAndType<[16], [F32]>:$fourth);
  let assemblyFormat = "$table `by` $indices attr-dict `:` type($table) `,` type($indices)";
}

def LaneExpandFloatsOp : Kernel_Op<"lane_expand_floats", [LaneOp, MemoryEffects<[MemRead]>]> {
  let summary = "Floats of a run, at the positions of a mask";
  let description = [{
    Lane i is 0 where bit i of the mask is 0, else float j at the address,
    widened, j the number of ones before bit i. Sixteen floats may be read,
    whatever the mask.

    ```mlir
    %0 = kernel.lane_expand_floats %weights[%address] of f16 mask %mask : memref<?xi8> -> vector<16xf32>
    ```
  }];
  let arguments = (ins PackedBuffer:$weights, Index:$address, TypeAttrOf<AnyTypeOf<[F16, BF16, F32]>>:$element,
                       I16:$mask);
  let results = (outs VectorOfLengthAndType<[16], [F32]>:$result);
  let assemblyFormat = [{
    $weights `[` $address `]` `of` $element `mask` $mask attr-dict `:` type($weights) `->` type($result)
  }];
}

#endif // KERNEL_OPS_TD
