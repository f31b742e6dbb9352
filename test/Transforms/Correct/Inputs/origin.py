"""Writes a safetensors file with one f32 tensor "w", the matrix of origin.test; with "other", another one."""
import json
import struct
import sys

values = [1, -2, 3, 4, .5, .25, .125, 7.5, 0, 0, 0, 0, -1, -2, -3, -4,
          2, -4, 6, 8, 1, .5, .25, 15, .5, 0, .125, .25, -1, -2, -3, -4]
if sys.argv[2:] == ["other"]:
    values[0] = 9
header = json.dumps({"w": {"dtype": "F32", "shape": [4, 8], "data_offsets": [0, 128]}}).encode()
header += b" " * (-len(header) % 8)
with open(sys.argv[1], "wb") as file:
    file.write(struct.pack("<Q", len(header)) + header + struct.pack("<32f", *values))
