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

/// What every quantiser is asked; algo::QuantizeOptions.
class QuantizeOptions<string groupSize> {
  list<Option> shared = [
    Option<"bits", "bits", "int", "4", "Bits of a code, 2 to 8">,
    Option<"groupSize", "group-size", "int64_t", groupSize,
           "Consecutive inputs that share a scale; 0 is the whole row">,
    Option<"scaleType", "scale-type", "::compresslib::algo::StorageType",
           "::compresslib::algo::StorageType::F16", "Type of the scales and offsets",
           [{::mlir::compress::storageTypeValues()}]>,
    Option<"strictGroups", "strict-groups", "bool", "false",
           "Refuse a group size that does not divide the inputs">,
  ];
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
    * unsigned: scale = x/(2^b - 1), x the value of largest magnitude, which may
      be negative, code = clamp(round(w/scale), 0, 2^b - 1): for values of one
      sign, such as scales and offsets.
    * offset: lo, hi and scale as asymmetric, offset = lo,
      code = clamp(round((w - offset)/scale), 0, 2^b - 1).
    * `search=scale` (symmetric codes -2^(b-1) … 2^(b-1) - 1): of 19 candidates
      the scale with the least squared error.

    Scale and offset are rounded to `scale-type`, and the scale at least the
    type's least magnitude, before anything is divided by it. Where the group size does not
    divide the inputs, the last group of a row is shorter.

    It composes: after `compress-prune` the kept values are quantised, in groups
    that count the dropped ones too (what is dropped stays 0.0), after
    `compress-decompose` both factors. `target=scales`, `target=offsets` and
    `target=codebook` quantise the scales and offsets of codes and the codebooks
    of palettes. What the K-quants of llama.cpp are is three steps:

    ```
    compress-quantize{scheme=offset},
    compress-quantize{target=scales scheme=unsigned bits=6 group-size=8},
    compress-quantize{target=offsets scheme=unsigned bits=6 group-size=8}
    ```

    ```mlir
    %0 = compress.dequantize %codes, %scales, %zeros group_size 32
        : (tensor<4x64xui4>, tensor<4x2xf16>, tensor<4x2xui4>) -> tensor<4x64xf32>
    ```
  }];
  let options = !listconcat(QuantizeOptions<"32">.shared, [
    Option<"scheme", "scheme", "::compresslib::algo::Scheme",
           "::compresslib::algo::Scheme::Asymmetric",
           "Where zero lies among the codes",
           [{::llvm::cl::values(
             clEnumValN(::compresslib::algo::Scheme::Asymmetric, "asymmetric", "unsigned codes with a zero point a group"),
             clEnumValN(::compresslib::algo::Scheme::Symmetric, "symmetric", "signed codes, zero is code 0"),
             clEnumValN(::compresslib::algo::Scheme::Unsigned, "unsigned", "unsigned codes of values of one sign, zero is code 0"),
             clEnumValN(::compresslib::algo::Scheme::Offset, "offset", "unsigned codes with the least value of a group"))}]>,
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
    Option<"target", "target", "::mlir::compress::LeafTarget",
           "::mlir::compress::LeafTarget::Values", "Which leaves are quantised",
           [{::llvm::cl::values(
             clEnumValN(::mlir::compress::LeafTarget::Values, "values", "those that carry values"),
             clEnumValN(::mlir::compress::LeafTarget::Scales, "scales", "the scales of codes"),
             clEnumValN(::mlir::compress::LeafTarget::Offsets, "offsets", "the offsets of codes"),
             clEnumValN(::mlir::compress::LeafTarget::Codebook, "codebook", "the codebooks of palettes"))}]>,
  ]);
}

