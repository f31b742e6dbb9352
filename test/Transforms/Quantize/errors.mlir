// RUN: not compress-opt %s --compress-quantize='bits=9' 2>&1 | FileCheck %s --check-prefix=BITS
// RUN: not compress-opt %s --compress-quantize='group-size=-1' 2>&1 | FileCheck %s --check-prefix=GROUP
// RUN: not compress-opt %s --compress-quantize='search=scale scheme=asymmetric' 2>&1 | FileCheck %s --check-prefix=SEARCH
// RUN: not compress-opt %s --compress-quantize='group-size=5 strict-groups' 2>&1 | FileCheck %s --check-prefix=STRICT
// RUN: not compress-opt %s --compress-quantize --compress-quantize 2>&1 | FileCheck %s --check-prefix=AGAIN
// RUN: not compress-opt %s --compress-quantize='target=scales' 2>&1 | FileCheck %s --check-prefix=SCALES
// RUN: not compress-opt %s --compress-quantize --compress-quantize='target=offsets' 2>&1 | FileCheck %s --check-prefix=OFFSETS
// RUN: not compress-opt %s --compress-quantize='target=codebook' 2>&1 | FileCheck %s --check-prefix=CODEBOOK

// BITS: compress-quantize has bits=9, but codes have 2 to 8 bits
// GROUP: compress-quantize has group-size=-1, but it is a number of inputs, or 0 for the whole row
// SEARCH: compress-quantize has search=scale and a scheme that is not symmetric, but the search finds symmetric codes; leave scheme out
// STRICT: weight @w, compress-quantize: has 8 inputs, which groups of 5 do not divide; strict-groups allows 1, 2, 4, 8
// AGAIN: weight @w, compress-quantize: has no float values left to quantise, only codes; quantise before, or name target=scales or target=codebook
// SCALES: weight @w, compress-quantize: has no float scales; target=scales quantises the scales of codes, so quantise the values before
// OFFSETS: weight @w, compress-quantize: has no float offsets; target=offsets quantises those that scheme=offset makes, so quantise the values by it before
// CODEBOOK: weight @w, compress-quantize: has no float codebook; target=codebook quantises palettes, so palettise the values before
compress.weight @w : tensor<1x8xf32> {
  %0 = compress.constant dense<[[1.0, -2.0, 3.0, 4.0, 0.5, 0.25, 0.1, 7.5]]> : tensor<1x8xf32>
  compress.yield %0 : tensor<1x8xf32>
}
