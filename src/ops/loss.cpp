// Losses that compare elements. Each is a small program, so gradients of any order come for free.
#include "ops/loss.h"

#include "fovea/pointwise.h"

namespace fovea {
namespace {

const std::vector<Sample> samples = {{{f({4, 5}), f({4, 5})}},
                                     {{f({2, 8, 3, 3}), f({2, 8, 3, 3})}, {{"reduction", "sum"}}},
                                     {{f({7}), f({7})}, {{"reduction", "none"}}}};
const std::vector<Sample> bad = {{{f({4, 5}), f({4, 1})}}};

FOVEA_OP(mse_loss){
    .signature = "mse_loss(x, target, reduction=\"mean\")",
    .doc = "(x - target)^2, reduced by \"mean\", \"sum\" or \"none\".",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      check_same_shape(a);
      return {reduced(square(sub(a.in(0), a.in(1))), a)};
    },
    .samples = samples, .bad = bad,
};

FOVEA_OP(l1_loss){
    .signature = "l1_loss(x, target, reduction=\"mean\")",
    .doc = "|x - target|, reduced by \"mean\", \"sum\" or \"none\".",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      check_same_shape(a);
      return {reduced(abs(sub(a.in(0), a.in(1))), a)};
    },
    .samples = samples, .bad = bad,
};

FOVEA_UNARY(huber, (delta), fv_sel(fv_abs(x) < delta, (real)0.5 * x * x, delta * (fv_abs(x) - (real)0.5 * delta)),
    fv_min(fv_max(x, -delta), delta), fv_sel(fv_abs(x) < delta, (real)1, (real)0),
    .signature = "huber(x, delta=1.0)", .doc = "x^2/2 where |x| < delta, delta (|x| - delta/2) elsewhere.",
    .samples = {{{f({2, 8, 3, 3})}}, {{f({9})}, {{"delta", 0.5}}}}, .kinks = {-1, -0.5, 0.5, 1}, .internal = true);

FOVEA_OP(huber_loss){
    .signature = "huber_loss(x, target, delta=1.0, reduction=\"mean\")",
    .doc = "With d = x - target: d^2/2 where |d| < delta, delta (|d| - delta/2) elsewhere (Huber 1964), reduced by \"mean\", "
           "\"sum\" or \"none\".",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      check_same_shape(a);
      check(a.f("delta") > 0, "[huber_loss] delta={} must be positive (x {})", a.f("delta"), a.in(0).shape());
      return {reduced(call("huber", {sub(a.in(0), a.in(1))}, {{"delta", a.f("delta")}}), a)};
    },
    .samples = samples, .bad = bad,
};

FOVEA_OP(smooth_l1_loss){
    .signature = "smooth_l1_loss(x, target, beta=1.0, reduction=\"mean\")",
    .doc = "Huber's loss divided by its width: with d = x - target, d^2 / (2 beta) where |d| < beta, |d| - beta/2 elsewhere "
           "(Girshick 2015); beta=0 is l1_loss.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      check_same_shape(a);
      const double beta = a.f("beta");
      check(beta >= 0, "[smooth_l1_loss] beta={} must not be negative (x {})", beta, a.in(0).shape());
      const Tensor d = sub(a.in(0), a.in(1));
      return {reduced(beta == 0 ? abs(d) : affine(call("huber", {d}, {{"delta", beta}}), 1 / beta), a)};
    },
    .samples = {samples[0], samples[2], {{f({3, 4}), f({3, 4})}, {{"beta", 0.5}}}, {{f({3}), f({3})}, {{"beta", 0.0}}}},
    .bad = bad,
};

FOVEA_OP(hinge_loss){
    .signature = "hinge_loss(x, target, reduction=\"mean\")",
    .doc = "max(0, 1 - x target) with targets -1 and 1: the margin loss of support vector machines, reduced by \"mean\", \"sum\" "
           "or \"none\".",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      check_same_shape(a);
      return {reduced(relu(affine(mul(a.in(0), a.in(1)), -1, 1)), a)};
    },
    .samples = samples, .bad = bad,
};

FOVEA_OP(bce_with_logits_loss){
    .signature = "bce_with_logits_loss(x, target, weight?, pos_weight?, reduction=\"mean\")",
    .doc = "Binary cross-entropy -(t log s(x) + (1 - t) log(1 - s(x))) with the sigmoid s inside, so that no logit overflows. "
           "Targets lie in [0, 1]. `pos_weight` multiplies the first term and `weight` the whole (both broadcast); reduced by "
           "\"mean\" (over all elements, whatever the weights), \"sum\" or \"none\".",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      check_same_shape(a);
      const Tensor &x = a.in(0), &t = a.in(1), &weight = a.in(2), &pos_weight = a.in(3);
      const Tensor off = affine(t, -1, 1), minus_log_s = softplus(neg(x));
      const Tensor factor = pos_weight ? add(off, mul(t, pos_weight)) : Tensor();
      Tensor loss = add(mul(off, x), factor ? mul(factor, minus_log_s) : minus_log_s);
      if (weight) loss = mul(loss, weight);
      check(loss.shape() == x.shape(), "[bce_with_logits_loss] weight or pos_weight does not broadcast to x {}", x.shape());
      return {reduced(loss, a)};
    },
    .samples = {{{f({4, 5}, -4, 4), f({4, 5}, 0, 1), none(), none()}},
                {{f({4, 5}, -4, 4), f({4, 5}, 0, 1), f({4, 1}, 0.5, 2), f({5}, 0.5, 3)}},
                {{f({2, 8, 3, 3}), f({2, 8, 3, 3}, 0, 1), none(), none()}, {{"reduction", "sum"}}},
                {{f({7}), f({7}, 0, 1), none(), f({}, 0.5, 3)}, {{"reduction", "none"}}}},
    .bad = {{{f({4, 5}), f({4, 1}), none(), none()}}, {{f({4}), f({4}), f({3, 4}), none()}}},
};

FOVEA_UNARY(xlogx, (), fv_sel(x == 0, (real)0, x * fv_log(x)), fv_log(x) + (real)1, (real)1 / x,
    .signature = "xlogx(x)", .doc = "x log x, 0 at 0.", .samples = {{{f({2, 8, 3, 3}, 0.1, 3)}}}, .internal = true);

FOVEA_OP(kl_div_loss){
    .signature = "kl_div_loss(x, target, log_target=false, reduction=\"mean\")",
    .doc = "Kullback-Leibler divergence t (log t - x) of log-probabilities x from the target t, which is a log-probability too "
           "if log_target. \"mean\" divides by all elements, \"batchmean\" by the batch size only (the divergence itself).",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      check_same_shape(a);
      check_reduction(a, true);
      const Tensor &x = a.in(0), &t = a.in(1);
      const Tensor loss = a.b("log_target") ? mul(exp(t), sub(t, x)) : sub(call("xlogx", {t}), mul(t, x));
      if (a.s("reduction") != "batchmean") return {reduced(loss, a)};
      check(x.rank() >= 1, "[kl_div_loss] batchmean wants a batch dimension, x is {}", x.shape());
      return {affine(sum(loss), 1.0 / double(x.size(0)))};
    },
    .samples = {{{f({4, 5}, -4, 0), f({4, 5}, 0.05, 1)}},
                {{f({4, 5}, -4, 0), f({4, 5}, -4, 0)}, {{"log_target", true}, {"reduction", "batchmean"}}},
                {{f({3}, -4, 0), f({3}, 0.05, 1)}, {{"reduction", "none"}}}},
    .bad = bad,
};

}  // namespace
}  // namespace fovea
