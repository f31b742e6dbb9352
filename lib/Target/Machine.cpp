//===- Machine.cpp - Instruction sets -------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Target/Compile.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace mlir::compress;

ArrayRef<StringRef> mlir::compress::getInstructionSets() {
  static const StringRef sets[] = {"avx512vnni", "avxvnni", "avx2", "generic",
                                   "neon"};
  return sets;
}

MachineDescription mlir::compress::getMachine(StringRef set) {
  if (set == "neon")
    return {"aarch64-unknown-linux-gnu", "generic", "+neon,+dotprod,+fp-armv8"};
  std::string triple = "x86_64-unknown-linux-gnu";
  if (set == "avx512vnni")
    return {triple, "x86-64-v4", "+avx512vnni,-prefer-256-bit"};
  if (set == "avxvnni")
    return {triple, "x86-64-v3", "+avxvnni"};
  if (set == "avx2")
    return {triple, "x86-64-v3", ""};
  return {triple, "x86-64", ""};
}

FailureOr<std::vector<std::string>>
mlir::compress::parseTarget(StringRef name, std::string &error) {
  if (name == "x86-64")
    return std::vector<std::string>{"avx512vnni", "avxvnni", "avx2", "generic"};
  if (name == "aarch64")
    return std::vector<std::string>{"neon"};
  if (name == "native") {
    llvm::StringMap<bool> has = llvm::sys::getHostCPUFeatures();
#if defined(__aarch64__)
    return std::vector<std::string>{"neon"};
#else
    if (has.lookup("avx512vnni") && has.lookup("avx512bw") &&
        has.lookup("avx512dq") && has.lookup("avx512vl"))
      return std::vector<std::string>{"avx512vnni"};
    if (has.lookup("avx2") && has.lookup("fma") && has.lookup("f16c"))
      return std::vector<std::string>{has.lookup("avxvnni") ? "avxvnni"
                                                            : "avx2"};
    return std::vector<std::string>{"generic"};
#endif
  }
  std::vector<std::string> sets;
  SmallVector<StringRef> names;
  name.split(names, ',', -1, false);
  for (StringRef known : getInstructionSets())
    if (llvm::is_contained(names, known))
      sets.push_back(known.str());
  for (StringRef each : names)
    if (!llvm::is_contained(getInstructionSets(), each)) {
      error = ("target \"" + each +
               "\" is unknown; there are native, x86-64, aarch64, and the "
               "instruction sets avx512vnni, avxvnni, avx2, generic and neon")
                  .str();
      return failure();
    }
  if (sets.empty()) {
    error = "a target names at least one instruction set";
    return failure();
  }
  if (sets.size() > 1 && llvm::is_contained(sets, "neon")) {
    error = "a program is made for one processor family, but the target names "
            "instruction sets of x86-64 and of aarch64";
    return failure();
  }
  return sets;
}
