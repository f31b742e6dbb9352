//===- Payload.cpp - What is appended to an edge binary ------- -*- C++ -*-===//
//
// Part of Compress, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
#include "compress_runtime/Payload.h"
#include "compress_runtime.h"
#include "compress_runtime/Text.h"
#include "compress_runtime/ThreadPool.h"

#include "compress/Support/Files.h"
#include "compress/Support/Hash.h"

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <elf.h>
#include <fcntl.h>
#include <memory>
#include <sys/mman.h>
#include <unistd.h>

namespace compresslib {
namespace rt {

namespace {

constexpr uint64_t pageBytes = 4096, alignment = 64;
constexpr uint32_t payloadVersion = 2;
constexpr char magic[9] = "CMPRSPAY";

struct Range {
  uint64_t offset, length; ///< from the start of the file
};

/// The last bytes of the file, little-endian.
struct Trailer {
  char magic[8];
  uint32_t version;
  uint32_t abiVersion;
  uint64_t fileBytes; ///< trailer included
  Range weights, tokenizer, metadata;
  Range sideCarName;        ///< length 0: the weights are here
  uint64_t sideCarChecksum; ///< of the side-car's trailer
  uint64_t checksum;        ///< of the table of checksums
  uint64_t bodyBytes;       ///< before the table, which ends at the trailer
  uint64_t trailerChecksum; ///< of the trailer before this field
  uint64_t reserved;        ///< zero
};
static_assert(sizeof(Trailer) == 128 && offsetof(Trailer, weights) == 24,
              "the trailer is a file format");

using ull = unsigned long long;

uint64_t hashOfHashes(const std::vector<uint64_t> &hashes) {
  return xxh3({reinterpret_cast<const uint8_t *>(hashes.data()),
               hashes.size() * sizeof(uint64_t)});
}

uint64_t hashTrailer(const Trailer &trailer) {
  return xxh3({reinterpret_cast<const uint8_t *>(&trailer),
               offsetof(Trailer, trailerChecksum)});
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

/// An atomic file whose blocks are hashed as they are written.
class Output {
public:
  static Expected<Output> create(const std::string &path, uint64_t bytes,
                                 bool executable) {
    AtomicFileOptions options;
    options.size = bytes;
    options.executable = executable;
    auto file = AtomicFile::create(path, std::move(options));
    if (!file)
      return file.error();
    Output output(std::move(*file));
    return Expected<Output>(std::move(output));
  }

  Status write(const uint8_t *data, uint64_t size) {
    if (Status s = file_.write(Bytes(data, size)); !s)
      return s;
    while (size) {
      if (!block_)
        block_ = std::make_unique<Xxh3>();
      uint64_t part = std::min(size, blockBytes - filled_);
      block_->update(Bytes(data, part));
      filled_ += part;
      data += part;
      size -= part;
      if (filled_ == blockBytes)
        closeBlock();
    }
    return {};
  }

  Status pad(uint64_t multiple) {
    static const uint8_t zeros[pageBytes] = {};
    uint64_t rest = written() % multiple;
    return rest ? write(zeros, multiple - rest) : Status();
  }

  Status write(const Section &section) {
    if (section.path.empty())
      return write(reinterpret_cast<const uint8_t *>(section.memory.data()),
                   section.memory.size());
    int input = open(section.path.c_str(), O_RDONLY | O_CLOEXEC);
    if (input < 0)
      return environmentError(format("Cannot open '%s' for reading: %s.",
                                     section.path.c_str(), strerror(errno)));
    std::vector<uint8_t> buffer(std::min(section.length, blockBytes));
    Status status;
    for (uint64_t done = 0; done < section.length && status;) {
      uint64_t part = std::min<uint64_t>(buffer.size(), section.length - done);
      ssize_t got = pread(input, buffer.data(), part, section.offset + done);
      if (got < 0 && errno == EINTR)
        continue;
      if (got < 0)
        status = environmentError(format(
            "Cannot read '%s': %s.", section.path.c_str(), strerror(errno)));
      else if (got == 0)
        status = badInput(format(
            "'%s' ends at byte %llu; %llu bytes from %llu on were expected.",
            section.path.c_str(), ull(section.offset + done),
            ull(section.length), ull(section.offset)));
      else {
        status = write(buffer.data(), got);
        done += got;
      }
    }
    close(input);
    return status;
  }

  uint64_t written() const { return file_.position(); }
  /// The checksums of the blocks so far, the last one ended.
  std::vector<uint64_t> hashes() {
    if (filled_)
      closeBlock();
    return hashes_;
  }
  AtomicFile take() { return std::move(file_); }

private:
  explicit Output(AtomicFile file) : file_(std::move(file)) {}
  void closeBlock() {
    hashes_.push_back(block_->digest());
    block_.reset();
    filled_ = 0;
  }
  AtomicFile file_;
  std::vector<uint64_t> hashes_;
  std::unique_ptr<Xxh3> block_;
  uint64_t filled_ = 0;
};

std::string baseName(const std::string &path) {
  size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

uint64_t total(const std::vector<Section> &sections) {
  uint64_t bytes = 0;
  for (const Section &section : sections)
    bytes += section.length;
  return bytes;
}

/// Appends sections and trailer; `checksum` receives the trailer's own.
Status writePayload(Output &out, const EdgeBinary &binary, bool weights,
                    const std::string &sideCarName, uint64_t sideCarChecksum,
                    uint64_t &checksum) {
  Trailer trailer = {};
  auto append = [&](const std::vector<Section> &sections, uint64_t multiple,
                    Range &range) -> Status {
    if (Status s = out.pad(multiple); !s)
      return s;
    range.offset = out.written();
    for (const Section &section : sections)
      if (Status s = out.write(section); !s)
        return s;
    range.length = out.written() - range.offset;
    return {};
  };
  std::string metadata = binary.metadata.write();
  if (weights) {
    if (Status s = append(binary.weights, pageBytes, trailer.weights); !s)
      return s;
    if (Status s = append({binary.tokenizer}, alignment, trailer.tokenizer); !s)
      return s;
    if (Status s =
            append({Section::ofText(metadata)}, alignment, trailer.metadata);
        !s)
      return s;
  }
  if (Status s = append({Section::ofText(sideCarName)}, alignment,
                        trailer.sideCarName);
      !s)
    return s;
  if (Status s = out.pad(alignment); !s)
    return s;
  trailer.bodyBytes = out.written();
  const std::vector<uint64_t> hashes = out.hashes();
  if (Status s = out.write(reinterpret_cast<const uint8_t *>(hashes.data()),
                           hashes.size() * sizeof(uint64_t));
      !s)
    return s;
  memcpy(trailer.magic, magic, sizeof(trailer.magic));
  trailer.version = payloadVersion;
  trailer.abiVersion = COMPRESS_ABI_VERSION;
  trailer.fileBytes = out.written() + sizeof(Trailer);
  trailer.sideCarChecksum = sideCarChecksum;
  trailer.checksum = hashOfHashes(hashes);
  trailer.trailerChecksum = checksum = hashTrailer(trailer);
  return out.write(reinterpret_cast<const uint8_t *>(&trailer),
                   sizeof(trailer));
}

} // namespace

Expected<std::vector<AtomicFile>> makeEdgeBinary(const std::string &output,
                                                 const EdgeBinary &binary) {
  // With some for the rest, and for checksums.
  uint64_t weightsBytes =
      total(binary.weights) + binary.tokenizer.length + 2 * pageBytes;
  weightsBytes += weightsBytes / blockBytes * sizeof(uint64_t);
  uint64_t codeBytes = total(binary.executable) + pageBytes;
  bool executable = !binary.executable.empty();
  std::vector<AtomicFile> files;
  std::string sideCarName;
  uint64_t checksum = 0;
  if (binary.sideCar) {
    std::string name = sideCarOf(output);
    auto sideCar = Output::create(name, weightsBytes, false);
    if (!sideCar)
      return sideCar.error();
    if (Status s = writePayload(*sideCar, binary, true, "", 0, checksum); !s)
      return s.error();
    files.push_back(sideCar->take());
    sideCarName = baseName(name);
  }
  auto out = Output::create(
      output, binary.sideCar ? codeBytes : codeBytes + weightsBytes,
      executable);
  if (!out)
    return out.error();
  for (const Section &section : binary.executable)
    if (Status s = out->write(section); !s)
      return s.error();
  uint64_t own;
  if (Status s = writePayload(*out, binary, !binary.sideCar, sideCarName,
                              checksum, own);
      !s)
    return s.error();
  files.push_back(out->take());
  return Expected<std::vector<AtomicFile>>(std::move(files));
}

std::string sideCarOf(const std::string &output) { return output + ".weights"; }

Status writeEdgeBinary(const std::string &output, const EdgeBinary &binary) {
  auto files = makeEdgeBinary(output, binary);
  return files ? commitTogether(std::move(*files)) : Status(files.error());
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

namespace {

/// Where the headers of an ELF file say that it ends; 0 for other files.
uint64_t elfEnd(const uint8_t *data, uint64_t size) {
  Elf64_Ehdr header;
  if (size < sizeof(header))
    return 0;
  memcpy(&header, data, sizeof(header));
  if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 ||
      header.e_ident[EI_CLASS] != ELFCLASS64)
    return 0;
  uint64_t end = 0;
  if (header.e_shoff && header.e_shoff < size)
    end = header.e_shoff + uint64_t(header.e_shnum) * header.e_shentsize;
  for (unsigned i = 0; i < header.e_phnum; ++i) {
    Elf64_Phdr segment;
    uint64_t at = header.e_phoff + i * uint64_t(header.e_phentsize);
    if (at > size || size - at < sizeof(segment))
      break;
    memcpy(&segment, data + at, sizeof(segment));
    end = std::max<uint64_t>(end, segment.p_offset + segment.p_filesz);
  }
  return end;
}

bool inside(const Range &range, uint64_t bytes) {
  return range.offset <= bytes && range.length <= bytes - range.offset;
}

} // namespace

/// `expected`, where not null, is the trailer checksum that a side-car must
/// have. `shown` is the name in messages.
static Expected<Payload>
openPayload(const std::string &path, const std::string &shown,
            const uint64_t *expected,
            Expected<Payload> (*finish)(MappedFile, const Trailer &)) {
  const char *name = shown.c_str();
  // Non-blocking, so that a FIFO without a writer is refused and not waited on.
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) {
    int code = errno;
    if (expected && code == ENOENT)
      return environmentError(
          format("The weights of this program are in '%s', which does not "
                 "exist. Keep it beside the program under this name.",
                 name));
    return environmentError(
        format("Cannot open '%s' for reading: %s.", name, strerror(code)));
  }
  auto mapped = MappedFile::fromDescriptor(descriptor, shown);
  if (!mapped)
    return mapped.error();
  const uint64_t size = mapped->size();
  const uint8_t *data = mapped->data();
  if (!size)
    return badInput(format("'%s' is empty.", name));
  auto refuse = [&](std::string message) {
    return badInput(std::move(message));
  };

  Trailer trailer;
  if (size < sizeof(trailer) ||
      memcmp(data + size - sizeof(trailer), magic, sizeof(trailer.magic))) {
    uint64_t end = elfEnd(data, size);
    if (end && size <= end)
      return refuse(format(
          "'%s' has no weights: its %llu bytes end where its code ends. "
          "`strip` and similar tools delete what is appended; build it again "
          "and leave it as it is.",
          name, ull(size)));
    return refuse(format(
        "'%s' is cut short or was changed: its %llu bytes do not end with the "
        "trailer of its weights. Copy or build it again.",
        name, ull(size)));
  }
  memcpy(&trailer, data + size - sizeof(trailer), sizeof(trailer));
  if (trailer.version != payloadVersion)
    return refuse(format("'%s' has weights of format version %u; this runtime "
                         "reads version %u. Build it again.",
                         name, trailer.version, payloadVersion));
  if (trailer.trailerChecksum != hashTrailer(trailer) || trailer.reserved)
    return refuse(format("'%s' was changed: the checksum of its trailer is "
                         "%016llx, and %016llx was expected. Copy or build it "
                         "again.",
                         name, ull(hashTrailer(trailer)),
                         ull(trailer.trailerChecksum)));
  if (trailer.abiVersion != COMPRESS_ABI_VERSION)
    return refuse(format("'%s' was built for version %u of the interface "
                         "between code and runtime; this is version %d. Build "
                         "it again.",
                         name, trailer.abiVersion, COMPRESS_ABI_VERSION));
  const uint64_t body = trailer.bodyBytes;
  if (trailer.fileBytes != size)
    return refuse(format("'%s' is cut short or was changed: it needs %llu "
                         "bytes and has %llu. Copy or build it again.",
                         name, ull(trailer.fileBytes), ull(size)));
  const uint64_t blocks = (body + blockBytes - 1) / blockBytes;
  if (body > size ||
      blocks * sizeof(uint64_t) + sizeof(trailer) != size - body ||
      !inside(trailer.weights, body) || !inside(trailer.tokenizer, body) ||
      !inside(trailer.metadata, body) || !inside(trailer.sideCarName, body) ||
      trailer.weights.offset % pageBytes)
    return refuse(format("'%s' has a trailer with sections outside its %llu "
                         "bytes. Build it again.",
                         name, ull(size)));
  if (expected && *expected != trailer.trailerChecksum)
    return refuse(format("'%s' is not the file that this program was built "
                         "with: its checksum is %016llx, and %016llx was "
                         "expected. Keep the two files of one build together.",
                         name, ull(trailer.trailerChecksum), ull(*expected)));
  std::vector<uint64_t> hashes(blocks);
  memcpy(hashes.data(), data + body, blocks * sizeof(uint64_t));
  if (hashOfHashes(hashes) != trailer.checksum)
    return refuse(format("'%s' was changed: the checksum of its table of "
                         "checksums is %016llx, and %016llx was expected. Copy "
                         "or build it again.",
                         name, ull(hashOfHashes(hashes)),
                         ull(trailer.checksum)));
  if (trailer.sideCarName.length) {
    for (uint64_t i = 0; i < blocks; ++i)
      if (Status s = checkBlock(shown, data, body, hashes, i); !s)
        return s.error();
    std::string sideCar(reinterpret_cast<const char *>(data) +
                            trailer.sideCarName.offset,
                        trailer.sideCarName.length);
    if (expected || sideCar.find('/') != std::string::npos)
      return badInput(format("'%s' names another file for its weights where "
                             "that is not allowed.",
                             name));
    size_t slash = shown.rfind('/');
    std::string folder =
        slash == std::string::npos ? "" : shown.substr(0, slash + 1);
    return openPayload(folder + sideCar, folder + sideCar,
                       &trailer.sideCarChecksum, finish);
  }
  return finish(std::move(*mapped), trailer);
}

Expected<Payload> Payload::open(const std::string &path) {
  bool self = path == "/proc/self/exe";
  std::string shown = path;
  char resolved[PATH_MAX];
  if (self) {
    // The link is mapped, so that a program that was renamed or replaced while
    // it starts still finds its own weights; its target is what is shown.
    ssize_t length = readlink(path.c_str(), resolved, sizeof(resolved));
    if (length > 0)
      shown.assign(resolved, length);
  }
  auto finish = [](MappedFile file, const Trailer &trailer) {
    const char *data = reinterpret_cast<const char *>(file.data());
    std::string shown = file.path();
    Payload payload(std::move(file));
    payload.bodyBytes_ = trailer.bodyBytes;
    payload.hashes_ = std::make_unique<std::vector<uint64_t>>(
        (trailer.bodyBytes + blockBytes - 1) / blockBytes);
    memcpy(payload.hashes_->data(), data + trailer.bodyBytes,
           payload.hashes_->size() * sizeof(uint64_t));
    // Blocks of weights alone.
    uint64_t first = (trailer.weights.offset + blockBytes - 1) / blockBytes;
    uint64_t end =
        (trailer.weights.offset + trailer.weights.length) / blockBytes;
    payload.guard_ = BlockGuard::create(payload.file_, payload.bodyBytes_,
                                        *payload.hashes_, first, end);
    for (uint64_t i = 0; i < payload.hashes_->size(); ++i)
      if (!payload.guard_ || i < first || i >= end)
        if (Status s = payload.verifyBlock(i); !s)
          return Expected<Payload>(s.error());
    payload.weights_ = payload.file_.data() + trailer.weights.offset;
    payload.weightsBytes_ = trailer.weights.length;
    payload.tokenizer_ = {data + trailer.tokenizer.offset,
                          static_cast<size_t>(trailer.tokenizer.length)};
    auto metadata =
        Metadata::read({data + trailer.metadata.offset,
                        static_cast<size_t>(trailer.metadata.length)});
    if (!metadata)
      return Expected<Payload>(
          badInput("'" + shown + "': " + metadata.error().message));
    payload.metadata_ = std::move(*metadata);
    return Expected<Payload>(std::move(payload));
  };
  return openPayload(path, shown, nullptr, finish);
}

Status Payload::verifyBlock(uint64_t index) const {
  return guard_ && guard_->guards(index)
             ? guard_->check(index)
             : checkBlock(file_.path(), file_.data(), bodyBytes_, *hashes_,
                          index);
}

Status Payload::verify(ThreadPool *pool) const {
  std::vector<Status> results(hashes_->size());
  auto one = [&](int64_t i) { results[i] = verifyBlock(i); };
  if (pool)
    pool->forEach(results.size(), one);
  else
    for (size_t i = 0; i < results.size(); ++i)
      one(i);
  for (Status &result : results)
    if (!result)
      return result;
  return {};
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

std::string Metadata::write() const {
  std::string text;
  auto line = [&](const char *key, std::string_view value) {
    (text += key) += '=';
    for (char c : value) {
      if (c == '\\')
        text += "\\\\";
      else if (c == '\n')
        text += "\\n";
      else if (c == '\0')
        text += "\\0";
      else
        text += c;
    }
    text += '\n';
  };
  line("name", name);
  line("recipe", recipe);
  line("manifest", manifest);
  line("version", version);
  line("target", target);
  line("rebuild", rebuild);
  line("parameters", format("%llu", ull(parameters)));
  line("bytes", format("%llu", ull(bytes)));
  std::string ends;
  for (int32_t id : endTokens)
    ends += format("%s%d", ends.empty() ? "" : " ", id);
  line("end-tokens", ends);
  return text;
}

Expected<Metadata> Metadata::read(std::string_view text) {
  Metadata metadata;
  for (size_t number = 1; !text.empty(); ++number) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    size_t equals = line.find('=');
    if (end == std::string_view::npos || equals == std::string_view::npos)
      return badInput(format(
          "Line %zu of the metadata is not of the form key=value.", number));
    text.remove_prefix(end + 1);
    std::string_view key = line.substr(0, equals);
    std::string value;
    for (size_t i = equals + 1; i < line.size(); ++i) {
      if (line[i] == '\\' && i + 1 < line.size()) {
        ++i;
        value += line[i] == 'n' ? '\n' : line[i] == '0' ? '\0' : line[i];
      } else {
        value += line[i];
      }
    }
    if (key == "name")
      metadata.name = value;
    else if (key == "recipe")
      metadata.recipe = value;
    else if (key == "manifest")
      metadata.manifest = value;
    else if (key == "version")
      metadata.version = value;
    else if (key == "target")
      metadata.target = value;
    else if (key == "rebuild")
      metadata.rebuild = value;
    else if (key == "parameters")
      metadata.parameters = strtoull(value.c_str(), nullptr, 10);
    else if (key == "bytes")
      metadata.bytes = strtoull(value.c_str(), nullptr, 10);
    else if (key == "end-tokens")
      for (const char *at = value.c_str(); *at;) {
        char *next;
        long id = strtol(at, &next, 10);
        if (next == at)
          break;
        metadata.endTokens.push_back(static_cast<int32_t>(id));
        at = next;
      }
  }
  return metadata;
}

} // namespace rt
} // namespace compresslib
