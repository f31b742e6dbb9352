# exit-code.py CODE COMMAND...: the command ends with that exit code, after a
# message where it is not 0.
import subprocess
import sys

result = subprocess.run(sys.argv[2:], stderr=subprocess.PIPE, text=True)
sys.stderr.write(result.stderr)
if result.returncode != int(sys.argv[1]):
    sys.exit(f"expected exit code {sys.argv[1]}, got {result.returncode}")
if result.returncode and not result.stderr.strip():
    sys.exit("no message")
