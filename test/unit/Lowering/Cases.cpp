//===- Cases.cpp - The expressions that are compared ----------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Cases.h"

using namespace lowering;

std::string lowering::tiedModel(const Case &c) {
  std::string w = weight("w", c.body);
  Expression shape(1);
  V value = c.body(shape);
  int64_t rows = value.shape[0], columns = value.shape[1];
  std::string r = std::to_string(rows), n = std::to_string(columns);
  std::string x = "tensor<?x" + n + "xf32>", y = "tensor<?x" + r + "xf32>";
  std::string type = "tensor<" + r + "x" + n + "xf32>";
  std::string back = "tensor<" + n + "x" + r + "xf32>";
  return w +
         weight(
             "back",
             [&](Expression &e) {
               return e.floats({columns, rows}, "f32", 0.2);
             },
             2) +
         "func.func @forward(%tokens: tensor<?xi32>, %position: index) -> " +
         y + " {\n  %w = compress.use @w : " + type +
         "\n  %back = compress.use @back : " + back +
         "\n  %x = nn.embedding %tokens, %w : tensor<?xi32>, " + type + " -> " +
         x + "\n  %y = nn.linear %x, %w : (" + x + ", " + type + ") -> " + y +
         "\n  %z = nn.linear %y, %back : (" + y + ", " + back + ") -> " + x +
         "\n  %a = arith.addf %x, %z : " + x +
         "\n  %logits = nn.linear %a, %w : (" + x + ", " + type + ") -> " + y +
         "\n  return %logits : " + y + "\n}\n";
}

