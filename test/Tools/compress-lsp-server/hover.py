# RUN: %{python} %s
#
# The language server knows the dialects: no complaint about a compress op, and
# one about an op that does not exist.
import json
import subprocess

good = "compress.store \"a.0123456789abcdef.safetensors\" hash \"0123456789abcdef\"\n"
bad = "compress.quantise\n"
messages = [
    {"id": 1, "method": "initialize", "params": {
        "processId": None, "rootUri": None, "capabilities": {}}},
    {"method": "initialized", "params": {}},
]
for name, text in [("good", good), ("bad", bad)]:
    messages.append({"method": "textDocument/didOpen", "params": {
        "textDocument": {"uri": f"test:///{name}.mlir", "languageId": "mlir",
                         "version": 1, "text": text}}})
messages += [{"id": 2, "method": "shutdown", "params": None},
             {"method": "exit", "params": None}]
stream = b""
for message in messages:
    body = json.dumps(dict(jsonrpc="2.0", **message)).encode()
    stream += b"Content-Length: %d\r\n\r\n" % len(body) + body
result = subprocess.run(["compress-lsp-server"], input=stream,
                        capture_output=True, timeout=60)
output = result.stdout.decode()
found = {}
decoder = json.JSONDecoder()
for part in output.split("Content-Length:")[1:]:
    message = decoder.raw_decode(part[part.index("{"):])[0]
    if message.get("method") == "textDocument/publishDiagnostics":
        parameters = message["params"]
        found[parameters["uri"]] = [d["message"] for d in parameters["diagnostics"]]
assert found.get("test:///good.mlir") == [], (found, result.stderr)
assert any("quantise" in text for text in found["test:///bad.mlir"]), found
