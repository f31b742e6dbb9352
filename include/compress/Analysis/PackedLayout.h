//===- PackedLayout.h - How a weight lies in a program ----------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The packed layout follows from a weight's expression alone, so the packer,
// the lowering and the prediction of sizes agree by construction.
//
// A weight's expression is first split where it distributes over a product
// (sum, product, permute): what is left are *nodes*, one product each.
//
// * A **tile** node is a dequantize of rank-2 codes that are a CodeSource by
//   scales (and zeros or offsets) that are a ScaleSource, in groups of a
//   multiple of 32 inputs or of a whole row, or of 16, of which two are a group
//   here; or it is a FloatSource, a group without scales. It is a stream of row
//   tiles of 16 rows; a row tile is its *segments* in order, of as many groups
//   as one header serves (one, or those that share a scale of scales); a
//   segment is the headers of its scales, those of its zeros or offsets, and a
//   record for each block of 32 inputs. Rows and inputs beyond the matrix are
//   codes, scales and values of 0.
//
//   How values lie in a record is their source's (FloatSources.cpp).
//
//   Where whole blocks are absent, those that are there are listed: a row tile
//   is the number of its first record and how many it has (u32 each); behind
//   all row tiles, from a multiple of 64, lie the records: each the headers of
//   its group, the block, and which of the row it is (u16).
//
//   Stored codes: a code of b bits is unsigned (signed ones have 2^(b-1) added)
//   and split into planes of 4, 2 and 1 bits, from the low bits up (8 bits: one
//   plane of bytes). In a block, quad s (of 4 inputs) of row r has its four
//   codes in bytes 4r … 4r+3 of a 64-byte register; a plane of p bits holds 8/p
//   quads a register, quad s in register s / (8/p) at bit p * (s mod 8/p). One
//   shift and one mask make a register of bytes, which is what a lane dot
//   takes.
//
//   Codes of which some are absent have a bit a position in the blocks, and lie
//   behind all row tiles (CodeSources.cpp).
//
//   Stored scales are 16 values of their type (integers: of bytes). Dequantised
//   ones are the header of their own scales, and 16-bit words a row: the codes
//   of all groups that share it, from the low bit up, word w of all rows in a
//   run.
//
// * Every other node is **rows**: the bytes of its leaves as stored, and what
//   TileSource says the other ops need to find a row, each 64-byte aligned.
//
// * The indices of a permute are a part of their own, as stored.
//
// * A weight of rank 0 or 1 is its value in f32.
//
// How a part lies depends on nothing outside of it, so parts of the same form
// share a `compress.format` and the code made for it.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ANALYSIS_PACKEDLAYOUT_H
#define COMPRESS_ANALYSIS_PACKEDLAYOUT_H

#include "Compress/IR/Compress.h"
#include "Kernel/IR/Kernel.h"
#include "llvm/ADT/DenseMap.h"

namespace mlir::kernel {

/// Rows of a tile, and inputs of a block.
constexpr int64_t kTileRows = 16, kBlockInputs = 32;

struct TileFormat {
  Operation *op; ///< a dequantize, or a FloatSource
  int64_t rows, columns;
  int64_t group;  ///< inputs of a group; a multiple of 32, or ≥ columns
  CodeForm codes; ///< of values the records' sizes only
  ScaleForm scales;
  std::optional<ScaleForm> moved; ///< zeros or offsets
  int64_t segmentGroups;          ///< groups of a segment; the last has fewer
  int64_t halves; ///< 2: a group is a block, its halves have a scale each
  std::optional<FloatForm> floats;

