// Activations that know channels.
#include "fovea/autograd.h"
#include "fovea/ops.h"
#include "fovea/pointwise.h"

namespace fovea {
namespace {

FOVEA_OP(maxout){
    .signature = "maxout(x, pieces: int, dim=1)",
    .doc = "The largest of each group of `pieces` consecutive channels, so C becomes C / pieces (Goodfellow et al. 2013): after "
           "a linear layer or convolution a convex activation that is learned.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      const int64_t pieces = a.i("pieces");
      const int dim = normal_axis(a.i("dim"), x.rank(), "maxout");
      check(pieces > 0 && x.size(dim) % pieces == 0, "[maxout] pieces={} do not divide dim {} of x {}", pieces, dim, x.shape());
      Dims grouped = x.shape();
      grouped[dim] /= pieces;
      grouped.insert(dim + 1, pieces);
      return {max(reshape(x, grouped), {dim + 1})};
    },
    .samples = {{{f({2, 8, 3, 5})}, {{"pieces", 2}}}, {{f({4, 9})}, {{"pieces", 3}}}, {{f({6, 5})}, {{"pieces", 6}, {"dim", 0}}}},
    .bad = {{{f({2, 8})}, {{"pieces", 3}}}, {{f({8})}, {{"pieces", 2}}}},
};

FOVEA_OP(glu){
    .signature = "glu(x, dim=-1)",
    .doc = "The first half of `dim` times the sigmoid of the second: a linear unit with a gate (Dauphin et al. 2017).",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      const int dim = normal_axis(a.i("dim"), x.rank(), "glu");
      const int64_t n = x.size(dim), half = n / 2;
      check(n % 2 == 0, "[glu] dim {} of x {} cannot be halved", dim, x.shape());
      return {mul(slice(x, dim, 0, half), sigmoid(slice(x, dim, half, n)))};
    },
    .samples = {{{f({2, 16, 3, 5})}, {{"dim", 1}}}, {{f({3, 4})}}},
    .bad = {{{f({2, 3})}}},
};

FOVEA_POINTWISE(prelu_slope, floats, (x, weight), (), fv_sel(x > 0, (real)1, weight),
    .signature = "prelu_slope(x, weight)", .doc = "1 where x > 0, weight elsewhere.",
    .vjp = [](const Vjp& v) {
      Grads g(2);
      if (v.needs(1)) g[1] = sum_to(mul(v.g(), cast(less_equal(v.in(0), affine(v.in(0), 0)), v.g().dtype())), v.in(1).shape());
      return g;
    },
    .saves = {{"x"}}, .samples = {{{f({2, 8, 3, 5}), f({1, 8, 1, 1})}}, {{f({4, 3}), f({})}}}, .kinks = {0}, .internal = true);

FOVEA_OP(prelu){
    .signature = "prelu(x, weight)",
    .doc = "x where x > 0, weight x elsewhere, with a learned weight: one, or one per channel of (N,C,...) (He et al. 2015).",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor &x = a.in(0), &weight = a.in(1);
      const int64_t n = weight.numel();
      check(n == 1 || (x.rank() >= 2 && weight.shape() == Dims{x.size(1)}),
            "[prelu] weight wants one entry or one per channel of x {}, not shape {}", x.shape(), weight.shape());
      Dims shape = Dims::filled(x.rank(), 1);
      if (n > 1) shape[1] = n;
      return {mul(x, call("prelu_slope", {x, reshape(weight, shape)}))};
    },
    .samples = {{{f({2, 8, 3, 5}), f({8})}}, {{f({4, 3}), f({1})}}, {{f({7}), f({})}}},
    .bad = {{{f({2, 8, 3, 3}), f({3})}}, {{f({8}), f({8})}}},
    .kinks = {0},
};

}  // namespace
}  // namespace fovea
