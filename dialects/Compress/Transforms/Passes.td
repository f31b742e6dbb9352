//===- Passes.td - Compression passes ----------------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TRANSFORMS_PASSES_TD
#define COMPRESS_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

/// A pass over weights. Scheduled on `compress.weight` it sees one weight;
/// scheduled on a module it runs on all matrices, in parallel.
class WeightPass<string argument> : Pass<argument> {
  let dependentDialects = ["::mlir::compress::CompressDialect"];
}

def CompressQuantizePass : WeightPass<"compress-quantize"> {
  let summary = "Integer codes with scales, by rounding to the nearest";
  let description = [{
    Replaces every float leaf that carries values by `compress.dequantize` of
    codes of 2 to 8 bits. Per group of `group-size` consecutive inputs, in f32,
    rounding half to even, b the bits:

    * asymmetric: lo = min(w, 0), hi = max(w, 0), scale = (hi - lo)/(2^b - 1),
      zero = clamp(round(-lo/scale), 0, 2^b - 1),
      code = clamp(round(w/scale) + zero, 0, 2^b - 1).
    * symmetric: n = 2^(b-1) - 1, scale = max|w|/n,
      code = clamp(round(w/scale), -n, n).
    * `search=scale` (symmetric codes -2^(b-1) … 2^(b-1) - 1): of 19 candidates
      the scale with the least squared error.

    The scale is rounded to `scale-type`, and at least the type's least
    magnitude, before anything is divided by it. Where the group size does not
    divide the inputs, the last group of a row is shorter.

    It composes: after `compress-prune` the kept values are quantised, after
    `compress-decompose` both factors; `target=scales` and `target=codebook`
    quantise the scales of codes and the codebooks of palettes.

    ```mlir
    %0 = compress.dequantize %codes, %scales, %zeros group_size 32
        : (tensor<4x64xui4>, tensor<4x2xf16>, tensor<4x2xui4>) -> tensor<4x64xf32>
    ```
  }];
  let options = [
    Option<"bits", "bits", "int", "4", "Bits of a code, 2 to 8">,
    Option<"groupSize", "group-size", "int64_t", "32",
           "Consecutive inputs that share a scale; 0 is the whole row">,
    Option<"scheme", "scheme", "::mlir::compress::QuantizationScheme",
           "::mlir::compress::QuantizationScheme::Asymmetric",
           "Where zero lies among the codes",
           [{::llvm::cl::values(
             clEnumValN(::mlir::compress::QuantizationScheme::Asymmetric, "asymmetric", "unsigned codes with a zero point a group"),
             clEnumValN(::mlir::compress::QuantizationScheme::Symmetric, "symmetric", "signed codes, zero is code 0"))}]>,
    Option<"scaleType", "scale-type", "::compresslib::algo::StorageType",
           "::compresslib::algo::StorageType::F16", "Type of the scales",
           [{::mlir::compress::storageTypeValues()}]>,
    Option<"zeroType", "zero-type", "::mlir::compress::ZeroPointType",
           "::mlir::compress::ZeroPointType::Integer", "Type of the zero points",
           [{::llvm::cl::values(
             clEnumValN(::mlir::compress::ZeroPointType::Integer, "integer", "as wide as the codes"),
             clEnumValN(::mlir::compress::ZeroPointType::F16, "f16", "half precision"))}]>,
    Option<"search", "search", "::mlir::compress::QuantizationSearch",
           "::mlir::compress::QuantizationSearch::None", "How a scale is found",
           [{::llvm::cl::values(
             clEnumValN(::mlir::compress::QuantizationSearch::None, "none", "from the group's range"),
             clEnumValN(::mlir::compress::QuantizationSearch::Scale, "scale", "by the least squared error of 19 candidates; symmetric codes"))}]>,
    Option<"strictGroups", "strict-groups", "bool", "false",
           "Refuse a group size that does not divide the inputs">,
    Option<"target", "target", "::mlir::compress::LeafTarget",
           "::mlir::compress::LeafTarget::Values", "Which leaves are quantised",
           [{::llvm::cl::values(
             clEnumValN(::mlir::compress::LeafTarget::Values, "values", "those that carry values"),
             clEnumValN(::mlir::compress::LeafTarget::Scales, "scales", "the scales of codes"),
             clEnumValN(::mlir::compress::LeafTarget::Codebook, "codebook", "the codebooks of palettes"))}]>,
  ];
}

