// Writes into tensors off the tape: sums of gradients, averages of weights, loads.
#include "ops/sweep.h"
#include "tensor/convert.h"

namespace fovea {
namespace {

template <class real>
struct Accumulate {
  using Settings = NoSettings;
  Accumulate(const Call& c, NoSettings) : x(c.in(0).ptr<real>()), y(c.in(1).ptr<real>()) {}
  FV_INLINE void operator()(int64_t i) const { x[i] += y[i]; }
  real* x;
  const real* y;
};

struct ScaleSettings {
  explicit ScaleSettings(const Call& c) : factor(c.f("factor")) {}
  const double& factor;
};

template <class real>
struct Scale {
  using Settings = ScaleSettings;
  Scale(const Call& c, const Settings& s) : x(c.in(0).ptr<real>()), factor(real(s.factor)) {}
  FV_INLINE void operator()(int64_t i) const { x[i] *= factor; }
  real *x, factor;
};

const std::vector<Sample> pairs = {{{f({2, 8, 3, 5}), f({2, 8, 3, 5})}}, {{f({7}), f({7})}}, {{f({40000}), f({40000})}}};
const std::vector<Sample> mismatched = {{{f({2, 3}), f({3, 2})}}};

FOVEA_OP(accumulate){
    .signature = "accumulate(x!, y)",
    .doc = "x += y in place; the shapes are equal.",
    .require = {equal_shapes}, .reference = sweep_baseline<Accumulate>, .no_gradient = writes_in_place,
    .samples = pairs, .bad = mismatched,
};

FOVEA_OP(scale_in_place){
    .signature = "scale_in_place(x!, factor: float)",
    .doc = "x *= factor in place.",
    .reference = sweep_baseline<Scale>, .no_gradient = writes_in_place,
    .samples = {{{f({2, 8, 3, 5})}, {{"factor", 2.5}}}, {{f({7})}, {{"factor", 0.0}}}},
};

FOVEA_OP(copy_in_place){
    .signature = "copy_in_place(x!, y)",
    .doc = "x = y in place; the shapes are equal.",
    .dtypes = DTypes::any,
    .require = {equal_shapes}, .reference = [](const Call& c) { convert_elements(c.in(1), c.in(0)); },
    .no_gradient = writes_in_place, .samples = pairs, .bad = mismatched,
};

FOVEA_OP(fill_in_place){
    .signature = "fill_in_place(x!, value: float)",
    .doc = "Every element of x becomes `value`; integers take it as cast() does.",
    .dtypes = DTypes::any,
    .reference = [](const Call& c) {
      double value = c.f("value");
      convert_elements(View{&value, f64, Layout::plain, {}, {}}, c.in(0));
    },
    .no_gradient = writes_in_place,
    .samples = {{{f({2, 8, 3, 5})}, {{"value", 2.5}}}, {{f({})}, {{"value", -1.0}}}},
};

const RegisterKernel accumulate_avx2("accumulate", sweep_kernel<Accumulate>());
const RegisterKernel scale_avx2("scale_in_place", sweep_kernel<Scale>());

}  // namespace
}  // namespace fovea
