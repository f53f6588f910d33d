// Several JPEG pictures in one file (CIPA DC-007, "MPO"): the two of a stereo camera, previews, gain maps.
#pragma once
#include "image/codec.h"

namespace fovea::image {

struct MultiPicture {
  std::vector<View8> pictures;     // JPEG files of their own; the first is the whole file
  std::vector<const char*> kinds;  // of each: "primary", "disparity" ...
  std::string warning;             // why an index is not followed
};
/// What the index of a JPEG file lists; no pictures if it has none.
MultiPicture multi_picture(View8 jpeg);

}  // namespace fovea::image
