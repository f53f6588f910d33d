#include "zoo/blocks.h"

#include <algorithm>

#include "fovea/operators.h"

namespace fovea::zoo {

int64_t multiple_of_8(double channels) {
  const int64_t rounded = std::max<int64_t>(8, int64_t(channels + 4) / 8 * 8);
  return double(rounded) < 0.9 * channels ? rounded + 8 : rounded;
}

nn::Sequential conv_norm(int64_t in, int64_t out, int64_t kernel, const ConvNormOptions& options) {
  return nn::Sequential(
      nn::Conv2d(in, out, kernel,
                 {.stride = options.stride, .padding = kernel / 2, .groups = options.groups, .bias = false}),
      nn::BatchNorm2d(out, options.norm));
}

SqueezeExcitation::SqueezeExcitation(int64_t channels, int64_t squeezed, nn::AnyModule activation,
                                     nn::AnyModule scale)
    : fc1_(register_module("fc1", nn::Conv2d(channels, squeezed, 1))),
      fc2_(register_module("fc2", nn::Conv2d(squeezed, channels, 1))),
      activation_(register_module("activation", std::move(activation))),
      scale_(register_module("scale_activation", std::move(scale))) {}

Tensor SqueezeExcitation::forward(const Tensor& x) const {
  return x * scale_(fc2_(activation_(fc1_(adaptive_avg_pool2d(x, {1})))));
}

}  // namespace fovea::zoo
