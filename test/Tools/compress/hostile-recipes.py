# RUN: %{python} %s %{models}/primer %t
#
# Recipes that are no recipes: an exit code of 2 (3 where the file cannot be
# read), a short sentence, and soon; and plans, which write nothing.
import os
import resource
import shutil
import subprocess
import sys
import time

model, folder = sys.argv[1:]
shutil.rmtree(folder, ignore_errors=True)
os.makedirs(folder)
os.chdir(folder)
failures = []


def run(what, arguments, code, part, seconds=10, longest=4096):
    """The command ends with `code`, soon, and says `part` in a short message."""
    begin = time.time()
    result = subprocess.run(arguments, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, timeout=120)
    took = time.time() - begin
    message = result.stderr.decode("utf-8", "replace")
    if (result.returncode != code or part not in message or took > seconds
            or len(result.stderr) > longest):
        failures.append(f"{what}: exit code {result.returncode}, {took:.1f} s, "
                        f"{len(result.stderr)} bytes: {message[:600]!r}; "
                        f"expected {code} and {part!r}")


def info(what, recipe, code, part, **rest):
    run(what, ["compress", "info", model, "--recipe", recipe], code, part, **rest)


def yaml(what, text, code, part, **rest):
    with open("recipe.yaml", "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    info(what, "recipe.yaml", code, part, **rest)


good = "steps:\n  - pass: compress-quantize{bits=4}\n    consumer: linear\n"
step = "steps:\n  - pass: compress-quantize\n    "

# What is fine.
yaml("a recipe", good, 0, "")
yaml("a byte order mark", b"\xef\xbb\xbf" + good.encode(), 0, "")
yaml("lines of DOS", good.replace("\n", "\r\n"), 0, "")
yaml("flow style", "{name: x, steps: [{pass: compress-sweep}]}", 0, "")
yaml("a folded pipeline", "steps:\n  - pipeline: >\n      compress-prune,\n"
     "      compress-quantize\n", 0, "")
yaml("a kind that this module lacks", step + "except: elementwise\n"
     "    consumer: linear\n", 0, "")
yaml("a glob in braces and quotes", step + "match: \"{*.mlp.*,*'*}\"\n", 0, "")
yaml("a glob that is braces", step + "match: '{*.mlp.*,x}'\n", 0, "")
yaml("a regular expression with repeats", step +
     "regex: 'layers\\.[0-9]{1,2}\\.(mlp|self_attn)'\n", 0, "")

# Choices.
yaml("except", step + "except: embeding\n", 2,
     "except=embeding names no kind of consumer; kinds are linear, embedding, "
     "norm, bias, elementwise, rotary. Did you mean 'embedding'?")
yaml("consumer", step + "consumer: linaer\n", 2, "Did you mean 'linear'?")
info("except of the pass", "compress-for-each{except=embeding "
     "pipeline=compress-quantize}", 2, "Did you mean 'embedding'?")
yaml("all steps at once", step + "except: embeding\n  - pass: compress-prun\n",
     2, "step 2: 'compress-prun' is no pipeline")
yaml("a kind that takes nothing", step + "consumer: elementwise\n", 2,
     "which consumes no weight")

# The text of a recipe.
yaml("empty", "", 2, "the recipe is empty")
yaml("a comment", "# nothing\n", 2, "the recipe is empty")
yaml("a list", "- a\n", 2, "expected keys and values")
yaml("text", "hello\n", 2, "expected keys and values")
yaml("a key twice", good + "    consumer: norm\n", 2,
     "the key 'consumer' occurs twice")
yaml("steps twice", good + good, 2, "the key 'steps' occurs twice")
yaml("an anchor", step.replace("pass: ", "pass: &a ") + "match: '*'\n", 2,
     "line 2, column 14: anchors, aliases and tags are not supported")
yaml("an alias", step + "match: *a\n", 2, "anchors, aliases and tags")
yaml("a tag", step + "match: !!binary aGk=\n", 2, "anchors, aliases and tags")
laughs = "a0: &a0 [x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 40))
yaml("billion laughs", laughs + good, 2, "unknown key 'a0'")
yaml("a second document", good + "---\n" + good, 2, "a second document begins")
yaml("a tab", "steps:\n\t- pass: compress-quantize\n", 2,
     "line 2 is indented by a tab; YAML indents by spaces")
yaml("no UTF-8", good.encode() + b"    title: \xff\n", 2,
     "broken UTF-8 at byte offset 75")
yaml("UTF-16", good.encode("utf-16"), 2, "broken UTF-8 at byte offset 0")
yaml("a NUL byte", good + "    title: a\0b\n", 2, "a NUL byte at byte offset")
for name, opening in [("[", "["), ("{", "{"), ("{a:", "{a: "), ("- ", "- "),
                      ("? ", "? "), ("[?", "[? "), ("? in [", "[" + "? " * 3)]:
    for before in ["", "steps: ", "steps: [{pass: ", "steps: [{x: ",
                   "steps:\n  - pass: "]:
        yaml(f"{before!r} and 100000 {name!r}", before + opening * 50000, 2, ": ")
yaml("a key of brackets", "? " + "[" * 100000, 2, ": ")
with open("huge.yaml", "wb") as file:
    os.truncate("huge.yaml", 1 << 30)
info("1 GB", "huge.yaml", 2, "more than the 262.1 KB that are accepted here")
os.mkfifo("fifo.yaml")
info("a FIFO", "fifo.yaml", 3, "'fifo.yaml' is a FIFO")
os.mkdir("folder.yaml")
info("a folder", "folder.yaml", 3, "'folder.yaml' is a directory")

# Depth, size and number.
quantize = "compress-quantize"
for depth in [40, 10000]:
    info(f"parentheses, {depth}", "any(" * depth + quantize + ")" * depth, 2,
         "nested")
    info(f"modules, {depth}", "builtin.module(" * (depth // 2) + quantize +
         ")" * (depth // 2) if depth > 100 else "any(" * 33 + ")" * 33, 2,
         "nested")
    info(f"for-each, {depth}", "compress-for-each{pipeline=" * (depth // 4) +
         quantize + "}" * (depth // 4) if depth > 200 else
         "compress-for-each{pipeline=" * 40 + quantize + "}" * 40, 2, "nested")
info("braces alone", "compress-quantize" + "{" * 100000, 2, "nested")
info("braces that close", "compress-quantize" + "}" * 100000, 2, "")
nested = "compress-for-each{pipeline=" * 40 + quantize + "}" * 40
with open("empty.mlir", "w") as file:
    file.write("module {}\n")
for deep in [nested, "compress-for-each{pipeline=" * 4000 + quantize + "}" * 4000]:
    # MLIR repeats the options.
    run("for-each in --pass-pipeline",
        ["compress-opt", "empty.mlir",
         f"--pass-pipeline=builtin.module({deep})"], 1, "nested",
        longest=200000)
    run("for-each as an option",
        ["compress-opt", "empty.mlir", "--compress-for-each=pipeline=" + deep],
        1, "nested", longest=200000)
yaml("10000 steps", "steps:\n" + "  - pass: compress-sweep\n" * 10000, 2,
     "more than 1000 steps")
info("10000 passes", ",".join(["compress-sweep"] * 7000), 2,
     "The recipe has 7000 passes, expected at most 1000.")
yaml("1000 steps", "steps:\n" + "  - pass: compress-sweep\n" * 1000, 0, "",
     seconds=20)
yaml("a glob of many alternatives", step + "match: '" + "{a,b}" * 10 + "'\n", 2,
     "which is no glob: too many brace expansions")
yaml("a long glob", step + "match: '" + "*a" * 20000 + "'\n", 2,
     "has a pattern of 40000 bytes, expected at most 1000")
yaml("nested repeats", step + "regex: '(((a{1,100}){1,100}){1,100})'\n", 2,
     "whose repeats make it too large")
yaml("a back-reference", step + "regex: '(.*)*(.*)*\\1\\2x'\n", 2,
     "back-references are not supported")
yaml("a long regular expression", step + "regex: '" + "(" * 50000 + "a" +
     ")" * 50000 + "'\n", 2, "nested 50001 deep")
yaml("braces that are not paired", step + "match: 'a}b'\n", 2,
     "match 'a}b' has braces that are not paired")
yaml("long words", "name: " + "x" * 100000 + "\n" + good.replace(
    "linear", "y" * 50000), 2, "names no kind of consumer")
info("a long word", "z" * 100000, 2, "is no recipe")

# A plan writes nothing.
before = sorted(os.listdir("."))
for recipe in ["compress-report{output=out}", "int4,compress-report{output=out}",
               "compress-report{output=out json=true}"]:
    recipe = recipe.replace("int4", "compress-int4-pipeline")
    info(recipe, recipe, 0, "")
    run("--dry-run " + recipe, ["compress", "build", model, "--dry-run",
                                "--recipe", recipe], 0, "")
for recipe, word in [
        ("snapshot-op-locations{filename=out}", "snapshot-op-locations"),
        ("compress-for-each{match=* pipeline=snapshot-op-locations{filename=out}}",
         "snapshot-op-locations"),
        ("any(compress-sweep,view-op-graph)", "view-op-graph"),
        ("compress-quantize,canonicalize", "canonicalize")]:
    info(recipe, recipe, 2, f"runs '{word}', which cannot be planned")
    run("--dry-run " + recipe, ["compress", "build", model, "--dry-run",
                                "--recipe", recipe], 2, "cannot be planned")
if sorted(os.listdir(".")) != before:
    failures.append("a plan wrote " +
                    ", ".join(set(os.listdir(".")) - set(before)))

if failures:
    sys.exit("\n".join(failures))
