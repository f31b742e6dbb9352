//===- CompressOps.td - Ops of the compress dialect --------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_OPS_TD
#define COMPRESS_OPS_TD

include "Compress/IR/CompressDialect.td"
include "Compress/IR/CompressConstraints.td"
include "Compress/IR/CompressInterfaces.td"
include "Compress/IR/CompressAttributes.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"

class Compress_Op<string mnemonic, list<Trait> traits = []>
    : Op<CompressDialect, mnemonic, traits>;

/// An op of an expression.
class Compress_Expression<string mnemonic, list<Trait> traits = []>
    : Compress_Op<mnemonic, !listconcat(traits, [Pure,
        DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows"]>])>;

//===----------------------------------------------------------------------===//
// Weights and their uses
//===----------------------------------------------------------------------===//

def StoreOp : Compress_Op<"store"> {
  let summary = "The side-car file that holds this module's stored tensors";
  let description = [{
    Names a safetensors file, relative to the module's own folder, and the XXH3
    hash of its bytes. At most one in a module. Sub-byte tensors are there as
    U8, packed little-endian from the lowest bit.

    ```mlir
    compress.store "primer.5d41402abc4b2a76.safetensors" hash "5d41402abc4b2a76"
    ```
  }];
  let arguments = (ins StrAttr:$file, StrAttr:$hash);
  let assemblyFormat = "$file `hash` $hash attr-dict";
  let hasVerifier = 1;
}

def WeightOp : Compress_Op<"weight", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let summary = "A weight, as an expression that decompresses to it";
  let description = [{
    The region's single block holds the expression; its yield is the weight,
    `[outputs, inputs...]`. The body names no other weight. Two `compress.use`s
    of one symbol share the weight.

    Constraints: the yielded shape is the declared one; every op of the body is
    a `DecompressionOpInterface` op or the yield.

    ```mlir
    compress.weight @w : tensor<4x64xf32> {
      %codes = compress.stored "w.codes" : tensor<4x64xsi4>
      %scales = compress.stored "w.scales" : tensor<4x2xf16>
      %0 = compress.dequantize %codes, %scales group_size 32 : (tensor<4x64xsi4>, tensor<4x2xf16>) -> tensor<4x64xf32>
      compress.yield %0 : tensor<4x64xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<StaticF32Tensor>:$type,
                       OptionalAttr<StrAttr>:$sym_visibility,
                       OptionalAttr<OriginAttr>:$origin);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $sym_name `:` $type (`origin` $origin^)? attr-dict-with-keyword $body
  }];
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name, "::mlir::RankedTensorType":$type,
      CArg<"::mlir::compress::OriginAttr", "{}">:$origin)>];
  let extraClassDeclaration = [{
    ::mlir::RankedTensorType getWeightType() { return ::llvm::cast<::mlir::RankedTensorType>(getType()); }
    ::mlir::compress::YieldOp getYield();
    /// The value that the body yields.
    ::mlir::Value getResultValue();
    /// Bits of the distinct leaves of this weight.
    int64_t getStoredBits();
    /// Appends a `#compress.report` to the discardable `compress.reports`.
    void addReport(::mlir::compress::ReportAttr report);
  }];
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
}

def YieldOp : Compress_Op<"yield", [Pure, Terminator, ParentOneOf<["WeightOp", "FormatOp"]>]> {
  let summary = "Ends the expression of a weight or a format";
  let arguments = (ins FloatTensor:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

def UseOp : Compress_Op<"use", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The value of a weight, in a function";
  let description = [{
    The only way to a weight. Consumers take its result as an ordinary tensor.

    ```mlir
    %w = compress.use @model.norm.weight : tensor<256xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight);
  let results = (outs StaticF32Tensor:$result);
  let assemblyFormat = "$weight attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Formats
//===----------------------------------------------------------------------===//

def FormatOp : Compress_Op<"format", [Symbol, IsolatedFromAbove, SingleBlock]> {
  let summary = "An expression without its data: what kernels are made for";
  let description = [{
    Its body is the expression of all weights that lie alike: their stored
    leaves are streams. Made by `--kernel-plan-weights`, once for each form.

    Constraint: every op of the body is a `DecompressionOpInterface` op or the
    yield.

    ```mlir
    compress.format @f {
      %codes = compress.stream 0 : tensor<4x64xsi4>
      %scales = compress.stream 1 : tensor<4x2xf16>
      %0 = compress.dequantize %codes, %scales group_size 32 : (tensor<4x64xsi4>, tensor<4x2xf16>) -> tensor<4x64xf32>
      compress.yield %0 : tensor<4x64xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, OptionalAttr<StrAttr>:$sym_visibility);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let builders = [OpBuilder<(ins "::llvm::StringRef":$name)>];
  let skipDefaultBuilders = 1;
  let extraClassDeclaration = [{
    /// The value that the body yields.
    ::mlir::Value getResultValue();
    ::mlir::RankedTensorType getResultType() {
      return ::llvm::cast<::mlir::RankedTensorType>(getResultValue().getType());
    }
  }];
  let hasRegionVerifier = 1;
}

def StreamOp : Compress_Op<"stream", [Pure, HasParent<"FormatOp">,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows"]>]> {
  let summary = "A leaf of a format: data that a weight brings";
  let description = [{
    Streams are counted in the order of the expression. Of elements whose number
    is a weight's own (kept values), the type says how many there may be at most.

    ```mlir
    %codes = compress.stream 0 : tensor<4x64xsi4>
    ```
  }];
  let arguments = (ins I64Attr:$index);
  let results = (outs StaticTensor:$result);
  let assemblyFormat = "$index attr-dict `:` type($result)";
}

//===----------------------------------------------------------------------===//
// Leaves
//===----------------------------------------------------------------------===//

def StoredOp : Compress_Op<"stored", [Pure, DeclareOpInterfaceMethods<StoreUserOpInterface>,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getStoredBits"]>]> {
  let summary = "A tensor of the weight store";
  let description = [{
    A leaf. The key names a tensor in the store; its bytes are read when they
    are needed. Two leaves with one key are one stored tensor.

    ```mlir
    %codes = compress.stored "w.codes" : tensor<4x64xsi4>
    ```
  }];
  let arguments = (ins StrAttr:$key);
  let results = (outs StaticTensor:$result);
  let assemblyFormat = "$key attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def ConstantOp : Compress_Op<"constant", [Pure, AllTypesMatch<["value", "result"]>,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getStoredBits"]>]> {
  let summary = "A small tensor written in the IR";
  let description = [{
    A leaf for tests and for what prints on standard output.

    ```mlir
    %w = compress.constant dense<[[1.0, 2.0]]> : tensor<1x2xf32>
    ```
  }];
  let arguments = (ins TypedAttrInterface:$value);
  let results = (outs StaticTensor:$result);
  let assemblyFormat = "attr-dict $value";
  let hasVerifier = 1;
}

def NamedCodebook : I32EnumAttr<"NamedCodebook", "a codebook that is known by its name", [
    I32EnumAttrCase<"nf4", 0>, I32EnumAttrCase<"f4_e2m1", 1>, I32EnumAttrCase<"f8_e4m3", 2>,
    I32EnumAttrCase<"f8_e5m2", 3>, I32EnumAttrCase<"e8m0", 4>, I32EnumAttrCase<"iq4_nl", 5>,
    I32EnumAttrCase<"i4_e2m1", 6>]> {
  let cppNamespace = "::mlir::compress";
}

def CodebookOp : Compress_Op<"codebook", [Pure,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows"]>]> {
  let summary = "A codebook that a program knows, and nothing stores";
  let description = [{
    A leaf of no stored bits: entry c is the value of code c.

    | name | type | entries |
    |---|---|---|
    | `nf4` | `1x16xf32` | NormalFloat, quantiles of a normal distribution (Dettmers et al., QLoRA, 2023, appendix E) |
    | `f4_e2m1` | `1x16xf32` | fp4 of the OCP Microscaling specification 1.0 |
    | `f8_e4m3` | `1x256xf32` | fp8 E4M3 of the OCP specification 1.0: finite but for 0x7f and 0xff, NaN |
    | `f8_e5m2` | `1x256xf32` | fp8 E5M2 of the same |
    | `e8m0` | `1x256xf32` | 2^(c - 127), 0xff is NaN: a shared exponent of the Microscaling formats |
    | `iq4_nl` | `1x16xsi8` | the integers of ggml's IQ4_NL |
    | `i4_e2m1` | `1x16xsi8` | fp4 times 2, as integers |

    ```mlir
    %book = compress.codebook nf4 : tensor<1x16xf32>
    ```
  }];
  let arguments = (ins NamedCodebook:$name);
  let results = (outs ValueTensor:$result);
  let assemblyFormat = "$name attr-dict `:` type($result)";
  let builders = [OpBuilder<(ins "::mlir::compress::NamedCodebook":$name)>];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Decompression
//===----------------------------------------------------------------------===//

def DequantizeOp : Compress_Op<"dequantize", [Pure, AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getProductRule", "getOperandRole"]>]> {
  let summary = "Integer codes times scales";
  let description = [{
    The bridge from codes to values. With g = k / group_size:

    - `result[..., k] = (codes[..., k] - zeros[..., g]) * scales[..., g]`, or
    - `result[..., k] = codes[..., k] * scales[..., g] + offsets[..., g]`

    in f32, each operation rounded. Without `zeros` the zero point is 0. An
    absent code is 0.0, whatever the zeros and offsets are. `group_size` counts
    consecutive positions of the last dimension, absent ones too; the last group
    may be shorter; without it a group is the whole last dimension. Scales, zeros
    and offsets are values, so they may themselves be dequantised.

    Constraints:
    1. `scales` (and `zeros`, `offsets`) have the shape of `codes` with the last
       dimension n replaced by ceil(n / group_size).
    2. `zeros` are unsigned integers or floats. `offsets` are floats.
    3. There are zeros or offsets or neither, not both.
    4. `group_size`, where given, is at least 1.

    ```mlir
    %0 = compress.dequantize %codes, %scales, %zeros group_size 32
        : (tensor<4x64xui4>, tensor<4x2xf16>, tensor<4x2xui4>) -> tensor<4x64xf32>
    %1 = compress.dequantize %per_row, %scale : (tensor<4x64xsi8>, tensor<4x1xf32>) -> tensor<4x64xf32>
    %2 = compress.dequantize %codes, %scales offsets %minima group_size 32
        : (tensor<4x64xui4>, tensor<4x2xf16>, tensor<4x2xf16>) -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins CodeTensor:$codes, FloatTensor:$scales, Optional<ValueTensor>:$zeros,
                       Optional<FloatTensor>:$offsets, OptionalAttr<I64Attr>:$group_size);
  let results = (outs StaticF32Tensor:$result);
  let assemblyFormat = [{
    $codes `,` $scales (`,` $zeros^)? (`offsets` $offsets^)? (`group_size` $group_size^)? attr-dict
      `:` functional-type(operands, results)
  }];
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$codes,
      "::mlir::Value":$scales, "::mlir::Value":$zeros,
      CArg<"::mlir::IntegerAttr", "{}">:$groupSize), [{
    build($_builder, $_state, result, codes, scales, zeros, ::mlir::Value(), groupSize);
  }]>];
  let extraClassDeclaration = [{
    /// Positions of the last dimension that share a scale.
    int64_t getEffectiveGroupSize();
  }];
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def LookupOp : Compress_Op<"lookup", [Pure,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getProductRule", "getOperandRole"]>]> {
  let summary = "Entries of a codebook";
  let description = [{
    Each code selects a cell of `cell` consecutive values:

    `result[r, c * cell + j] = codebook[b, codes[r, c] * cell + j]`

    Of a float codebook the result is values, of an integer one it is codes of
    the codebook's type. An absent code gives a cell of 0.0 or of absent codes.

    A codebook is a row of `cell * entries` entries. There is one for the whole
    weight (b = 0), or one a group of `group_size` consecutive *codes* of a row:
    b = r * ceil(n / group_size) + c / group_size, n the codes of a row.

    Constraints:
    1. `codes` are unsigned, of rank 1 or 2 (rank 1 is one row).
    2. `codebook` is `[1, cell * entries]`, or has a row a group where
       `group_size` is given; `cell` is 1, 2, 4 or 8 and divides its columns;
       entries ≤ 2^bits of the codes.
    3. The result has the codes' shape with the last dimension times `cell`.

    A code beyond the entries is undefined in a kernel and an error in the
    reference evaluation.

    ```mlir
    %palette = compress.lookup %codes, %codebook : (tensor<4x64xui4>, tensor<1x16xf16>) -> tensor<4x64xf32>
    %codes8 = compress.lookup %codes, %integers : (tensor<4x64xui4>, tensor<1x16xsi8>) -> tensor<4x64xsi8>
    %vectors = compress.lookup %codes, %cells cell 2 : (tensor<4x32xui8>, tensor<1x512xf16>) -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins CodeTensor:$codes, ValueTensor:$codebook,
                       DefaultValuedAttr<I64Attr, "1">:$cell, OptionalAttr<I64Attr>:$group_size);
  let results = (outs ValueTensor:$result);
  let assemblyFormat = [{
    $codes `,` $codebook (`cell` $cell^)? (`group_size` $group_size^)? attr-dict
      `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def DensifyOp : Compress_Op<"densify", [Pure,
    DeclareOpInterfaceMethods<SparseOpInterface, ["getMostElements"]>,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getProductRule", "getOperandRole"]>]> {
  let summary = "Kept values, at the positions of a bitmask";
  let description = [{
    The values stand at the ones of the mask, in row-major order; 0.0
    elsewhere. Where they are codes, positions elsewhere are absent.

    Constraints: the mask is `ui1` of the result's shape (rank 1 or 2); values
    are of rank 1. That the mask has as many ones as there are values is checked
    where the weight is evaluated or packed.

    ```mlir
    %0 = compress.densify %values, %mask : (tensor<128xf16>, tensor<4x64xui1>) -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins ValueTensor:$values, UnsignedTensor:$mask);
  let results = (outs ValueTensor:$result);
  let assemblyFormat = "$values `,` $mask attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def DensifyNMOp : Compress_Op<"densify_n_m", [Pure,
    DeclareOpInterfaceMethods<SparseOpInterface>,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getProductRule", "getOperandRole"]>]> {
  let summary = "N kept values of every M consecutive inputs";
  let description = [{
    Row r's values n*g … n*g+n-1 stand in its positions m*g … m*g+m-1, each at
    the offset that `positions` gives; 0.0, or absent codes, elsewhere:

    `result[r, m * (c / n) + positions[r, c]] = values[r, c]`

    Constraints: values and positions are `[rows, n * columns / m]`, positions
    unsigned; m divides the columns; 0 < n < m. Positions within one group
    ascend strictly; checked where the weight is evaluated.

    ```mlir
    %0 = compress.densify_n_m %values, %positions 2 of 4 : (tensor<4x32xf16>, tensor<4x32xui2>) -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins ValueTensor:$values, UnsignedTensor:$positions, I64Attr:$n, I64Attr:$m);
  let results = (outs ValueTensor:$result);
  let assemblyFormat = "$values `,` $positions $n `of` $m attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def DensifyBlocksOp : Compress_Op<"densify_blocks", [Pure,
    DeclareOpInterfaceMethods<SparseOpInterface, ["getMostElements"]>,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getProductRule", "getOperandRole"]>]> {
  let summary = "Kept blocks of a matrix";
  let description = [{
    Row b of `values` is the b-th kept block, `block_rows` x `block_columns`,
    row-major; the mask has a bit a block, blocks in row-major order. Blocks
    that are not kept are 0.0, or absent codes.

    Constraints: the blocks tile the result exactly; values are
    `[kept, block_rows * block_columns]`, the mask `ui1`
    `[rows / block_rows, columns / block_columns]`.

    ```mlir
    %0 = compress.densify_blocks %values, %mask block 4, 16
        : (tensor<2x64xf16>, tensor<1x4xui1>) -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins ValueTensor:$values, UnsignedTensor:$mask, I64Attr:$block_rows, I64Attr:$block_columns);
  let results = (outs ValueTensor:$result);
  let assemblyFormat = "$values `,` $mask `block` $block_rows `,` $block_columns attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasCanonicalizer = 1;
}

def OutliersOp : Compress_Op<"outliers", [Pure,
    DeclareOpInterfaceMethods<SparseOpInterface, ["getMostElements", "takesCodes"]>,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getProductRule", "getOperandRole"]>]> {
  let summary = "A few values, at listed columns of each row";
  let description = [{
    Row r has `counts[r]` values, at the columns that `columns` lists; 0.0
    elsewhere. What half a percent of a weight is kept apart as, in a sum with
    the codes of the rest; a bitmask would cost a bit a weight.

    Constraints: values and columns are of rank 1 and one length, counts have an
    element a row. The columns of a row ascend strictly, and counts add up to the
    values; checked where the weight is evaluated or packed.

    ```mlir
    %0 = compress.outliers %values, %columns, %counts
        : (tensor<3xf16>, tensor<3xui6>, tensor<4xui2>) -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins FloatTensor:$values, UnsignedTensor:$columns, UnsignedTensor:$counts);
  let results = (outs StaticF32Tensor:$result);
  let assemblyFormat = "$values `,` $columns `,` $counts attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def ProductOp : Compress_Op<"product", [Pure,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getProductRule"]>]> {
  let summary = "A product of two factors";
  let description = [{
    `result[r, c] = Σ_k left[r, k] * right[k, c]`, summed in ascending k in f64
    and rounded once to f32. In a program x·Wᵀ becomes (x·rightᵀ)·leftᵀ.

    ```mlir
    %0 = compress.product %u, %v : (tensor<4x2xf32>, tensor<2x64xf32>) -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins FloatTensor:$left, FloatTensor:$right);
  let results = (outs StaticF32Tensor:$result);
  let assemblyFormat = "$left `,` $right attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def SumOp : Compress_Op<"sum", [Pure,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getProductRule"]>]> {
  let summary = "A sum of expressions";
  let description = [{
    Elementwise, from the first operand to the last, each addition rounded to
    f32. In a program x·(A+B)ᵀ becomes x·Aᵀ + x·Bᵀ.

    ```mlir
    %0 = compress.sum %a, %b : (tensor<4x64xf32>, tensor<4x64xf32>) -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins Variadic<FloatTensor>:$terms);
  let results = (outs StaticF32Tensor:$result);
  let assemblyFormat = "$terms attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

def PermuteOp : Compress_Op<"permute", [Pure,
    DeclareOpInterfaceMethods<DecompressionOpInterface, ["evaluateRows", "getProductRule", "getOperandRole"]>]> {
  let summary = "Rows or columns in another order";
  let description = [{
    Gathers: along dimension `dim`, `result[i] = source[indices[i]]`. In a
    program a permutation of outputs (dim 0) gathers y, and one of inputs
    (dim 1) gathers x by the inverse: x·permute(A)ᵀ = x'·Aᵀ, x'[indices[i]] = x[i].

    Constraints: `indices` is a permutation of 0 … n-1, checked where the weight
    is evaluated or packed; `dim` is 0 or 1.

    ```mlir
    %0 = compress.permute %a gather %indices dim 1 : (tensor<4x64xf32>, tensor<64xui8>) -> tensor<4x64xf32>
    ```
  }];
  let arguments = (ins FloatTensor:$source, UnsignedTensor:$indices, I64Attr:$dim);
  let results = (outs StaticF32Tensor:$result);
  let assemblyFormat = "$source `gather` $indices `dim` $dim attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
  let hasCanonicalizer = 1;
}

#endif // COMPRESS_OPS_TD
