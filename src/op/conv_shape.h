// The sizes of a convolution, the same for its three products; lower spatial ranks count as depth (and
// height) 1.
#pragma once
#include <array>

#include "fovea/op.h"

namespace fovea {

struct ConvShape {
  int64_t n = 0, c = 0, o = 0, groups = 1;
  std::array<int64_t, 3> in{1, 1, 1}, out{1, 1, 1}, k{1, 1, 1}, stride{1, 1, 1}, pad{0, 0, 0},
      dilation{1, 1, 1};
  Dims x_shape, w_shape, y_shape;

  int64_t c_group() const { return c / groups; }
  int64_t o_group() const { return o / groups; }
  int64_t in_size() const { return in[0] * in[1] * in[2]; }
  int64_t out_size() const { return out[0] * out[1] * out[2]; }
  int64_t k_size() const { return k[0] * k[1] * k[2]; }

  /// From conv?d(x, weight, bias), conv_input_grad(g, weight, shape) and conv_weight_grad(x, g, shape).
  /// Throw, naming both shapes, if the tensors do not belong together.
  static ConvShape of_forward(const Call& c);
  static ConvShape of_input_grad(const Call& c);
  static ConvShape of_weight_grad(const Call& c);
};

/// The two convolutions of conv2d_expand(x, weight, bias, filter, filter_bias): 1x1, then one filter per
/// channel.
struct ConvExpand {
  ConvShape expand, depthwise;
  /// Throws, naming both shapes, if the tensors do not belong together.
  static ConvExpand of(const Call& c);
};

}  // namespace fovea
