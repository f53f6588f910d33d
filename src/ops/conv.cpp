// Convolutions over 1 to 3 spatial dimensions ("convolution" is cross-correlation, as everywhere in the field).
// The three products of a convolution (result, gradient of x, gradient of weight) are bilinear in two tensors each, and each is
// the gradient of the others: so derivatives of any order come from these three ops.
#include "base/parallel.h"
#include "fovea/ops.h"
#include "op/conv_shape.h"

namespace fovea {
namespace {

/// Calls f(d, h, w) for every tap of the window.
template <class F>
void for_taps(const ConvShape& s, F&& f) {
  for (int64_t d = 0; d < s.k[0]; ++d)
    for (int64_t h = 0; h < s.k[1]; ++h)
      for (int64_t w = 0; w < s.k[2]; ++w) f(d, h, w);
}

/// Offset of the input position under tap (d, h, w) of output position (z, y, x), or -1 outside.
int64_t under(const ConvShape& s, const int64_t* out, int64_t d, int64_t h, int64_t w) {
  const int64_t tap[3] = {d, h, w};
  int64_t at = 0;
  for (int i = 0; i < 3; ++i) {
    const int64_t p = out[i] * s.stride[i] + tap[i] * s.dilation[i] - s.pad[i];
    if (p < 0 || p >= s.in[i]) return -1;
    at = at * s.in[i] + p;
  }
  return at;
}

/// Calls f(input offset, output offset) for one tap and every output position that has input under it.
template <class F>
void for_positions(const ConvShape& s, int64_t d, int64_t h, int64_t w, F&& f) {
  int64_t o[3], at = 0;
  for (o[0] = 0; o[0] < s.out[0]; ++o[0])
    for (o[1] = 0; o[1] < s.out[1]; ++o[1])
      for (o[2] = 0; o[2] < s.out[2]; ++o[2], ++at)
        if (const int64_t in = under(s, o, d, h, w); in >= 0) f(in, at);
}

template <class real>
void forward(const Call& c) {
  const ConvShape s = ConvShape::of_forward(c);
  const real *x = c.in(0).ptr<real>(), *w = c.in(1).ptr<real>(), *bias = c.in(2).ptr<real>();
  real* y = c.out().ptr<real>();
  parallel_for(s.n * s.o, 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const int64_t n = plane / s.o, o = plane % s.o;
      real* out = y + plane * s.out_size();
      std::fill(out, out + s.out_size(), bias ? bias[o] : real(0));
      for (int64_t i = 0; i < s.c_group(); ++i) {
        const real* in = x + (n * s.c + o / s.o_group() * s.c_group() + i) * s.in_size();
        const real* tap = w + (o * s.c_group() + i) * s.k_size();
        for_taps(s, [&](int64_t a, int64_t b, int64_t e) {
          const real value = *tap++;
          for_positions(s, a, b, e, [&](int64_t from, int64_t to) { out[to] += value * in[from]; });
        });
      }
    }
  });
}

template <class real>
void input_grad(const Call& c) {
  const ConvShape s = ConvShape::of_input_grad(c);
  const real *g = c.in(0).ptr<real>(), *w = c.in(1).ptr<real>();
  parallel_for(s.n * s.c, 1, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane) {
      const int64_t n = plane / s.c, i = plane % s.c, group = i / s.c_group();
      real* dx = c.out().ptr<real>() + plane * s.in_size();
      std::fill(dx, dx + s.in_size(), real(0));
      for (int64_t o = group * s.o_group(); o < (group + 1) * s.o_group(); ++o) {
        const real* dy = g + (n * s.o + o) * s.out_size();
        const real* tap = w + (o * s.c_group() + i % s.c_group()) * s.k_size();
        for_taps(s, [&](int64_t a, int64_t b, int64_t e) {
          const real value = *tap++;
          for_positions(s, a, b, e, [&](int64_t to, int64_t from) { dx[to] += value * dy[from]; });
        });
      }
    }
  });
}

