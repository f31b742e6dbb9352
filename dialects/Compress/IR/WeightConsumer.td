//===- WeightConsumer.td - Ops that take weights -----------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_WEIGHTCONSUMER_TD
#define COMPRESS_WEIGHTCONSUMER_TD

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def WeightKind : I32EnumAttr<"WeightKind", "What a weight is to the op that takes it", [
    I32EnumAttrCase<"linear", 0>, I32EnumAttrCase<"embedding", 1>,
    I32EnumAttrCase<"norm", 2>, I32EnumAttrCase<"bias", 3>,
    I32EnumAttrCase<"elementwise", 4>, I32EnumAttrCase<"rotary", 5>]> {
  let cppNamespace = "::mlir::compress";
  let genSpecializedAttr = 0;
}

def WeightConsumerInterface : OpInterface<"WeightConsumerInterface"> {
  let cppNamespace = "::mlir::compress";
  let description = [{
    What a pass must know of an op that takes a weight: what the weight is to
    it, which dimensions of it are summed over, which are outputs, and what it
    is multiplied with. Ops of other dialects implement it by external models, so
    that nobody keeps a table of layer names.
  }];
  let methods =
      [InterfaceMethod<[{
        What operand `weight` is to the op; nothing where it is no weight.
      }],
                       "::std::optional<::mlir::compress::WeightKind>",
                       "getWeightKind",
                       (ins "::mlir::OpOperand &":$weight)>,
       InterfaceMethod<[{
        Dimensions of the operand over which the op sums; none where it does not
        multiply matrices.
      }],
                       "::llvm::SmallVector<int64_t>", "getReducedDims",
                       (ins "::mlir::OpOperand &":$weight), [{}],
                       [{ return {}; }]>,
       InterfaceMethod<[{
        The value that the operand is multiplied with, or null. Weights with one
        input share its statistics.
      }],
                       "::mlir::Value", "getProductInput",
                       (ins "::mlir::OpOperand &":$weight), [{}],
                       [{ return {}; }]>,
       InterfaceMethod<[{
        Where the op only forwards the operand with its dimensions in another
        order: dimension i of the result is dimension p[i] of the operand.
      }],
                       "::std::optional<::llvm::SmallVector<int64_t>>",
                       "getForwardedOrder", (ins "::mlir::OpOperand &":$weight),
                       [{}], [{ return std::nullopt; }]>,
  ];
}

#endif // COMPRESS_WEIGHTCONSUMER_TD
