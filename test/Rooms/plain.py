# RUN: %{python} %s %{source}
#
# Every source file says its licence, and none has leftovers.
import os
import re
import sys

SOURCE = sys.argv[1]
errors = []
for top in ["dialects", "include", "lib", "runtime", "tools", "test/unit",
            "benchmarks", "examples"]:
    for folder, _, names in os.walk(os.path.join(SOURCE, top)):
        for name in names:
            if not name.endswith((".h", ".cpp", ".td")):
                continue
            path = os.path.join(folder, name)
            with open(path, encoding="utf-8") as file:
                text = file.read()
            short = os.path.relpath(path, SOURCE)
            if "Apache-2.0 WITH LLVM-exception" not in text[:600]:
                errors.append(f"{short}: no SPDX line")
            for number, line in enumerate(text.split("\n"), 1):
                if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line):
                    errors.append(f"{short}:{number}: {line.strip()}")
print("\n".join(errors))
sys.exit(1 if errors else 0)
