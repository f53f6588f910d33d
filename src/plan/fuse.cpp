// Rewrites of training steps and predictions into fewer, richer kernels: docs/decisions/0006-fusion.md.
#include <algorithm>
#include <limits>

#include "plan/rewrite.h"

namespace fovea::plan {
namespace {

constexpr double none = std::numeric_limits<double>::infinity();

/// What an activation clamps to.
struct Clamp {
  double low, high;
};
std::optional<Clamp> clamp_of(const Step& s, const char* relu, const char* relu6) {
  if (is(s, relu)) return Clamp{0, none};
  if (is(s, relu6)) return Clamp{0, 6};
  return std::nullopt;
}
std::optional<Clamp> activation(const Step& s) { return clamp_of(s, "relu", "relu6"); }
std::optional<Clamp> activation_gradient(const Step& s) { return clamp_of(s, "relu_grad", "relu6_grad"); }

NamedAttrs with(const Step& s, const Clamp& c) { return attributes(s, {{"low", c.low}, {"high", c.high}}); }

/// The op that gives the same gradient from the result of the activation in place of its input: the sign is
/// the same, or all that the gradient wants. Empty if there is none.
std::string gradient_at_result(const Step& s) {
  const bool leaky = is(s, "leaky_relu_grad") && s.call->f("slope") > 0;
  if (leaky || activation_gradient(s)) return s.call->op().name();
  return is(s, "tanh_grad") || is(s, "sigmoid_grad") ? s.call->op().name() + "_at" : "";
}

bool read_result(Program& p, const Uses& u, int i) {
  Step& s = p.steps[size_t(i)];
  const std::string gradient = gradient_at_result(s);
  if (gradient.empty()) return false;
  const Arg x = input(s, 0);
  if (x.place.buffer < 0) return false;
  const std::string name = s.call->op().name(), forward = name.substr(0, name.size() - 5);
  for (const int r : u.readers[size_t(x.place.buffer)]) {
    if (r >= i || !is(p.steps[size_t(r)], forward)) continue;
    const Step& act = p.steps[size_t(r)];
    const Arg y = result(act);
    if (!same(p, input(act, 0), x) || *act.attrs != *s.attrs || maker(p, u, y) != r ||
        y.view.layout != x.view.layout)
      continue;
    auto at_result = call_of(gradient.c_str(), attributes(s), {y, input(s, 1)}, {result(s)});
    if (at_result) s = std::move(*at_result);
    return at_result.has_value();
  }
  return false;
}

/// What follows a kernel: a residual, an activation, or both.
struct Tail {
  int last = -1;  // the step whose result takes the place of the kernel's
  int sum = -1;   // the addition, if there is one
  Arg add;
  Clamp clamp{-none, none};
};

Tail tail_of(const Program& p, const Uses& u, const Arg& y, bool may_add) {
  Tail t;
  int next = only_reader(p, u, y);
  if (next < 0) return t;
  Arg at = y;
  if (const Step& s = p.steps[size_t(next)]; may_add && is(s, "add")) {
    const bool first = s.in[0].buffer == y.place.buffer;
    const Arg other = input(s, first ? 1 : 0);
    if (!same(p, input(s, first ? 0 : 1), y) || other.view.shape != y.view.shape ||
        other.view.layout != y.view.layout || result(s).view.layout != y.view.layout)
      return t;
    t.sum = t.last = next, t.add = other;
    at = result(s), next = only_reader(p, u, at);
    if (next < 0) return t;
  }
  const Step& s = p.steps[size_t(next)];
  if (const auto clamp = activation(s); clamp && same(p, input(s, 0), at)) t.last = next, t.clamp = *clamp;
  return t;
}

/// Where a fused call of step i and its tail goes: as early as the residual is there. -1 if something that it
/// reads changes before that.
int position(const Program& p, const Uses& u, int i, const Tail& t) {
  const bool early = t.add.place.buffer < 0 || !u.written_between(t.add.place.buffer, i, t.last);
  if (early) return i;
  for (const Place& in : p.steps[size_t(i)].in)
    if (u.written_between(in.buffer, i, t.last)) return -1;
  return t.last;
}

/// Puts `fused` in place of step i and its tail.
void replace(Program& p, int i, const Tail& t, int at, Step fused) {
  remove(p.steps[size_t(i)]);
  if (t.sum >= 0) remove(p.steps[size_t(t.sum)]);
  remove(p.steps[size_t(t.last)]);
  p.steps[size_t(at)] = std::move(fused);
}

bool fuse_conv(Program& p, const Uses& u, int i) {
  const Step& s = p.steps[size_t(i)];
  if (!is(s, "conv2d")) return false;
  const Tail t = tail_of(p, u, result(s), true);
  const int at = t.last < 0 ? -1 : position(p, u, i, t);
  if (at < 0) return false;
  auto fused = call_of("conv2d_fused", with(s, t.clamp), {input(s, 0), input(s, 1), input(s, 2), t.add},
                       {result(p.steps[size_t(t.last)])});
  if (fused) replace(p, i, t, at, std::move(*fused));
  return fused.has_value();
}

bool fuse_linear(Program& p, const Uses& u, int i) {
  const Step& s = p.steps[size_t(i)];
  if (!is(s, "linear")) return false;
  const Tail t = tail_of(p, u, result(s), false);
  if (t.last < 0) return false;
  auto fused = call_of("linear_fused", with(s, t.clamp), {input(s, 0), input(s, 1), input(s, 2)},
                       {result(p.steps[size_t(t.last)])});
  if (fused) replace(p, i, t, i, std::move(*fused));
  return fused.has_value();
}

/// Statistics that a batch norm hands on may be read between it and its residual: those updates wait.
bool updates_can_wait(Program& p, const Uses& u, int i, int at, std::vector<int>& waiting) {
  for (int k = 1; k < 3; ++k)
    for (const int r : u.readers[size_t(p.steps[size_t(i)].out[size_t(k)].buffer)]) {
      if (r > at) continue;
      const Step& s = p.steps[size_t(r)];
      if (!is(s, "batch_norm_stats_update")) return false;
      for (const Place& in : s.in)
        if (u.written_between(in.buffer, r, at) ||
            (in.buffer == s.in[0].buffer && u.read_between(in.buffer, r, at)))
          return false;
      if (std::find(waiting.begin(), waiting.end(), r) == waiting.end()) waiting.push_back(r);
    }
  return true;
}

bool fuse_batch_norm(Program& p, const Uses& u, int i) {
  const Step& s = p.steps[size_t(i)];
  if (!is(s, "batch_norm_train")) return false;
  const Tail t = tail_of(p, u, result(s), true);
  const int at = t.last < 0 ? -1 : position(p, u, i, t);
  std::vector<int> waiting;
  if (at < 0 || (at != i && !updates_can_wait(p, u, i, at, waiting))) return false;
  auto fused = call_of("batch_norm_fused", with(s, t.clamp), {input(s, 0), input(s, 1), input(s, 2), t.add},
                       {result(p.steps[size_t(t.last)]), result(s, 1), result(s, 2)});
  if (!fused) return false;
  replace(p, i, t, at, std::move(*fused));
  std::sort(waiting.rbegin(), waiting.rend());
  for (const int r : waiting)
    std::rotate(&p.steps[size_t(r)], &p.steps[size_t(r)] + 1, &p.steps[size_t(at)] + 1);
  return true;
}

/// The gradient of batch norm behind that of its activation.
bool fuse_batch_norm_gradient(Program& p, const Uses& u, int i) {
  const Step& s = p.steps[size_t(i)];
  if (!is(s, "batch_norm_backward")) return false;
  const int gate = maker(p, u, input(s, 1));
  if (gate < 0 || only_reader(p, u, input(s, 1)) != i) return false;
  const Step& act = p.steps[size_t(gate)];
  const auto clamp = activation_gradient(act);
  const int norm = maker(p, u, input(s, 2));
  if (!clamp || norm < 0) return false;
  const Step& forward = p.steps[size_t(norm)];
  const bool of_this = is(forward, "batch_norm_fused") && forward.in[3].buffer < 0 &&
                       forward.call->f("low") == clamp->low && forward.call->f("high") == clamp->high &&
                       same(p, result(forward), input(act, 0)) && same(p, input(forward, 0), input(s, 0));
  if (!of_this || u.written_between(act.in[1].buffer, gate, i) ||
      u.written_between(forward.in[2].buffer, norm, i) || u.written_between(forward.in[1].buffer, norm, i))
    return false;
  auto fused = call_of("batch_norm_fused_backward", with(s, *clamp),
                       {input(s, 0), input(act, 1), input(s, 2), input(s, 3), input(s, 4), input(forward, 2)},
                       {result(s), result(s, 1), result(s, 2)});
  if (!fused) return false;
  remove(p.steps[size_t(gate)]);
  p.steps[size_t(i)] = std::move(*fused);
  return true;
}

/// The gradient of a convolution's input, plus that of a residual, through the activation before both.
bool fuse_input_gradient(Program& p, const Uses& u, int i) {
  const Step& s = p.steps[size_t(i)];
  if (!is(s, "conv_input_grad")) return false;
  Tail t = tail_of(p, u, result(s), true);
  if (t.clamp.high != none || t.clamp.low != -none) return false;
  const Arg g = t.sum < 0 ? result(s) : result(p.steps[size_t(t.sum)]);
  Arg gate;
  if (const int next = only_reader(p, u, g); next >= 0) {
    const Step& act = p.steps[size_t(next)];
    if (const auto clamp = activation_gradient(act);
        clamp && same(p, input(act, 1), g) && input(act, 0).view.layout == g.view.layout)
      t.last = next, t.clamp = *clamp, gate = input(act, 0);
  }
  const int at = t.last < 0 ? -1 : position(p, u, i, t);
  if (at < 0 || u.written_between(gate.place.buffer, i, t.last)) return false;
  auto fused = call_of("conv_input_grad_fused", with(s, t.clamp), {input(s, 0), input(s, 1), t.add, gate},
                       {result(p.steps[size_t(t.last)])});
  if (fused) replace(p, i, t, at, std::move(*fused));
  return fused.has_value();
}

/// A tensor like `a` that the step makes and forgets, in plain or any other layout.
Arg made_like(Program& p, Arg a, Layout layout) {
  Buffer b;
  b.kind = Buffer::Kind::made;
  b.bytes = size_t(a.view.numel() * size_of(a.view.dtype));
  a.view.layout = layout, a.view.strides = a.view.shape.contiguous_strides();
  a.place = {int(p.buffers.size()), 0};
  p.buffers.push_back(std::move(b));
  return a;
}

/// The gradient of an activation before max pooling: the maxima tell as much as all elements, and are fewer.
bool gate_maxima(Program& p, const Uses& u, int i) {
  const Step& s = p.steps[size_t(i)];
  if (!activation_gradient(s)) return false;
  const int back = maker(p, u, input(s, 1));
  if (back < 0 || only_reader(p, u, input(s, 1)) != i || !is(p.steps[size_t(back)], "max_pool2d_backward"))
    return false;
  const Step& pool = p.steps[size_t(back)];
  const int made = maker(p, u, input(pool, 1));
  if (made < 0 || !is(p.steps[size_t(made)], "max_pool2d_forward")) return false;
  const Step& forward = p.steps[size_t(made)];
  const Arg maxima = result(forward), g = input(pool, 0);
  if (!same(p, input(forward, 0), input(s, 0)) || maker(p, u, maxima) != made ||
      maxima.view.layout != g.view.layout || result(s).view.layout != g.view.layout)
    return false;
  const Arg gated = made_like(p, maxima, maxima.view.layout);
  auto gate = call_of(s.call->op().name().c_str(), attributes(s), {maxima, g}, {gated});
  auto spread = call_of("max_pool2d_backward", attributes(pool), {gated, input(pool, 1)}, {result(s)});
  if (!gate || !spread) return false;
  p.steps[size_t(back)] = std::move(*gate);
  p.steps[size_t(i)] = std::move(*spread);
  return true;
}

/// A sum over whole planes of a gradient that max pooling spread: that of a bias. The sum before is the same.
bool sum_before_spread(Program& p, const Uses& u, int i) {
  if (!is(p.steps[size_t(i)], "sum")) return false;
  const Step& s = p.steps[size_t(i)];
  const Dims dims = s.call->d("dims");
  const auto sums_over = [&](int64_t d) { return std::find(dims.begin(), dims.end(), d) != dims.end(); };
  if (input(s, 0).view.rank() != 4 || !sums_over(2) || !sums_over(3)) return false;
  const int before = maker(p, u, input(s, 0));
  const bool converted = before >= 0 && is(p.steps[size_t(before)], "convert");
  if (converted && only_reader(p, u, input(s, 0)) != i) return false;
  const Arg spread = converted ? input(p.steps[size_t(before)], 0) : input(s, 0);
  const int back = maker(p, u, spread);
  if (back < 0 || !is(p.steps[size_t(back)], "max_pool2d_backward")) return false;
  Arg g = input(p.steps[size_t(back)], 0);
  if (u.written_between(g.place.buffer, back, i) || (g.view.layout != Layout::plain && !converted))
    return false;
  const Arg blocked = g;
  if (g.view.layout != Layout::plain) g = made_like(p, g, Layout::plain);
  auto sum = call_of("sum", attributes(s), {g}, {result(s)});
  if (!sum) return false;
  p.steps[size_t(i)] = std::move(*sum);
  if (!converted) return true;
  Step& convert = p.steps[size_t(before)];
  if (blocked.view.layout == Layout::plain) {
    remove(convert);
    return true;
  }
  convert.call->ins[0] = blocked.view, convert.in[0] = blocked.place;
  convert.call->outs[0] = g.view, convert.out[0] = g.place;
  return true;
}

/// Frozen: a 1x1 convolution that a depthwise one alone reads.
bool fuse_expand(Program& p, const Uses& u, int i) {
  const Step& s = p.steps[size_t(i)];
  if (!is(s, "conv2d_fused") || s.in[3].buffer >= 0) return false;
  const Arg x = input(s, 0);
  const int at = maker(p, u, x);
  if (at < 0 || only_reader(p, u, x) != i || !is(p.steps[size_t(at)], "conv2d_fused")) return false;
  const Step& first = p.steps[size_t(at)];
  const auto window_is = [](const Step& s, const char* name, int64_t value) {
    const Dims d = s.call->d(name);
    return std::all_of(d.begin(), d.end(), [&](int64_t v) { return v == value; });
  };
  const bool pointwise =
                 first.call->in(1).shape.numel() == first.call->in(1).size(0) * first.call->in(1).size(1) &&
                 first.call->i("groups") == 1 && window_is(first, "stride", 1) &&
                 window_is(first, "padding", 0) && first.in[3].buffer < 0,
             per_channel = s.call->i("groups") == x.view.size(1) && window_is(s, "dilation", 1);
  for (const Step* step : {&first, &s})
    for (const int w : {1, 2})
      if (!constant(p, step->in[size_t(w)])) return false;
  if (!pointwise || !per_channel || u.written_between(first.in[0].buffer, at, i)) return false;
  auto fused = call_of("conv2d_expand",
                       {{"low", first.call->f("low")},
                        {"high", first.call->f("high")},
                        {"filter_low", s.call->f("low")},
                        {"filter_high", s.call->f("high")},
                        {"stride", s.call->d("stride")},
                        {"padding", s.call->d("padding")}},
                       {input(first, 0), input(first, 1), input(first, 2), input(s, 1), input(s, 2)},
                       {result(s)}, true);
  if (!fused) return false;
  remove(p.steps[size_t(at)]);
  p.steps[size_t(i)] = std::move(*fused);
  return true;
}

}  // namespace

void fuse(Program& p) {
  for (const Rule rule : {read_result, fuse_conv, fuse_linear, fuse_batch_norm, fuse_batch_norm_gradient,
                          gate_maxima, sum_before_spread, fuse_input_gradient, fuse_expand})
    rewrite(p, rule);
}

}  // namespace fovea::plan
