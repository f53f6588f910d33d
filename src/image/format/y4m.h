// The first line of a Y4M (YUV4MPEG2) file; the frames follow, each after a line "FRAME".
#pragma once
#include "image/codec.h"
#include "image/yuv.h"

namespace fovea::image {

struct Y4mHeader {
  YuvLayout layout;
  std::string chroma = "420";
  int64_t rate = 0, rate_scale = 1;  // frames in `rate_scale` seconds; 0: not told
  bool interlaced = false;
  size_t bytes = 0;  // of the line

  /// As others call it: "yuv420p10", "gray".
  std::string pixel_format() const;
};

bool is_y4m(View8 start);
/// From the first bytes of the file, of which at most 4096 count. Throws if it is no such line or of pixels
/// that are not read.
Y4mHeader y4m_header(View8 start, const std::string& name);
/// The length of the line "FRAME" at the start of `bytes`; throws if there is none.
size_t y4m_frame_line(View8 bytes, const std::string& name, size_t at);

}  // namespace fovea::image
