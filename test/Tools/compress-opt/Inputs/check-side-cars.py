# check-side-cars.py FOLDER MODULE...: the folder's side-cars are just those
# that the modules name, and each is a safetensors file without gaps.
import json
import os
import re
import sys

folder, modules = sys.argv[1], sys.argv[2:]
named = set()
for module in modules:
    with open(os.path.join(folder, module), "rb") as file:
        named |= set(re.findall(rb"[\w-]+\.[0-9a-f]{16}\.safetensors", file.read()))
named = {name.decode() for name in named}
found = {name for name in os.listdir(folder) if name.endswith(".safetensors")}
assert named == found, (named, found)
hidden = [name for name in os.listdir(folder) if name.startswith(".")]
assert not hidden, hidden
for name in found:
    path = os.path.join(folder, name)
    with open(path, "rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    spans = sorted(tensor["data_offsets"] for key, tensor in header.items()
                   if key != "__metadata__")
    end = 0
    for begin, stop in spans:
        assert begin == end, (name, begin, end)
        end = stop
    assert os.path.getsize(path) == 8 + size + end
