// Batch normalisation (Ioffe and Szegedy 2015), for (N,C), (N,C,L), (N,C,H,W) and (N,C,D,H,W): one mean and variance per channel.
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "fovea/op.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

/// x as channels of rows: `batch` rows of `inner` elements per channel.
struct Channels {
  explicit Channels(const Dims& x) : batch(x[0]), channels(x[1]) {
    for (int i = 2; i < x.size(); ++i) inner *= x[i];
  }
  int64_t count() const { return batch * inner; }
  /// Calls f(c) for every channel.
  template <class F>
  void each(F&& f) const {
    parallel_for(channels, 1, [&](int64_t begin, int64_t end) {
      for (int64_t c = begin; c < end; ++c) f(c);
    });
  }
  /// Calls f(offset) for every element of channel c, in order.
  template <class F>
  void elements(int64_t c, F&& f) const {
    for (int64_t n = 0; n < batch; ++n)
      for (int64_t i = 0, at = (n * channels + c) * inner; i < inner; ++i) f(at + i);
  }
  int64_t batch, channels, inner = 1;
};

template <class real>
void forward(const Call& c) {
  const Channels channels(c.in(0).shape);
  const real *x = c.in(0).ptr<real>(), *weight = c.in(1).ptr<real>(), *bias = c.in(2).ptr<real>();
  channels.each([&](int64_t k) {
    double sum = 0, squares = 0;
    channels.elements(k, [&](int64_t i) { sum += double(x[i]); });
    const double mean = sum / double(channels.count());
    channels.elements(k, [&](int64_t i) { squares += (double(x[i]) - mean) * (double(x[i]) - mean); });
    const double rstd = 1 / std::sqrt(squares / double(channels.count()) + c.f("eps"));
    const real scale = real(rstd) * (weight ? weight[k] : real(1)), shift = bias ? bias[k] : real(0);
    channels.elements(k, [&](int64_t i) { c.out(0).ptr<real>()[i] = (x[i] - real(mean)) * scale + shift; });
    c.out(1).ptr<real>()[k] = real(mean);
    c.out(2).ptr<real>()[k] = real(rstd);
  });
}

template <class real>
void backward(const Call& c) {
  const Channels channels(c.in(0).shape);
  const real *x = c.in(0).ptr<real>(), *g = c.in(1).ptr<real>(), *weight = c.in(4).ptr<real>();
  channels.each([&](int64_t k) {
    const double mean = double(c.in(2).ptr<real>()[k]), rstd = double(c.in(3).ptr<real>()[k]);
    double sum = 0, product = 0;
    channels.elements(k, [&](int64_t i) {
      sum += double(g[i]);
      product += double(g[i]) * (double(x[i]) - mean) * rstd;
    });
    const double n = double(channels.count()), scale = rstd * (weight ? double(weight[k]) : 1);
    channels.elements(k, [&](int64_t i) {
      c.out(0).ptr<real>()[i] = real(scale * (double(g[i]) - sum / n - (double(x[i]) - mean) * rstd * product / n));
    });
    c.out(1).ptr<real>()[k] = real(product);
    c.out(2).ptr<real>()[k] = real(sum);
  });
}

/// y = clamp(y + add, low, high) after batch_norm_train.
template <class real>
void fused_forward(const Call& c) {
  forward<real>(c);
  real* y = c.out(0).ptr<real>();
  const real *add = c.in(3).ptr<real>(), low = real(c.f("low")), high = real(c.f("high"));
  for (int64_t i = 0; i < c.in(0).numel(); ++i) {
    const real value = add ? y[i] + add[i] : y[i];
    y[i] = value < low ? low : value > high ? high : value;
  }
}

/// backward, with g only where low < y < high for the y that the forward pass computed.
template <class real>
void fused_backward(const Call& c) {
  const Channels channels(c.in(0).shape);
  const real *x = c.in(0).ptr<real>(), *g = c.in(1).ptr<real>(), *mean = c.in(2).ptr<real>(), *rstd = c.in(3).ptr<real>();
  const real *weight = c.in(4).ptr<real>(), *bias = c.in(5).ptr<real>(), low = real(c.f("low")), high = real(c.f("high"));
  std::vector<real> passed(size_t(c.in(1).numel()));
  channels.each([&](int64_t k) {
    const real scale = rstd[k] * (weight ? weight[k] : real(1)), shift = bias ? bias[k] : real(0);
    channels.elements(k, [&](int64_t i) {
      const real y = (x[i] - mean[k]) * scale + shift;
      passed[size_t(i)] = y > low && y < high ? g[i] : real(0);
    });
  });
  Call plain(c.op(), c.attrs(), c.ins, c.outs);
  plain.dtype_ = c.dtype();
  plain.ins[1].data = passed.data();
  backward<real>(plain);
}

