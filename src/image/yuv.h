// Brightness and colour in planes of their own (YCbCr 4:2:0, 4:2:2, 4:4:4 or gray, 8 to 16 bits), as raw
// video has them, to tables of pixels. Colours by ITU-R 601.
#pragma once
#include <span>
#include <string>

#include "fovea/tensor.h"

namespace fovea::image {

struct YuvLayout {
  int64_t width = 0, height = 0;
  int64_t chroma_width = 0, chroma_height = 0;  // 0: gray
  int depth = 8;                                // more than 8: two bytes each, little-endian
  bool full_range = false;                      // else 16..235 of 255, and as much of deeper samples

  bool gray() const { return chroma_width == 0; }
  int64_t bytes() const { return (width * height + 2 * chroma_width * chroma_height) * (depth > 8 ? 2 : 1); }
};

/// (H,W,3) RGB or (H,W,1) gray of u8, of u16 over its full range if deeper. Gray keeps the numbers of 8 bits,
/// and is spread over 16 bits if deeper. *Requires* layout.bytes() bytes.
Tensor pixels_of_yuv(std::span<const uint8_t> planes, const YuvLayout& layout);

}  // namespace fovea::image
