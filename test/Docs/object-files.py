# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{source} %t %{cc}
#
# The example of docs/ObjectFiles.md does what the page says.
import os
import re
import subprocess
import sys

source, folder, compiler = sys.argv[1:]
with open(os.path.join(source, "docs", "ObjectFiles.md"), encoding="utf-8") as file:
    page = file.read()
for language, name in [("mlir", "hadamard.mlir"), ("c", "main.c")]:
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(re.search(rf"```{language}\n(.*?)```", page, re.S)[1])
commands = re.search(r"```sh\n(.*?)```", page, re.S)[1]
result = subprocess.run(
    ["bash", "-euo", "pipefail", "-c", f"cc() {{ {compiler} \"$@\"; }}\n{commands}"],
    cwd=folder, capture_output=True, text=True)
print(result.stdout, result.stderr)
assert result.returncode == 0
assert result.stdout == re.search(r"It prints `(.*)`", page)[1] + "\n"
