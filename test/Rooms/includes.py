# RUN: %{python} %s %{source}
#
# Rooms, and who may include whom. Every #include "..." and <...> of the
# project's own files is judged by the room that the file is in.
import os
import re
import sys

SOURCE = sys.argv[1]

CORE = {"Support", "Algorithms", "Formats", "Evaluation"}
DIALECTS = {"Compress", "NN", "Kernel", "Check"}
ROOMS = CORE | {"Reference", "Analysis", "Conversion", "Import", "Export",
                "Calibration", "InstructionSets", "Target", "Pipelines", "Tools"}

# room -> rooms of include/compress that it may include (its own always).
MAY_INCLUDE = {
    "Support": set(),
    "Algorithms": {"Support"},
    "Formats": {"Support"},
    "Evaluation": {"Support"},
    "runtime": {"Support", "Formats"},
    # The weight store writes safetensors.
    "dialects": {"Support", "Algorithms", "Formats", "Analysis"},
    "Analysis": {"Support"},
    "Reference": {"Support", "Analysis"},
    # What code can be made for: upstream's dialects only.
    "InstructionSets": set(),
    "Conversion": {"Support", "Analysis", "InstructionSets"},
    "Import": {"Support", "Formats", "Analysis"},
    "Export": {"Support", "Formats", "Analysis"},
    "Calibration": ROOMS - {"Tools", "Pipelines", "Reference", "Formats"},
    "Target": {"Support", "Analysis", "InstructionSets", "Conversion", "Formats",
               "Pipelines"},
    "Pipelines": {"Support", "Analysis", "Conversion"},
    "Tools": ROOMS,
    "tools": ROOMS,
    "test": ROOMS,
    "benchmarks": ROOMS,
}
# No LLVM and no MLIR, and nothing built on them.
PURE = CORE | {"runtime"}
NO_RUNTIME = {"Support", "Algorithms", "dialects", "Analysis", "Import", "Export",
              "InstructionSets"}
FOREIGN = ("mlir/", "mlir-c/", "llvm/", "llvm-c/", "lld/", "clang/")


def room_of(path):
    parts = path.split(os.sep)
    if parts[0] == "lib":
        return parts[1]
    if parts[0] == "include" and parts[1] == "compress":
        return parts[2]
    return parts[0]


errors = []
files = 0
for top in ["dialects", "include", "lib", "runtime", "tools", "test/unit",
            "benchmarks"]:
    for folder, _, names in os.walk(os.path.join(SOURCE, top)):
        for name in names:
            if not name.endswith((".h", ".cpp", ".c", ".td")):
                continue
            path = os.path.relpath(os.path.join(folder, name), SOURCE)
            room = room_of(path)
            files += 1
            if room not in MAY_INCLUDE:
                errors.append(f"{path}: room {room} has no rule; add it to "
                              "MAY_INCLUDE, after docs/Rooms.md")
                continue
            with open(os.path.join(SOURCE, path), encoding="utf-8") as file:
                lines = file.read().split("\n")
            for number, line in enumerate(lines, 1):
                match = re.match(r'\s*#?\s*include\s*[<"]([^">]+)[">]', line)
                if not match:
                    continue
                include = match.group(1)
                first = include.split("/")[0]
                where = f"{path}:{number}: room {room} includes {include}"
                if ".." in include.split("/") and room != "test":
                    errors.append(f"{where}: a path out of the folder")
                if room in PURE and (include.startswith(FOREIGN)
                                     or first in DIALECTS):
                    errors.append(f"{where}: the core sees neither LLVM nor MLIR")
                if first == "compress" and "/" in include:
                    other = include.split("/")[1]
                    if other != room and other not in MAY_INCLUDE[room]:
                        errors.append(f"{where}: {room} may not include {other}")
                # Evaluation runs models, and the runtime is what runs them.
                if first == "compress_runtime" and room in NO_RUNTIME:
                    errors.append(f"{where}: the runtime is above {room}")
            if room == "Pipelines" and any("RewritePattern" in l for l in lines):
                errors.append(f"{path}: pipelines hold no patterns")
            if room == "tools" and name.endswith(".cpp"):
                code = [l for l in lines
                        if l.strip() and not l.strip().startswith("//")]
                if len(code) > 60:
                    errors.append(f"{path}: {len(code)} lines of code; a tool's "
                                  "main has at most 60, the rest is in lib/Tools")

assert files > 20, "the sources were not found"
print("\n".join(errors) or f"{files} files keep the rules")
sys.exit(1 if errors else 0)