std::string lowering::hiddenModel(const Case &c) {
  std::string w = weight("w", c.body);
  Expression shape(1);
  V value = c.body(shape);
  int64_t rows = value.shape[0], columns = value.shape[1];
  std::string r = std::to_string(rows), n = std::to_string(columns);
  std::string x = "tensor<?x" + n + "xf32>", y = "tensor<?x" + r + "xf32>";
  return w +
         weight(
             "embedding",
             [&](Expression &e) { return e.floats({37, columns}, "f16", 1); },
             2) +
         weight(
             "head",
             [&](Expression &e) { return e.floats({37, rows}, "f32", 0.2); },
             3) +
         "func.func @forward(%tokens: tensor<?xi32>, %position: index) -> "
         "tensor<?x37xf32> {\n  %w = compress.use @w : tensor<" +
         r + "x" + n + "xf32>\n  %e = compress.use @embedding : tensor<37x" +
         n + "xf32>\n  %h = compress.use @head : tensor<37x" + r +
         "xf32>\n  %x = nn.embedding %tokens, %e : tensor<?xi32>, tensor<37x" +
         n + "xf32> -> " + x + "\n  %y = nn.linear %x, %w : (" + x +
         ", tensor<" + r + "x" + n + "xf32>) -> " + y +
         "\n  %logits = nn.linear %y, %h : (" + y + ", tensor<37x" + r +
         "xf32>) -> tensor<?x37xf32>\n  return %logits : tensor<?x37xf32>\n}\n";
}
std::vector<Case> lowering::cases() {
  std::vector<Case> all;
  auto add = [&](const char *name, Body body, bool int8 = false) {
    all.push_back({name, std::move(body), int8});
  };
#define BODY [](Expression & e)->V

  // Leaves, with rows and columns beside and on the lanes' multiples.
  add("f32", BODY { return e.floats({37, 72}, "f32", 0.3); });
  add("f16", BODY { return e.floats({37, 72}, "f16", 0.3); });
  add("bf16", BODY { return e.floats({48, 64}, "bf16", 0.3); });
  add("bf16_odd", BODY { return e.floats({37, 71}, "bf16", 0.3); });
  add("f16_small", BODY { return e.floats({3, 5}, "f16", 0.3); });

  // Codes of every width, signed, in groups of 32 of 72 inputs.
  add("si2", BODY { return e.quantized({37, 72}, "si2", 32, "f16"); }, true);
  add("si3", BODY { return e.quantized({37, 72}, "si3", 32, "f16"); }, true);
  add("si4", BODY { return e.quantized({37, 72}, "si4", 32, "f16"); }, true);
  add("si5", BODY { return e.quantized({37, 72}, "si5", 32, "f16"); }, true);
  add("si6", BODY { return e.quantized({37, 72}, "si6", 32, "f16"); }, true);
  add("si7", BODY { return e.quantized({37, 72}, "si7", 32, "f16"); }, true);
  add("si8", BODY { return e.quantized({37, 72}, "si8", 32, "f16"); }, true);
  // Unsigned with integer zero points of every width.
  add(
      "ui2", BODY { return e.quantized({48, 64}, "ui2", 32, "f16", "ui2"); },
      true);
  add(
      "ui3", BODY { return e.quantized({48, 64}, "ui3", 32, "f16", "ui3"); },
      true);
  add(
      "ui4", BODY { return e.quantized({48, 64}, "ui4", 32, "f16", "ui4"); },
      true);
  add(
      "ui5", BODY { return e.quantized({48, 64}, "ui5", 32, "f16", "ui5"); },
      true);
  add(
      "ui6", BODY { return e.quantized({48, 64}, "ui6", 32, "f16", "ui6"); },
      true);
  add(
      "ui7", BODY { return e.quantized({48, 64}, "ui7", 32, "f16", "ui7"); },
      true);
  add(
      "ui8", BODY { return e.quantized({48, 64}, "ui8", 32, "f16", "ui8"); },
      true);
  // Without zero points; with fractions; zero points wider than the codes.
  add(
      "ui4_plain", BODY { return e.quantized({33, 80}, "ui4", 32, "f32"); },
      true);
  add(
      "ui4_half_zeros",
      BODY { return e.quantized({33, 80}, "ui4", 32, "f16", "f16"); }, true);
  add(
      "ui3_float_zeros",
      BODY { return e.quantized({33, 80}, "ui3", 64, "f32", "f32"); }, true);
  add(
      "ui5_brain_zeros",
      BODY { return e.quantized({33, 80}, "ui5", 64, "bf16", "bf16"); }, true);
  add(
      "ui3_wide_zeros",
      BODY { return e.quantized({33, 80}, "ui3", 32, "f16", "ui8"); }, true);
  // Scales of each type; groups of 64, longer than a row, a whole row.
  add(
      "si4_brain_scales",
      BODY { return e.quantized({16, 96}, "si4", 64, "bf16"); }, true);
  add(
      "si4_float_scales",
      BODY { return e.quantized({16, 96}, "si4", 64, "f32"); }, true);
  add(
      "si4_long_group",
      BODY { return e.quantized({16, 96}, "si4", 128, "f16"); }, true);
  add(
      "si4_row", BODY { return e.quantized({40, 172}, "si4", 0, "f16"); },
      true);
  add(
      "ui8_row",
      BODY { return e.quantized({40, 172}, "ui8", 0, "f16", "ui8"); }, true);
  add(
      "si8_row_narrow", BODY { return e.quantized({5, 20}, "si8", 0, "f32"); },
      true);
  add(
      "ui4_groups_of_172",
      BODY { return e.quantized({64, 172}, "ui4", 32, "f16", "ui4"); }, true);
  // Many row tiles: pairs of tiles and one left over.
  add(
      "si4_tiles", BODY { return e.quantized({80, 64}, "si4", 32, "f16"); },
      true);
  add(
      "ui6_tiles",
      BODY { return e.quantized({112, 64}, "ui6", 64, "f16", "f16"); }, true);

  // Groups of 16, two a block; the last block may have only one.
  add(
      "si4_group16", BODY { return e.quantized({37, 72}, "si4", 16, "f16"); },
      true);
  add(
      "ui5_group16",
      BODY { return e.quantized({48, 64}, "ui5", 16, "f16", "ui5"); }, true);
  add(
      "ui4_group16_half_zeros",
      BODY { return e.quantized({20, 176}, "ui4", 16, "f16", "f16"); }, true);
  // Groups that no block of 32 divides, and scales that are expressions: rows.
  add(
      "ui3_group24",
      BODY { return e.quantized({37, 72}, "ui3", 24, "f16", "ui3"); });
  add(
      "ui5_group48",
      BODY { return e.quantized({37, 100}, "ui5", 48, "bf16", "f16"); });
  add("si7_group5", BODY { return e.quantized({7, 23}, "si7", 5, "f32"); });
  add(
      "si6_zeros",
      BODY { return e.quantized({37, 72}, "si6", 32, "f16", "ui6"); }, true);
  add(
      "quantized_scales",
      BODY {
        V codes = e.codes({37, 72}, "si4");
        V inner = e.codes({37, 3}, "ui6"),
          scale = e.floats({37, 1}, "f16", 0.002);
        return e.dequantize(codes, e.dequantize(inner, scale, 0), 32);
      },
      true);
  add(
      "quantized_scales_and_zeros",
      BODY {
        V codes = e.codes({37, 96}, "ui3");
        V s = e.dequantize(e.codes({37, 6}, "ui6"),
                           e.floats({37, 2}, "f16", 0.002), 3);
        V z = e.dequantize(e.codes({37, 6}, "ui4"),
                           e.floats({37, 2}, "f16", 0.3), 3);
        return e.dequantize(codes, s, 16, &z);
      },
      true);

  // Lookup: palettes, cells, codebooks a group, quantised codebooks.
  add(
      "palette2", BODY {
        return e.lookup(e.codes({37, 72}, "ui2"), e.floats({1, 4}, "f16", 0.3),
                        1, 0);
      });
  add(
      "palette3", BODY {
        return e.lookup(e.codes({37, 72}, "ui3"), e.floats({1, 8}, "f32", 0.3),
                        1, 0);
      });
  add(
      "palette4", BODY {
        return e.lookup(e.codes({48, 64}, "ui4"),
                        e.floats({1, 16}, "bf16", 0.3), 1, 0);
      });
  add(
      "palette5_few", BODY {
        return e.lookup(e.codes({37, 72}, "ui5", 20),
                        e.floats({1, 20}, "f16", 0.3), 1, 0);
      });
  add(
      "palette7", BODY {
        return e.lookup(e.codes({37, 72}, "ui7"),
                        e.floats({1, 128}, "f16", 0.3), 1, 0);
      });
  add(
      "palette8", BODY {
        return e.lookup(e.codes({37, 72}, "ui8"),
                        e.floats({1, 256}, "f16", 0.3), 1, 0);
      });
  add(
      "palette6_f32", BODY {
        return e.lookup(e.codes({37, 71}, "ui6", 50),
                        e.floats({1, 50}, "f32", 0.3), 1, 0);
      });
  add(
      "cells4_f32", BODY {
        return e.lookup(e.codes({33, 20}, "ui8"),
                        e.floats({1, 1024}, "f32", 0.3), 4, 0);
      });
  add(
      "cells2", BODY {
        return e.lookup(e.codes({37, 36}, "ui8"),
                        e.floats({1, 512}, "f16", 0.3), 2, 0);
      });
  add(
      "cells4", BODY {
        return e.lookup(e.codes({37, 18}, "ui6"),
                        e.floats({1, 256}, "f16", 0.3), 4, 0);
      });
  add(
      "cells8", BODY {
        return e.lookup(e.codes({37, 9}, "ui5"), e.floats({1, 256}, "f16", 0.3),
                        8, 0);
      });
  add(
      "palette_groups", BODY {
        return e.lookup(e.codes({37, 72}, "ui4"),
                        e.floats({37 * 3, 16}, "f16", 0.3), 1, 32);
      });
  add(
      "cells_groups", BODY {
        return e.lookup(e.codes({37, 36}, "ui4"),
                        e.floats({37 * 3, 32}, "f16", 0.3), 2, 16);
      });
  add(
      "palette_quantized", BODY {
        return e.lookup(e.codes({37, 72}, "ui4"),
                        e.quantized({1, 16}, "si8", 0, "f32", "", 0.3), 1, 0);
      });
  add(
      "palette_quantized_groups", BODY {
        return e.lookup(e.codes({37, 72}, "ui4"),
                        e.quantized({37 * 3, 16}, "si8", 0, "f32", "", 0.3), 1,
                        32);
      });
  add(
      "palette_quantized_parts", BODY {
        return e.lookup(e.codes({37, 72}, "ui4"),
                        e.quantized({37 * 2, 16}, "si6", 8, "f16", "", 0.3), 1,
                        36);
      });

  // Pruned: unstructured, N of M, blocks.
  add(
      "densify", BODY {
        int64_t ones;
        V mask = e.mask({37, 80}, 0.4, ones);
        return e.densify(e.floats({ones}, "f16", 0.4), mask);
      });
  add(
      "densify_odd_columns", BODY {
        int64_t ones;
        V mask = e.mask({37, 71}, 0.4, ones);
        return e.densify(e.floats({ones}, "f16", 0.4), mask);
      });
  add(
      "densify_full_and_empty_rows", BODY {
        V mask = e.leaf({6, 32}, "ui1", [](int64_t i) {
          return std::string(i / 32 % 3 == 0   ? "true"
                             : i / 32 % 3 == 1 ? "false"
                             : i % 2           ? "true"
                                               : "false");
        });
        return e.densify(e.floats({2 * 32 + 2 * 16}, "f32", 0.4), mask);
      });
  add(
      "densify_quantized", BODY {
        int64_t ones;
        V mask = e.mask({37, 80}, 0.5, ones);
        return e.densify(e.quantized({ones}, "si4", 32, "f16"), mask);
      });
  add(
      "densify_quantized_zeros", BODY {
        int64_t ones;
        V mask = e.mask({37, 71}, 0.5, ones);
        return e.densify(e.quantized({ones}, "ui3", 5, "f16", "ui3"), mask);
      });
  add(
      "densify_lookup", BODY {
        int64_t ones;
        V mask = e.mask({37, 80}, 0.5, ones);
        return e.densify(e.lookup(e.codes({ones}, "ui4"),
                                  e.floats({1, 16}, "f16", 0.4), 1, 0),
                         mask);
      });
  add(
      "two_of_four", BODY {
        V values = e.floats({37, 36}, "bf16", 0.4);
        return e.densifyNM(values, e.positions(37, 36, 2, 4), 2, 4);
      });
  add(
      "one_of_four", BODY {
        V values = e.floats({37, 18}, "f16", 0.4);
        return e.densifyNM(values, e.positions(37, 18, 1, 4), 1, 4);
      });
  add(
      "five_of_eight_quantized", BODY {
        V values = e.quantized({37, 45}, "si4", 15, "f16");
        return e.densifyNM(values, e.positions(37, 45, 5, 8), 5, 8);
      });
  add(
      "two_of_four_tile_values", BODY {
        V values = e.quantized({37, 64}, "si4", 32, "f16");
        return e.densifyNM(values, e.positions(37, 64, 2, 4), 2, 4);
      });
  add(
      "blocks", BODY {
        int64_t ones;
        V mask = e.mask({9, 5}, 0.5, ones);
        return e.densifyBlocks(e.floats({ones, 64}, "f16", 0.4), mask, 4, 16);
      });
  add(
      "densify_f32", BODY {
        int64_t ones;
        V mask = e.mask({53, 148}, 0.6, ones);
        return e.densify(e.floats({ones}, "f32", 0.4), mask);
      });
  add(
      "densify_ends", BODY {
        // Full tiles, empty tiles, and a row tile of one row.
        V mask = e.leaf({49, 96}, "ui1", [](int64_t i) {
          bool one = i / (16 * 96) % 2 == 0 || i == 49 * 96 - 1;
          return std::string(one ? "true" : "false");
        });
        return e.densify(e.floats({2 * 16 * 96 + 1}, "bf16", 0.4), mask);
      });
  add(
      "three_of_four", BODY {
        V values = e.floats({37, 72}, "f32", 0.4);
        return e.densifyNM(values, e.positions(37, 72, 3, 4), 3, 4);
      });
  add(
      "blocks_quantized", BODY {
        int64_t ones;
        V mask = e.mask({5, 9}, 0.5, ones);
        return e.densifyBlocks(e.quantized({ones, 56}, "si5", 28, "f16"), mask,
                               7, 8);
      });

  // Offsets, of f16, nested as K-quants have them.
  add(
      "offsets",
      BODY {
        return e.dequantizeOffsets(e.codes({37, 72}, "ui4"),
                                   e.scales({37, 3}, "f16", 0.02),
                                   e.floats({37, 3}, "f16", 0.1), 32);
      },
      true);
  add(
      "nested_scales_and_minima",
      BODY {
        V codes = e.codes({37, 96}, "ui4");
        V s = e.dequantize(e.codes({37, 6}, "ui6"),
                           e.floats({37, 2}, "f16", 0.002), 3);
        V m = e.dequantize(e.codes({37, 6}, "ui6"),
                           e.floats({37, 2}, "f16", 0.01), 3);
        return e.dequantizeOffsets(codes, s, m, 16);
      },
      true);

  // The same in groups of 32: a segment of eight, and one of two.
  add(
      "nested_segments",
      BODY {
        V codes = e.codes({37, 320}, "ui4");
        V s = e.dequantize(e.codes({37, 10}, "ui6"),
                           e.floats({37, 2}, "f16", 0.002), 8);
        V m = e.dequantize(e.codes({37, 10}, "ui6"),
                           e.floats({37, 2}, "f16", 0.01), 8);
        return e.dequantizeOffsets(codes, s, m, 32);
      },
      true);
  add(
      "nested_signed_scales",
      BODY {
        V codes = e.codes({20, 200}, "si5");
        V s = e.dequantize(e.codes({20, 7}, "si3"),
                           e.floats({20, 2}, "f32", 0.02), 5);
        return e.dequantize(codes, s, 32);
      },
      true);
  add(
      "nested_double_quantized",
      BODY {
        V codes = e.lookup(e.codes({37, 256}, "ui4"),
                           e.codebook("iq4_nl", "si8", 16), 1, 0);
        V means = e.floats({37, 1}, "f16", 0.002);
        V s = e.dequantizeOffsets(e.codes({37, 4}, "si8"),
                                  e.floats({37, 1}, "f16", 0.00002), means, 0);
        return e.dequantize(codes, s, 64);
      },
      true);
  add(
      "palette6_of_codes",
      BODY {
        V codes =
            e.lookup(e.codes({37, 72}, "ui6"), e.codes({1, 64}, "si8"), 1, 0);
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.002), 32);
      },
      true);
  add(
      "palette8_of_codes",
      BODY {
        V codes = e.lookup(e.codes({37, 72}, "ui8", 200),
                           e.codes({1, 200}, "ui8"), 1, 0);
        V zeros = e.codes({37, 3}, "ui8");
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.002), 32, &zeros);
      },
      true);
  add(
      "signed_palette8_of_codes",
      BODY {
        V codes =
            e.lookup(e.codes({37, 71}, "ui8"), e.codes({1, 256}, "si8"), 1, 0);
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.002), 32);
      },
      true);

  // Codes of codes: integer codebooks with scales, and what is put at some
  // positions below the scales.
  add(
      "codebook_of_codes",
      BODY {
        V codes =
            e.lookup(e.codes({37, 72}, "ui4"), e.codes({1, 16}, "si8"), 1, 0);
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.002), 32);
      },
      true);
  add(
      "cells_of_codes",
      BODY {
        V codes =
            e.lookup(e.codes({37, 18}, "ui8"), e.codes({1, 1024}, "si8"), 4, 0);
        return e.dequantize(codes, e.scales({37, 1}, "f16", 0.002), 0);
      },
      true);
  add(
      "cells_of_codes_tiles",
      BODY {
        V codes =
            e.lookup(e.codes({37, 19}, "ui8"), e.codes({1, 1024}, "si8"), 4, 0);
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.002), 32);
      },
      true);
  add(
      "cells_of_few_unsigned_codes",
      BODY {
        V codes = e.lookup(e.codes({33, 44}, "ui8", 150),
                           e.codes({1, 600}, "ui8"), 4, 0);
        V zeros = e.codes({33, 11}, "ui8");
        return e.dequantize(codes, e.scales({33, 11}, "f16", 0.002), 16,
                            &zeros);
      },
      true);
  add(
      "nested_halves",
      BODY {
        V codes = e.codes({37, 200}, "ui4");
        V s = e.dequantize(e.codes({37, 13}, "ui6"),
                           e.floats({37, 4}, "f16", 0.002), 4);
        V m = e.dequantize(e.codes({37, 13}, "ui6"),
                           e.floats({37, 4}, "f16", 0.01), 4);
        return e.dequantizeOffsets(codes, s, m, 16);
      },
      true);
  add(
      "densify_codes_halves",
      BODY {
        int64_t ones;
        V mask = e.mask({37, 80}, 0.5, ones);
        V codes = e.densify(e.codes({ones}, "ui4"), mask);
        V zeros = e.codes({37, 5}, "ui4");
        return e.dequantize(codes, e.scales({37, 5}, "f16", 0.02), 16, &zeros);
      },
      true);
  add(
      "densify_codes",
      BODY {
        int64_t ones;
        V mask = e.mask({37, 80}, 0.5, ones);
        V codes = e.densify(e.codes({ones}, "si4"), mask);
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.02), 32);
      },
      true);
  add(
      "densify_codes_zeros",
      BODY {
        int64_t ones;
        V mask = e.mask({37, 71}, 0.5, ones);
        V codes = e.densify(e.codes({ones}, "ui4"), mask);
        V zeros = e.codes({37, 3}, "ui4");
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.02), 32, &zeros);
      },
      true);
  add(
      "densify_codes_offsets",
      BODY {
        int64_t ones;
        V mask = e.mask({37, 80}, 0.5, ones);
        V codes = e.densify(e.codes({ones}, "ui4"), mask);
        return e.dequantizeOffsets(codes, e.scales({37, 3}, "f16", 0.02),
                                   e.floats({37, 3}, "f16", 0.1), 32);
      },
      true);
  add(
      "two_of_four_codes",
      BODY {
        V codes = e.densifyNM(e.codes({37, 36}, "si4"),
                              e.positions(37, 36, 2, 4), 2, 4);
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.02), 32);
      },
      true);
  // Every width of codes, and rows of which the parts are not alike.