template <class real>
void affine_forward(const Call& c) {
  const Channels channels(c.in(0).shape);
  const real *x = c.in(0).ptr<real>(), *scale = c.in(1).ptr<real>(), *shift = c.in(2).ptr<real>();
  channels.each([&](int64_t k) {
    channels.elements(k, [&](int64_t i) { c.out().ptr<real>()[i] = x[i] * scale[k] + shift[k]; });
  });
}

template <class real>
void update_stats(const Call& c) {
  real *running_mean = c.in(0).ptr<real>(), *running_var = c.in(1).ptr<real>();
  const double n = double(c.i("count")), momentum = c.f("momentum");
  for (int64_t k = 0; k < c.in(0).numel(); ++k) {
    const double rstd = double(c.in(3).ptr<real>()[k]), var = std::max(0.0, 1 / (rstd * rstd) - c.f("eps"));
    const auto blend = [&](real& old, double now) { old = real((1 - momentum) * double(old) + momentum * now); };
    blend(running_mean[k], double(c.in(2).ptr<real>()[k]));
    blend(running_var[k], var * n / (n - 1));
  }
}

/// Throws unless input `arg`, if given, has one entry per channel of x.
std::function<void(const Call&)> per_channel(int arg) {
  return [=](const Call& c) {
    const View& v = c.in(arg);
    check(!v || v.shape == Dims{c.in(0).size(1)}, "[{}] {} has shape {}, but x {} has {} channels", c.op().name(),
          c.op().parsed.tensors[size_t(arg)].name, v.shape, c.in(0).shape, c.in(0).size(1));
  };
}

/// One result like x and two with an entry per channel.
Specs channel_results(const Call& c) {
  const Spec channel{{c.in(0).size(1)}, c.dtype()};
  return {{c.in(0).shape, c.dtype()}, channel, channel};
}

/// A tensor of one number per channel, broadcastable over x.
Tensor over(const Tensor& t, const Tensor& x) {
  Dims shape = Dims::filled(x.rank(), 1);
  shape[1] = x.size(1);
  return reshape(t, shape);
}

Tensor sum_channels(const Tensor& t) {
  Dims dims{0};
  for (int i = 2; i < t.rank(); ++i) dims.push_back(i);
  return sum(t, dims);
}

double count_of(const Tensor& x) { return double(x.numel() / std::max<int64_t>(1, x.size(1))); }

Tensor plus(const Tensor& a, const Tensor& b) { return a && b ? add(a, b) : a ? a : b; }

Tensor normalised(const Tensor& x, const Tensor& mean, const Tensor& rstd) {
  return mul(sub(x, over(mean, x)), over(rstd, x));
}

Grads train_vjp(const Vjp& v) {
  const Tensor &x = v.in(0), &weight = v.in(1), &mean = v.out(1), &rstd = v.out(2);
  Grads out(3);
  if (v.g(0)) {
    const auto gs = apply(find_op("batch_norm_backward"), {x, v.g(0), mean, rstd, weight});
    for (int i = 0; i < 3; ++i)
      if (v.needs(i)) out[size_t(i)] = gs[size_t(i)];
  }
  const double n = count_of(x);
  if (v.g(1)) out[0] = plus(out[0], expand(over(affine(v.g(1), 1 / n), x), x.shape()));
  if (v.g(2)) {
    const Tensor factor = affine(mul(v.g(2), square(rstd)), -1 / n);
    out[0] = plus(out[0], mul(normalised(x, mean, rstd), over(factor, x)));
  }
  return out;
}

