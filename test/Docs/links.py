# RUN: %{python} %s %{source}
#
# Relative links of the hand-written pages lead somewhere.
import glob
import os
import re
import sys

source = sys.argv[1]
errors = []
pages = [page for pattern in ["*.md", "docs/*.md", "dialects/*/README.md",
                              "runtime/README.md", "examples/*/README.md"]
         for page in glob.glob(os.path.join(source, pattern))]
assert len(pages) > 8
for page in pages:
    with open(page, encoding="utf-8") as file:
        for link in re.findall(r"\]\(([^)#]+)", file.read()):
            target = os.path.join(os.path.dirname(page), link)
            if "://" not in link and not os.path.exists(target):
                errors.append(f"{os.path.relpath(page, source)}: {link}")
print("\n".join(errors))
sys.exit(1 if errors else 0)