template <class real>
void weight_grad(const Call& c) {
  const ConvShape s = ConvShape::of_weight_grad(c);
  const real *x = c.in(0).ptr<real>(), *g = c.in(1).ptr<real>();
  parallel_for(s.o * s.c_group(), 1, [&](int64_t begin, int64_t end) {
    for (int64_t pair = begin; pair < end; ++pair) {
      const int64_t o = pair / s.c_group(), i = o / s.o_group() * s.c_group() + pair % s.c_group();
      real* dw = c.out().ptr<real>() + pair * s.k_size();
      for_taps(s, [&](int64_t a, int64_t b, int64_t e) {
        real sum = 0;
        for (int64_t n = 0; n < s.n; ++n) {
          const real *in = x + (n * s.c + i) * s.in_size(), *dy = g + (n * s.o + o) * s.out_size();
          for_positions(s, a, b, e, [&](int64_t at, int64_t to) { sum += in[at] * dy[to]; });
        }
        *dw++ = sum;
      });
    }
  });
}

Dims with_channels(Dims batch_shape, int64_t channels) {
  batch_shape[1] = channels;
  return batch_shape;
}

Specs forward_shape(const Call& c) {
  const ConvShape s = ConvShape::of_forward(c);
  Dims shape = with_channels(c.in(0).shape, s.o);
  for (int i = 2; i < shape.size(); ++i) shape[i] = s.out[size_t(i + 3 - shape.size())];
  return {{shape, c.dtype()}};
}

NamedAttrs window(const AttrReader& a, const Dims& shape = {}) {
  NamedAttrs attrs{{"stride", a.d("stride")}, {"padding", a.d("padding")}, {"dilation", a.d("dilation")}, {"groups", a.i("groups")}};
  if (!shape.empty()) attrs.push_back({"shape", shape});
  return attrs;
}

Tensor input_grad_of(const AttrReader& a, const Tensor& g, const Tensor& weight, const Dims& shape) {
  return call("conv_input_grad", {g, weight}, window(a, shape));
}
Tensor weight_grad_of(const AttrReader& a, const Tensor& x, const Tensor& g, const Dims& shape) {
  return call("conv_weight_grad", {x, g}, window(a, shape));
}
Tensor convolved(const AttrReader& a, const Tensor& x, const Tensor& weight) {
  const char* names[] = {"conv1d", "conv2d", "conv3d"};
  return call(names[x.rank() - 3], {x, weight, {}}, window(a));
}

Grads conv_vjp(const Vjp& v) {
  Grads g(3);
  if (v.needs(0)) g[0] = input_grad_of(v, v.g(), v.in(1), v.in(0).shape());
  if (v.needs(1)) g[1] = weight_grad_of(v, v.in(0), v.g(), v.in(1).shape());
  if (v.needs(2)) {
    Dims axes{0};
    for (int i = 2; i < v.g().rank(); ++i) axes.push_back(i);
    g[2] = sum(v.g(), axes);
  }
  return g;
}

Op conv_op(int spatial, std::vector<Sample> samples, std::vector<Sample> bad) {
  const std::string d = std::to_string(spatial);
  return {
      .signature = "conv" + d + "d(x, weight, bias?, stride=[1], padding=[0], dilation=[1], groups=1)",
      .doc = "Cross-correlation of x (N, C, spatial...) with weight (O, C/groups, window...) plus bias (O), over " + d +
             " spatial dimension(s). Result size: floor((in + 2 padding - dilation (window - 1) - 1) / stride) + 1. "
             "One number in a list stands for all dimensions.",
      .require = {rank("x", spatial + 2), rank("weight", spatial + 2), rank("bias", 1), at_least("stride", 1),
                  at_least("padding", 0), at_least("dilation", 1), at_least("groups", 1)},
      .shape = forward_shape,
      .reference = FOVEA_FLOATS(forward),
      .vjp = conv_vjp,
      .saves = {{"x", "weight"}},
      .samples = std::move(samples),
      .bad = std::move(bad),
  };
}

const Registered conv1d_op = conv_op(1, {{{f({2, 3, 9}), f({4, 3, 3}), f({4})}, {{"stride", Dims{2}}, {"padding", Dims{1}}}}},
                                     {{{f({2, 3, 9}), f({4, 2, 3}), none()}}});

