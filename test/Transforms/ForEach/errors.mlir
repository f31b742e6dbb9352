// RUN: not compress-opt %s --compress-for-each='match=layers.0.mlp.gte pipeline=compress-quantize' 2>&1 | FileCheck %s --check-prefix=NAME
// RUN: not compress-opt %s --compress-for-each='regex=^q pipeline=compress-quantize' 2>&1 | FileCheck %s --check-prefix=REGEX
// RUN: not compress-opt %s --compress-for-each='consumer=linear pipeline=compress-quantize' 2>&1 | FileCheck %s --check-prefix=CONSUMER
// RUN: not compress-opt %s --compress-for-each='match=[ pipeline=compress-quantize' 2>&1 | FileCheck %s --check-prefix=GLOB
// RUN: not compress-opt %s --compress-for-each='regex=( pipeline=compress-quantize' 2>&1 | FileCheck %s --check-prefix=BADREGEX
// RUN: not compress-opt %s --compress-for-each='match=*' 2>&1 | FileCheck %s --check-prefix=NOTHING
// RUN: not compress-opt %s --compress-for-each='pipeline=compress-quantise' 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not compress-opt %s --compress-for-each='pipeline=compress-sweep' 2>&1 | FileCheck %s --check-prefix=ANCHOR
// RUN: not compress-opt %s --compress-for-each='pipeline=compress-quantize{bits=1}' 2>&1 | FileCheck %s --check-prefix=OPTION

// RUN: not compress-opt %s --compress-for-each='consumer=linaer pipeline=compress-quantize' 2>&1 | FileCheck %s --check-prefix=KIND
// RUN: not compress-opt %s --compress-for-each='except=embeding pipeline=compress-quantize' 2>&1 | FileCheck %s --check-prefix=EXCEPT
// RUN: not compress-opt %s --compress-for-each='except=embedding consumer=norm pipeline=compress-quantize' 2>&1 | FileCheck %s --check-prefix=ABSENT
// RUN: not compress-opt %s --compress-for-each='match={a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b} pipeline=compress-quantize' 2>&1 | FileCheck %s --check-prefix=ALTERNATIVES
// RUN: not compress-opt %s --compress-for-each='regex=(a{1,100}){1,100} pipeline=compress-quantize' 2>&1 | FileCheck %s --check-prefix=REPEATS
// RUN: not compress-opt %s --compress-for-each='regex=(a)\1 pipeline=compress-quantize' 2>&1 | FileCheck %s --check-prefix=BACK

// NAME: compress-for-each has match=layers.0.mlp.gte, which matches no weight; the nearest names are layers.0.mlp.gate, layers.0.mlp.up, norm
// REGEX: compress-for-each has regex=^q, which matches no weight; the nearest names are
// CONSUMER: compress-for-each has consumer=linear, which consumes no weight that is named; consumers in this module are none
// GLOB: compress-for-each has match=[, which is no glob:
// BADREGEX: compress-for-each has regex=(, which is no regular expression:
// NOTHING: compress-for-each has no pipeline; name passes over weights, such as pipeline=compress-quantize{bits=4}
// UNKNOWN: compress-for-each has pipeline "compress-quantise", which is no pipeline over weights:
// UNKNOWN-SAME: 'compress-quantise' does not refer to a registered pass or pass pipeline
// ANCHOR: compress-for-each has pipeline "compress-sweep", which is no pipeline over weights:
// OPTION: compress-quantize has bits=1, but codes have 2 to 8 bits
// KIND: compress-for-each consumer=linaer names no kind of consumer; kinds are linear, embedding, norm, bias, elementwise, rotary. Did you mean 'linear'?
// EXCEPT: compress-for-each except=embeding names no kind of consumer; {{.*}} Did you mean 'embedding'?
// ABSENT: compress-for-each has consumer=norm except=embedding, which consumes no weight that is named
// ALTERNATIVES: compress-for-each has match={{.*}}, which is no glob: too many brace expansions
// REPEATS: compress-for-each has regex=(a{1,100}){1,100}, whose repeats make it too large; repeat less, or take several steps
// BACK: compress-for-each has regex=(a)\1, and back-references are not supported
compress.weight @layers.0.mlp.gate : tensor<2xf32> {
  %0 = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
compress.weight @layers.0.mlp.up : tensor<2xf32> {
  %0 = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
compress.weight @norm : tensor<2xf32> {
  %0 = compress.constant dense<[1.0, 2.0]> : tensor<2xf32>
  compress.yield %0 : tensor<2xf32>
}
