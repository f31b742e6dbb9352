# RUN: %{python} %s
#
# The language server knows the dialects: no complaint about a compress op, and
# one about an op that does not exist.
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)) + "/Inputs")
from lsp import diagnose

found, errors = diagnose(["compress-lsp-server"], {
    "good": 'compress.store "a.0123456789abcdef.safetensors" hash "0123456789abcdef"\n',
    "bad": "compress.quantise\n"})
assert found.get("good") == [], (found, errors)
assert any("quantise" in text for text in found["bad"]), found
