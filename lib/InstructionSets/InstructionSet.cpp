//===- InstructionSet.cpp - The registered instruction sets ---------------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/InstructionSets/InstructionSet.h"
#include "llvm/TargetParser/Triple.h"

using namespace mlir;
using namespace mlir::kernel;

static std::vector<const InstructionSet *> &registered() {
  static std::vector<const InstructionSet *> sets;
  return sets;
}

RegisterInstructionSet::RegisterInstructionSet(InstructionSet set)
    : set(std::move(set)) {
  registered().push_back(&this->set);
}

RegisterInstructionSet::~RegisterInstructionSet() {
  llvm::erase(registered(), &set);
}

std::string InstructionSet::getFamily() const {
  std::string name = llvm::Triple(triple).getArchName().str();
  std::replace(name.begin(), name.end(), '_', '-');
  return name;
}

std::vector<const InstructionSet *> mlir::kernel::getInstructionSets() {
  std::vector<const InstructionSet *> sets = registered();
  llvm::sort(sets, [](const InstructionSet *a, const InstructionSet *b) {
    return std::tuple(StringRef(b->triple), -a->rank, StringRef(a->name)) <
           std::tuple(StringRef(a->triple), -b->rank, StringRef(b->name));
  });
  return sets;
}

const InstructionSet *mlir::kernel::findInstructionSet(StringRef name) {
  for (const InstructionSet *set : registered())
    if (set->name == name)
      return set;
  return nullptr;
}

std::vector<std::string> mlir::kernel::getFamilies() {
  std::vector<std::string> names;
  for (const InstructionSet *set : getInstructionSets())
    if (names.empty() || names.back() != set->getFamily())
      names.push_back(set->getFamily());
  return names;
}

std::string mlir::kernel::listInstructionSets(StringRef family) {
  std::vector<std::string> names;
  for (const InstructionSet *set : getInstructionSets())
    if (family.empty() || set->getFamily() == family)
      names.push_back(set->name);
  std::string text;
  for (auto [i, name] : llvm::enumerate(names)) {
    if (i)
      text += i + 1 == names.size() ? " and " : ", ";
    text += name;
  }
  return text;
}

std::string mlir::kernel::unknownInstructionSet(const Twine &option,
                                                StringRef name) {
  return (option + " \"" + name + "\" is unknown; there are " +
          listInstructionSets())
      .str();
}
