// What reading pictures and measuring their numbers share.
#pragma once
#include "fovea/picture.h"

namespace fovea::data {

/// A file's numbers (H,W,C) of format.dtype, which may be not finite, and the range of them that becomes
/// 0..1, if one does.
struct Numbers {
  Tensor pixels;
  std::vector<Range> range;
};
Numbers decode_numbers(std::span<const uint8_t> bytes, const std::string& name, const PictureFormat& format,
                       int64_t frame);

}  // namespace fovea::data
