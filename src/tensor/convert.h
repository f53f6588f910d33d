// Copying elements between views of any dtype, layout and strides, with broadcasting.
#pragma once
#include "tensor/walk.h"

namespace fovea {

/// to[i] = from[i] over to's shape. Floats to integers truncate and saturate (NaN becomes 0); x != 0 for
/// bool.
void convert_elements(const View& from, const View& to);

}  // namespace fovea
