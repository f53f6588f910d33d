#include "op/conv_shape.h"

#include <algorithm>

namespace fovea {
namespace {

/// An entry for each spatial dimension.
struct Window {
  Dims stride, padding, dilation;
  int64_t groups;
};

ConvShape make(const std::string& name, const Dims& x, const Dims& w, const Window& window) {
  const int spatial = x.size() - 2;
  check(spatial >= 1 && spatial <= 3 && w.size() == x.size(),
        "[{}] x {} and weight {} want 3 to 5 dimensions both", name, x, w);
  ConvShape s;
  s.x_shape = x, s.w_shape = w;
  s.n = x[0], s.c = x[1], s.o = w[0], s.groups = window.groups;
  check(s.groups >= 1 && s.o % s.groups == 0,
        "[{}] {} output channels do not divide into {} groups: x {}, weight {}", name, s.o, s.groups, x, w);
  if (s.c != w[1] * s.groups)
    fail("[{}] weight wants {} input channels but x has {}: x {}, weight {}, groups {}{}", name,
         w[1] * s.groups, s.c, x, w, s.groups,
         w[1] && s.c % w[1] == 0 ? fmt::format(". Did you mean groups={}?", s.c / w[1]) : "");
  const Dims &stride = window.stride, &pad = window.padding, &dilation = window.dilation;
  s.y_shape = x;
  s.y_shape[1] = s.o;
  for (int i = 0; i < spatial; ++i) {
    const size_t at = size_t(i + 3 - spatial);
    s.in[at] = x[i + 2], s.k[at] = w[i + 2];
    s.stride[at] = stride[i], s.pad[at] = pad[i], s.dilation[at] = dilation[i];
    check(s.k[at] >= 1 && s.stride[at] >= 1 && s.dilation[at] >= 1 && s.pad[at] >= 0,
          "[{}] window {}, stride {}, dilation {} must be positive, padding {} not negative: x {}, weight {}",
          name, s.k[at], s.stride[at], s.dilation[at], s.pad[at], x, w);
    const int64_t room = s.in[at] + 2 * s.pad[at] - s.dilation[at] * (s.k[at] - 1) - 1;
    check(room >= 0, "[{}] the window of weight {} is larger than x {} with padding {}", name, w, x, pad);
    s.out[at] = s.y_shape[i + 2] = room / s.stride[at] + 1;
  }
  return s;
}

ConvShape make(const Call& c, const Dims& x, const Dims& w) {
  const int spatial = std::max(0, x.size() - 2);
  for (const char* list : {"stride", "padding", "dilation"})
    check(c.d(list).size() == 1 || c.d(list).size() == spatial,
          "[{}] {} {} wants 1 or {} entries: x {}, weight {}", c.op().name(), list, c.d(list), spatial, x, w);
  const auto each = [&](const char* list) { return c.d(list, spatial); };
  return make(c.op().name(), x, w, {each("stride"), each("padding"), each("dilation"), c.i("groups")});
}

void check_bias(const Call& c, int bias, const ConvShape& s) {
  check(!c.in(bias) || c.in(bias).size(0) == s.o,
        "[{}] bias {} does not fit the {} output channels of weight {}", c.op().name(), c.in(bias).shape, s.o,
        s.w_shape);
}

}  // namespace

ConvShape ConvShape::of_forward(const Call& c) {
  const ConvShape s = make(c, c.in(0).shape, c.in(1).shape);
  check_bias(c, 2, s);
  return s;
}

ConvShape ConvShape::of_input_grad(const Call& c) {
  const ConvShape s = make(c, c.d("shape"), c.in(1).shape);
  check(c.in(0).shape == s.y_shape, "[{}] g {} does not come from x {} and weight {}: that gives {}",
        c.op().name(), c.in(0).shape, s.x_shape, s.w_shape, s.y_shape);
  return s;
}

ConvShape ConvShape::of_weight_grad(const Call& c) {
  const ConvShape s = make(c, c.in(0).shape, c.d("shape"));
  check(c.in(1).shape == s.y_shape, "[{}] g {} does not come from x {} and weight {}: that gives {}",
        c.op().name(), c.in(1).shape, s.x_shape, s.w_shape, s.y_shape);
  return s;
}

ConvExpand ConvExpand::of(const Call& c) {
  const std::string& name = c.op().name();
  ConvExpand s;
  s.expand = make(name, c.in(0).shape, c.in(1).shape, {{1, 1}, {0, 0}, {1, 1}, 1});
  check(s.expand.k_size() == 1, "[{}] weight {} is not 1x1", name, s.expand.w_shape);
  s.depthwise = make(name, s.expand.y_shape, c.in(3).shape,
                     {c.d("stride", 2), c.d("padding", 2), {1, 1}, std::max<int64_t>(1, s.expand.o)});
  check(s.depthwise.o == s.expand.o, "[{}] filter {} is not one for each of the {} channels of weight {}",
        name, s.depthwise.w_shape, s.expand.o, s.expand.w_shape);
  check_bias(c, 2, s.expand), check_bias(c, 4, s.depthwise);
  return s;
}

}  // namespace fovea
