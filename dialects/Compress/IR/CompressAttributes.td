//===- CompressAttributes.td -------------------------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef COMPRESS_ATTRIBUTES_TD
#define COMPRESS_ATTRIBUTES_TD

include "Compress/IR/CompressDialect.td"
include "mlir/IR/AttrTypeBase.td"

class Compress_Attr<string name, string attrMnemonic> : AttrDef<CompressDialect, name> {
  let mnemonic = attrMnemonic;
}

def OriginAttr : Compress_Attr<"Origin", "origin"> {
  let summary = "Where a weight came from, before anything was done to it";
  let description = [{
    The file (relative to the module's folder, or absolute), the tensor in it
    and the XXH3 hash of the tensor's bytes. Errors, corrections and KL are
    measured against it. It counts in no size, and a build does not need it.

    ```mlir
    #compress.origin<"model.safetensors", "lm_head.weight", "9f86d081884c7d65">
    ```
  }];
  let parameters = (ins StringRefParameter<"file">:$file,
                        StringRefParameter<"tensor">:$tensor,
                        StringRefParameter<"hash, 16 hexadecimal digits">:$hash);
  let assemblyFormat = "`<` $file `,` $tensor `,` $hash `>`";
}

def ReportAttr : Compress_Attr<"Report", "report"> {
  let summary = "What one lossy pass did to a weight";
  let description = [{
    The pass with its options, the relative error ‖W − Ŵ‖ / ‖W‖ (Frobenius)
    against the origin where it is at hand, otherwise against the value before
    the pass, and the stored bits before and after. Discardable history: it
    takes no part in hashes or in the identity of layers.
  }];
  let parameters = (ins StringRefParameter<"pass and options">:$pass,
                        "::mlir::FloatAttr":$relativeError,
                        "int64_t":$bitsBefore, "int64_t":$bitsAfter);
  let assemblyFormat = "`<` $pass `,` `error` `=` $relativeError `,` `bits` `=` $bitsBefore `->` $bitsAfter `>`";
}

#endif // COMPRESS_ATTRIBUTES_TD