  int64_t getRowTiles() const;
  int64_t getGroups() const;
  /// Blocks of group `g`; only the last group may have fewer.
  int64_t getBlocks(int64_t g) const;
  int64_t getSegments() const;
  int64_t getGroupsOf(int64_t segment) const;
  /// Bytes of `form`'s headers in a segment of so many groups.
  int64_t getHeaderBytes(const ScaleForm &form, int64_t groups) const;
  /// Bytes in front of a segment's first block.
  int64_t getHeaderBytes(int64_t groups) const;
  int64_t getSegmentBytes(int64_t segment) const;
  int64_t getRowTileBytes() const;
  /// Where what varies in size begins, and its bytes.
  int64_t getValueOffset() const;
  int64_t getValueBytes() const;
  int64_t getBytes() const { return getValueOffset() + getValueBytes(); }
  /// Bytes of a listed block with its headers.
  int64_t getRecordBytes() const {
    return getHeaderBytes(1) + codes.blockBytes + 2;
  }

  FloatSource getFloats() const;
  CodeSource getCodes() const;
  ScaleSource getScales() const;
  ScaleSource getMoved() const; ///< null where there are neither
  bool hasOffsets() const {
    return !floats && cast<compress::DequantizeOp>(op).getOffsets();
  }
  /// Values that are packed apart.
  SmallVector<Value> getTables() const;
  /// Whether codes, scales and zeros are stored ones, without offsets.
  bool isPlain() const;

  /// The format, if a value is a tile node.
  static std::optional<TileFormat> get(Value value);
};

/// Why a value lies as rows, for a remark.
std::string whyRows(Value value);

/// The planes of stored codes, low bits first: widths 8, or of 4, 2 and 1.
SmallVector<unsigned> getCodePlanes(unsigned bits);

struct PackedLayout {
  /// A part: a value that is multiplied by itself, or the indices of a permute.
  /// All offsets are from the expression's start.
  struct Node {
    Value value;
    int64_t offset; ///< where the part begins; a multiple of 64
    std::optional<TileFormat> tile;
    int64_t tileOffset = 0;
    /// Of ops that pack something apart: codebooks, and all of a rows node.
    llvm::DenseMap<Operation *, int64_t> offsets;
    Node(Value value, int64_t offset) : value(value), offset(offset) {}
  };
  SmallVector<Node, 0> nodes; ///< in the order of the stream
  int64_t bytes = 0;

  /// The layout of an expression. Fails with an error where an op has no packed
  /// form.
  static FailureOr<PackedLayout> get(Value root);
  static FailureOr<PackedLayout> get(compress::WeightOp weight);
  static FailureOr<PackedLayout> get(compress::FormatOp format) {
    return get(format.getResultValue());
  }

  const Node *find(Value value) const;
};

/// The parts of a weight that --kernel-plan-weights gave its place, a PartAttr
/// each; none where it has no place.
ArrayRef<Attribute> getParts(compress::WeightOp weight);

/// A weight that has its place.
struct PlannedWeight {
  PackedLayout layout;
  PlaceAttr place;
  ArrayRef<Attribute> parts; ///< a PartAttr a node of the layout

  /// Fails with an error where the weight has no place, or has been rewritten
  /// since.
  static FailureOr<PlannedWeight> get(compress::WeightOp weight);
  unsigned indexOf(Value value) const {
    return layout.find(value) - layout.nodes.begin();
  }
  PartAttr partOf(Value value) const {
    return cast<PartAttr>(parts[indexOf(value)]);
  }
};

/// Writes the packed form; `out` has layout.bytes.
LogicalResult packWeight(compress::WeightOp weight, const PackedLayout &layout,
                         const compress::WeightStore &store,
                         MutableArrayRef<uint8_t> out);

/// Calls `visit` with the byte offset and the layout of every weight that
/// functions use, in the order of their first use. Returns the bytes of all:
/// what a program packs, known from types alone.
FailureOr<int64_t> planPlaces(
    ModuleOp module,
    llvm::function_ref<void(compress::WeightOp, int64_t, const PackedLayout &)>
        visit);

} // namespace mlir::kernel

#endif // COMPRESS_ANALYSIS_PACKEDLAYOUT_H
