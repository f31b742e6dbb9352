# RUN: %{python} %s %{models}/primer %t
#
# Whatever a model folder holds, what is said of it stays under 4 KB, and its
# beginning says what is wrong.
import json
import os
import shutil
import struct
import subprocess
import sys

model, folder = sys.argv[1:]
shutil.rmtree(folder, ignore_errors=True)
os.makedirs(folder)
long = "x" * 1000000
failures = []


def read_header():
    with open(model + "/model.safetensors", "rb") as file:
        size = struct.unpack("<Q", file.read(8))[0]
        return json.loads(file.read(size)), file.read()


def write_weights(path, header, data):
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def check(what, part, edit=None, header=None, weights=None, where=None, code=1):
    """import of the model, edited, fails and says `part` in a short message."""
    at = where or os.path.join(folder, "model")
    shutil.rmtree(at, ignore_errors=True)
    os.makedirs(at)
    texts = {}
    for name in ["config", "generation_config", "tokenizer", "tokenizer_config"]:
        with open(f"{model}/{name}.json") as file:
            texts[name] = json.load(file)
    if edit:
        edit(texts)
    for name, value in texts.items():
        with open(f"{at}/{name}.json", "w") as file:
            file.write(value if isinstance(value, str) else json.dumps(value))
    tensors, data = read_header()
    if header:
        header(tensors)
    if weights:
        data = weights(data)
    if data is not None:
        write_weights(f"{at}/model.safetensors", tensors, data)
    result = subprocess.run(
        ["compress", "import", at, "-o", os.path.join(folder, "out.mlir")],
        stderr=subprocess.PIPE, timeout=100)
    message = result.stderr.decode("utf-8")  # cut at a character
    if (result.returncode != code or part not in message
            or len(result.stderr) > 4096):
        failures.append(f"{what}: exit code {result.returncode}, "
                        f"{len(result.stderr)} bytes: {message[:500]!r}; "
                        f"expected {part!r}")


def config(**more):
    return lambda texts: texts["config"].update(more)


def tensor(name, **more):
    return lambda header: header.setdefault(
        name, {"dtype": "BF16", "shape": [0], "data_offsets": [0, 0]}).update(more)


norm = "model.norm.weight"
check("many dimensions", "has shape [1, 1, 1,", header=lambda header:
      header[norm].update(shape=[1] * 100000 + [256]))
check("many dimensions that are wrong", "of shape [2, 2,",
      header=tensor(norm, shape=[2] * 100000))
check("a long name", "belongs to no part of the model", header=tensor(long))
check("many names", "more.", header=lambda header: header.update(
    {f"stray.{i}": {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
     for i in range(20000)}))
check("a long dtype", "unknown dtype", header=tensor(norm, dtype=long))
check("a long key", "unknown key", header=tensor(norm, **{long: 1}))
check("long metadata", "__metadata__",
      header=lambda header: header.update(__metadata__={long: 1}))
check("no tensors", "is missing", header=lambda header: header.clear(),
      weights=lambda data: b"")
check("NaN in all tensors", "holds NaN",
      weights=lambda data: b"\xc0\x7f" * (len(data) // 2))
check("unknown keys", "unknown key \"k0\"",
      config(**{f"k{i}": i for i in range(20000)}))
check("a long unknown key", "unknown key", config(**{long: long}))
check("a long value", "hidden_act is", config(hidden_act=long))
check("a long architecture", "the architecture is", config(architectures=[long]))
check("a long rotary type", "rotary type",
      config(rope_scaling={"rope_type": long}))
check("long rope keys", "unknown key \"rope_scaling.", config(
    rope_scaling={"rope_type": "default", **{long + str(i): i for i in range(9)}}))
check("many token ids", "eos_token_id 4096 is not below",
      config(eos_token_id=list(range(4096, 100000))))
check("many token ids elsewhere", "generation_config.json' cannot be imported",
      lambda texts: texts["generation_config"].update(
          eos_token_id=[-1] * 100000))
check("many of both", "generation_config.json' cannot be imported",
      lambda texts: (texts["generation_config"].update(eos_token_id=[-1] * 9999),
                     config(**{f"k{i}": i for i in range(9999)})(texts)))
check("a long word that is no JSON", "invalid JSON",
      lambda texts: texts.update(config="{" + long))
check("a key twice", "occurs twice", lambda texts: texts.update(
    config=f'{{"{long}":1,"{long}":1}}'))
check("a tokenizer and weights", "is a tokenizer that cannot be imported",
      lambda texts: texts["tokenizer"]["model"]["vocab"].update({long: 16777215}),
      header=lambda header: [one.update(shape=[1] * 1000 + one["shape"])
                             for one in header.values() if "shape" in one])
check("a tokenizer_config that is none", "tokenizer_config.json' holds invalid",
      lambda texts: texts.update(tokenizer_config=long))


def index(names):
    def edit(texts):
        texts["model.safetensors.index"] = {"weight_map": names}
    return edit


check("a long shard", "names the file", index({norm: long}),
      weights=lambda data: None, code=3)
check("a long tensor of no shard", "the file of tensor", index({long: 1}),
      weights=lambda data: None)
deep = os.path.join(folder, *["d" * 200] * 16)
check("a long path", "unknown key", config(k=1), where=deep)
check("a long path of weights", "has shape", header=lambda header:
      header[norm].update(shape=[1, 256]), where=deep)
shutil.rmtree(os.path.join(folder, "d" * 200))

if failures:
    sys.exit("\n".join(failures))
