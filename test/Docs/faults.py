# RUN: %{python} %s %{source}
#
# The tests that docs/Faults.md names are there, and every class of fault has a
# row.
import glob
import re
import sys

source = sys.argv[1]
units = set()
for path in glob.glob(f"{source}/test/unit/*/*.cpp"):
    with open(path, encoding="utf-8") as file:
        units |= {f"{suite}.{name}" for suite, name in
                  re.findall(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)", file.read(), re.M)}
with open(f"{source}/docs/Faults.md", encoding="utf-8") as file:
    rows = [line for line in file if re.match(r"\| \d", line)]
numbers = set()
for row in rows:
    first, _, last = row.split("|")[1].strip().partition("–")
    numbers |= set(range(int(first), int(last or first) + 1))
    named = re.findall(r"`([^`]+)`", row.split("|")[4])
    assert named or "not built yet" in row, row
    for name in named:
        there = name in units if "/" not in name else glob.glob(f"{source}/test/{name}")
        assert there, f"docs/Faults.md names {name}, which is no test"
assert numbers == set(range(1, 31)), sorted(set(range(1, 31)) - numbers)