/// dx = w rstd u with u = g - db/n - xh dw/n, where xh = (x - mean) rstd, dw = sum(g xh), db = sum(g); differentiated once more.
Grads backward_vjp(const Vjp& v) {
  const Tensor &x = v.in(0), &g = v.in(1), &mean = v.in(2), &rstd = v.in(3), &weight = v.in(4);
  const double n = count_of(x);
  const Tensor xh = normalised(x, mean, rstd), dw = sum_channels(mul(g, xh)), db = sum_channels(g);
  const Tensor factor = weight ? mul(weight, rstd) : rstd;
  const Tensor to_dx = v.g(0) ? v.g(0) : affine(g, 0, 0);
  const Tensor a = mul(to_dx, over(factor, x));
  Tensor per_g = affine(sum_channels(a), -1 / n), per_xh = affine(sum_channels(mul(a, xh)), -1 / n);
  if (v.g(1)) per_xh = add(per_xh, v.g(1));
  if (v.g(2)) per_g = add(per_g, v.g(2));
  const Tensor d_xh = sub(mul(g, over(per_xh, x)), mul(a, over(affine(dw, 1 / n), x)));
  const Tensor u = sub(sub(g, over(affine(db, 1 / n), x)), mul(xh, over(affine(dw, 1 / n), x)));
  const Tensor to_factor = sum_channels(mul(to_dx, u));
  Grads out(5);
  out[0] = mul(d_xh, over(rstd, x));
  out[1] = add(add(a, over(per_g, x)), mul(xh, over(per_xh, x)));
  out[2] = neg(sum_channels(out[0]));
  out[3] = add(sum_channels(mul(d_xh, sub(x, over(mean, x)))), weight ? mul(to_factor, weight) : to_factor);
  if (v.needs(4)) out[4] = mul(to_factor, rstd);
  return out;
}

const std::vector<Sample> samples = {{{f({2, 8, 3, 5}), f({8}, 0.5, 2), f({8})}},
                                     {{f({9, 3}), none(), none()}},
                                     {{f({2, 3, 7}, 4, 6), f({3}), none()}},
                                     {{f({4, 16, 9, 8}), none(), f({16})}},
                                     {{f({2, 6, 8, 8}), f({6}), f({6})}},
                                     {{f({2, 8, 2, 3, 2}), f({8}), f({8})}}};
const std::vector<Sample> bad = {{{f({8}), none(), none()}},
                                 {{f({2, 8, 3, 3}), f({7}), none()}},
                                 {{f({2, 8, 3, 3}), none(), f({8, 1})}},
                                 {{f({1, 8}), none(), none()}}};

FOVEA_OP(batch_norm_train){
    .signature = "batch_norm_train(x, weight?, bias?, eps=1e-5) -> (y, mean, rstd)",
    .doc = "batch_norm with the statistics of the batch, which it returns: mean and 1/sqrt(biased variance + eps) of each "
           "channel.",
    .require = {min_rank("x", 2), per_channel(1), per_channel(2), [](const Call& c) {
      const Channels x(c.in(0).shape);
      check(x.count() > 1, "[{}] training wants more than one value per channel, x {} has {}", c.op().name(), c.in(0).shape,
            x.count());
    }},
    .shape = channel_results,
    .reference = FOVEA_FLOATS(forward),
    .vjp = train_vjp,
    .saves = {{"x", "weight", "mean", "rstd"}}, .samples = samples, .bad = bad, .internal = true,
};

FOVEA_OP(batch_norm_backward){
    .signature = "batch_norm_backward(x, g, mean, rstd, weight?) -> (dx, dweight, dbias)",
    .doc = "Gradients of batch_norm_train.",
    .require = {min_rank("x", 2), per_channel(2), per_channel(3), per_channel(4), [](const Call& c) {
      check(c.in(0).shape == c.in(1).shape, "[batch_norm_backward] x {} and g {} differ in shape", c.in(0).shape, c.in(1).shape);
    }},
    .shape = channel_results,
    .reference = FOVEA_FLOATS(backward),
    .vjp = backward_vjp,
    .samples = {{{f({2, 8, 3, 5}), f({2, 8, 3, 5}), f({8}), f({8}, 0.5, 2), f({8}, 0.5, 2)}},
                {{f({9, 3}), f({9, 3}), f({3}), f({3}, 0.5, 2), none()}},
                {{f({2, 6, 8, 8}), f({2, 6, 8, 8}), f({6}), f({6}, 0.5, 2), f({6}, 0.5, 2)}},
                {{f({4, 16, 9, 8}), f({4, 16, 9, 8}), f({16}), f({16}, 0.5, 2), none()}}},
    .bad = {{{f({2, 3}), f({2, 4}), f({3}), f({3}), none()}}, {{f({2, 3}), f({2, 3}), f({2}), f({3}), none()}}},
    .internal = true,
};