const Registered conv2d_op = conv_op(
    2,
    {{{f({2, 3, 6, 5}), f({4, 3, 3, 3}), f({4})}},
     {{f({2, 8, 7, 6}), f({16, 8, 3, 3}), f({16})}, {{"padding", Dims{1}}}},
     {{f({1, 16, 7, 9}), f({8, 16, 3, 3}), none()}, {{"stride", Dims{2}}, {"padding", Dims{1}}}},
     {{f({2, 1, 12, 11}), f({6, 1, 5, 5}), f({6})}, {{"padding", Dims{2}}}},
     {{f({2, 6, 9, 9}), f({16, 6, 5, 5}), f({16})}},
     {{f({2, 8, 5, 5}), f({24, 8, 1, 1}), none()}},
     {{f({1, 3, 9, 8}), f({8, 3, 3, 2}), f({8})}, {{"stride", Dims{2, 1}}, {"padding", Dims{0, 1}}, {"dilation", Dims{2, 3}}}},
     {{f({1, 8, 6, 6}), f({16, 4, 3, 3}), f({16})}, {{"groups", 2}, {"padding", Dims{1}}}},
     {{f({2, 8, 6, 6}), f({8, 1, 3, 3}), none()}, {{"groups", 8}, {"padding", Dims{1}}}},
     {{f({1, 16, 11, 20}), f({16, 1, 3, 3}), f({16})}, {{"groups", 16}, {"padding", Dims{1}}, {"stride", Dims{2}}}},
     {{f({2, 8, 3, 21}), f({8, 1, 5, 5}), f({8})}, {{"groups", 8}, {"padding", Dims{2}}}},
     {{f({1, 8, 4, 19}), f({8, 1, 2, 4}), none()}, {{"groups", 8}, {"stride", Dims{2}}}},
     {{f({2, 8, 1, 1}), f({8, 1, 3, 3}), f({8})}, {{"groups", 8}, {"padding", Dims{2, 1}}}}},
    {{{f({2, 3, 6, 5}), f({4, 2, 3, 3}), none()}},
     {{f({2, 3, 2, 2}), f({4, 3, 3, 3}), none()}},
     {{f({2, 3, 6, 5}), f({4, 3, 3, 3}), f({5})}},
     {{f({3, 6, 5}), f({4, 3, 3, 3}), none()}},
     {{f({2, 3, 6, 5}), f({4, 3, 3, 3}), none()}, {{"stride", Dims{0}}}},
     {{f({2, 3, 6, 5}), f({4, 3, 3, 3}), none()}, {{"padding", Dims{1, 1, 1}}}}});

const Registered conv3d_op = conv_op(3, {{{f({1, 2, 4, 5, 4}), f({3, 2, 2, 3, 3}), f({3})}, {{"padding", Dims{1, 1, 0}}}}},
                                     {{{f({1, 2, 4, 5, 4}), f({3, 1, 2, 3, 3}), none()}}});

/// y = clamp(y + add, low, high) after `c` has run as a convolution.
template <class real>
void finish_forward(const Call& c) {
  forward<real>(c);
  real* y = c.out().ptr<real>();
  const real *add = c.in(3).ptr<real>(), low = real(c.f("low")), high = real(c.f("high"));
  for (int64_t i = 0; i < c.out().numel(); ++i) {
    const real value = add ? y[i] + add[i] : y[i];
    y[i] = value < low ? low : value > high ? high : value;
  }
}

FOVEA_OP(conv2d_fused){
    .signature = "conv2d_fused(x, weight, bias?, add?, low: float, high: float, stride=[1], padding=[0], dilation=[1], groups=1)",
    .doc = "conv2d(x, weight, bias) + add, clamped to low .. high: what a plan makes of a convolution, a residual and ReLU or ReLU6.",
    .require = {rank("x", 4), rank("weight", 4), rank("bias", 1), at_least("stride", 1), at_least("padding", 0),
                at_least("dilation", 1), at_least("groups", 1)},
    .shape = [](const Call& c) {
      const Specs specs = forward_shape(c);
      check(!c.in(3) || c.in(3).shape == specs[0].shape, "[conv2d_fused] add has shape {}, the result {}", c.in(3).shape,
            specs[0].shape);
      return specs;
    },
    .reference = FOVEA_FLOATS(finish_forward),
    .no_gradient = "plans put it in after differentiation",
    .samples = {{{f({2, 8, 7, 6}), f({16, 8, 3, 3}), f({16}), f({2, 16, 7, 6})}, {{"low", 0.0}, {"high", 6.0}, {"padding", Dims{1}}}},
                {{f({9, 8, 16, 16}), f({24, 8, 3, 3}), f({24}), f({9, 24, 16, 16})}, {{"low", 0.0}, {"high", 1e30}, {"padding", Dims{1}}}},
                {{f({2, 8, 9, 9}), f({8, 8, 3, 3}), none(), none()}, {{"low", -1.0}, {"high", 6.0}, {"stride", Dims{2}}, {"padding", Dims{1}}}},
                {{f({2, 1, 12, 11}), f({6, 1, 5, 5}), f({6}), none()}, {{"low", 0.0}, {"high", 6.0}, {"padding", Dims{2}}}},
                {{f({2, 1, 12, 11}), f({6, 1, 5, 5}), f({6}), f({2, 6, 12, 11})}, {{"low", 0.0}, {"high", 6.0}, {"padding", Dims{2}}}},
                {{f({2, 8, 5, 5}), f({24, 8, 1, 1}), none(), f({2, 24, 5, 5})}, {{"low", 0.0}, {"high", 6.0}}},
                {{f({2, 8, 6, 6}), f({8, 1, 3, 3}), f({8}), none()}, {{"low", 0.0}, {"high", 6.0}, {"groups", 8}, {"padding", Dims{1}}}},
                {{f({2, 16, 5, 19}), f({16, 1, 3, 3}), f({16}), f({2, 16, 5, 19})}, {{"low", 0.0}, {"high", 6.0}, {"groups", 16}, {"padding", Dims{1}}}}},
    .bad = {{{f({2, 8, 5, 5}), f({24, 8, 1, 1}), none(), f({2, 24, 5, 4})}, {{"low", 0.0}, {"high", 6.0}}}},
    .internal = true,
};

