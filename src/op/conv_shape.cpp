#include "op/conv_shape.h"

namespace fovea {
namespace {

ConvShape make(const Call& call, const Dims& x, const Dims& w) {
  const std::string& name = call.op().name();
  const int spatial = x.size() - 2;
  check(spatial >= 1 && spatial <= 3 && w.size() == x.size(),
        "[{}] x {} and weight {} want 3 to 5 dimensions both", name, x, w);
  ConvShape s;
  s.x_shape = x, s.w_shape = w;
  s.n = x[0], s.c = x[1], s.o = w[0], s.groups = call.i("groups");
  check(s.groups >= 1 && s.o % s.groups == 0,
        "[{}] {} output channels do not divide into {} groups: x {}, weight {}", name, s.o, s.groups, x, w);
  if (s.c != w[1] * s.groups)
    fail("[{}] weight wants {} input channels but x has {}: x {}, weight {}, groups {}{}", name,
         w[1] * s.groups, s.c, x, w, s.groups,
         w[1] && s.c % w[1] == 0 ? fmt::format(". Did you mean groups={}?", s.c / w[1]) : "");
  for (const char* list : {"stride", "padding", "dilation"})
    check(call.d(list).size() == 1 || call.d(list).size() == spatial,
          "[{}] {} {} wants 1 or {} entries: x {}, weight {}", name, list, call.d(list), spatial, x, w);
  const Dims stride = call.d("stride", spatial), pad = call.d("padding", spatial),
             dilation = call.d("dilation", spatial);
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

}  // namespace

ConvShape ConvShape::of_forward(const Call& c) {
  const ConvShape s = make(c, c.in(0).shape, c.in(1).shape);
  check(!c.in(2) || c.in(2).size(0) == s.o, "[{}] bias {} does not fit the {} output channels of weight {}",
        c.op().name(), c.in(2).shape, s.o, c.in(1).shape);
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

}  // namespace fovea
