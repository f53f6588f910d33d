// Pooling layers over images (N,C,H,W).
#pragma once
#include "fovea/nn/container.h"
#include "fovea/nn/layer.h"

namespace fovea::nn {

struct MaxPoolOptions {
  Size stride = {};  // empty: the kernel's size
  Size padding = 0, dilation = 1;
  bool ceil_mode = false;  // also windows that start inside and end outside
};

/// The largest element of each window; padding counts as -infinity.
struct MaxPool2d : Lambda {
  explicit MaxPool2d(Size kernel, MaxPoolOptions options = {});
};

struct AvgPoolOptions {
  Size stride = {};  // empty: the kernel's size
  Size padding = 0;
  bool ceil_mode = false;
  bool count_include_pad = true;
};

/// The mean of each window.
struct AvgPool2d : Lambda {
  explicit AvgPool2d(Size kernel, AvgPoolOptions options = {});
};

/// The mean over windows chosen so that the result has `size`; 1 is global average pooling.
struct AdaptiveAvgPool2d : Lambda {
  explicit AdaptiveAvgPool2d(Size size);
};

/// The largest element over windows chosen so that the result has `size`.
struct AdaptiveMaxPool2d : Lambda {
  explicit AdaptiveMaxPool2d(Size size);
};

}  // namespace fovea::nn
