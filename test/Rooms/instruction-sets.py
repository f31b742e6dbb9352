# RUN: %{python} %s %{source}
#
# An instruction set is one file: no other source names it, but as the default of
# an option, and the tools list it.
import glob
import os
import re
import subprocess
import sys

SOURCE = sys.argv[1]
sets = {}
for path in glob.glob(f"{SOURCE}/lib/InstructionSets/*.cpp"):
    for name in re.findall(r'set\.name = "(\w+)"', open(path, encoding="utf-8").read()):
        assert name not in sets, f"{name} is registered twice"
        sets[name] = path
files = [path for top in ["dialects", "include", "lib", "runtime", "tools"]
         for path in glob.glob(f"{SOURCE}/{top}/**/*", recursive=True)
         if path.endswith((".h", ".cpp", ".td"))]
assert len(sets) >= 8 and len(files) > 100, "the sources were not found"
errors = []
for path in files:
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        # A processor's feature and a compiler's have the same names; "generic"
        # is LLVM's processor, and the default where nothing was said.
        if re.search(r"//|/\*|cl::init|Option<|needs|\{\"|target\(|cpu_supports", line):
            continue
        errors += [f"{os.path.relpath(path, SOURCE)}:{number} names {name}"
                   for name in re.findall(r'"(\w+)"', line)
                   if name in sets and name != "generic" and sets[name] != path]
help = subprocess.run(["compress", "build", "--help"], capture_output=True,
                      text=True, check=True).stdout
listed = re.search(r"separated by commas: (.*?);", help).group(1)
if sorted(re.split(r", | and ", listed)) != sorted(sets):
    errors.append(f"compress build --help lists {listed}, but there are {sorted(sets)}")
print("\n".join(errors) or f"{len(sets)} sets, each named by its own file alone")
sys.exit(1 if errors else 0)
