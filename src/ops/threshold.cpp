// Activations cut at thresholds: clipping and shrinking.
#include "fovea/ops.h"
#include "fovea/pointwise.h"

namespace fovea {
namespace {

FOVEA_UNARY(hardtanh, (min_val, max_val), fv_min(fv_max(x, min_val), max_val), fv_sel((x > min_val) & (x < max_val), (real)1, (real)0),
    (real)0 * x,
    .signature = "hardtanh(x, min_val=-1.0, max_val=1.0)",
    .doc = "x clamped to [min_val, max_val], with derivative 0 at both (Collobert 2004); clamp has 1 there.",
    .samples = {{{f({2, 8, 3, 5})}}, {{f({7})}, {{"min_val", -0.5}, {"max_val", 1.5}}}}, .kinks = {-1, -0.5, 1, 1.5});

FOVEA_UNARY(threshold, (threshold, value), fv_sel(x <= threshold, value, x), fv_sel(x > threshold, (real)1, (real)0), (real)0 * x,
    .signature = "threshold(x, threshold: float, value: float)", .doc = "x where x > threshold, value elsewhere.",
    .samples = {{{f({2, 8, 3, 5})}, {{"threshold", 0.1}, {"value", 20.0}}}}, .kinks = {0.1});

FOVEA_UNARY(hardshrink, (lambd), fv_sel((x >= -lambd) & (x <= lambd), (real)0, x), fv_sel((x >= -lambd) & (x <= lambd), (real)0, (real)1),
    (real)0 * x,
    .signature = "hardshrink(x, lambd=0.5)", .doc = "0 where |x| <= lambd, x elsewhere.",
    .samples = {{{f({2, 8, 3, 5})}}, {{f({7})}, {{"lambd", 1.0}}}}, .kinks = {-1, -0.5, 0.5, 1});

FOVEA_UNARY(softshrink, (lambd), fv_sel(x > lambd, x - lambd, fv_sel(x < -lambd, x + lambd, (real)0 * x)),
    fv_sel((x >= -lambd) & (x <= lambd), (real)0, (real)1), (real)0 * x,
    .signature = "softshrink(x, lambd=0.5)",
    .doc = "x moved towards 0 by lambd, at most to 0: the proximal step of an L1 penalty (sparse coding).",
    .samples = {{{f({2, 8, 3, 5})}}, {{f({7})}, {{"lambd", 1.0}}}}, .kinks = {-1, -0.5, 0.5, 1});

FOVEA_UNARY(tanhshrink, (), x - fv_tanh(x), fv_tanh(x) * fv_tanh(x), (real)2 * fv_tanh(x) * ((real)1 - fv_tanh(x) * fv_tanh(x)),
    .signature = "tanhshrink(x)", .doc = "x - tanh(x).", .samples = {{{f({2, 8, 3, 5}, -4, 4)}}, {{f({7})}}});

}  // namespace
}  // namespace fovea
