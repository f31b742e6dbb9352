//===- Expander.h - Code that expands packed expressions --------*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a TileSource emits its expansion with. Expansion fills small f32 buffers
// in cache, row by row; a dense matrix never exists.
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_CONVERSION_EXPANDER_H
#define COMPRESS_CONVERSION_EXPANDER_H

#include "Kernel/IR/Kernel.h"
#include "compress/Analysis/PackedLayout.h"
#include "compress/Conversion/CodeBuilder.h"

namespace mlir {
class DialectRegistry;
}

namespace mlir::kernel {

/// Per-thread scratch of one function: buffers are views of the thread's part
/// of the context's scratch, or, in functions without a context, of one
/// allocation as large as the kernel that takes the most.
class ScratchPool {
public:
  explicit ScratchPool(Operation *function) : function(function) {}
  /// A buffer of `elements`, alive until `reset`.
  Value get(OpBuilder &builder, Location loc, int64_t elements, Type element);
  void reset() { used = 0; }
  /// Sizes the allocation, and returns the bytes that a thread takes; call
  /// once, after the last kernel.
  int64_t finish();

private:
  Operation *function;
  Value base, offset;
  int64_t used = 0, most = 0;
};

class Expander : public CodeBuilder {
public:
  /// `weights` is a memref<?xi8>, `offset` the byte offset in it of what
  /// `layout` lays out.
  Expander(OpBuilder &builder, Location loc, ScratchPool &scratch,
           const PackedLayout &layout, Value weights, Value offset)
      : CodeBuilder(builder, loc), scratch(scratch), layout(layout),
        part(layout.nodes.begin()), weights(weights), offset(offset) {}

  /// Emits what does not depend on the row (whole codebooks), for `value` and
  /// all below it; before the loop over rows.
  LogicalResult prepare(Value value);
  /// Emits the expansion of `count` elements from `begin` into `destination`.
  LogicalResult expand(Value value, Value begin, Value count,
                       Value destination);
  /// Row `row` of a value of rank 2, or all of one of rank 1.
  LogicalResult expandRow(Value value, Value row, Value destination);

  /// The op's packed bytes, as a buffer of `count` elements.
  Value packed(Operation *op, int64_t count, Type element);
  /// What prepare() made of a value, or null.
  Value prepared(Value value) const { return preparedValues.lookup(value); }
  void setPrepared(Value value, Value buffer) {
    preparedValues[value] = buffer;
  }

  /// A scratch buffer, memref<elements x f32>.
  Value buffer(int64_t elements) {
    return scratch.get(builder, loc, elements, builder.getF32Type());
  }
  /// The same of bytes.
  Value byteBuffer(int64_t count) {
    return scratch.get(builder, loc, count, builder.getI8Type());
  }

  // What sources emit tiles with.
  VectorType bytes() {
    return VectorType::get({4 * kLanes}, builder.getI8Type());
  }
  Value splatByte(int64_t value);
  Value toFloats(Value ints);
  /// `count` bytes of the weights at a byte address.
  Value loadBytes(Value address, int64_t count);
  /// Sixteen values of `type` at a byte address, widened to f32; integers are
  /// unsigned bytes.
  Value loadRowValues(Value address, Type type);
  /// The little-endian integer at a byte address, as itself and as an index.
  Value loadInteger(Value address, Type type);
  Value loadIndex(Value address, Type type);
  /// Byte address of what an op packs apart.
  Value place(Operation *op) { return at(part->offsets.lookup(op)); }
  void setTables(Operation *op, ArrayRef<Value> values) {
    tablesOf[op].assign(values.begin(), values.end());
  }
  ArrayRef<Value> tables(Operation *op) { return tablesOf[op]; }
  /// Whether quads are wanted turned (CodeForm::canTurn); before their tables.
  void setTurned() { turned = true; }
  bool isTurned() const { return turned; }
  /// Whether runs of codes are unpacked to bytes a row tile at a time, which
  /// pays where a set does not expand shorter codes itself; before emitTile.
  void setUnpacking() { unpacking = true; }
  bool isUnpacking() const { return unpacking; }

  const PackedLayout &getLayout() const { return layout; }
  Value getWeights() const { return weights; }
  /// Byte offset of a part of the weight.
  Value at(int64_t bytes) { return add(offset, index(bytes)); }

private:
  ScratchPool &scratch;
  const PackedLayout &layout;
  const PackedLayout::Node *part; ///< which is being expanded
  Value weights, offset;
  llvm::DenseMap<Value, Value> preparedValues;
  llvm::DenseMap<Operation *, SmallVector<Value>> tablesOf;
  bool turned = false, unpacking = false;
};

/// A group of a row tile, as a loop over it meets it.
struct GroupPlace {
  Value segment;    ///< byte offset of its segment in the row tile
  int64_t groups;   ///< of the segment
  Value group;      ///< within the segment
  Value firstBlock; ///< of the row
  int64_t blocks, inputs;

  /// Byte address of the header of `form` that serves half `half` of the group,
  /// and its index in it. `skip` are the bytes of headers in front of this
  /// form's.
  std::pair<Value, Value> header(Expander &e, Value tile,
                                 const TileFormat &format,
                                 const ScaleForm &form, int64_t skip,
                                 int64_t half) const;
};

/// Emits the loops over a row tile's groups; `carried` go through. Groups of
/// other inputs, or only of another number of blocks, get a body of their own.
/// A block that is listed is a group alone. `shared` is what emitTile made of
/// the row tile at byte address `tile`.
SmallVector<Value> walkGroups(
    Expander &e, const TileFormat &format, bool byInputs, Value tile,
    ArrayRef<Value> shared, ValueRange carried,
    const std::function<SmallVector<Value>(const GroupPlace &, ValueRange)>
        &body);

/// Scales and zeros or offsets of a group, or of each half: sixteen f32 each.
struct ScaleValues {
  Value scales, moved;
  Value absent; ///< as in BlockPlace
};
struct GroupValues {
  Value codes; ///< byte address of its first block
  SmallVector<ScaleValues, 2> halves;

  const ScaleValues &of(int64_t quad) const {
    return halves[quad * halves.size() / 8];
  }
};
GroupValues emitGroup(Expander &e, const TileFormat &format,
                      const GroupPlace &place, Value tile);

/// Emits what blocks share, before the loops.
LogicalResult emitTables(Expander &e, const TileFormat &format);

/// What emitTile makes of the row tile at byte address `tile` of a node that
/// lies `offset` bytes into its weight. Of listed blocks: the address of the
/// first record, and how many there are.
SmallVector<Value> emitTile(Expander &e, const TileFormat &format,
                            int64_t offset, Value tile);

/// Emits a quad of a block in f32: of each of its inputs sixteen rows.
SmallVector<Value> emitFloats(Expander &e, const TileFormat &format,
                              const BlockPlace &place,
                              const GroupValues &values, unsigned quad);

/// Calls `body` with the byte address, the index in the row and the inputs of
/// every block of a group, whole ones in a loop; `carried` go through.
SmallVector<Value> walkBlocks(
    Expander &e, const TileFormat &format, const GroupPlace &place,
    const GroupValues &values, ValueRange carried,
    const std::function<SmallVector<Value>(Value, Value, int64_t, ValueRange)>
        &body);

/// Attaches TileSource to the ops of the compress dialect.
void registerTileSources(DialectRegistry &registry);

} // namespace mlir::kernel

#endif // COMPRESS_CONVERSION_EXPANDER_H
