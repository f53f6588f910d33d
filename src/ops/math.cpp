// Elementary functions of one tensor, each with its first and second derivative.
#include "fovea/ops.h"
#include "fovea/pointwise.h"

namespace fovea {
namespace {

const std::vector<Sample> any = {{{f({2, 8, 3, 5})}}, {{f({7})}}, {{f({})}}};
const std::vector<Sample> positive = {{{f({2, 8, 3, 5}, 0.2, 3)}}, {{f({7}, 0.2, 3)}}};

FOVEA_UNARY(exp, (), fv_exp(x), fv_exp(x), fv_exp(x),
    .signature = "exp(x)", .doc = "e to the power x.", .samples = any);

FOVEA_UNARY(expm1, (), fv_expm1(x), fv_exp(x), fv_exp(x),
    .signature = "expm1(x)", .doc = "e^x - 1, exact near 0.", .samples = any);

FOVEA_UNARY(log, (), fv_log(x), (real)1 / x, (real)-1 / (x * x),
    .signature = "log(x)", .doc = "Natural logarithm; NaN below 0, -inf at 0.", .samples = positive);

FOVEA_UNARY(log1p, (), fv_log1p(x), (real)1 / ((real)1 + x), (real)-1 / (((real)1 + x) * ((real)1 + x)),
    .signature = "log1p(x)", .doc = "log(1 + x), exact near 0.", .samples = positive);

FOVEA_UNARY(sqrt, (), fv_sqrt(x), (real)0.5 / fv_sqrt(x), (real)-0.25 / (x * fv_sqrt(x)),
    .signature = "sqrt(x)", .doc = "Square root; NaN below 0.", .samples = positive);

FOVEA_UNARY(rsqrt, (), (real)1 / fv_sqrt(x), (real)-0.5 / (x * fv_sqrt(x)), (real)0.75 / (x * x * fv_sqrt(x)),
    .signature = "rsqrt(x)", .doc = "1 / sqrt(x).", .samples = positive);

FOVEA_UNARY(square, (), x * x, (real)2 * x, (real)2,
    .signature = "square(x)", .doc = "x * x.", .samples = any);

FOVEA_UNARY(reciprocal, (), (real)1 / x, (real)-1 / (x * x), (real)2 / (x * x * x),
    .signature = "reciprocal(x)", .doc = "1 / x.", .samples = positive);

FOVEA_UNARY(abs, (), fv_abs(x), fv_sel(x > 0, (real)1, fv_sel(x < 0, (real)-1, (real)0)), (real)0 * x,
    .signature = "abs(x)", .doc = "|x|; derivative 0 at 0.", .samples = any, .kinks = {0});

FOVEA_UNARY(sin, (), fv_sin(x), fv_cos(x), -fv_sin(x),
    .signature = "sin(x)", .doc = "Sine of x in radians.", .samples = any);

FOVEA_UNARY(cos, (), fv_cos(x), -fv_sin(x), -fv_cos(x),
    .signature = "cos(x)", .doc = "Cosine of x in radians.", .samples = any);

FOVEA_UNARY(erf, (), fv_erf(x), (real)1.1283791670955126 * fv_exp(-x * x),
    (real)-2.2567583341910252 * x * fv_exp(-x * x),
    .signature = "erf(x)", .doc = "Error function: 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x.", .samples = any);

FOVEA_UNARY(pow, (exponent), fv_pow(x, exponent), exponent * fv_pow(x, exponent - (real)1),
    exponent * (exponent - (real)1) * fv_pow(x, exponent - (real)2),
    .signature = "pow(x, exponent=2.0)", .doc = "x to the power of one number.",
    .samples = {{{f({2, 8, 3, 3}, 0.5, 2)}, {{"exponent", 1.7}}}, {{f({5}, 0.5, 2)}, {{"exponent", -1.0}}}});

FOVEA_UNARY(clamp, (low, high), fv_min(fv_max(x, low), high), fv_sel((x > low) & (x < high), (real)1, (real)0),
    (real)0 * x,
    .signature = "clamp(x, low=-inf, high=inf)", .doc = "x, but at least low and at most high; derivative 0 outside and at both.",
    .samples = {{{f({2, 8, 3, 3})}, {{"low", -1.0}, {"high", 0.5}}}, {{f({9})}, {{"low", 0.25}}}}, .kinks = {-1, 0.25, 0.5});

FOVEA_POINTWISE(floor, floats, (x), (), fv_floor(x),
    .signature = "floor(x)", .doc = "The largest integer not above x.", .no_gradient = "constant between jumps", .samples = any);

FOVEA_POINTWISE(ceil, floats, (x), (), fv_ceil(x),
    .signature = "ceil(x)", .doc = "The smallest integer not below x.", .no_gradient = "constant between jumps", .samples = any);

FOVEA_POINTWISE(round, floats, (x), (), fv_rint(x),
    .signature = "round(x)", .doc = "The nearest integer, halves to even.", .no_gradient = "constant between jumps", .samples = any);

FOVEA_POINTWISE(sign, numbers, (x), (), fv_sel(x > 0, (real)1, fv_sel(x < 0, (real)-1, x)),
    .signature = "sign(x)", .doc = "1, -1 or 0 (NaN stays NaN).", .no_gradient = "constant between jumps", .samples = any);

}  // namespace
}  // namespace fovea
