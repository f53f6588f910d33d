// A libFuzzer target for one reader of images (FOVEA_FUZZ_FORMAT): what it is given is decoded, all frames up
// to three, and shown; an Error is fine, anything else that goes wrong is a finding.
//   cmake -S . -B build/fuzz -G Ninja -DCMAKE_CXX_COMPILER=clang++ -DFOVEA_FUZZ=ON && ninja -C build/fuzz
//   fuzz_gif mkdir -p build/corpus && build/fuzz/tests/fuzz/fuzz_gif -max_total_time=60 build/corpus
//   tests/image/formats
#include "fovea/image.h"

using namespace fovea;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  image::ReadOptions options;
  options.limits = {.pixels = 1 << 14, .side = 1 << 13, .bytes = 1 << 20, .frames = 100};
  try {
    const std::span<const uint8_t> bytes(data, size);
    if (image::probe(bytes, "fuzz", options).format != FOVEA_FUZZ_FORMAT) return 0;
    for (const image::Image& picture : image::decode_frames(bytes, "fuzz", options, 3)) {
      check(picture.pixels.shape() == picture.shape, "the header does not fit");
      image::render(picture);
      image::header_text(picture);
    }
  } catch (const Error&) {
  }
  return 0;
}
