# How lit runs the tests of this folder. See docs/TestingAPass.md.
import os
import shutil

import lit.formats
import lit.util
from lit.llvm import llvm_config

config.name = "Compress"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test", ".py", ".ll", ".mlirbc"]
config.excludes = ["CMakeLists.txt", "README.md", "Inputs", "Support", "unit", "fuzz",
                   "lit.cfg.py", "lit.site.cfg.py"]
config.test_source_root = os.path.dirname(__file__)

llvm_config.with_system_environment(
    ["HOME", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "ASAN_SYMBOLIZER_PATH",
     "COMPRESS_TORCH_PYTHON"])
# Tools are found on the path rather than substituted: "compress" is a word of
# many an option.
llvm_config.with_environment(
    "PATH", [config.tools_folder, config.llvm_tools_dir], append_path=True)
llvm_config.use_default_substitutions()

test_data = os.path.normpath(
    config.test_data
    or os.environ.get("COMPRESS_TEST_DATA")
    or os.path.join(config.source_root, "..", "shared", "data"))
config.environment["COMPRESS_TEST_DATA"] = test_data
# What eval keeps from run to run stays out of the user's folder.
config.environment["XDG_CACHE_HOME"] = os.path.join(config.test_exec_root, "cache")

config.substitutions += [
    ("%{python}", "/usr/bin/python3"),
    ("%{source}", config.source_root),
    ("%{build}", config.build_root),
    ("%{models}", os.path.join(config.source_root, "models")),
    ("%{data}", test_data),
    ("%{cmake}", config.cmake),
    ("%{cc}", config.c_compiler),
    ("%{cxx}", config.cxx_compiler),
]

# What a test may ask for with REQUIRES.
if os.path.isdir(test_data):
    config.available_features.add("test-data")
if lit.util.pythonize_bool(config.assertions or "OFF"):
    config.available_features.add("asserts")
if "-fsanitize" in config.c_flags:
    config.available_features.add("sanitize")
for program in ["qemu-x86_64", "qemu-aarch64", "qemu-riscv64"]:
    if shutil.which(program):
        config.available_features.add(program)
if shutil.which("qemu-aarch64") and os.path.exists("/usr/aarch64-linux-gnu/lib/libc.a"):
    config.available_features.add("aarch64")
# Tools come and go with the build's options: one that is absent is a feature
# that is absent.
if os.path.isdir(config.tools_folder):
    for tool in os.listdir(config.tools_folder):
        config.available_features.add("tool-" + tool)
try:
    with open("/proc/cpuinfo") as cpuinfo:
        for line in cpuinfo:
            if line.startswith(("flags", "Features")):
                for flag in line.split(":", 1)[1].split():
                    config.available_features.add("cpu-" + flag)
                break
except OSError:
    pass
if os.path.isdir("/usr/share/vulkan/icd.d") and any(
        "lvp" in name for name in os.listdir("/usr/share/vulkan/icd.d")):
    config.available_features.add("lavapipe")
if os.geteuid() == 0:
    config.available_features.add("root")
