// A libFuzzer target for colour profiles: what it is given is applied to a small picture of each kind.
//   mkdir -p build/corpus && build/fuzz/tests/fuzz/fuzz_icc -max_total_time=60 build/corpus tests/image/data
#include "fovea/image.h"

using namespace fovea;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  for (const image::ColorModel color :
       {image::ColorModel::gray, image::ColorModel::rgb, image::ColorModel::cmyk})
    for (const DType dtype : {u8, f32}) {
      image::Image picture(full({1, 3, image::channels_of(color)}, 1, dtype), color);
      picture.icc.assign(data, data + size);
      try {
        image::apply_profile(picture);
        image::profile_name(picture.icc);
      } catch (const Error&) {
      }
    }
  return 0;
}
