# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{source} %{build} %t
#
# The commands of the README's tour, in order, in a folder of their own.
import os
import re
import subprocess
import sys

source, build, folder = sys.argv[1:]
with open(os.path.join(source, "README.md"), encoding="utf-8") as file:
    commands = re.findall(r"```sh\n(.*?)```", file.read(), re.S)
assert len(commands) >= 6
os.symlink(os.path.join(source, "models"), os.path.join(folder, "models"))
os.symlink(build, os.path.join(folder, "build"))
result = subprocess.run(
    ["bash", "-euo", "pipefail", "-c", "\n".join(commands)], cwd=folder,
    capture_output=True, text=True)
print(result.stdout, result.stderr, sep="\n")
assert result.returncode == 0
assert "int4" in result.stdout and "perplexity" in result.stdout
# The program's text, and that it made some.
assert os.access(os.path.join(folder, "app"), os.X_OK)
