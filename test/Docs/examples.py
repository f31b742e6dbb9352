# RUN: %{python} %s %{source} %t.mlir
#
# Every ```mlir example of a dialect's or pass's description parses. Values that
# an example only uses get a definition of the type that the example says.
import os
import re
import subprocess
import sys

source, scratch = sys.argv[1:]
TOP_LEVEL = re.compile(r"(compress\.(weight|store)|nn\.model|func\.func|module|#)\b|#")
EXPECTS = re.compile(
    r"use of value '%(\w+)' expects different type than prior uses: '([^']+)'")


def split_types(text):
    """The types of a list, split at its top-level commas."""
    parts, depth, current = [], 0, ""
    for i, c in enumerate(text):
        if c in "<([{":
            depth += 1
        elif c in ">)]}" and not (c == ">" and text[i - 1:i] == "-"):
            depth -= 1
        if c == "," and depth == 0:
            parts.append(current.strip())
            current = ""
        else:
            current += c
    return [part for part in parts + [current.strip()] if part]


def undefined_values(block, implied):
    """Definitions of what the block uses and does not define; `implied` are the
    types that the example does not write."""
    defined = set()
    needed = {}
    statement = ""
    for line in block.split("\n"):
        if re.match(r"\s*(%|[a-z]+\.)", line) and not line.startswith("    "):
            yield from define(statement, defined, needed, implied)
            statement = line
        else:
            statement += " " + line.strip()
    yield from define(statement, defined, needed, implied)


def define(statement, defined, needed, implied):
    statement = statement.strip()
    if not statement:
        return
    results = []
    match = re.match(r"((?:%[\w:]+(?:,\s*)?)+)\s*=\s*", statement)
    body = statement
    if match:
        results = re.findall(r"%(\w+)", match.group(1))
        body = statement[match.end():]
    operands, colon, types = body.rpartition(" : ")
    if not colon:
        operands, types = body, "index"
    # Arguments of a region are no operands.
    for group in re.findall(r"\(([^()]*)\) in ", operands):
        defined.update(re.findall(r"%(\w+)", group))
    used = re.findall(r"%(\w+)", operands)
    types = types.split("->")[0].strip()
    if types.startswith("("):
        types = types[1:types.rindex(")")]
    types = split_types(types)
    free = [name for name in used if name not in implied]
    for i, name in enumerate(free):
        if name in defined or name in needed:
            continue
        if name == "v" and "nn.attention" in body:
            kind = types[1]
        elif "nn.attention" in body and i == 3:
            kind = types[2]
        else:
            kind = types[min(i, len(types) - 1)]
        needed[name] = kind
        yield f'  %{name} = "test.value"() : () -> {kind}'
    for name in used:
        if name in implied and name not in needed:
            needed[name] = implied[name]
            yield f'  %{name} = "test.value"() : () -> {implied[name]}'
    defined.update(results)


def split_examples(text):
    """The examples. Where one value has two types, an example is several."""
    for block in re.findall(r"```mlir\n(.*?)```", text, re.S):
        operands = re.findall(r"compress\.lookup (%\w+)", block)
        if len(operands) > 1:
            yield from ("    " + part.strip() for part in
                        re.split(r"\n(?=\s*%)", block) if part.strip())
        else:
            yield block


def parse(program):
    with open(scratch, "w", encoding="utf-8") as file:
        file.write(program)
    return subprocess.run(
        ["compress-opt", scratch, "--allow-unregistered-dialect",
         "--mlir-very-unsafe-disable-verifier-on-parsing",
         "--verify-each=0", "-o", "/dev/null"], capture_output=True, text=True)


checked, errors = 0, []
for folder, _, names in os.walk(os.path.join(source, "dialects")):
    for name in sorted(names):
        if not name.endswith(".td"):
            continue
        path = os.path.join(folder, name)
        with open(path, encoding="utf-8") as file:
            text = file.read()
        for block in split_examples(text):
            indent = min(len(line) - len(line.lstrip())
                         for line in block.split("\n") if line.strip())
            block = "\n".join(line[indent:] for line in block.split("\n"))
            first = next(line for line in block.split("\n")
                         if line.strip() and not line.startswith("//"))
            implied = {}
            while True:
                if first.startswith("#"):
                    program = f'"test.holds"() {{value = {first}}} : () -> ()\n'
                elif TOP_LEVEL.match(first):
                    program = block
                else:
                    program = ("func.func @example() {\n"
                               + "\n".join(undefined_values(block, implied))
                               + "\n" + block + "\n  return\n}\n")
                result = parse(program)
                # The parser knows the type of an index that is not written.
                unknown = EXPECTS.search(result.stderr)
                if not unknown or unknown.group(1) in implied:
                    break
                implied[unknown.group(1)] = unknown.group(2)
            # A side-car that an example names is not there.
            if "Cannot open" in result.stderr and "compress.store" in block:
                result.returncode = 0
            checked += 1
            if result.returncode:
                errors.append(f"{os.path.relpath(path, source)}:\n{program}"
                              f"{result.stderr}")
print("\n".join(errors) or f"{checked} examples parse")
assert checked > 10
sys.exit(1 if errors else 0)
