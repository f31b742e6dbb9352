//===- Functions.cpp - Functions of plain linalg as an object file --------===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "compress/Target/Functions.h"
#include "CodeGeneration.h"
#include "Compress/IR/Compress.h"
#include "compress/Pipelines/Lowering.h"
#include "compress/Target/Compile.h"
#include "mlir/Dialect/DLTI/DLTI.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Tools/mlir-translate/Translation.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Host.h"

using namespace mlir;
using namespace mlir::compress;

//===----------------------------------------------------------------------===//
// Header
//===----------------------------------------------------------------------===//

static StringRef getCType(Type type) {
  if (type.isF32())
    return "float";
  if (type.isF64())
    return "double";
  if (type.isIndex() || type.isInteger(64))
    return "int64_t";
  if (type.isInteger(32))
    return "int32_t";
  if (type.isInteger(16))
    return "int16_t";
  if (type.isInteger(8))
    return "int8_t";
  return "";
}

/// Gives public functions names that C can say: _ for every other character,
/// and behind it a number where that is another's name.
static LogicalResult renameForC(ModuleOp module) {
  SymbolTable symbols(module);
  for (auto function :
       llvm::make_early_inc_range(module.getOps<func::FuncOp>())) {
    if (function.isExternal() || !function.isPublic())
      continue;
    std::string name;
    for (char c : function.getName())
      name += llvm::isAlnum(c) ? c : '_';
    if (name.empty() || llvm::isDigit(name.front()))
      name.insert(0, "_");
    if (name == function.getName())
      continue;
    std::string free = name;
    for (unsigned i = 1; symbols.lookup(free); ++i)
      free = name + "_" + std::to_string(i);
    if (failed(symbols.rename(function, free)))
      return function.emitError("cannot be named ") << free;
  }
  return success();
}

FailureOr<std::string> mlir::compress::makeHeader(ModuleOp module,
                                                  StringRef name) {
  std::string guard;
  for (char c : name)
    guard += llvm::isAlnum(c) ? llvm::toUpper(c) : '_';
  guard = "COMPRESS_" + guard + "_H";
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "/* " << name << ".h: made by compress build.\n"
     << " * Tensors are row-major. A function only reads its arguments, writes "
        "all of\n"
     << " * its results, and may be called from several threads at a time. */\n"
     << "#ifndef " << guard << "\n#define " << guard
     << "\n\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" "
        "{\n#endif\n";
  bool any = false;
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function.isExternal() || !function.isPublic())
      continue;
    any = true;
    SmallVector<std::string> parameters;
    std::string comment, returned = "void";
    auto describe = [&](Type type, const Twine &what,
                        bool result) -> LogicalResult {
      auto shaped = dyn_cast<ShapedType>(type);
      Type element = shaped ? shaped.getElementType() : type;
      StringRef c = getCType(element);
      if (c.empty())
        return function.emitError("has ")
               << type
               << ", which has no counterpart in C; there are f32, f64, index, "
                  "and integers of 8, 16, 32 and 64 bits";
      if (!shaped) {
        if (!result) {
          parameters.push_back((c + " " + what).str());
        } else if (returned != "void") {
          return function.emitError("has more than one result that is no "
                                    "tensor; a C function returns one");
        } else {
          returned = c.str();
        }
        return success();
      }
      if (!isa<RankedTensorType>(type))
        return function.emitError("has ")
               << type << "; functions of an object file take tensors";
      if (!shaped.hasStaticShape())
        return function.emitError("has ")
               << type
               << ", whose size is not known; functions of an object file have "
                  "static shapes";
      parameters.push_back(((result ? "" : "const ") + c + " " + what + "[" +
                            Twine(shaped.getNumElements()) + "]")
                               .str());
      std::string shape;
      for (int64_t size : shaped.getShape())
        shape += (shape.empty() ? "" : " x ") + std::to_string(size);
      comment += (comment.empty() ? "" : ", ") +
                 (what + ": " + (shape.empty() ? "1" : shape)).str();
      return success();
    };
    for (auto [i, type] : llvm::enumerate(function.getArgumentTypes()))
      if (failed(describe(type, "argument" + Twine(i), false)))
        return failure();
    for (auto [i, type] : llvm::enumerate(function.getResultTypes()))
      if (failed(describe(type, "result" + Twine(i), true)))
        return failure();
    os << "\n";
    if (!comment.empty())
      os << "/* " << comment << " */\n";
    os << returned << " " << function.getName() << "("
       << (parameters.empty() ? "void" : llvm::join(parameters, ", "))
       << ");\n";
  }
  if (!any)
    return module.emitError("has no public function with a body, so there is "
                            "nothing for an object file"),
           failure();
  os << "\n#ifdef __cplusplus\n}\n#endif\n\n#endif /* " << guard << " */\n";
  return text;
}

