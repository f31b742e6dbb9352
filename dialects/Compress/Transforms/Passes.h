//===- Passes.h - Compression passes ----------------------------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_TRANSFORMS_PASSES_H
#define COMPRESS_TRANSFORMS_PASSES_H

#include "Compress/IR/Compress.h"
#include "compress/Algorithms/RoundToNearest.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/CommandLine.h"

namespace mlir::compress {

enum class ZeroPointType { Integer, F16 };
enum class QuantizationSearch { None, Scale };
/// Leaves by what they are to the weight: floats that it is made of (Values),
/// codes (Codes), either (Elements), or what codes are decoded with.
enum class LeafTarget { Values, Codes, Elements, Scales, Offsets, Codebook };
enum class PaletteMethod { Exact, Lloyd };
enum class PruneKind { Matrix, Row, NOfM, Block };

/// The option values of a type that scales, codebooks or factors are stored in.
inline auto storageTypeValues() {
  using compresslib::algo::StorageType;
  return llvm::cl::values(
      clEnumValN(StorageType::F32, "f32", "single precision"),
      clEnumValN(StorageType::F16, "f16", "half precision"),
      clEnumValN(StorageType::BF16, "bf16", "bfloat16"));
}

#define GEN_PASS_DECL
#include "Compress/Transforms/Passes.h.inc"
#define GEN_PASS_REGISTRATION
#include "Compress/Transforms/Passes.h.inc"

/// The names of the passes of Passes.td.
ArrayRef<StringLiteral> getCompressPassNames();

/// What tools ask of a pass, of a plugin's too. One that is no CompressionPass
/// might do anything.
class CompressionPass {
public:
  virtual ~CompressionPass();
  /// Whether it may run where only sizes are planned: it changes nothing but
  /// the module, and what it makes of a weight follows from types.
  virtual bool isPlannable() const { return true; }
  /// The file that it writes beside the module, or empty. Tools check it before
  /// they run anything.
  virtual StringRef getOutputFile() const { return ""; }

  /// Null where `pass` is none.
  static const CompressionPass *get(const Pass &pass) {
    return dynamic_cast<const CompressionPass *>(&pass);
  }
};

/// Gives linalg's ops the interface by which passes know what takes a weight.
void registerLinalgWeightConsumers(DialectRegistry &registry);

} // namespace mlir::compress

#endif // COMPRESS_TRANSFORMS_PASSES_H
