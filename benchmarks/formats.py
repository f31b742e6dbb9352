"""The formats that benchmarks/run measures: a name, the passes that make it of a synthetic model, and what it must reach.

`decode` is the least share of the read bandwidth, `prefill` the least speed of prefill relative to int4's, both on the
1.1 B shape. Every matrix is alike, the embedding too, so that bits a weight mean one thing.
"""
from collections import namedtuple

Format = namedtuple("Format", "name recipe decode prefill")

INT4 = "compress-quantize{bits=4 group-size=32 scheme=symmetric}"
INT8 = "compress-quantize{bits=8 group-size=32 scheme=symmetric}"
F16 = "compress-decompress{type=f16}"
HALF = "compress-prune{kind=row percent=50}"
TWO_OF_FOUR = "compress-prune{kind=n-of-m n=2 m=4}"
BLOCKS = "compress-prune{kind=block block-rows=16 block-columns=32 percent=75}"


def nested(bits, group, scale_bits):
    """Scales and minima that are codes themselves, in runs of 256 weights, as the K-quants have them."""
    outer = f"bits={scale_bits} group-size={256 // group} scheme=unsigned"
    return (f"compress-quantize{{bits={bits} group-size={group} scheme=offset}},"
            f"compress-quantize{{target=scales {outer}}},compress-quantize{{target=offsets {outer}}}")


def palette(bits):
    """Codes of int8 that share 2^bits values, with a scale a group."""
    return f"{INT8},compress-palettize{{target=codes bits={bits}}}"


FORMATS = [
    Format("int4", INT4, 0.92, None),
    Format("int8", INT8, 0.92, None),
    Format("nested-32", nested(4, 32, 6), 0.82, 0.9),
    Format("nested-16", nested(4, 16, 6), 0.82, 0.9),
    Format("palette-16", palette(4), 0.87, 0.8),
    Format("palette-64", palette(6), 0.87, 0.8),
    Format("palette-256", palette(8), 0.87, 0.8),
    Format("palette-16-float", "compress-palettize{bits=4}", 0.68, 0.8),
    Format("vectors-256x4", f"{INT8},compress-vector-quantize{{target=codes cell=4 bits=8 rounds=1}}", 0.87, 0.7),
    Format("2:4-int4", f"{TWO_OF_FOUR},{INT4}", 0.87, 0.7),
    Format("2:4-f16", f"{F16},{TWO_OF_FOUR}", 0.75, 0.7),
    Format("half-int4", f"{HALF},{INT4}", 0.85, 0.6),
    Format("half-int8", f"{HALF},{INT8}", 0.85, 0.6),
    Format("half-f16", f"{F16},{HALF}", 0.75, 0.4),
    Format("blocks-int4", f"{BLOCKS},{INT4}", 0.75, 2.0),
    Format("blocks-f16", f"{F16},{BLOCKS}", 0.75, 2.0),
    Format("int4-r16-outliers", f"compress-outliers{{percent=0.5}},{INT4},compress-correct{{rank=16}}", 0.78, 0.7),
    Format("f16", F16, 0.88, None),
    Format("bf16", "compress-decompress{type=bf16}", 0.88, None),
    Format("fp8", "compress-palettize{codebook=f8_e4m3}", 0.88, None),
]
