// The two convolutions in the middle of an inverted residual (Sandler et al. 2018, MobileNetV2): 1x1 to many channels, then
// depthwise over them.
#include "fovea/ops.h"
#include "op/conv_shape.h"

namespace fovea {
namespace {

template <class real>
real clamped(real value, double low, double high) {
  return std::min(std::max(value, real(low)), real(high));
}

/// One plane of what the first convolution gives.
template <class real>
std::vector<real> expanded(const Call& c, const ConvShape& s, int64_t n, int64_t o) {
  const real *x = c.in(0).ptr<real>() + n * s.c * s.in_size(), *w = c.in(1).ptr<real>() + o * s.c, *bias = c.in(2).ptr<real>();
  std::vector<real> plane(size_t(s.in_size()), bias ? bias[o] : real(0));
  for (int64_t i = 0; i < s.c; ++i)
    for (int64_t p = 0; p < s.in_size(); ++p) plane[size_t(p)] += w[i] * x[i * s.in_size() + p];
  for (real& value : plane) value = clamped(value, c.f("low"), c.f("high"));
  return plane;
}

template <class real>
real under_window(const ConvShape& s, const std::vector<real>& plane, const real* filter, int64_t y, int64_t x) {
  real sum = 0;
  for (int64_t a = 0; a < s.k[1]; ++a)
    for (int64_t b = 0; b < s.k[2]; ++b) {
      const int64_t row = y * s.stride[1] - s.pad[1] + a, column = x * s.stride[2] - s.pad[2] + b;
      if (row >= 0 && row < s.in[1] && column >= 0 && column < s.in[2])
        sum += filter[a * s.k[2] + b] * plane[size_t(row * s.in[2] + column)];
    }
  return sum;
}

template <class real>
void expand(const Call& c) {
  const auto [first, s] = ConvExpand::of(c);
  const real *filters = c.in(3).ptr<real>(), *bias = c.in(4).ptr<real>();
  real* out = c.out().ptr<real>();
  for (int64_t n = 0; n < s.n; ++n)
    for (int64_t o = 0; o < s.o; ++o) {
      const std::vector<real> plane = expanded<real>(c, first, n, o);
      for (int64_t y = 0; y < s.out[1]; ++y)
        for (int64_t x = 0; x < s.out[2]; ++x) {
          const real sum = under_window(s, plane, filters + o * s.k_size(), y, x) + (bias ? bias[o] : real(0));
          *out++ = clamped(sum, c.f("filter_low"), c.f("filter_high"));
        }
    }
}

NamedAttrs relu6(NamedAttrs attrs) {
  for (const char* low : {"low", "filter_low"}) attrs.push_back({low, 0.0});
  for (const char* high : {"high", "filter_high"}) attrs.push_back({high, 6.0});
  return attrs;
}
const NamedAttrs padded{{"padding", Dims{1}}};

FOVEA_OP(conv2d_expand){
    .signature = "conv2d_expand(x, weight, bias?, filter, filter_bias?, low: float, high: float, filter_low: float, filter_high: float, "
                 "stride=[1], padding=[0])",
    .doc = "A depthwise convolution with `filter`, `stride` and `padding` of clamp(conv2d(x, weight, bias), low, high), both 1x1 and clamped in "
           "turn: what a plan makes of the two in an inverted residual.",
    .require = {rank("x", 4), rank("weight", 4), rank("bias", 1), rank("filter", 4), rank("filter_bias", 1), at_least("stride", 1),
                at_least("padding", 0)},
    .shape = [](const Call& c) {
      return Specs{{ConvExpand::of(c).depthwise.y_shape, c.dtype()}};
    },
    .reference = FOVEA_FLOATS(expand),
    .no_gradient = "plans put it in after differentiation",
    .samples = {{{f({2, 8, 7, 6}), f({24, 8, 1, 1}), f({24}), f({24, 1, 3, 3}), f({24})}, relu6(padded)},
                {{f({1, 16, 19, 37}), f({32, 16, 1, 1}), none(), f({32, 1, 3, 3}), none()}, relu6({{"padding", Dims{1}}, {"stride", Dims{2}}})},
                {{f({3, 24, 12, 11}), f({16, 24, 1, 1}), f({16}), f({16, 1, 5, 5}), f({16})}, relu6({{"padding", Dims{2}}})},
                {{f({1, 8, 64, 90}), f({40, 8, 1, 1}), f({40}), f({40, 1, 3, 3}), f({40})}, relu6(padded)},
                {{f({2, 3, 5, 4}), f({4, 3, 1, 1}), f({4}), f({4, 1, 2, 3}), none()}, relu6({})}},
    .bad = {{{f({2, 8, 7, 6}), f({24, 8, 1, 1}), f({24}), f({16, 1, 3, 3}), none()}, relu6(padded)},
            {{f({2, 8, 7, 6}), f({24, 8, 3, 3}), f({24}), f({24, 1, 3, 3}), none()}, relu6(padded)},
            {{f({2, 8, 1, 1}), f({24, 8, 1, 1}), f({24}), f({24, 1, 3, 3}), none()}, relu6({})}},
    .internal = true,
};

}  // namespace
}  // namespace fovea
