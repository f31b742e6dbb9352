//===- NNOps.td - What a model is --------------------------*- tablegen -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#ifndef NN_OPS_TD
#define NN_OPS_TD

include "mlir/IR/OpBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

include "Compress/IR/CompressInterfaces.td"

def NNDialect : Dialect {
  let name = "nn";
  let cppNamespace = "::mlir::nn";
  let summary = "The few ops of a language model that linalg cannot say";
  let description = [{
    Embedding, linear, norms, rotary position, attention with grouped heads and
    a key-value cache, activations. Each has a reference lowering to upstream
    dialects (`--convert-nn-to-linalg`). Everything else of a model is upstream
    arith, linalg and tensor. Activations are f32 `[tokens, channels]`; a
    weight arrives as a tensor `[outputs, inputs]`, usually from `compress.use`.
  }];
}

class NN_Op<string mnemonic, list<Trait> traits = []> : Op<NNDialect, mnemonic, traits>;

def ModelOp : NN_Op<"model", [DeclareOpInterfaceMethods<StoreUserOpInterface>]> {
  let summary = "What a program must know of a model beside its functions";
  let description = [{
    Names the blobs of the weight store that belong to the model (the
    tokenizer's tables under `tokenizer`, the configuration file under `config`, a
    chat template) in the dictionary `compress.blobs`, and the figures that a
    runtime needs: the tokens that begin and end a text, the longest context
    that the model was made for, the parameters of the untouched model (tied
    ones once). At most one in a module.

    ```mlir
    nn.model "primer" {architecture = "llama", bos = 0 : i64, compress.blobs = {tokenizer = "tokenizer-00"},
      context = 256 : i64, eos = array<i64: 0>, parameters = 5773568 : i64}
    ```
  }];
  let arguments = (ins StrAttr:$model_name, StrAttr:$architecture, I64Attr:$parameters,
                       I64Attr:$context, OptionalAttr<I64Attr>:$bos, DenseI64ArrayAttr:$eos);
  let assemblyFormat = "$model_name attr-dict";
  let hasVerifier = 1;
}