const NamedAttrs padded{{"padding", Dims{1}}};
NamedAttrs shaped(NamedAttrs attrs, Dims shape) {
  attrs.push_back({"shape", shape});
  return attrs;
}

FOVEA_OP(conv_input_grad){
    .signature = "conv_input_grad(g, weight, shape: ints, stride=[1], padding=[0], dilation=[1], groups=1)",
    .doc = "Gradient of a convolution with respect to its input of `shape`.",
    .shape = [](const Call& c) { return Specs{{ConvShape::of_input_grad(c).x_shape, c.dtype()}}; },
    .reference = FOVEA_FLOATS(input_grad),
    .vjp = [](const Vjp& v) {
      Grads g(2);
      if (v.needs(0)) g[0] = convolved(v, v.g(), v.in(1));
      if (v.needs(1)) g[1] = weight_grad_of(v, v.g(), v.in(0), v.in(1).shape());
      return g;
    },
    .samples = {{{f({2, 4, 4, 3}), f({4, 3, 3, 3})}, shaped({}, {2, 3, 6, 5})},
                {{f({2, 16, 7, 6}), f({16, 8, 3, 3})}, shaped(padded, {2, 8, 7, 6})},
                {{f({2, 8, 4, 5}), f({8, 16, 3, 3})}, shaped({{"padding", Dims{1}}, {"stride", Dims{2}}}, {2, 16, 7, 9})},
                {{f({2, 16, 5, 5}), f({16, 6, 5, 5})}, shaped({}, {2, 6, 9, 9})},
                {{f({2, 24, 5, 5}), f({24, 8, 1, 1})}, shaped({}, {2, 8, 5, 5})},
                {{f({2, 8, 6, 6}), f({8, 1, 3, 3})}, shaped({{"padding", Dims{1}}, {"groups", 8}}, {2, 8, 6, 6})},
                {{f({1, 16, 6, 10}), f({16, 1, 3, 3})}, shaped({{"padding", Dims{1}}, {"stride", Dims{2}}, {"groups", 16}}, {1, 16, 11, 20})},
                {{f({2, 8, 1, 10}), f({8, 1, 5, 5})}, shaped({{"padding", Dims{0, 2}}, {"stride", Dims{2}}, {"groups", 8}}, {2, 8, 6, 20})},
                {{f({2, 8, 3, 21}), f({8, 1, 5, 5})}, shaped({{"padding", Dims{2}}, {"groups", 8}}, {2, 8, 3, 21})},
                {{f({2, 8, 3, 1}), f({8, 1, 3, 3})}, shaped({{"padding", Dims{2, 1}}, {"groups", 8}}, {2, 8, 1, 1})}},
    .bad = {{{f({2, 4, 4, 3}), f({4, 3, 3, 3})}, shaped({}, {2, 2, 6, 5})}},
    .internal = true,
};