def CompressPrunePass : WeightPass<"compress-prune"> {
  let summary = "Drop the weights of least magnitude";
  let description = [{
    Replaces leaves of values, or of codes, by those that are kept and their
    positions. Codes are judged by the values that they stand for, one each.

    * `kind=matrix`: the ⌊percent % · size⌋ lowest |w| of the matrix are dropped.
    * `kind=row`: the same of each row.
    * `kind=n-of-m`: the n largest |w| of every m consecutive inputs are kept.
    * `kind=block`: the blocks of lowest Euclidean norm are dropped.

    Of equal magnitudes the one of lower index is dropped first. What is kept
    keeps its type.
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
    of them, in parallel. What chooses nothing is an error, and so is a consumer
    that no op is: the kinds are linear, embedding, norm, bias, elementwise and
    rotary. Patterns have up to 1000 bytes, a glob up to 256 alternatives, and a
    regular expression no back-references; pipelines nest up to 32 deep.

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
           "What takes the weight, a kind; anything if empty">,
    Option<"except", "except", "std::string", "",
           "What takes no weight that is chosen, as embedding leaves out an "
           "output head that is tied to it; nothing if empty">,
    Option<"pipeline", "pipeline", "std::string", "", "Passes over weights">,
  ];
  let dependentDialects = ["::mlir::compress::CompressDialect"];
}

def CompressQuantizeHQQPass : WeightPass<"compress-quantize-hqq"> {
  let summary = "Integer codes with fractional zero points, by half-quadratic optimisation";
  let description = [{
    Without data, finds for each group the zero point that minimises a sparse
    norm of the error (Badri and Shaji, 2023; 20 iterations, p = 0.7). Zero
    points are fractional, so they are stored as floats. Composes as
    `compress-quantize` does.
  }];
  let options = !listconcat(QuantizeOptions<"64">.shared, [
    Option<"zeroType", "zero-type", "::compresslib::algo::StorageType",
           "::compresslib::algo::StorageType::F16", "Type of the zero points",
           [{::mlir::compress::storageTypeValues()}]>,
    Option<"iterations", "iterations", "int", "20", "Most iterations a group, 1 to 1000">,
  ]);
}

def CompressDecomposePass : WeightPass<"compress-decompose"> {
  let summary = "Two factors of low rank, by singular values";
  let description = [{
    Replaces a matrix by `compress.product` of the factors U·S^½ and S^½·Vᵀ of
    its k largest singular values: the nearest matrix of rank k (Eckart and
    Young, 1936). Exactly one option names k: `rank` itself; `ratio`, the kept
    share of the parameters, k = ⌊ratio · o · i / (o + i)⌋; or `energy`, the
    least k that keeps that share of the squared singular values.
  }];
  let options = [
    Option<"rank", "rank", "int64_t", "0", "Rank of the factors">,
    Option<"ratio", "ratio", "double", "0.0", "Kept share of the parameters, above 0">,
    Option<"energy", "energy", "double", "0.0", "Kept share of the squares, above 0, at most 1">,
    Option<"factorType", "factor-type", "::compresslib::algo::StorageType",
           "::compresslib::algo::StorageType::F16", "Type of the factors",
           [{::mlir::compress::storageTypeValues()}]>,
  ];
}

def CompressCorrectPass : WeightPass<"compress-correct"> {
  let summary = "Add a low-rank correction of what is lost so far";
  let description = [{
    With E the weight's origin minus its value, makes the weight
    `compress.sum` of the old expression and the product of the two factors of
    E's `rank` largest singular values. The origin is the file that the weight
    was imported from, or its leaf before the first pass of this run. A weight
    that is still its origin is left alone; any other is corrected, if only by
    zeros, so that sizes follow from expressions and not from values.
  }];
  let options = [
    Option<"rank", "rank", "int64_t", "8", "Rank of the correction">,
    Option<"factorType", "factor-type", "::compresslib::algo::StorageType",
           "::compresslib::algo::StorageType::F16", "Type of the factors",
           [{::mlir::compress::storageTypeValues()}]>,
  ];
}

def CompressPalettizePass : WeightPass<"compress-palettize"> {
  let summary = "Scalar palettes: weights that share a few values";
  let description = [{
    Replaces leaves by `compress.lookup` of codes in a codebook of `entries` (or
    2^`bits`) values that minimises the squared error. `method=exact` finds the optimum by dynamic programming over the sorted
    distinct values (beyond 32768 of them, over a histogram); `method=lloyd`
    goes 50 rounds from the quantiles (i + ½)/K. With `group-size` each group
    of so many consecutive inputs of a row has a codebook of its own.
    `compress-quantize{target=codebook}` quantises the codebook.

    `target=codes` does the same to codes, whose codebook then has integers, so
    that weights have a palette and a scale a group. `codebook` names one that is
    known and stored nowhere; the nearest entry is taken.

    ```
    compress-quantize{bits=8 scheme=symmetric},compress-palettize{target=codes}
    compress-quantize{bits=8 scheme=symmetric},compress-palettize{target=codes codebook=iq4_nl}
    compress-palettize{codebook=f8_e4m3}
    ```
  }];
  let options = [
    Option<"bits", "bits", "int", "4", "Bits of a code, 2 to 8: 2^bits entries">,
    Option<"entries", "entries", "int", "0", "Entries, 2 to 256; 0 is 2^bits">,
    Option<"method", "method", "::mlir::compress::PaletteMethod",
           "::mlir::compress::PaletteMethod::Exact", "How entries are found",
           [{::llvm::cl::values(
             clEnumValN(::mlir::compress::PaletteMethod::Exact, "exact", "the optimum, by dynamic programming"),
             clEnumValN(::mlir::compress::PaletteMethod::Lloyd, "lloyd", "Lloyd's rounds from the quantiles"))}]>,
    Option<"target", "target", "::mlir::compress::LeafTarget",
           "::mlir::compress::LeafTarget::Values", "Which leaves are palettised",
           [{::llvm::cl::values(
             clEnumValN(::mlir::compress::LeafTarget::Values, "values", "floats that carry values"),
             clEnumValN(::mlir::compress::LeafTarget::Codes, "codes", "codes"))}]>,
    Option<"codebook", "codebook", "std::string", "",
           "A codebook that compress.codebook knows; found for each weight if empty">,
    Option<"groupSize", "group-size", "int64_t", "0",
           "Consecutive inputs that share a codebook; 0 is the whole matrix">,
    Option<"codebookType", "codebook-type", "::compresslib::algo::StorageType",
           "::compresslib::algo::StorageType::F16", "Type of the entries",
           [{::mlir::compress::storageTypeValues()}]>,
  ];
}

def CompressOutliersPass : WeightPass<"compress-outliers"> {
  let summary = "Keep the weights of largest magnitude apart";
  let description = [{
    Replaces each matrix of values by `compress.sum` of the matrix without its
    `percent` weights of largest |w| and of these, as `compress.outliers`. All
    but ⌊(100 - percent) % · size⌋ are kept apart; of equal magnitudes those of
    higher index. What later passes do to values they do to the rest, whose
    range is smaller; outliers stay.

    ```
    compress-outliers,compress-quantize{bits=4}
    ```
  }];
  let options = [
    Option<"percent", "percent", "double", "0.5", "Share that is kept apart, in percent">,
    Option<"valueType", "value-type", "::compresslib::algo::StorageType",
           "::compresslib::algo::StorageType::F16", "Type of the outliers",
           [{::mlir::compress::storageTypeValues()}]>,
  ];
}

def CompressVectorQuantizePass : WeightPass<"compress-vector-quantize"> {
  let summary = "Vector codebooks: runs of weights that share a few vectors";
  let description = [{
    Cuts each row into cells of `cell` consecutive inputs and replaces every
    cell by the nearest of `entries` (or 2^`bits`) vectors, found by k-means
    from a k-means++ start (Arthur and Vassilvitskii, 2007). The same seed gives
    the same bytes. `target=codes` takes the codes of `compress-quantize`
    instead, in a codebook of codes: the weights keep a scale a group.
  }];
  let options = [
    Option<"cell", "cell", "int", "4", "Consecutive inputs of a vector: 2, 4 or 8">,
    Option<"bits", "bits", "int", "8", "Bits of a code, 2 to 8: 2^bits entries">,
    Option<"entries", "entries", "int", "0", "Entries, 2 to 256; 0 is 2^bits">,
    Option<"rounds", "rounds", "int", "25", "Most rounds of k-means, 1 to 1000">,
    Option<"seed", "seed", "uint64_t", "1", "Seed of the start">,
    Option<"codebookType", "codebook-type", "::compresslib::algo::StorageType",
           "::compresslib::algo::StorageType::F16", "Type of the entries",
           [{::mlir::compress::storageTypeValues()}]>,
    Option<"target", "target", "::mlir::compress::LeafTarget",
           "::mlir::compress::LeafTarget::Values", "Which leaves are cut into cells",
           [{::llvm::cl::values(
             clEnumValN(::mlir::compress::LeafTarget::Values, "values", "floats that carry values"),
             clEnumValN(::mlir::compress::LeafTarget::Codes, "codes", "codes"))}]>,
  ];
}

def CompressTiePass : Pass<"compress-tie", "::mlir::ModuleOp"> {
  let summary = "Make equal weights one, and near-duplicates a base and a delta";
  let description = [{
    Weights whose expressions have the same form and the same bytes become one
    weight: the first; uses of the others name it. With `threshold` above 0, a
    matrix whose relative distance ‖B - A‖/‖A‖ to an earlier one of its shape
    is at most that becomes `compress.sum` of A's stored tensor, which both
    name, and a delta, which later passes compress far more.
  }];
  let options = [
    Option<"threshold", "threshold", "double", "0.0",
           "Largest relative distance of a near-duplicate; 0 ties equal weights only">,
    Option<"deltaType", "delta-type", "::compresslib::algo::StorageType",
           "::compresslib::algo::StorageType::F16", "Type of the deltas",
           [{::mlir::compress::storageTypeValues()}]>,
  ];
  let dependentDialects = ["::mlir::compress::CompressDialect"];
}

def CompressOutlineWeightsPass : Pass<"compress-outline-weights", "::mlir::ModuleOp"> {
  let summary = "Make constants that ops take as weights into compress.weights";
  let description = [{
    An `arith.constant` of f32 elements, dense or dense_resource, of rank 1 or
    more, that a weight consumer (a product, convolution, bias or elementwise op
    of linalg or nn) takes becomes a `compress.weight` and a `compress.use`. A
    weight is `[outputs, inputs...]`: where the consumer has its reduced
    dimensions elsewhere, a `linalg.transpose` stands at the use. Splats and
    constants of fewer than `min-elements` elements stay. For TOSA, run its
    lowering to linalg before.
  }];
  let options = [
    Option<"minElements", "min-elements", "int64_t", "16", "Fewest elements of a weight">,
    Option<"prefix", "prefix", "std::string", "\"weight\"",
           "Weights are named after their location, or this and a number">,
  ];
  let dependentDialects = ["::mlir::compress::CompressDialect",
                           "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def CompressReplaceNonFinitePass : WeightPass<"compress-replace-non-finite"> {
  let summary = "Replace NaN and infinite values of weights";
  let description = [{
    A NaN or infinity in a weight is an error of every pass that compresses.
    This pass is the way round it, to be asked for: it replaces each such value
    by `value`, and says in a remark how many there were. On a module it means
    all weights.
  }];
  let options = [
    Option<"value", "value", "double", "0.0", "What stands for a value that is not finite">,
  ];
}

def CompressReportPass : Pass<"compress-report", "::mlir::ModuleOp"> {
  let summary = "Print what was done to each weight, and at what cost";
  let description = [{
    A table of the weights: the passes that were run on each, its stored bits
    before the first and now, bits a value, and the relative error that the last
    one left. The totals count a tensor that several leaves name once, and a
    tied weight once.
  }];
  let options = [
    Option<"output", "output", "std::string", "\"\"",
           "A file; standard error if empty, standard output if -">,
    Option<"json", "json", "bool", "false", "As JSON">,
  ];
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