FOVEA_OP(batch_norm_fused){
    .signature = "batch_norm_fused(x, weight?, bias?, add?, low: float, high: float, eps=1e-5) -> (y, mean, rstd)",
    .doc = "batch_norm_train(x, weight, bias) + add, y clamped to low .. high: what a plan makes of a batch norm, a residual and "
           "ReLU or ReLU6.",
    .require = {min_rank("x", 2), per_channel(1), per_channel(2), [](const Call& c) {
      check(!c.in(3) || c.in(3).shape == c.in(0).shape, "[batch_norm_fused] x {} and add {} differ in shape", c.in(0).shape,
            c.in(3).shape);
    }},
    .shape = channel_results,
    .reference = FOVEA_FLOATS(fused_forward),
    .no_gradient = "plans put it in after differentiation",
    .samples = {{{f({2, 8, 3, 5}), f({8}, 0.5, 2), f({8}), f({2, 8, 3, 5})}, {{"low", 0.0}, {"high", 1.0}}},
                {{f({2, 6, 8, 8}), none(), f({6}), none()}, {{"low", 0.0}, {"high", 1e30}}},
                {{f({4, 16, 9, 8}), f({16}), none(), f({4, 16, 9, 8})}, {{"low", -0.5}, {"high", 6.0}}}},
    .bad = {{{f({2, 8, 3, 5}), none(), none(), f({2, 8, 3, 4})}, {{"low", 0.0}, {"high", 1.0}}}},
    .internal = true,
};

FOVEA_OP(batch_norm_fused_backward){
    .signature = "batch_norm_fused_backward(x, g, mean, rstd, weight?, bias?, low: float, high: float) -> (dx, dweight, dbias)",
    .doc = "Gradients of batch_norm_fused without a residual: g counts only where the result lies between low and high.",
    .require = {min_rank("x", 2), per_channel(2), per_channel(3), per_channel(4), per_channel(5), [](const Call& c) {
      check(c.in(0).shape == c.in(1).shape, "[batch_norm_fused_backward] x {} and g {} differ in shape", c.in(0).shape,
            c.in(1).shape);
    }},
    .shape = channel_results,
    .reference = FOVEA_FLOATS(fused_backward),
    .no_gradient = "plans put it in after differentiation",
    .samples = {{{f({2, 8, 3, 5}), f({2, 8, 3, 5}), f({8}), f({8}, 0.5, 2), f({8}, 0.5, 2), f({8})}, {{"low", 0.0}, {"high", 1.0}}},
                {{f({2, 6, 8, 8}), f({2, 6, 8, 8}), f({6}), f({6}, 0.5, 2), none(), f({6})}, {{"low", 0.0}, {"high", 1e30}}},
                {{f({4, 16, 9, 8}), f({4, 16, 9, 8}), f({16}), f({16}, 0.5, 2), f({16}), none()}, {{"low", -0.5}, {"high", 6.0}}}},
    .bad = {{{f({2, 3}), f({2, 4}), f({3}), f({3}), none(), none()}, {{"low", 0.0}, {"high", 1.0}}}},
    .internal = true,
};

FOVEA_OP(batch_norm_stats_update){
    .signature = "batch_norm_stats_update(running_mean!, running_var!, mean, rstd, count: int, momentum=0.1, eps=1e-5)",
    .doc = "running = (1 - momentum) running + momentum now, from the statistics of a batch of `count` values per channel; the "
           "variance is stored unbiased.",
    .require = {[](const Call& c) {
      for (int i = 1; i < 4; ++i)
        check(c.in(i).shape == c.in(0).shape, "[batch_norm_stats_update] {} has shape {}, running_mean {}",
              c.op().parsed.tensors[size_t(i)].name, c.in(i).shape, c.in(0).shape);
    }, at_least("count", 2)},
    .reference = FOVEA_FLOATS(update_stats),
    .no_gradient = "it writes buffers outside of the graph",
    .samples = {{{f({5}), f({5}, 0.5, 2), f({5}), f({5}, 0.5, 2)}, {{"count", 6}}}},
    .bad = {{{f({5}), f({5}), f({4}), f({5})}, {{"count", 6}}}, {{f({5}), f({5}), f({5}), f({5})}, {{"count", 1}}}},
    .internal = true,
};