def BlockOp : NN_Op<"block", [SingleBlock, RecursiveMemoryEffects]> {
  let summary = "One of the model's repeated blocks";
  let description = [{
    A region that computes its results from values above it. It means what its
    body means; its use is to keep the program's structure: identical blocks are
    compiled once.

    ```mlir
    %y = nn.block "model.layers.0" -> (tensor<?x64xf32>) {
      %0 = nn.rms_norm %x, %g epsilon 1.0e-5 : tensor<?x64xf32>, tensor<64xf32>
      nn.yield %0 : tensor<?x64xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$block_name);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$block_name (`->` `(` type($results)^ `)`)? attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}

def YieldOp : NN_Op<"yield", [Pure, Terminator, HasParent<"BlockOp">]> {
  let summary = "Ends a block";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
}

def EmbeddingOp : NN_Op<"embedding", [Pure]> {
  let summary = "Rows of a weight, one a token";
  let description = [{
    `result[t, c] = weight[tokens[t], c]`. A token outside the weight's rows is
    undefined; the runtime refuses it beforehand.

    ```mlir
    %x = nn.embedding %tokens, %w : tensor<?xi32>, tensor<512x64xf32> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins 1DTensorOf<[I32]>:$tokens, 2DTensorOf<[F32]>:$weight);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = "$tokens `,` $weight attr-dict `:` type($tokens) `,` type($weight) `->` type($result)";
  let hasVerifier = 1;
}

def LinearOp : NN_Op<"linear", [Pure]> {
  let summary = "A product with a weight";
  let description = [{
    `result[t, o] = Σ_i input[t, i] * weight[o, i] (+ bias[o])`, f32; the
    reference sums in ascending i in f32.

    ```mlir
    %y = nn.linear %x, %w : (tensor<?x64xf32>, tensor<172x64xf32>) -> tensor<?x172xf32>
    %z = nn.linear %x, %w bias %b : (tensor<?x64xf32>, tensor<172x64xf32>, tensor<172xf32>) -> tensor<?x172xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$input, 2DTensorOf<[F32]>:$weight, Optional<1DTensorOf<[F32]>>:$bias);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = "$input `,` $weight (`bias` $bias^)? attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def RMSNormOp : NN_Op<"rms_norm", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Root-mean-square normalisation";
  let description = [{
    `result[t, c] = input[t, c] / sqrt(mean_c(input[t, c]²) + epsilon) * gain[c]`
    (Zhang and Sennrich, 2019). The reference sums in ascending c in f32.

    ```mlir
    %y = nn.rms_norm %x, %g epsilon 1.0e-5 : tensor<?x64xf32>, tensor<64xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$input, 1DTensorOf<[F32]>:$gain, F32Attr:$epsilon);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = "$input `,` $gain `epsilon` $epsilon attr-dict `:` type($input) `,` type($gain)";
  let hasVerifier = 1;
}

def LayerNormOp : NN_Op<"layer_norm", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Layer normalisation";
  let description = [{
    `result[t, c] = (input[t, c] - mean_c) / sqrt(variance_c + epsilon) * gain[c] (+ bias[c])`,
    the variance that of the population (Ba, Kiros and Hinton, 2016): first the
    mean, then the mean of the squared differences, each summed in ascending c
    in f32.

    ```mlir
    %y = nn.layer_norm %x, %g bias %b epsilon 1.0e-5 : tensor<?x64xf32>, tensor<64xf32>, tensor<64xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$input, 1DTensorOf<[F32]>:$gain,
                       Optional<1DTensorOf<[F32]>>:$bias, F32Attr:$epsilon);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = "$input `,` $gain (`bias` $bias^)? `epsilon` $epsilon attr-dict `:` type($input) `,` type($gain) (`,` type($bias)^)?";
  let hasVerifier = 1;
}

def RotaryOp : NN_Op<"rotary", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "Rotary position embedding";
  let description = [{
    Token t of the input stands at `position + t`. Each head of h = 2 f channels,
    f the length of `frequencies`, is turned in the halves form that Hugging
    Face uses (Su et al., 2021): with a = (position + t) * frequencies[j],

        result[j]     = input[j] * cos a - input[j + f] * sin a
        result[j + f] = input[j + f] * cos a + input[j] * sin a

    ```mlir
    %y = nn.rotary %x at %position, %frequencies : tensor<?x64xf32>, tensor<4xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$input, Index:$position, 1DTensorOf<[F32]>:$frequencies);
  let results = (outs 2DTensorOf<[F32]>:$result);
  let assemblyFormat = "$input `at` $position `,` $frequencies attr-dict `:` type($input) `,` type($frequencies)";
  let hasVerifier = 1;
}

def AttentionOp : NN_Op<"attention", [Pure, AllTypesMatch<["query", "result"]>,
    AllTypesMatch<["key", "value"]>, AllTypesMatch<["cache", "new_cache"]>]> {
  let summary = "Causal attention with grouped heads and a key-value cache";
  let description = [{
    The keys and values of this call are put into the cache at `position`:
    `new_cache[0, position + t, g, :] = key[t, g, :]` and `new_cache[1, …]` the
    values. Query head h of `heads` reads head g = h / (heads / kv_heads) of
    the cache; token t sees the positions 0 … position + t:

        score[p] = query[t, h, :] · new_cache[0, p, g, :] * scale
        result[t, h, :] = Σ_p softmax(score)[p] * new_cache[1, p, g, :]

    softmax is that of score - max(score); sums run over ascending channels and
    positions in f32.

    `scale` is 1 / sqrt(head size) unless given. `cache` is
    `[2, context, kv_heads, head size]`; position + tokens ≤ context.

    ```mlir
    %y, %new = nn.attention %q, %k, %v, %cache at %position heads 8 kv_heads 4
        : tensor<?x64xf32>, tensor<?x32xf32>, tensor<2x?x4x8xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$query, 2DTensorOf<[F32]>:$key, 2DTensorOf<[F32]>:$value,
                       4DTensorOf<[F32]>:$cache, Index:$position, I64Attr:$heads, I64Attr:$kv_heads,
                       OptionalAttr<F32Attr>:$scale);
  let results = (outs 2DTensorOf<[F32]>:$result, 4DTensorOf<[F32]>:$new_cache);
  let assemblyFormat = [{
    $query `,` $key `,` $value `,` $cache `at` $position `heads` $heads `kv_heads` $kv_heads (`scale` $scale^)? attr-dict
      `:` type($query) `,` type($key) `,` type($cache)
  }];
  let extraClassDeclaration = [{
    int64_t getHeadSize() { return ::llvm::cast<::mlir::RankedTensorType>(getCache().getType()).getDimSize(3); }
    float getEffectiveScale();
  }];
  let hasVerifier = 1;
}

def ActivationKind : I32EnumAttr<"ActivationKind", "an activation function", [
    I32EnumAttrCase<"silu", 0>, I32EnumAttrCase<"gelu", 1>,
    I32EnumAttrCase<"gelu_tanh", 2>, I32EnumAttrCase<"relu", 3>]> {
  let cppNamespace = "::mlir::nn";
}

def ActivationOp : NN_Op<"activation", [Pure, AllTypesMatch<["input", "result"]>]> {
  let summary = "An activation function, elementwise";
  let description = [{
    * `silu`: x / (1 + e^-x)
    * `gelu`: x Φ(x), Φ by erf
    * `gelu_tanh`: x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))
    * `relu`: max(x, 0)

    ```mlir
    %y = nn.activation silu %x : tensor<?x172xf32>
    ```
  }];
  let arguments = (ins ActivationKind:$kind, RankedTensorOf<[F32]>:$input);
  let results = (outs RankedTensorOf<[F32]>:$result);
  let assemblyFormat = "$kind $input attr-dict `:` type($input)";
}

#endif // NN_OPS_TD