//===----------------------------------------------------------------------===//
// Objects
//===----------------------------------------------------------------------===//

/// A module of the LLVM dialect as an object.
static FailureOr<std::vector<char>>
makeObject(ModuleOp module, const MachineDescription &target, StringRef set) {
  llvm::LLVMContext context;
  std::unique_ptr<llvm::Module> translated =
      translateModuleToLLVMIR(module, context);
  if (!translated)
    return module.emitError("cannot be translated to LLVM IR; an object is "
                            "made of the LLVM dialect"),
           failure();
  for (llvm::Function &function : *translated)
    if (!function.isDeclaration())
      prepareFunction(function, set);
  std::string error;
  std::unique_ptr<llvm::TargetMachine> machine = createMachine(target, error);
  if (!machine)
    return module.emitError("cannot generate code: ") << error, failure();
  std::vector<char> bytes =
      emitObject(*translated, *machine, true, target.keepsOrder);
  if (bytes.empty())
    return module.emitError("the code generator emits no objects"), failure();
  return bytes;
}

static void registerTranslations(DialectRegistry &registry) {
  registerBuiltinDialectTranslation(registry);
  registerLLVMDialectTranslation(registry);
  registry.insert<LLVM::LLVMDialect>();
}

FailureOr<CompiledFunctions>
mlir::compress::compileFunctions(ModuleOp module,
                                 const FunctionsOptions &options) {
  MLIRContext *context = module.getContext();
  DialectRegistry registry;
  registerTranslations(registry);
  context->appendDialectRegistry(registry);
  // Sizes in bytes are computed from here on.
  if (module
          .walk([](Operation *op) {
            return failed(verifyAddressable(op)) ? WalkResult::interrupt()
                                                 : WalkResult::advance();
          })
          .wasInterrupted())
    return failure();
  CompiledFunctions result;
  OwningOpRef<ModuleOp> lowered = module.clone();
  if (failed(renameForC(*lowered)))
    return failure();
  // Two objects of one program may have private functions of one name.
  llvm::StringSet<> exported;
  for (auto function : lowered->getOps<func::FuncOp>())
    if (function.isPublic())
      exported.insert(function.getName());
  FailureOr<std::string> header = makeHeader(*lowered, options.name);
  if (failed(header))
    return failure();
  result.header = std::move(*header);
  PassManager pm(context, ModuleOp::getOperationName());
  if (failed(buildFunctionsPipeline(pm, options.activations)) ||
      failed(buildKernelsToLLVMPipeline(pm, options.instructionSet,
                                        /*barePointers=*/true)))
    return module.emitError("cannot be lowered: a pass is not registered"),
           failure();
  if (failed(pm.run(*lowered)))
    return failure();
  for (auto function : lowered->getOps<LLVM::LLVMFuncOp>())
    if (!function.isExternal() && !exported.contains(function.getName()))
      function.setLinkage(LLVM::Linkage::Internal);
  FailureOr<std::vector<char>> object = makeObject(
      *lowered, getMachine(options.instructionSet), options.instructionSet);
  if (failed(object))
    return failure();
  result.object = std::move(*object);
  return result;
}

void mlir::compress::registerObjectTranslation() {
  static std::string text =
      "What --mlir-to-object makes code for: " + kernel::listInstructionSets() +
      "; otherwise any machine of the module's "
      "llvm.target_triple, or of this one's";
  static llvm::cl::opt<std::string> set("instruction-set",
                                        llvm::cl::desc(text));
  static TranslateFromMLIRRegistration registration(
      "mlir-to-object",
      "Translate a module of the LLVM dialect to an object file",
      [](Operation *op, raw_ostream &os) -> LogicalResult {
        auto module = dyn_cast<ModuleOp>(op);
        if (!module)
          return op->emitError("is no module; an object is made of one");
        MachineDescription machine;
        if (!set.empty()) {
          if (!kernel::findInstructionSet(set))
            return op->emitError(
                kernel::unknownInstructionSet("instruction-set", set));
          machine = getMachine(set);
        } else if (auto triple = module->getAttrOfType<StringAttr>(
                       LLVM::LLVMDialect::getTargetTripleAttrName())) {
          machine.triple = triple.str();
        } else {
          machine.triple = llvm::sys::getDefaultTargetTriple();
        }
        FailureOr<std::vector<char>> object = makeObject(module, machine, set);
        if (failed(object))
          return failure();
        os.write(object->data(), object->size());
        return success();
      },
      [](DialectRegistry &registry) {
        registry.insert<DLTIDialect>();
        registerAllToLLVMIRTranslations(registry);
      });
}
