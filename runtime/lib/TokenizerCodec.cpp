#include "compress_runtime/CommandLine.h"
#include "compress_runtime/Tokenizer.h"

namespace compresslib {
namespace rt {

Expected<TextCodec> loadTokenizerCodec(std::string_view tokenizer) {
  auto loaded = Tokenizer::load(
      reinterpret_cast<const uint8_t *>(tokenizer.data()), tokenizer.size());
  if (!loaded)
    return loaded.error();
  auto shared = std::make_shared<Tokenizer>(std::move(*loaded));
  TextCodec codec;
  codec.bos = shared->bos();
  codec.vocabulary = shared->vocabularySize();
  codec.encode = [shared](std::string_view text, bool special) {
    return shared->encode(text, special);
  };
  codec.decoder = [shared]() -> DecodeToken {
    auto decoder = std::make_shared<Tokenizer::Decoder>(*shared);
    return [shared, decoder](int32_t token) { return decoder->push(token); };
  };
  return codec;
}

int edgeMain(int argc, char **argv, const compress_program &program) {
  return runCommandLine(argc, argv, program, loadTokenizerCodec,
                        "/proc/self/exe");
}

} // namespace rt
} // namespace compresslib
