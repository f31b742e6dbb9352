#!/usr/bin/env python3
"""benchmarks/draw.py ROWS.json > formats.svg: decode speed over the bytes of a model, a point a format.

ROWS.json is what `./dev bench --formats --json` prints. The line is what reading every byte once a token allows: the
read bandwidth of the same rounds.
"""
import json, statistics, sys

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 420, 64, 24, 40, 44


def ticks(low, high):
    """1, 2 and 5 times powers of ten within a range."""
    power = 10 ** len(str(int(low)))
    found = []
    while power > 0.001:
        found += [f * power for f in (1, 2, 5) if low <= f * power <= high]
        power /= 10
    return sorted(found)


def panel(model, rows, top):
    from math import log
    rate = lambda row: row["decode_0_1"]
    low, high = (f(row["packed_bytes"] / 1e6 for row in rows) for f in (min, max))
    slow, fast = (f(map(rate, rows)) for f in (min, max))
    low, high, slow, fast = low / 1.15, high * 1.25, slow / 1.25, fast * 1.35
    x = lambda megabytes: LEFT + (log(megabytes / low) / log(high / low)) * (WIDTH - LEFT - RIGHT)
    y = lambda speed: top + HEIGHT - BOTTOM - (log(speed / slow) / log(fast / slow)) * (HEIGHT - TOP - BOTTOM)
    out = [f'<text x="{LEFT}" y="{top + 22}" class="title">{model}: tokens a second over megabytes</text>']
    for value in ticks(low, high):
        out.append(f'<line x1="{x(value):.1f}" x2="{x(value):.1f}" y1="{top + TOP}" y2="{top + HEIGHT - BOTTOM}" class="grid"/>'
                   f'<text x="{x(value):.1f}" y="{top + HEIGHT - BOTTOM + 18}" text-anchor="middle">{value:g}</text>')
    for value in ticks(slow, fast):
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(value):.1f}" y2="{y(value):.1f}" class="grid"/>'
                   f'<text x="{LEFT - 8}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>')
    measured = [row for row in rows if "decode_0_1_of_reads" in row]
    if measured:
        # Bytes of the model that pass a second at the limit: a share of 1.
        limit = statistics.median(rate(r) * r["packed_bytes"] / r["decode_0_1_of_reads"] for r in measured) / 1e6
        ends = [max(low, limit / fast), min(high, limit / slow)]
        if ends[0] < ends[1]:
            points = " ".join(f"{x(m):.1f},{y(limit / m):.1f}" for m in ends)
            out.append(f'<polyline points="{points}" class="limit"/>')
    placed = []
    for row in sorted(rows, key=rate, reverse=True):
        px, py = x(row["packed_bytes"] / 1e6), y(rate(row))
        ty = py + 4
        while any(abs(ty - other) < 12 and abs(px - ox) < 120 for ox, other in placed):
            ty += 3
        placed.append((px, ty))
        out.append(f'<circle cx="{px:.1f}" cy="{py:.1f}" r="4" class="{"peer" if row["format"].startswith("llama") else "own"}"/>'
                   f'<text x="{px + 8:.1f}" y="{ty:.1f}">{row["format"]}</text>')
    return out


def main():
    with open(sys.argv[1]) as file:
        rows = [row for row in json.load(file) if "decode_0_1" in row]
    models = sorted({row["model"] for row in rows})
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT * len(models)}" font-family="sans-serif" font-size="11">')
    print("<style>text{fill:#444}.title{font-size:14px}.grid{stroke:#8884;stroke-width:1}.own{fill:#2563eb}.peer{fill:#d97706}"
          ".limit{fill:none;stroke:#16a34a;stroke-dasharray:5 4}"
          "@media(prefers-color-scheme:dark){text{fill:#ccc}}</style>")
    for i, model in enumerate(models):
        print("\n".join(panel(model, [row for row in rows if row["model"] == model], i * HEIGHT)))
    print("</svg>")


main()
