//===- Machine.cpp - Instruction sets -------------------------------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Target/Compile.h"
#include "compress_runtime/Model.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace mlir::compress;
using kernel::InstructionSet;

MachineDescription mlir::compress::getMachine(StringRef name) {
  const InstructionSet *set = kernel::findInstructionSet(name);
  return {set->triple, set->processor, set->features, set->keepsOrder};
}

std::vector<std::string>
mlir::compress::getFamilyInstructionSets(StringRef family) {
  std::vector<std::string> names;
  for (const InstructionSet *set : kernel::getInstructionSets())
    if (set->inFamily && set->getFamily() == family)
      names.push_back(set->name);
  return names;
}

std::vector<std::string> mlir::compress::getRunnableInstructionSets() {
  llvm::Triple host(llvm::sys::getDefaultTargetTriple());
  std::vector<std::string> names;
  for (const InstructionSet *set : kernel::getInstructionSets())
    if (llvm::Triple(set->triple).getArch() == host.getArch() &&
        llvm::all_of(set->needs, compresslib::rt::processorHas))
      names.push_back(set->name);
  return names;
}

FailureOr<std::vector<std::string>>
mlir::compress::parseTarget(StringRef name, std::string &error) {
  std::vector<std::string> sets = getFamilyInstructionSets(name);
  if (!sets.empty())
    return sets;
  if (name == "native") {
    sets = getRunnableInstructionSets();
    if (sets.empty()) {
      error = "there is no instruction set for this machine";
      return failure();
    }
    return std::vector<std::string>{sets.front()};
  }
  SmallVector<StringRef> names;
  name.split(names, ',', -1, false);
  std::string family;
  for (const InstructionSet *known : kernel::getInstructionSets()) {
    if (!llvm::is_contained(names, known->name))
      continue;
    sets.push_back(known->name);
    if (!family.empty() && family != known->getFamily()) {
      error = "a program is made for one processor family, but the target "
              "names instruction sets of " +
              family + " and of " + known->getFamily();
      return failure();
    }
    family = known->getFamily();
  }
  for (StringRef each : names)
    if (!llvm::is_contained(sets, each)) {
      error = ("target \"" + each + "\" is unknown; there are native, " +
               llvm::join(kernel::getFamilies(), ", ") +
               ", and the instruction sets " + kernel::listInstructionSets())
                  .str();
      return failure();
    }
  if (sets.empty()) {
    error = "a target names at least one instruction set";
    return failure();
  }
  return sets;
}
