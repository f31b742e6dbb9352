"""Ten 16 x 24 weights of a fixed pseudo-random sequence."""
state = 1
for weight in range(10):
    rows = []
    for _ in range(16):
        row = []
        for _ in range(24):
            state = state * 6364136223846793005 + 1442695040888963407 & 2**64 - 1
            row.append(f"{(state >> 40) / 2**23 - 1:e}")
        rows.append("[" + ", ".join(row) + "]")
    print(f"compress.weight @w{weight} : tensor<16x24xf32> {{\n"
          f"  %0 = compress.constant dense<[{', '.join(rows)}]> : tensor<16x24xf32>\n"
          "  compress.yield %0 : tensor<16x24xf32>\n}")
