# What a lit suite outside of the tree needs: its lit.site.cfg.py, which
# add_compress_lit_tests writes, sets the paths and loads this.
import os

import lit.formats

config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "CMakeLists.txt"]
config.environment["PATH"] = os.pathsep.join(
    [config.compress_tools_dir, config.llvm_tools_dir,
     os.environ.get("PATH", "")])
config.substitutions.append(("%{plugins}", config.compress_plugins))
