// What conversions of colour share.
#pragma once
#include "image/pixels.h"

namespace fovea::image {

bool has_alpha(ColorModel color);
/// A last channel more: `alpha` (H, W, 1), full if it is none.
Tensor with_alpha(const Tensor& colors, const Tensor& alpha);
/// Makes the header tell of the pixels as they are now: in sRGB or a model that needs no profile.
void describe_pixels(Image& image, ColorModel color);

}  // namespace fovea::image
