// What the features share: a gray picture as floats.
#pragma once
#include "image/pixels.h"

namespace fovea::image {

/// f32 (H,W), contiguous. Throws if there is more than one channel.
inline Tensor gray_plane(const Tensor& gray, const char* who) {
  const Table t = table_of(gray, who);
  check(t.channels == 1, "[{}] wants one channel, but the picture is {}: image::to_gray makes it so", who,
        gray.describe());
  return t.tensor.to(f32).reshape({t.height, t.width});
}

}  // namespace fovea::image
