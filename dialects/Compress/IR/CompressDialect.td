//===- CompressDialect.td - What a weight is ---------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_DIALECT_TD
#define COMPRESS_DIALECT_TD

include "mlir/IR/OpBase.td"

def CompressDialect : Dialect {
  let name = "compress";
  let cppNamespace = "::mlir::compress";
  let summary = "Compressed weights as expressions that decompress to them";
  let description = [{
    A weight of a network is a symbol, `compress.weight`, whose region is an
    expression: its leaves are stored tensors, the ops above them decompress.
    A compression pass replaces a leaf by an expression with smaller leaves, so
    techniques compose. From the expression alone follow the weight's stored
    size (the bits of its leaves), its value (evaluate the expression), and how
    it moves through a matrix product.

    Conventions of every op in this dialect:

    * A weight is `[outputs, inputs...]`. "Row" means an index of dimension 0;
      groups and cells are runs of consecutive positions of the last dimension.
    * Values are f32. A leaf may be stored as f32, f16 or bf16, and widens
      exactly; decompression ops yield f32.
    * Integer codes have signed (`si2` … `si8`) or unsigned (`ui1` … `ui8`)
      element types; a tensor of b-bit codes takes b bits an element.
    * There are two sorts: **codes** (integers) and **values** (floats).
      `dequantize`, and `lookup` in a float codebook, make values of codes;
      `densify…` and `lookup` in an integer codebook make codes of codes. A code
      may be *absent*, where a `densify…` below leaves its position out; its value
      is 0.0.
    * Operands have roles: values and codes, which a compression pass may
      rewrite, and scales, zeros, offsets, codebooks and positions, which it
      rewrites only where it is asked to.
  }];
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 0;
  let extraClassDeclaration = [{
    /// The tensors that leaves name; one store a context.
    WeightStore &getStore() { return *store; }
  private:
    std::shared_ptr<WeightStore> store;
  public:
  }];
}

#endif // COMPRESS_DIALECT_TD
