// What the kernels of depthwise convolutions share: which calls they take.
#pragma once
#include "op/conv_shape.h"

namespace fovea {

inline constexpr int max_depthwise_window = 7;

/// The reason why the own kernels cannot run the call, or null: one filter per channel, channels divisible
/// by 8, windows up to 7x7, strides 1 and 2. `shape` reads the sizes.
const char* refuse_depthwise(const Call& c, ConvShape (*shape)(const Call&));

}  // namespace fovea
