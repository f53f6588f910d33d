// a + b and its kin, with NumPy broadcasting. Gradients are programs, so they can be differentiated again.
#include "fovea/autograd.h"
#include "fovea/ops.h"
#include "fovea/pointwise.h"

namespace fovea {
namespace {

/// Gradients of a two-argument op, each summed back to its input's shape.
Grads pair(const Vjp& v, auto first, auto second) {
  Grads g(2);
  if (v.needs(0)) g[0] = sum_to(first(), v.in(0).shape());
  if (v.needs(1)) g[1] = sum_to(second(), v.in(1).shape());
  return g;
}

const std::vector<Sample> pairs = {{{f({2, 3}), f({2, 3})}},
                                   {{f({2, 8, 3, 5}), f({1, 8, 1, 1})}},
                                   {{f({4, 1}), f({3})}},
                                   {{f({}), f({2, 1, 3})}}};
const std::vector<Sample> positive_pairs = {{{f({2, 3}), f({2, 3}, 0.5, 2)}},
                                            {{f({2, 8, 3, 5}), f({1, 8, 1, 1}, 0.5, 2)}},
                                            {{f({3}), f({}, 0.5, 2)}}};
const std::vector<Sample> mismatched = {{{f({2, 3}), f({2, 4})}}};

FOVEA_POINTWISE(add, numbers, (x, y), (), x + y,
    .signature = "add(x, y)",
    .doc = "x + y, broadcast.",
    .vjp = [](const Vjp& v) { return pair(v, [&] { return v.g(); }, [&] { return v.g(); }); },
    .saves = std::vector<std::string>{}, .samples = pairs, .bad = mismatched);

FOVEA_POINTWISE(sub, numbers, (x, y), (), x - y,
    .signature = "sub(x, y)",
    .doc = "x - y, broadcast.",
    .vjp = [](const Vjp& v) { return pair(v, [&] { return v.g(); }, [&] { return neg(v.g()); }); },
    .saves = std::vector<std::string>{}, .samples = pairs, .bad = mismatched);

FOVEA_POINTWISE(mul, numbers, (x, y), (), x * y,
    .signature = "mul(x, y)",
    .doc = "x * y element by element, broadcast.",
    .vjp = [](const Vjp& v) {
      return pair(v, [&] { return mul(v.g(), v.in(1)); }, [&] { return mul(v.g(), v.in(0)); });
    },
    .samples = pairs, .bad = mismatched);

FOVEA_POINTWISE(div, floats, (x, y), (), x / y,
    .signature = "div(x, y)",
    .doc = "x / y element by element, broadcast; 1/0 is infinite as in IEEE 754.",
    .vjp = [](const Vjp& v) {
      return pair(v, [&] { return div(v.g(), v.in(1)); },
                  [&] { return neg(div(mul(v.g(), v.in(0)), mul(v.in(1), v.in(1)))); });
    },
    .samples = positive_pairs, .bad = mismatched);

FOVEA_POINTWISE(power, floats, (x, y), (), fv_pow(x, y),
    .signature = "power(x, y)",
    .doc = "x to the power y, broadcast. The gradient with respect to y wants x > 0.",
    .vjp = [](const Vjp& v) {
      return pair(v, [&] { return mul(v.g(), mul(v.in(1), power(v.in(0), affine(v.in(1), 1, -1)))); },
                  [&] { return mul(v.g(), mul(power(v.in(0), v.in(1)), log(v.in(0)))); });
    },
    .samples = {{{f({2, 3}, 0.5, 2), f({2, 3})}}, {{f({2, 8, 2, 2}, 0.5, 2), f({8, 1, 1})}}}, .bad = mismatched);

FOVEA_POINTWISE(maximum, numbers, (x, y), (), fv_max(x, y),
    .signature = "maximum(x, y)",
    .doc = "The larger of x and y, broadcast; NaN if either is. Where they are equal the gradient goes to x.",
    .vjp = [](const Vjp& v) {
      const Tensor first = cast(greater_equal(v.in(0), v.in(1)), v.g().dtype());
      return pair(v, [&] { return mul(v.g(), first); }, [&] { return mul(v.g(), affine(first, -1, 1)); });
    },
    .samples = pairs, .bad = mismatched);

FOVEA_POINTWISE(minimum, numbers, (x, y), (), fv_min(x, y),
    .signature = "minimum(x, y)",
    .doc = "The smaller of x and y, broadcast; NaN if either is. Where they are equal the gradient goes to x.",
    .vjp = [](const Vjp& v) {
      const Tensor first = cast(less_equal(v.in(0), v.in(1)), v.g().dtype());
      return pair(v, [&] { return mul(v.g(), first); }, [&] { return mul(v.g(), affine(first, -1, 1)); });
    },
    .samples = pairs, .bad = mismatched);

FOVEA_POINTWISE(affine, floats, (x), (scale, shift), x * scale + shift,
    .signature = "affine(x, scale=1.0, shift=0.0)",
    .doc = "scale x + shift with two numbers: what x * 2, x - 1 and 1 - x become.",
    .vjp = [](const Vjp& v) { return Grads{affine(v.g(), v.f("scale"))}; },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 3})}, {{"scale", 2.5}, {"shift", -1.0}}}, {{f({7})}}});

FOVEA_POINTWISE(neg, numbers, (x), (), -x,
    .signature = "neg(x)",
    .doc = "-x.",
    .vjp = [](const Vjp& v) { return Grads{neg(v.g())}; },
    .saves = std::vector<std::string>{}, .samples = {{{f({2, 8, 3, 3})}}});

}  // namespace
}  // namespace fovea
