// What infrared cameras of FLIR hide in a JPEG: their raw counts and the constants that turn them into
// degrees.
#pragma once
#include <optional>

#include "image/codec.h"

namespace fovea::image {

/// The joined pieces of the "FLIR" segments of a JPEG file, empty if it has none.
Bytes flir_data(View8 jpeg);

/// The raw thermal picture (u16 counts, with Header::thermal) in such data; none if they hold no picture.
std::optional<Image> flir_picture(const Source& jpeg, View8 data);

}  // namespace fovea::image
