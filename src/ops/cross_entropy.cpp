// The losses of classification, with PyTorch's meaning of weights, ignored labels and smoothing.
#include <algorithm>
#include <cmath>

#include "op/labels.h"
#include "ops/loss.h"

namespace fovea {
namespace {

/// The target distribution of a row times the weights: class c counts w_c ((1 - s) [c is the label] + s / C).
template <class real>
struct Smoothed {
  Smoothed(const Call& c, const Labels<real>& labels)
      : labels(labels), on(real(1 - c.f("label_smoothing"))), everywhere(real(c.f("label_smoothing") / double(labels.classes))) {}
  real operator()(int64_t row, int64_t c) const {
    const real share = everywhere + (c == labels.target[row] ? on : real(0));
    return share == 0 ? real(0) : labels.weight_of(c) * share;
  }
  const Labels<real>& labels;
  real on, everywhere;
};

template <class real>
void cross_entropy_forward(const Call& c) {
  const Labels<real> labels(c, c.in(0).shape, c.in(1), c.in(2));
  const Smoothed<real> wanted(c, labels);
  real* loss = c.out(0).ptr<real>();
  double total = 0;
  for (int64_t row = 0; row < labels.rows; ++row) {
    const real* x = c.in(0).ptr<real>() + labels.offset(row);
    real* p = c.out(1).ptr<real>() + labels.offset(row);
    const int64_t stride = labels.inner, end = labels.classes * stride;
    real top = -INFINITY, sum = 0, loss_of_row = 0;
    for (int64_t k = 0; k < end; k += stride) top = x[k] <= top ? top : x[k];
    for (int64_t k = 0; k < end; k += stride) sum += p[k] = std::exp(x[k] - top);
    const real log_sum = std::log(sum);
    for (int64_t k = 0; k < end; k += stride) {
      p[k] /= sum;
      const real q = labels.ignored(row) ? real(0) : wanted(row, k / stride);
      if (q != 0) loss_of_row += q * (log_sum - (x[k] - top));
    }
    total += double(loss_of_row);
    if (labels.none) loss[row] = loss_of_row;
  }
  if (!labels.none) *loss = real(total) / labels.divisor();
}

template <class real>
void cross_entropy_gradient(const Call& c) {
  const Labels<real> labels(c, c.in(0).shape, c.in(1), c.in(3));
  const Smoothed<real> wanted(c, labels);
  const real* g = c.in(2).ptr<real>();
  const real divisor = labels.divisor();
  for (int64_t row = 0; row < labels.rows; ++row) {
    const real* p = c.in(0).ptr<real>() + labels.offset(row);
    real* dx = c.out().ptr<real>() + labels.offset(row);
    const real scale = labels.ignored(row) ? real(0) : g[labels.none ? row : 0] / divisor;
    real total = 0;
    for (int64_t k = 0; k < labels.classes; ++k) total += wanted(row, k);
    for (int64_t k = 0; k < labels.classes; ++k)
      dx[k * labels.inner] = scale == 0 ? real(0) : scale * (total * p[k * labels.inner] - wanted(row, k));
  }
}

void no_weight_gradient(const Vjp& v, int weight) {
  check(!v.needs(weight), "[{}] the gradient of weight is not provided", v.op().name());
}

Tensor cross_entropy_gradient_of(const Vjp& v, const Tensor& p, const Tensor& target, const Tensor& g, const Tensor& weight) {
  return apply(find_op("cross_entropy_backward"), {p, target, g, weight}, v.attrs())[0];
}

Grads cross_entropy_vjp(const Vjp& v) {
  no_weight_gradient(v, 2);
  const Tensor& p = v.out(1);
  Tensor dx;
  if (v.g(0)) dx = cross_entropy_gradient_of(v, p, v.in(1), v.g(0), v.in(2));
  if (v.g(1)) {
    const Tensor through_p = mul(p, sub(v.g(1), sum(mul(v.g(1), p), {1}, true)));
    dx = dx ? add(dx, through_p) : through_p;
  }
  return {dx, {}, {}};
}

/// The gradient is affine in p and linear in g, which gives both derivatives from itself.
Grads cross_entropy_backward_vjp(const Vjp& v) {
  no_weight_gradient(v, 3);
  const Tensor &p = v.in(0), &g = v.in(2);
  const auto at = [&](const Tensor& p, const Tensor& g) { return cross_entropy_gradient_of(v, p, v.in(1), g, v.in(3)); };
  Grads out(4);
  if (v.needs(0)) out[0] = mul(v.g(), sub(at(affine(p, 0, 1), g), at(affine(p, 0, 0), g)));
  if (v.needs(2)) {
    const Tensor product = mul(v.g(), at(p, affine(g, 0, 1)));
    out[2] = v.s("reduction") == "none" ? sum(product, {1}) : sum(product);
  }
  return out;
}

void check_smoothing(const Call& c) {
  const double s = c.f("label_smoothing");
  check(s >= 0 && s <= 1, "[{}] label_smoothing={} must lie in [0, 1] (inputs {})", c.op().name(), s, describe(c.ins));
}

const std::vector<Sample> samples = {
    {{f({4, 5}), ints({4}, 0, 5), none()}},
    {{f({2, 8, 3, 3}), ints({2, 3, 3}, 0, 8), none()}, {{"reduction", "sum"}, {"label_smoothing", 0.2}}},
    {{f({33, 10}, -9, 9), ints({33}, 0, 10), none()}, {{"ignore_index", 3}, {"label_smoothing", 0.1}}},
    {{f({2, 3, 4}), ints({2, 4}, 0, 3), none()}, {{"reduction", "none"}}},
    {{f({4, 5}), ints({4}, 0, 5), f({5}, 0.5, 2)}, {{"label_smoothing", 0.1}, {"ignore_index", 2}}}};
const std::vector<Sample> bad = {{{f({4, 5}), ints({3}, 0, 5), none()}},
                                 {{f({4, 5}), ints({4}, 0, 5), f({4})}},
                                 {{f({5}), ints({}, 0, 5), none()}},
                                 {{f({4, 5}), ints({4}, 3, 9), none()}}};

FOVEA_OP(cross_entropy_fused){
    .signature = "cross_entropy_fused(x, target@i64, weight?, ignore_index=-100, label_smoothing=0.0, reduction=\"mean\") "
                 "-> (loss, softmax)",
    .doc = "cross_entropy and the softmax over the classes, which its gradient reads.",
    .require = {[](const Call& c) { check_labels(c, c.in(0).shape, 1, 2), check_reduction(c); }, check_smoothing},
    .shape = [](const Call& c) { return Specs{{loss_shape(c, c.in(1)), c.dtype()}, {c.in(0).shape, c.dtype()}}; },
    .reference = FOVEA_FLOATS(cross_entropy_forward),
    .vjp = cross_entropy_vjp,
    .saves = {{"target", "weight", "softmax"}}, .samples = samples, .bad = bad, .internal = true,
};

FOVEA_OP(cross_entropy_backward){
    .signature = "cross_entropy_backward(softmax, target@i64, g, weight?, ignore_index=-100, label_smoothing=0.0, "
                 "reduction=\"mean\")",
    .doc = "Gradient of cross_entropy: g (softmax - target distribution), weighted and divided as the loss is.",
    .require = {[](const Call& c) {
      check_labels(c, c.in(0).shape, 1, 3), check_reduction(c);
      check(c.in(2).shape == loss_shape(c, c.in(1)), "[cross_entropy_backward] g {} does not fit target {}", c.in(2).shape,
            c.in(1).shape);
    }, check_smoothing},
    .shape = same_as(0),
    .reference = FOVEA_FLOATS(cross_entropy_gradient),
    .vjp = cross_entropy_backward_vjp,
    .samples = {{{f({4, 5}, 0, 1), ints({4}, 0, 5), f({}), none()}},
                {{f({2, 8, 3, 3}, 0, 1), ints({2, 3, 3}, 0, 8), f({}), none()}, {{"reduction", "sum"}, {"ignore_index", 1}}},
                {{f({3, 4}, 0, 1), ints({3}, 0, 4), f({3}), none()}, {{"reduction", "none"}, {"label_smoothing", 0.3}}},
                {{f({3, 4}, 0, 1), ints({3}, 0, 4), f({}), f({4}, 0.5, 2)}, {{"label_smoothing", 0.1}}}},
    .bad = {{{f({4, 5}), ints({4}, 0, 5), f({4}), none()}}},
    .internal = true,
};

FOVEA_OP(cross_entropy){
    .signature = "cross_entropy(x, target@i64, weight?, ignore_index=-100, label_smoothing=0.0, reduction=\"mean\")",
    .doc = "-log softmax(x) at the label, for logits x (N,C) or (N,C,d1..) and labels (N) or (N,d1..). `weight` (C) multiplies "
           "the loss of each class and has no gradient; rows labelled `ignore_index` count nothing; `label_smoothing` s spreads the "
           "share s of the target evenly over all classes. \"mean\" divides by the sum of the weights of the labels counted "
           "(NaN if there are none), as PyTorch does; \"sum\"; \"none\" gives (N) or (N,d1..).",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      return {apply(find_op("cross_entropy_fused"), a.ins, a.attrs())[0]};
    },
    .samples = samples, .bad = bad,
};

template <class real>
void nll_forward(const Call& c) {
  const Labels<real> labels(c, c.in(0).shape, c.in(1), c.in(2));
  const real* x = c.in(0).ptr<real>();
  real* loss = c.out().ptr<real>();
  double total = 0;
  for (int64_t row = 0; row < labels.rows; ++row) {
    const int64_t label = labels.target[row];
    const real one = labels.ignored(row) ? real(0) : -labels.weight_of(label) * x[labels.offset(row) + label * labels.inner];
    total += double(one);
    if (labels.none) loss[row] = one;
  }
  if (!labels.none) *loss = real(total) / labels.divisor();
}

template <class real>
void nll_gradient(const Call& c) {
  const Labels<real> labels(c, c.d("shape"), c.in(1), c.in(2));
  const real *g = c.in(0).ptr<real>(), divisor = labels.divisor();
  real* dx = c.out().ptr<real>();
  std::fill(dx, dx + c.out().numel(), real(0));
  for (int64_t row = 0; row < labels.rows; ++row) {
    const int64_t label = labels.target[row];
    if (!labels.ignored(row))
      dx[labels.offset(row) + label * labels.inner] = -labels.weight_of(label) * g[labels.none ? row : 0] / divisor;
  }
}

FOVEA_OP(nll_loss){
    .signature = "nll_loss(x, target@i64, weight?, ignore_index=-100, reduction=\"mean\")",
    .doc = "-x at the label, for log-probabilities x: cross_entropy(x) is nll_loss(log_softmax(x, 1)). Shapes, weights, ignored "
           "labels and reductions as there.",
    .require = {[](const Call& c) { check_labels(c, c.in(0).shape, 1, 2), check_reduction(c); }},
    .shape = [](const Call& c) { return Specs{{loss_shape(c, c.in(1)), c.dtype()}}; },
    .reference = FOVEA_FLOATS(nll_forward),
    .vjp = [](const Vjp& v) {
      no_weight_gradient(v, 2);
      return Grads{call("nll_loss_backward", {v.g(), v.in(1), v.in(2)},
                        {{"shape", v.in(0).shape()}, {"ignore_index", v.i("ignore_index")}, {"reduction", v.s("reduction")}}),
                   {}, {}};
    },
    .saves = {{"target", "weight"}},
    .samples = {{{f({4, 5}), ints({4}, 0, 5), none()}},
                {{f({2, 8, 3, 3}), ints({2, 3, 3}, 0, 8), none()}, {{"reduction", "sum"}, {"ignore_index", 2}}},
                {{f({2, 3, 4}), ints({2, 4}, 0, 3), none()}, {{"reduction", "none"}}},
                {{f({4, 5}), ints({4}, 0, 5), f({5}, 0.5, 2)}, {{"ignore_index", 2}}}},
    .bad = bad,
};

FOVEA_OP(nll_loss_backward){
    .signature = "nll_loss_backward(g, target@i64, weight?, shape: ints, ignore_index=-100, reduction=\"mean\")",
    .doc = "Gradient of nll_loss with respect to its x of the given shape.",
    .require = {[](const Call& c) {
      check_labels(c, c.d("shape"), 1, 2), check_reduction(c);
      check(c.in(0).shape == loss_shape(c, c.in(1)), "[nll_loss_backward] g {} does not fit target {}", c.in(0).shape,
            c.in(1).shape);
    }},
    .shape = [](const Call& c) { return Specs{{c.d("shape"), c.dtype()}}; },
    .reference = FOVEA_FLOATS(nll_gradient),
    .vjp = [](const Vjp& v) {
      no_weight_gradient(v, 2);
      return Grads{call("nll_loss", {v.g(), v.in(1), v.in(2)},
                        {{"ignore_index", v.i("ignore_index")}, {"reduction", v.s("reduction")}}), {}, {}};
    },
    .saves = {{"target", "weight"}},
    .samples = {{{f({}), ints({4}, 0, 5), none()}, {{"shape", Dims{4, 5}}}},
                {{f({2, 4}), ints({2, 4}, 0, 3), none()}, {{"shape", Dims{2, 3, 4}}, {"reduction", "none"}}},
                {{f({}), ints({4}, 0, 5), f({5}, 0.5, 2)}, {{"shape", Dims{4, 5}}, {"ignore_index", 1}}}},
    .bad = {{{f({4}), ints({4}, 0, 5), none()}, {{"shape", Dims{4, 5}}}}},
    .internal = true,
};

}  // namespace
}  // namespace fovea