FOVEA_OP(channel_affine){
    .signature = "channel_affine(x, scale, shift)",
    .doc = "x scale[c] + shift[c] in every channel c.",
    .require = {min_rank("x", 2), per_channel(1), per_channel(2)},
    .shape = same_as(0),
    .reference = FOVEA_FLOATS(affine_forward),
    .vjp = [](const Vjp& v) {
      Grads out(3);
      if (v.needs(0)) out[0] = mul(v.g(), over(v.in(1), v.g()));
      if (v.needs(1)) out[1] = sum_channels(mul(v.g(), v.in(0)));
      if (v.needs(2)) out[2] = sum_channels(v.g());
      return out;
    },
    .saves = {{"x", "scale"}},
    .samples = {{{f({2, 8, 3, 5}), f({8}), f({8})}}, {{f({2, 6, 8, 8}), f({6}), f({6})}}, {{f({3, 4}), f({4}), f({4})}}},
    .bad = {{{f({2, 3}), f({2}), f({3})}}},
    .internal = true,
};

Tensor normalise_by_running(const Args& a) {
  const Tensor &x = a.in(0), &weight = a.in(1), &bias = a.in(2), &mean = a.in(3), &var = a.in(4);
  check(mean && var, "[batch_norm] without training it wants running_mean and running_var (x {})", x.shape());
  const Tensor rstd = rsqrt(affine(var, 1, a.f("eps")));
  const Tensor scale = weight ? mul(weight, rstd) : rstd;
  const Tensor shift = mul(mean, scale);
  return call("channel_affine", {x, scale, bias ? sub(bias, shift) : neg(shift)});
}

FOVEA_OP(batch_norm){
    .signature = "batch_norm(x, weight?, bias?, running_mean!?, running_var!?, training=true, momentum=0.1, eps=1e-5) -> y",
    .doc = "(x - mean) / sqrt(var + eps) * weight + bias for each channel of x (N,C) or (N,C,...) (Ioffe and Szegedy 2015). In "
           "training mean and biased variance are those of the batch, and the running ones, if given, move towards them: "
           "running = (1 - momentum) running + momentum now, with the unbiased variance (PyTorch's meaning of momentum; Keras "
           "calls that 1 - momentum). Otherwise the running ones are used.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      check(x.rank() >= 2, "[batch_norm] x wants shape (N,C) or (N,C,...), not {}", x.shape());
      for (int i = 3; i < 5; ++i)
        if (a.in(i))
          check(a.in(i).shape() == Dims{x.size(1)}, "[batch_norm] {} has shape {}, but x {} has {} channels",
                a.op().parsed.tensors[size_t(i)].name, a.in(i).shape(), x.shape(), x.size(1));
      check(bool(a.in(3)) == bool(a.in(4)), "[batch_norm] running_mean and running_var come together (x {})", x.shape());
      if (!a.b("training")) return {normalise_by_running(a)};
      const auto out = apply(find_op("batch_norm_train"), {x, a.in(1), a.in(2)}, {a.f("eps")});
      if (a.in(3))
        call("batch_norm_stats_update", {a.in(3), a.in(4), out[1], out[2]},
             {{"count", int64_t(count_of(x))}, {"momentum", a.f("momentum")}, {"eps", a.f("eps")}});
      return {out[0]};
    },
    .samples = {{{f({2, 8, 3, 5}), f({8}, 0.5, 2), f({8}), f({8}), f({8}, 0.5, 2)}},
                {{f({2, 8, 3, 5}), f({8}, 0.5, 2), f({8}), f({8}), f({8}, 0.5, 2)}, {{"training", false}}},
                {{f({9, 3}), none(), none(), none(), none()}},
                {{f({2, 3, 4}), none(), none(), f({3}), f({3}, 0.5, 2)}, {{"training", false}}}},
    .bad = {{{f({1, 8}), none(), none(), none(), none()}},
            {{f({2, 8, 3, 3}), none(), none(), f({4}), f({8})}},
            {{f({2, 8, 3, 3}), none(), none(), none(), none()}, {{"training", false}}},
            {{f({8}), none(), none(), none(), none()}}},
};

}  // namespace
}  // namespace fovea
