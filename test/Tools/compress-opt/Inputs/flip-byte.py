# flip-byte.py FOLDER MODULE OFFSET: changes one byte of a module's side-car.
import re
import sys

folder, module, offset = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(f"{folder}/{module}") as file:
    name = re.search(r'compress\.store "([^"]+)"', file.read()).group(1)
with open(f"{folder}/{name}", "r+b") as file:
    file.seek(offset)
    byte = file.read(1)
    file.seek(offset)
    file.write(bytes([byte[0] ^ 1]))
