// Normalisations of each example by itself.
#include <cmath>

#include "fovea/op.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

/// x with every one of `rows` equal consecutive pieces brought to mean 0 and variance 1: batch_norm with the pieces as channels.
Tensor normalise_rows(const Tensor& x, int64_t rows, double eps) {
  const Tensor pieces = reshape(x, {1, rows, x.numel() / rows});
  return reshape(apply(find_op("batch_norm_train"), {pieces, {}, {}}, {eps})[0], x.shape());
}

FOVEA_OP(layer_norm){
    .signature = "layer_norm(x, weight?, bias?, shape: ints, eps=1e-5)",
    .doc = "(x - mean) / sqrt(var + eps) * weight + bias over the last dimensions, whose sizes are `shape`: mean and biased "
           "variance of each example by itself; weight and bias have that shape (Ba et al. 2016).",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      const Dims& shape = a.d("shape");
      const int lead = x.rank() - shape.size();
      bool fits = lead >= 0 && !shape.empty();
      for (int i = 0; fits && i < shape.size(); ++i) fits = x.size(lead + i) == shape[i];
      check(fits, "[layer_norm] x {} does not end in shape={}", x.shape(), shape);
      for (int i = 1; i < 3; ++i)
        if (a.in(i))
          check(a.in(i).shape() == shape, "[layer_norm] {} has shape {} and not shape={}", i == 1 ? "weight" : "bias",
                a.in(i).shape(), shape);
      if (x.numel() == 0) return {x};
      Tensor y = normalise_rows(x, x.numel() / shape.numel(), a.f("eps"));
      if (a.in(1)) y = mul(y, a.in(1));
      return {a.in(2) ? add(y, a.in(2)) : y};
    },
    .samples = {{{f({4, 9}), f({9}, 0.5, 2), f({9})}, {{"shape", Dims{9}}}},
                {{f({2, 8, 3, 5}), f({8, 3, 5}), none()}, {{"shape", Dims{8, 3, 5}}}},
                {{f({2, 3, 16}), none(), none()}, {{"shape", Dims{16}}}}},
    .bad = {{{f({4, 9}), none(), none()}, {{"shape", Dims{8}}}}, {{f({4, 9}), f({4}), none()}, {{"shape", Dims{9}}}}},
};

FOVEA_OP(group_norm){
    .signature = "group_norm(x, weight?, bias?, groups: int, eps=1e-5)",
    .doc = "x (N,C,...) with mean and biased variance over each of `groups` groups of consecutive channels of each example, then "
           "weight (C) and bias (C) (Wu and He 2018). groups = C is instance normalisation, groups = 1 one group of all.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      const int64_t groups = a.i("groups");
      check(x.rank() >= 2, "[group_norm] x wants shape (N,C,...), not {}", x.shape());
      check(groups > 0 && x.size(1) % groups == 0, "[group_norm] groups={} do not divide the {} channels of x {}", groups,
            x.size(1), x.shape());
      Dims channels = Dims::filled(x.rank(), 1);
      channels[1] = x.size(1);
      for (int i = 1; i < 3; ++i)
        if (a.in(i))
          check(a.in(i).shape() == Dims{x.size(1)}, "[group_norm] {} has shape {}, but x {} has {} channels",
                i == 1 ? "weight" : "bias", a.in(i).shape(), x.shape(), x.size(1));
      if (x.numel() == 0) return {x};
      const Tensor y = normalise_rows(x, x.size(0) * groups, a.f("eps"));
      if (a.in(1) && a.in(2)) return {call("channel_affine", {y, a.in(1), a.in(2)})};
      if (a.in(1)) return {mul(y, reshape(a.in(1), channels))};
      return {a.in(2) ? add(y, reshape(a.in(2), channels)) : y};
    },
    .samples = {{{f({2, 8, 3, 5}), f({8}, 0.5, 2), f({8})}, {{"groups", 2}}},
                {{f({2, 6, 4, 4}), f({6}), none()}, {{"groups", 6}}},
                {{f({3, 4}), none(), f({4})}, {{"groups", 1}}},
                {{f({2, 4, 5}), none(), none()}, {{"groups", 2}}}},
    .bad = {{{f({2, 8, 3, 3}), none(), none()}, {{"groups", 3}}}, {{f({2, 8, 3, 3}), f({4}), none()}, {{"groups", 2}}}},
};

FOVEA_OP(normalize){
    .signature = "normalize(x, p=2.0, dim=1, eps=1e-12)",
    .doc = "x divided by its p-norm along `dim`, or by eps where the norm is smaller; p >= 1, p=inf for the largest magnitude.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      const double p = a.f("p"), eps = a.f("eps");
      check(p >= 1, "[normalize] p={} must be at least 1 (x {})", p, x.shape());
      const Dims dims{a.i("dim")};
      if (p == 2) return {div(x, sqrt(clamp(sum(square(x), dims, true), eps * eps)))};  // the clamp keeps the slope finite at 0
      if (p == 1) return {div(x, clamp(sum(abs(x), dims, true), eps))};
      if (std::isinf(p)) return {div(x, clamp(max(abs(x), dims, true), eps))};
      return {div(x, pow(clamp(sum(pow(abs(x), p), dims, true), std::pow(eps, p)), 1 / p))};
    },
    .samples = {{{f({4, 5})}},
                {{f({2, 8, 3, 3})}, {{"p", 1.0}}},
                {{f({3, 4})}, {{"p", 3.0}, {"dim", 0}}},
                {{f({3, 4})}, {{"p", double(INFINITY)}, {"dim", -1}}}},
    .bad = {{{f({4, 5})}, {{"p", 0.5}}}, {{f({4, 5})}, {{"dim", 2}}}},
};

}  // namespace
}  // namespace fovea