def CompressPrunePass : WeightPass<"compress-prune"> {
  let summary = "Drop the weights of least magnitude";
  let description = [{
    Replaces float leaves by the values that are kept and their positions.

    * `kind=matrix`: the ⌊percent % · size⌋ lowest |w| of the matrix are dropped.
    * `kind=row`: the same of each row.
    * `kind=n-of-m`: the n largest |w| of every m consecutive inputs are kept.
    * `kind=block`: the blocks of lowest Euclidean norm are dropped.

    Of equal magnitudes the one of lower index is dropped first. Kept values
    keep their type.
  }];
  let options = [
    Option<"kind", "kind", "::mlir::compress::PruneKind",
           "::mlir::compress::PruneKind::Matrix", "What competes with what",
           [{::llvm::cl::values(
             clEnumValN(::mlir::compress::PruneKind::Matrix, "matrix", "all weights of a matrix"),
             clEnumValN(::mlir::compress::PruneKind::Row, "row", "the weights of a row"),
             clEnumValN(::mlir::compress::PruneKind::NOfM, "n-of-m", "every m consecutive inputs"),
             clEnumValN(::mlir::compress::PruneKind::Block, "block", "the blocks of a matrix"))}]>,
    Option<"percent", "percent", "double", "50.0", "Share that is dropped, in percent">,
    Option<"n", "n", "int", "2", "Values kept of every m inputs">,
    Option<"m", "m", "int", "4", "Consecutive inputs of which n are kept, up to 64">,
    Option<"blockRows", "block-rows", "int64_t", "4", "Rows of a block">,
    Option<"blockColumns", "block-columns", "int64_t", "4", "Columns of a block">,
  ];
}

def CompressDecompressPass : WeightPass<"compress-decompress"> {
  let summary = "Replace each weight's expression by its value";
  let description = [{
    Evaluates the expression by the ops' reference semantics and stores the
    result as one leaf: the untouched form of what a compressed model computes
    with. On a module it means all weights, of any rank.
  }];
  let options = [
    Option<"elementType", "type", "::compresslib::algo::StorageType",
           "::compresslib::algo::StorageType::F32", "Type of the leaf",
           [{::mlir::compress::storageTypeValues()}]>,
  ];
}

def CompressForEachPass : Pass<"compress-for-each", "::mlir::ModuleOp"> {
  let summary = "Run a pipeline on chosen weights";
  let description = [{
    Chooses weights by name and by what consumes them, and runs `pipeline` on each
    of them, in parallel. What chooses nothing is an error.

    ```
    compress-opt m.mlir --compress-for-each='match=*.mlp.* pipeline=compress-prune{percent=30},compress-quantize{bits=4}'
    compress-opt m.mlir --compress-for-each='consumer=embedding pipeline=compress-quantize{bits=8}'
    ```
  }];
  let options = [
    Option<"match", "match", "std::string", "",
           "Glob over weight names: *, ?, [a-z], {a,b}; every weight if empty">,
    Option<"regex", "regex", "std::string", "",
           "Extended regular expression that a part of the name matches">,
    Option<"consumer", "consumer", "std::string", "",
           "What takes the weight: linear, embedding, norm, …; anything if empty">,
    Option<"except", "except", "std::string", "",
           "What takes no weight that is chosen, as embedding leaves out an "
           "output head that is tied to it; nothing if empty">,
    Option<"pipeline", "pipeline", "std::string", "", "Passes over weights">,
  ];
  let dependentDialects = ["::mlir::compress::CompressDialect"];
}

def CompressSweepPass : Pass<"compress-sweep", "::mlir::ModuleOp"> {
  let summary = "Release stored tensors that no weight names";
  let description = [{
    Erases weights that nothing uses, and lets the weight store release what the
    module no longer names.
  }];
}

def ConvertCompressToArithPass : Pass<"convert-compress-to-arith", "::mlir::ModuleOp"> {
  let summary = "Write small weights into the IR as constants";
  let description = [{
    Every `compress.use` becomes an `arith.constant` of the value that the
    weight's expression has by its reference semantics; weights are erased. With
    `--convert-nn-to-linalg` it hands a small model to upstream tools. Weights
    above `max-elements` are refused, all of them named: they never live in the
    IR by accident.

    ```mlir
    %w = compress.use @model.norm.weight : tensor<256xf32>
    ```
  }];
  let options = [
    Option<"maxElements", "max-elements", "int64_t", "65536",
           "Most elements of a weight that becomes a constant">,
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::compress::CompressDialect"];
}

#endif // COMPRESS_TRANSFORMS_PASSES_TD
