// Choosing between tensors by a condition.
#include "fovea/autograd.h"
#include "fovea/kernel.h"
#include "fovea/ops.h"
#include "ops/lines.h"
#include "tensor/walk.h"

namespace fovea {
namespace {

void choose(const Call& c) {
  const Walk walk(c.out().shape, {&c.in(0), &c.in(1), &c.in(2), &c.out()});
  const int64_t s0 = walk.inner_stride(0), s1 = walk.inner_stride(1), s2 = walk.inner_stride(2), s3 = walk.inner_stride(3);
  by_size(c.out().dtype, [&]<class T>(T) {
    walk.run([&](const auto& at, int64_t n) {
      const bool* condition = c.in(0).ptr<bool>() + at[0];
      const T *x = c.in(1).ptr<T>() + at[1], *y = c.in(2).ptr<T>() + at[2];
      T* out = c.out().ptr<T>() + at[3];
      for (int64_t i = 0; i < n; ++i) out[i * s3] = condition[i * s0] ? x[i * s1] : y[i * s2];
    });
  });
}

FOVEA_OP(where){
    .signature = "where(condition@bool, x, y)",
    .doc = "x where the condition holds, else y, broadcast. The gradient goes to the chosen one alone.",
    .dtypes = DTypes::any,
    .shape = [](const Call& c) {
      return Specs{{broadcast(broadcast(c.in(1).shape, c.in(2).shape, "where"), c.in(0).shape, "where"), c.in(1).dtype}};
    },
    .reference = choose,
    .vjp = [](const Vjp& v) {
      Grads g(3);
      const Tensor zero = scalar(0, v.g().dtype());
      if (v.needs(1)) g[1] = sum_to(where(v.in(0), v.g(), zero), v.in(1).shape());
      if (v.needs(2)) g[2] = sum_to(where(v.in(0), zero, v.g()), v.in(2).shape());
      return g;
    },
    .saves = {{"condition"}},
    .samples = {{{bools({2, 8, 3, 5}), f({2, 8, 3, 5}), f({2, 8, 3, 5})}}, {{bools({3, 1}), f({4}), f({})}},
                {{bools({}), f({2, 3}), f({1, 3})}}},
    .bad = {{{bools({2, 3}), f({2, 4}), f({})}}, {{bools({2}), f({2, 3}), f({2, 3})}}},
};
const RegisterKernel choose_anywhere("where", {.name = "cpu:strided", .run = choose, .inputs = Inputs::follow});

FOVEA_OP(masked_fill){
    .signature = "masked_fill(x, mask@bool, value: float)",
    .doc = "x with `value` where the mask, broadcast to x, is true.",
    .dtypes = DTypes::any,
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      check(broadcast(x.shape(), a.in(1).shape(), "masked_fill") == x.shape(), "[masked_fill] mask {} does not broadcast to x {}",
            a.in(1).shape(), x.shape());
      return {where(a.in(1), scalar(a.f("value"), x.dtype()), x)};
    },
    .samples = {{{f({2, 8, 3, 5}), bools({2, 8, 3, 5})}, {{"value", -3.0}}}, {{f({2, 3}), bools({3})}, {{"value", 0.5}}}},
    .bad = {{{f({3}), bools({2, 3})}, {{"value", 0.0}}}, {{f({2, 3}), bools({2})}, {{"value", 0.0}}}},
};

}  // namespace
}  // namespace fovea
