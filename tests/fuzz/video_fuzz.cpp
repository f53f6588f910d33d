// A libFuzzer target for one reader of videos (FOVEA_FUZZ_FORMAT, y4m or avi): what it is given is opened,
// read on and sought in; an Error is fine, anything else that goes wrong is a finding.
//   mkdir -p build/corpus && build/fuzz/tests/fuzz/fuzz_video_avi -max_total_time=60 build/corpus
#include "fovea/video.h"

using namespace fovea;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  video::Options options;
  options.limits = {.pixels = 1 << 14, .side = 1 << 13, .bytes = 1 << 20, .frames = 1000};
  if (size == 0) return 0;
  try {
    video::Reader reader(std::span(data, size), "fuzz." FOVEA_FUZZ_FORMAT, options);
    if (reader.header().container != FOVEA_FUZZ_FORMAT) return 0;
    for (int k = 0; k < 3; ++k)
      if (const auto frame = reader.next())
        check(frame->pixels.shape() == reader.header().frame_shape(), "the header does not fit");
    reader.frame(reader.count() - 1);
    video::header_text(reader.header());
  } catch (const Error&) {
  }
  return 0;
}
