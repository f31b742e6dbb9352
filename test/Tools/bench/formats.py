# RUN: %{python} %s %{source} %{models}/primer
"""What ./dev bench --formats measures can be made: every format's recipe plans, to the bits a weight that it is named for,
and a drawing is made of its rows."""
import json
import subprocess
import sys
import tempfile
import xml.dom.minidom

SOURCE, MODEL = sys.argv[1:]
sys.path.insert(0, SOURCE + "/benchmarks")
from formats import FORMATS

# Codes, a bit a position, and scales of 16 bits a group of 32; codebooks are some hundredths more.
BITS = {"int4": 4.5, "int8": 8.5, "nested-32": 4.5, "nested-16": 4 + 12 / 16 + 2 * 16 / 256, "palette-16": 4.5,
        "palette-64": 6.5, "palette-256": 8.5, "palette-16-float": 4, "vectors-256x4": 2.5, "2:4-int4": 2 + 1 + 0.5,
        "2:4-f16": 8 + 1, "half-int4": 2 + 1 + 0.5, "half-int8": 4 + 1 + 0.5, "half-f16": 8 + 1,
        "blocks-int4": 1 + 0.5, "blocks-f16": 4, "f16": 16, "bf16": 16, "fp8": 8}
for f in FORMATS:
    done = subprocess.run(["compress", "info", MODEL, "--recipe", f.recipe, "--json"], capture_output=True, text=True)
    assert done.returncode == 0, (f.name, done.stderr)
    found = json.loads(done.stdout)["bits_per_weight"]
    if f.name in BITS:
        assert abs(found - BITS[f.name]) < 0.1 + 0.03 * BITS[f.name], (f.name, found, BITS[f.name])
assert {f.name for f in FORMATS} == {*BITS, "int4-r16-outliers"}

rows = [dict(model="1.1b", format=f"format<{i}>".replace("<", "-").replace(">", ""), packed_bytes=1e8 * (i + 1),
             decode_0_1=90 / (i + 1), decode_0_1_of_reads=0.9) for i in range(3)]
with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
    json.dump(rows + [dict(model="1.1b", format="none", error="cannot be made")], file)
    file.flush()
    drawn = subprocess.run([sys.executable, SOURCE + "/benchmarks/draw.py", file.name], capture_output=True, text=True, check=True)
svg = xml.dom.minidom.parseString(drawn.stdout)
assert len(svg.getElementsByTagName("circle")) == 3
assert "format-2" in drawn.stdout and "none" not in drawn.stdout.split("</style>")[1]
