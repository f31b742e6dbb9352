# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{models}/primer %t
"""No output is an input or another output, whatever it is called: exit code 3 before any work, and every file as it was."""
import glob, hashlib, os, shutil, subprocess, sys

MODEL, WORK = sys.argv[1:3]
os.chdir(WORK)
shutil.copytree(MODEL, "m")
for path in glob.glob("m/**", recursive=True):
    os.chmod(path, 0o755)
subprocess.run(["compress", "import", "m", "-o", "s.mlir"], check=True)
sideCar, = glob.glob("s.*.safetensors")
with open("recipe.yaml", "w") as file:
    file.write("steps:\n  - pass: compress-quantize{bits=4}\n")
with open("f.mlir", "w") as file:
    file.write("func.func @f(%x: tensor<2xf32>) -> tensor<2xf32> {\n  return %x : tensor<2xf32>\n}\n")
os.link("m/model.safetensors", "hard")
os.symlink("m/model.safetensors", "soft")
os.symlink("m", "again")
shutil.copy("f.mlir", "f.o")
os.mkdir("kept")
shutil.copy("s.mlir", "kept/step.mlir")


def state():
    return {path: hashlib.sha256(open(path, "rb").read()).hexdigest()
            for path in glob.glob("**", recursive=True, include_hidden=True) if os.path.isfile(path)}


before = state()
problems = []


def refuse(*command, text="is the input"):
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 3 or text not in result.stderr or len(result.stderr) > 2000:
        problems.append((command, result.returncode, result.stderr[:300]))
    after = state()
    if after != before:
        problems.append((command, "changed", {path for path in before.keys() | after.keys()
                                              if before.get(path) != after.get(path)}))
        for path in after.keys() - before.keys():
            os.remove(path)


BUILD = ["compress", "build"]
for output in ["m/model.safetensors", "./m/../m/model.safetensors", "again/model.safetensors", "hard", "soft",
               f"{WORK}/m/config.json", "m/tokenizer.json"]:
    refuse(*BUILD, "m", "-o", output)
    refuse(*BUILD, "again/", "-o", "app", "--manifest", output)
refuse(*BUILD, "s.mlir", "-o", "s.mlir")
refuse(*BUILD, "s.mlir", "-o", sideCar)
refuse(*BUILD, "s.mlir", "-o", "m/model.safetensors")  # an origin
refuse(*BUILD, "m", "--recipe", "recipe.yaml", "-o", "./recipe.yaml")
refuse(*BUILD, "m", "-o", "app", "--manifest", "./app", text="are one file")
refuse(*BUILD, "m", "-o", "app", "--manifest", "app.weights", "--side-car", text="are one file")
refuse(*BUILD, "m", "-o", "app", "--resume", "app", "--recipe", "int4", text="are one file")
refuse(*BUILD, "m", "-o", "kept/step.mlir", "--resume", "kept", "--recipe", "int4")
report = "compress-quantize{bits=4},compress-report{output=%s}"
refuse(*BUILD, "m", "-o", "app", "--recipe", report % "m/config.json")
refuse(*BUILD, "m", "-o", "app", "--recipe", report % "app", text="are one file")
shutil.copy("f.mlir", "header.h")
before = state()
refuse(*BUILD, "header.h", "--emit=object", "-o", "header.o")
refuse(*BUILD, "f.o", "--emit=object", "-o", "f.o")
refuse("compress", "eval", "m", "--text", "m/text/eval.txt", "--recipe", report % "m/text/eval.txt")
refuse("compress", "eval", "m", "--tasks", "m/text/tasks.jsonl", "--recipe", report % "m/text/tasks.jsonl")
refuse("compress", "eval", "s.mlir", "--base", "m", "--text", "m/text/eval.txt", "--recipe", report % "hard")
os.symlink("m/model.safetensors", "import.mlir")
before = state()
refuse("compress", "import", "m", "-o", "import.mlir")
refuse("compress-opt", "s.mlir", "-o", sideCar)
refuse("compress-opt", "s.mlir", "-o", "m/model.safetensors")
refuse("compress-opt", "s.mlir", "--compress-report=output=s.mlir", "-o", "t.mlir")
refuse("compress-opt", "s.mlir", "--compress-report=output=" + sideCar, "-o", "t.mlir")
refuse("compress-opt", "s.mlir", "--compress-report=output=./t.mlir", "-o", "t.mlir", text="are one file")
refuse("compress-opt", "s.mlir", "--compress-report=output=s.mlir", "-o", "s.mlir", text="are one file")
assert not problems, "\n".join(map(str, problems))

# In place, a module may be replaced; a build into the model's folder, with its
# manifest there, may be repeated.
subprocess.run(["compress-opt", "s.mlir", "-o", "s.mlir"], check=True)
subprocess.run(["compress-opt", "./s.mlir", "-o", f"{WORK}/s.mlir", "--compress-quantize=bits=4"], check=True)
for _ in range(2):
    subprocess.run([*BUILD, "m", "--target", "generic", "-o", "m/app", "--manifest", "m/app.json"], check=True)
