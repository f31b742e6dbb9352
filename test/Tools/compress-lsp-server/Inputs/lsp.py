"""What a language server says of some modules."""
import json
import subprocess


def diagnose(command, modules):
    """The messages of diagnostics by the name of each module of text, and standard error."""
    messages = [
        {"id": 1, "method": "initialize", "params": {
            "processId": None, "rootUri": None, "capabilities": {}}},
        {"method": "initialized", "params": {}},
    ]
    for name, text in modules.items():
        messages.append({"method": "textDocument/didOpen", "params": {
            "textDocument": {"uri": f"test:///{name}.mlir", "languageId": "mlir",
                             "version": 1, "text": text}}})
    messages += [{"id": 2, "method": "shutdown", "params": None},
                 {"method": "exit", "params": None}]
    stream = b""
    for message in messages:
        body = json.dumps(dict(jsonrpc="2.0", **message)).encode()
        stream += b"Content-Length: %d\r\n\r\n" % len(body) + body
    result = subprocess.run(command, input=stream, capture_output=True, timeout=60)
    found = {}
    decoder = json.JSONDecoder()
    for part in result.stdout.decode().split("Content-Length:")[1:]:
        message = decoder.raw_decode(part[part.index("{"):])[0]
        if message.get("method") == "textDocument/publishDiagnostics":
            parameters = message["params"]
            name = parameters["uri"].removeprefix("test:///").removesuffix(".mlir")
            found[name] = [d["message"] for d in parameters["diagnostics"]]
    return found, result.stderr