#define DENSIFIED(WIDTH)                                                       \
  add(                                                                         \
      "densify_codes_" WIDTH,                                                  \
      BODY {                                                                   \
        int64_t ones;                                                          \
        V mask = e.mask({53, 148}, 0.3, ones);                                 \
        V codes = e.densify(e.codes({ones}, WIDTH), mask);                     \
        return e.dequantize(codes, e.scales({53, 5}, "f16", 0.01), 32);        \
      },                                                                       \
      true);
  DENSIFIED("si2")
  DENSIFIED("si3")
  DENSIFIED("ui5")
  DENSIFIED("si6")
  DENSIFIED("si7")
  DENSIFIED("si8")
#undef DENSIFIED
  add(
      "densify_codes_ends",
      BODY {
        // Full tiles, empty tiles, and a row tile of one row.
        V mask = e.leaf({49, 96}, "ui1", [](int64_t i) {
          bool one = i / (16 * 96) % 2 == 0 || i == 49 * 96 - 1;
          return std::string(one ? "true" : "false");
        });
        V codes = e.densify(e.codes({2 * 16 * 96 + 1}, "si3"), mask);
        return e.dequantize(codes, e.scales({49, 1}, "f16", 0.02), 0);
      },
      true);
  add(
      "one_of_four_codes",
      BODY {
        V codes = e.densifyNM(e.codes({37, 18}, "ui3"),
                              e.positions(37, 18, 1, 4), 1, 4);
        V zeros = e.codes({37, 3}, "ui3");
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.02), 32, &zeros);
      },
      true);
  add(
      "five_of_eight_codes",
      BODY {
        V codes = e.densifyNM(e.codes({37, 45}, "si6"),
                              e.positions(37, 45, 5, 8), 5, 8);
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.02), 32);
      },
      true);
  add(
      "blocks_codes",
      BODY {
        int64_t ones;
        V mask = e.mask({9, 5}, 0.5, ones);
        V codes = e.densifyBlocks(e.codes({ones, 64}, "si8"), mask, 4, 16);
        return e.dequantize(codes, e.scales({36, 3}, "f16", 0.002), 32);
      },
      true);
  // Blocks of whole row tiles are listed; of larger ones each part.
  add(
      "listed_blocks", BODY {
        int64_t ones;
        V mask = e.mask({3, 5}, 0.4, ones);
        return e.densifyBlocks(e.floats({ones, 512}, "f16", 0.4), mask, 16, 32);
      });
  add(
      "listed_blocks_large", BODY {
        // A block row without any.
        V mask = e.leaf({2, 3}, "ui1", [](int64_t i) {
          return std::string(i < 3 && i != 1 ? "true" : "false");
        });
        return e.densifyBlocks(e.floats({2, 2048}, "bf16", 0.4), mask, 32, 64);
      });
  add(
      "listed_blocks_codes",
      BODY {
        int64_t ones;
        V mask = e.mask({3, 5}, 0.4, ones);
        V codes = e.densifyBlocks(e.codes({ones, 512}, "si4"), mask, 16, 32);
        return e.dequantize(codes, e.scales({48, 5}, "f16", 0.02), 32);
      },
      true);
  add(
      "listed_blocks_zeros",
      BODY {
        int64_t ones;
        V mask = e.mask({2, 3}, 0.6, ones);
        V codes = e.densifyBlocks(e.codes({ones, 1024}, "ui3"), mask, 16, 64);
        V zeros = e.floats({32, 2}, "f16", 4);
        return e.dequantize(codes, e.scales({32, 2}, "f32", 0.02), 96, &zeros);
      },
      true);
  add(
      "listed_blocks_offsets",
      BODY {
        int64_t ones;
        V mask = e.mask({2, 4}, 0.5, ones);
        V codes = e.densifyBlocks(e.codes({ones, 512}, "ui6"), mask, 16, 32);
        return e.dequantizeOffsets(codes, e.scales({32, 1}, "f16", 0.02),
                                   e.floats({32, 1}, "f16", 0.1), 0);
      },
      true);
  add("outliers", BODY { return e.outliers(37, 80, 5, "bf16"); });
  add(
      "outliers_quantized", BODY {
        V values = e.quantized({6}, "si8", 3, "f16", "", 1);
        V at = e.leaf({6}, "ui7", [](int64_t i) {
          return std::to_string(std::vector<int>{0, 71, 3, 5, 70, 8}[i]);
        });
        V counts = e.leaf({5}, "ui2", [](int64_t i) {
          return std::to_string(std::vector<int>{2, 0, 3, 0, 1}[i]);
        });
        return e.outliersOf(values, at, counts, 72);
      });
  add(
      "lookup_of_densified", BODY {
        int64_t ones;
        V mask = e.mask({37, 80}, 0.5, ones);
        return e.lookup(e.densify(e.codes({ones}, "ui4"), mask),
                        e.floats({1, 16}, "f16", 0.4), 1, 0);
      });
  add(
      "codebook_of_densified",
      BODY {
        int64_t ones;
        V mask = e.mask({37, 80}, 0.5, ones);
        V codes = e.lookup(e.densify(e.codes({ones}, "ui4"), mask),
                           e.codes({1, 16}, "si8"), 1, 0);
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.002), 32);
      },
      true);
  add(
      "sum_outlier_list",
      BODY {
        V base = e.quantized({37, 80}, "si4", 32, "f16");
        return e.sum({base, e.outliers(37, 80, 3, "f16")});
      },
      true);

  // Float codes, by the names of their codebooks.
  add(
      "nf4", BODY {
        V codes = e.lookup(e.codes({37, 72}, "ui4"),
                           e.codebook("nf4", "f32", 16), 1, 0);
        return codes;
      });
  // Both signs, finite: of e4m3 but for the last of each, of e5m2 the last
  // four.