template <class real>
void fused_input_grad(const Call& c) {
  input_grad<real>(c);
  real* dx = c.out().ptr<real>();
  const real *add = c.in(2).ptr<real>(), *gate = c.in(3).ptr<real>(), low = real(c.f("low")), high = real(c.f("high"));
  for (int64_t i = 0; i < c.out().numel(); ++i) {
    const real value = add ? dx[i] + add[i] : dx[i];
    dx[i] = !gate || (gate[i] > low && gate[i] < high) ? value : real(0);
  }
}

FOVEA_OP(conv_input_grad_fused){
    .signature = "conv_input_grad_fused(g, weight, add?, gate?, low: float, high: float, shape: ints, stride=[1], padding=[0], "
                 "dilation=[1], groups=1)",
    .doc = "conv_input_grad(g, weight) + add, zero where gate does not lie between low and high: what a plan makes of the gradient of "
           "a convolution, that of a residual beside it, and that of the ReLU or ReLU6 before them, whose result is the gate.",
    .require = {rank("g", 4), rank("weight", 4)},
    .shape = [](const Call& c) {
      const ConvShape s = ConvShape::of_input_grad(c);
      for (int i = 2; i < 4; ++i)
        check(!c.in(i) || c.in(i).shape == s.x_shape, "[conv_input_grad_fused] {} has shape {}, the result {}",
              c.op().parsed.tensors[size_t(i)].name, c.in(i).shape, s.x_shape);
      return Specs{{s.x_shape, c.dtype()}};
    },
    .reference = FOVEA_FLOATS(fused_input_grad),
    .no_gradient = "plans put it in after differentiation",
    .samples = {{{f({2, 16, 7, 6}), f({16, 8, 3, 3}), f({2, 8, 7, 6}), f({2, 8, 7, 6})}, shaped({{"low", 0.0}, {"high", 1.0}, {"padding", Dims{1}}}, {2, 8, 7, 6})},
                {{f({9, 8, 16, 16}), f({8, 8, 3, 3}), f({9, 8, 16, 16}), f({9, 8, 16, 16})}, shaped({{"low", 0.0}, {"high", 1e30}, {"padding", Dims{1}}}, {9, 8, 16, 16})},
                {{f({2, 8, 4, 5}), f({8, 16, 3, 3}), none(), f({2, 16, 7, 9})}, shaped({{"low", 0.0}, {"high", 1e30}, {"padding", Dims{1}}, {"stride", Dims{2}}}, {2, 16, 7, 9})},
                {{f({2, 16, 5, 5}), f({16, 6, 5, 5}), f({2, 6, 9, 9}), none()}, shaped({{"low", 0.0}, {"high", 1.0}}, {2, 6, 9, 9})},
                {{f({2, 24, 5, 5}), f({24, 8, 1, 1}), f({2, 8, 5, 5}), f({2, 8, 5, 5})}, shaped({{"low", 0.0}, {"high", 1.0}}, {2, 8, 5, 5})},
                {{f({2, 8, 6, 6}), f({8, 1, 3, 3}), none(), f({2, 8, 6, 6})}, shaped({{"low", 0.0}, {"high", 1.0}, {"padding", Dims{1}}, {"groups", 8}}, {2, 8, 6, 6})},
                {{f({1, 16, 6, 10}), f({16, 1, 3, 3}), f({1, 16, 11, 20}), f({1, 16, 11, 20})}, shaped({{"low", 0.0}, {"high", 1.0}, {"padding", Dims{1}}, {"stride", Dims{2}}, {"groups", 16}}, {1, 16, 11, 20})}},
    .bad = {{{f({2, 4, 4, 3}), f({4, 3, 3, 3}), f({2, 3, 6, 4}), none()}, shaped({{"low", 0.0}, {"high", 1.0}}, {2, 3, 6, 5})}},
    .internal = true,
};

