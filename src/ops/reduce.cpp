// Reductions over some or all dimensions.
#include "fovea/reduce.h"

#include <algorithm>

#include "fovea/autograd.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

/// `t` (a result of a reduction of x) with its reduced dimensions back as size 1.
Tensor with_kept_dims(const Tensor& t, const Vjp& v) {
  if (v.b("keepdim")) return t;
  Dims shape = v.in(0).shape();
  const Dims& dims = v.d("dims");
  if (dims.empty()) shape = Dims::filled(shape.size(), 1);
  for (int64_t d : dims) shape[int(d)] = 1;
  return reshape(t, shape);
}

int64_t reduced_count(const Vjp& v) { return v.in(0).numel() / std::max<int64_t>(1, v.out().numel()); }

Tensor spread(const Tensor& t, const Vjp& v) { return expand(with_kept_dims(t, v), v.in(0).shape()); }

/// max and min: the gradient is shared evenly by the elements that reach the extreme.
Grads extreme_vjp(const Vjp& v) {
  const Tensor hit = cast(equal(v.in(0), spread(v.out(), v)), v.g().dtype());
  const Tensor ties = sum(hit, v.d("dims"), true);
  return {mul(hit, expand(div(with_kept_dims(v.g(), v), ties), v.in(0).shape()))};
}

const std::vector<Sample> small = {{{f({2, 8, 3, 5})}},
                                   {{f({2, 8, 3, 5})}, {{"dims", Dims{1}}}},
                                   {{f({2, 8, 3, 5})}, {{"dims", Dims{0, 2, 3}}, {"keepdim", true}}},
                                   {{f({4, 33})}, {{"dims", Dims{-1}}}},
                                   {{f({33, 9})}, {{"dims", Dims{0}}}}};
const std::vector<Sample> samples = {{{f({2, 8, 3, 5})}},
                                     {{f({2, 8, 3, 5})}, {{"dims", Dims{1}}}},
                                     {{f({2, 8, 3, 5})}, {{"dims", Dims{0, 2, 3}}, {"keepdim", true}}},
                                     {{f({4, 33})}, {{"dims", Dims{-1}}}},
                                     {{f({33, 9})}, {{"dims", Dims{0}}}},
                                     {{f({70000})}, {}}};
const std::vector<Sample> bad = {{{f({2, 3})}, {{"dims", Dims{2}}}}, {{f({2, 3})}, {{"dims", Dims{0, 0}}}}};

FOVEA_REDUCE(sum, numbers, (real)0, x, a + b, a,
    .signature = "sum(x, dims=[], keepdim=false)",
    .doc = "Sum over `dims` (all if none are named).",
    .vjp = [](const Vjp& v) { return Grads{spread(v.g(), v)}; },
    .saves = std::vector<std::string>{}, .samples = samples, .bad = bad);

FOVEA_REDUCE(mean, floats, (real)0, x, a + b, a / n,
    .signature = "mean(x, dims=[], keepdim=false)",
    .doc = "Arithmetic mean over `dims` (all if none are named); NaN of nothing.",
    .vjp = [](const Vjp& v) { return Grads{spread(affine(v.g(), 1.0 / double(reduced_count(v))), v)}; },
    .saves = std::vector<std::string>{}, .samples = samples, .bad = bad);

FOVEA_REDUCE(max, floats, (real)-INFINITY, x, fv_max(a, b), a,
    .signature = "max(x, dims=[], keepdim=false)",
    .doc = "Largest element over `dims`; NaN if one is. Equal maxima share the gradient evenly.",
    .vjp = extreme_vjp, .saves = {{"x", "y"}}, .samples = small, .bad = bad);

FOVEA_REDUCE(min, floats, (real)INFINITY, x, fv_min(a, b), a,
    .signature = "min(x, dims=[], keepdim=false)",
    .doc = "Smallest element over `dims`; NaN if one is. Equal minima share the gradient evenly.",
    .vjp = extreme_vjp, .saves = {{"x", "y"}}, .samples = small, .bad = bad);

FOVEA_REDUCE(prod, floats, (real)1, x, a * b, a,
    .signature = "prod(x, dims=[], keepdim=false)",
    .doc = "Product over `dims`. The gradient divides by the elements, so it wants them different from 0.",
    .vjp = [](const Vjp& v) { return Grads{div(spread(mul(v.g(), v.out()), v), v.in(0))}; },
    .saves = {{"x", "y"}},
    .samples = {{{f({2, 3, 4}, 0.5, 1.5)}, {{"dims", Dims{1}}}}, {{f({6}, -1.5, -0.5)}}}, .bad = bad);

FOVEA_OP(var){
    .signature = "var(x, dims=[], keepdim=false, correction=1)",
    .doc = "Variance over `dims`: squared deviations from the mean, summed and divided by (count - correction). "
           "correction=1 is the unbiased estimate, 0 the biased one that normalisation uses.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      const Tensor centred = sub(x, mean(x, a.d("dims"), true));
      const Tensor total = sum(square(centred), a.d("dims"), a.b("keepdim"));
      const int64_t count = x.numel() / std::max<int64_t>(1, total.numel());
      return {affine(total, 1.0 / double(std::max<int64_t>(0, count - a.i("correction"))))};
    },
    .samples = {{{f({2, 8, 3, 5})}, {{"dims", Dims{0, 2, 3}}, {"correction", 0}}}, {{f({9})}}},
    .bad = bad,
};

}  // namespace
}  // namespace fovea
