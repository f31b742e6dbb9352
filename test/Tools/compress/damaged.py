# UNSUPPORTED: sanitize
# RUN: rm -rf %t && mkdir -p %t
# RUN: %{python} %s %{models}/primer %t
#
# A program whose weights were changed says so before it says anything else: at
# once with --verify, else when it first reads them.
import subprocess
import sys

model, folder = sys.argv[1:]
app = f"{folder}/app"
BLOCK = 1 << 18
subprocess.run(["compress", "build", model, "--recipe", "f16", "--target", "native",
                "-o", app], check=True)


def run(*options, code):
    result = subprocess.run([app, *options], capture_output=True, text=True)
    assert result.returncode == code, (options, result)
    return result.stdout, result.stderr


whole = open(app, "rb").read()
out, err = run("--verify", code=0)
assert out == (f"'{app}' is as it was built: {(len(whole) + BLOCK - 1) // BLOCK} checksums of its "
               f"{len(whole)} bytes agree.\n"), out
text, err = run("--verify", "-p", "Once", "-n", "8", "--temp", "0", code=0)
assert run("-p", "Once", "-n", "8", "--temp", "0", code=0)[0] == text != ""

# A block of weights alone: code, tokenizer and what describes the program are
# somewhere else.
at = 16 * BLOCK
assert len(whole) > at + 8 * BLOCK
with open(app, "r+b") as file:
    file.seek(at + 1000)
    file.write(bytes([whole[at + 1000] ^ 16]))
changed = (f"error: '{app}' was changed: the checksum of its bytes {at} to {at + BLOCK - 1} is")
for options in [("-p", "Once", "-n", "8"), ("-p", "Once", "-n", "8", "-t", "1"),
                ("-p", "Once", "-n", "8", "--json"), ("--bench", "--json"),
                ("--perplexity", f"{model}/text/eval.txt"), ("--verify",),
                ("--verify", "--info")]:
    out, err = run(*options, code=1)
    assert out == "" and changed in err and "Copy or build it again." in err, (options, out, err)
# What reads no weights does not read them.
assert run("--info", code=0)[0]
assert run("--version", code=0)[0]