FOVEA_OP(conv_weight_grad){
    .signature = "conv_weight_grad(x, g, shape: ints, stride=[1], padding=[0], dilation=[1], groups=1)",
    .doc = "Gradient of a convolution with respect to its weight of `shape`.",
    .shape = [](const Call& c) { return Specs{{ConvShape::of_weight_grad(c).w_shape, c.dtype()}}; },
    .reference = FOVEA_FLOATS(weight_grad),
    .vjp = [](const Vjp& v) {
      Grads g(2);
      if (v.needs(0)) g[0] = input_grad_of(v, v.in(1), v.g(), v.in(0).shape());
      if (v.needs(1)) g[1] = convolved(v, v.in(0), v.g());
      return g;
    },
    .samples = {{{f({2, 3, 6, 5}), f({2, 4, 4, 3})}, shaped({}, {4, 3, 3, 3})},
                {{f({3, 8, 7, 6}), f({3, 16, 7, 6})}, shaped(padded, {16, 8, 3, 3})},
                {{f({2, 16, 7, 9}), f({2, 8, 4, 5})}, shaped({{"padding", Dims{1}}, {"stride", Dims{2}}}, {8, 16, 3, 3})},
                {{f({2, 1, 12, 11}), f({2, 6, 12, 11})}, shaped({{"padding", Dims{2}}}, {6, 1, 5, 5})},
                {{f({9, 6, 9, 9}), f({9, 16, 5, 5})}, shaped({}, {16, 6, 5, 5})},
                {{f({2, 8, 5, 5}), f({2, 24, 5, 5})}, shaped({}, {24, 8, 1, 1})},
                {{f({2, 8, 6, 6}), f({2, 8, 6, 6})}, shaped({{"padding", Dims{1}}, {"groups", 8}}, {8, 1, 3, 3})},
                {{f({1, 16, 11, 20}), f({1, 16, 6, 10})}, shaped({{"padding", Dims{1}}, {"stride", Dims{2}}, {"groups", 16}}, {16, 1, 3, 3})},
                {{f({2, 8, 3, 21}), f({2, 8, 3, 21})}, shaped({{"padding", Dims{2}}, {"groups", 8}}, {8, 1, 5, 5})},
                {{f({1, 8, 4, 19}), f({1, 8, 2, 8})}, shaped({{"stride", Dims{2}}, {"groups", 8}}, {8, 1, 2, 4})},
                {{f({2, 8, 1, 1}), f({2, 8, 3, 1})}, shaped({{"padding", Dims{2, 1}}, {"groups", 8}}, {8, 1, 3, 3})}},
    .bad = {{{f({2, 3, 6, 5}), f({2, 4, 4, 4})}, shaped({}, {4, 3, 3, 3})}},
    .tolerance = 1e-4,
    .internal = true,
};

FOVEA_OP(conv_transpose2d){
    .signature = "conv_transpose2d(x, weight, bias?, stride=[1], padding=[0], output_padding=[0], dilation=[1], groups=1)",
    .doc = "Transposed convolution: the gradient of conv2d with respect to its input, as a layer. weight is (C, O/groups, KH, KW). "
           "Result size: (in - 1) stride - 2 padding + dilation (window - 1) + output_padding + 1.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor &x = a.in(0), &w = a.in(1);
      check(x.rank() == 4 && w.rank() == 4, "[conv_transpose2d] x and weight want 4 dimensions: x {}, weight {}", x.shape(), w.shape());
      check(x.size(1) == w.size(0), "[conv_transpose2d] weight {} wants {} input channels but x {} has {}", w.shape(), w.size(0),
            x.shape(), x.size(1));
      const Dims stride = a.d("stride", 2), pad = a.d("padding", 2), dilation = a.d("dilation", 2), extra = a.d("output_padding", 2);
      Dims shape{x.size(0), w.size(1) * a.i("groups"), 0, 0};
      for (int i = 0; i < 2; ++i) {
        check(extra[i] >= 0 && extra[i] < std::max(stride[i], dilation[i]),
              "[conv_transpose2d] output_padding {} must be below stride {} or dilation {} (x {})", extra, stride, dilation, x.shape());
        shape[2 + i] = (x.size(2 + i) - 1) * stride[i] - 2 * pad[i] + dilation[i] * (w.size(2 + i) - 1) + extra[i] + 1;
      }
      const Tensor y = input_grad_of(a, x, w, shape);
      return {a.in(2).defined() ? add(y, reshape(a.in(2), {-1, 1, 1})) : y};
    },
    .samples = {{{f({2, 3, 4, 5}), f({3, 8, 3, 3}), f({8})}, {{"stride", Dims{2}}, {"padding", Dims{1}}, {"output_padding", Dims{1}}}},
                {{f({1, 8, 3, 3}), f({8, 2, 2, 2}), none()}, {{"groups", 2}}}},
    .bad = {{{f({2, 3, 4, 5}), f({4, 8, 3, 3}), none()}}},
};

}  // namespace
}  // namespace fovea