#define FLOAT8(NAME, FINITE)                                                   \
  add(                                                                         \
      NAME, BODY {                                                             \
        V codes = e.leaf({37, 71}, "ui8", [&](int64_t i) {                     \
          return std::to_string(i % 2 * 128 + e.below(FINITE));                \
        });                                                                    \
        return e.lookup(codes, e.codebook(NAME, "f32", 256), 1, 0);            \
      });
  FLOAT8("f8_e4m3", 127)
  FLOAT8("f8_e5m2", 124)
#undef FLOAT8
  add(
      "iq4_nl",
      BODY {
        V codes = e.lookup(e.codes({37, 72}, "ui4"),
                           e.codebook("iq4_nl", "si8", 16), 1, 0);
        return e.dequantize(codes, e.scales({37, 3}, "f16", 0.002), 32);
      },
      true);
  add(
      "mxfp4",
      BODY {
        V codes = e.lookup(e.codes({37, 72}, "ui4"),
                           e.codebook("i4_e2m1", "si8", 16), 1, 0);
        V exponents = e.leaf({37, 3}, "ui8", [](int64_t i) {
          return std::to_string(120 + i % 5);
        });
        V scales = e.lookup(exponents, e.codebook("e8m0", "f32", 256), 1, 0);
        return e.dequantize(codes, scales, 32);
      },
      true);

  // Products, sums, permutations.
  add(
      "product", BODY {
        return e.product(e.floats({37, 6}, "f16", 0.5),
                         e.floats({6, 72}, "f16", 0.5));
      });
  add(
      "product_rank1", BODY {
        return e.product(e.floats({37, 1}, "f32", 0.5),
                         e.floats({1, 72}, "f32", 0.5));
      });
  add(
      "product_quantized",
      BODY {
        return e.product(e.quantized({37, 20}, "si8", 0, "f16"),
                         e.quantized({20, 72}, "si8", 32, "f16"));
      },
      true);
  add(
      "sum_low_rank",
      BODY {
        V base = e.quantized({37, 72}, "si3", 32, "f16");
        return e.sum({base, e.product(e.floats({37, 4}, "f16", 0.2),
                                      e.floats({4, 72}, "f16", 0.2))});
      },
      true);
  add(
      "sum_of_three",
      BODY {
        V a = e.quantized({37, 72}, "si4", 32, "f16"),
          b = e.quantized({37, 72}, "ui2", 64, "f16", "ui2");
        return e.sum({a, e.floats({37, 72}, "f16", 0.1), b});
      },
      true);
  add(
      "sum_outliers",
      BODY {
        V base = e.quantized({37, 80}, "ui4", 32, "f16", "ui4");
        int64_t ones;
        V mask = e.mask({37, 80}, 0.03, ones);
        return e.sum({base, e.densify(e.floats({ones}, "f16", 1), mask)});
      },
      true);
  add(
      "permute_rows",
      BODY {
        V base = e.quantized({37, 72}, "si4", 32, "f16");
        return e.permute(base, e.permutation(37, "ui8"), 0);
      },
      true);
  add(
      "permute_columns",
      BODY {
        V base = e.quantized({37, 72}, "si4", 32, "f16");
        return e.permute(base, e.permutation(72, "ui8"), 1);
      },
      true);
  add(
      "permute_columns16", BODY {
        V base = e.floats({37, 72}, "f16", 0.3);
        return e.permute(base, e.permutation(72, "ui16"), 1);
      });
  add(
      "permute_both32", BODY {
        V base = e.permute(e.floats({37, 72}, "f16", 0.3),
                           e.permutation(72, "ui32"), 1);
        return e.permute(base, e.permutation(37, "ui16"), 0);
      });
  add(
      "permute_sum",
      BODY {
        V base = e.quantized({37, 72}, "si3", 32, "f16");
        V sum = e.sum({base, e.product(e.floats({37, 3}, "f16", 0.2),
                                       e.floats({3, 72}, "f16", 0.2))});
        return e.permute(sum, e.permutation(72, "ui16"), 1);
      },
      true);
  add(
      "sum_of_permutes",
      BODY {
        V a = e.permute(e.quantized({37, 72}, "si3", 32, "f16"),
                        e.permutation(72, "ui8"), 1);
        V b = e.permute(e.quantized({37, 72}, "si2", 32, "f16"),
                        e.permutation(37, "ui8"), 0);
        return e.sum({a, b});
      },
      true);
  add(
      "product_of_expressions", BODY {
        int64_t ones;
        V mask = e.mask({37, 16}, 0.5, ones);
        V left = e.densify(e.floats({ones}, "f16", 0.4), mask);
        V right = e.lookup(e.codes({16, 72}, "ui4"),
                           e.floats({1, 16}, "f16", 0.4), 1, 0);
        return e.product(left, right);
      });
  add(
      "product_of_product",
      BODY {
        V inner = e.product(e.floats({37, 8}, "f16", 0.5),
                            e.floats({8, 12}, "f16", 0.5));
        return e.product(inner, e.quantized({12, 72}, "si8", 32, "f16"));
      },
      true);
  add(
      "scales_by_lookup", BODY {
        V codes = e.codes({37, 72}, "si4");
        return e.dequantize(codes,
                            e.lookup(e.codes({37, 3}, "ui4"),
                                     e.floats({1, 16}, "f16", 0.03), 1, 0),
                            32);
      });
  add(
      "shared_leaf",
      BODY {
        V codes = e.codes({37, 72}, "ui4");
        V a = e.dequantize(codes, e.scales({37, 3}, "f16", 0.02), 32);
        return e.sum({a, e.lookup(codes, e.floats({1, 16}, "f16", 0.1), 1, 0)});
      },
      true);
  add(
      "shared_term",
      BODY {
        V a = e.quantized({37, 72}, "si4", 32, "f16");
        return e.sum({a, a});
      },
      true);
#undef BODY
  return all;
}

std::vector<Case> lowering::fewCases() {
  std::vector<Case> few;
  for (Case &c : cases())
    for (const char *name : {"f16",
                             "bf16",
                             "bf16_odd",
                             "ui5_brain_zeros",
                             "si3",
                             "si7",
                             "si8",
                             "ui8",
                             "ui5",
                             "ui4_half_zeros",
                             "si4_row",
                             "palette4",
                             "palette8",
                             "listed_blocks",
                             "listed_blocks_codes",
                             "sum_outlier_list",
                             "f8_e4m3",
                             "cells4",
                             "densify",
                             "densify_odd_columns",
                             "two_of_four",
                             "sum_low_rank",
                             "nested_segments",
                             "palette6_of_codes",
                             "palette8_of_codes",
                             "iq4_nl",
                             "mxfp4",
                             "densify_codes",
                             "densify_codes_si3",
                             "densify_codes_si8",
                             "densify_codes_ends",
                             "one_of_four_codes",
                             "permute_columns"})
      if (std::string(name) == c.name)
        few.push_back(c);
  return few;
}

std::vector<Case> lowering::int8Of(std::vector<Case> some) {
  llvm::erase_if(some, [](const Case &c) { return !c.int8; });
  return some;
}
