// Examples as they are stored.
#pragma once
#include "fovea/data.h"
#include "fovea/image.h"

namespace fovea::data {

/// The picture of example `index` of `set`, or its numbers as a table of pixels. Throws if it is unreadable.
image::Image stored_picture(const Dataset& set, int64_t index);

}  // namespace fovea::data
