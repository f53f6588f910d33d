// The activation functions, one entry each: forward, first and second derivative as scalar texts.
#include "fovea/ops.h"
#include "fovea/pointwise.h"

namespace fovea {
namespace {

const std::vector<Sample> any = {{{f({2, 8, 3, 5}, -4, 4)}}, {{f({7})}}};

FOVEA_POINTWISE(step, floats, (x), (), fv_sel(x > 0, (real)1, fv_sel(x <= 0, (real)0, x)),
    .signature = "step(x)",
    .doc = "1 where x > 0, else 0: the perceptron's all-or-none firing (Rosenblatt 1958). The derivative is 0 everywhere, so a "
           "perceptron learns by its own rule instead of by gradients.",
    .no_gradient = "its derivative is 0 wherever it exists", .samples = any);

FOVEA_UNARY(sigmoid, (), fv_sigmoid(x), fv_sigmoid(x) * ((real)1 - fv_sigmoid(x)),
    fv_sigmoid(x) * ((real)1 - fv_sigmoid(x)) * ((real)1 - (real)2 * fv_sigmoid(x)),
    .signature = "sigmoid(x)", .doc = "1 / (1 + e^-x).", .samples = any);

FOVEA_UNARY(tanh, (), fv_tanh(x), (real)1 - fv_tanh(x) * fv_tanh(x),
    (real)-2 * fv_tanh(x) * ((real)1 - fv_tanh(x) * fv_tanh(x)),
    .signature = "tanh(x)", .doc = "Hyperbolic tangent.", .samples = any);

FOVEA_POINTWISE(sigmoid_grad_at, floats, (y, g), (), g * (y * ((real)1 - y)),
    .signature = "sigmoid_grad_at(y, g)",
    .doc = "sigmoid_grad(x, g) from y = sigmoid(x): what plans make of it.",
    .no_gradient = "plans put it in after differentiation", .samples = {{{f({2, 8, 3, 5}, 0, 1), f({2, 8, 3, 5})}}},
    .internal = true);

FOVEA_POINTWISE(tanh_grad_at, floats, (y, g), (), g * ((real)1 - y * y),
    .signature = "tanh_grad_at(y, g)",
    .doc = "tanh_grad(x, g) from y = tanh(x): what plans make of it.",
    .no_gradient = "plans put it in after differentiation", .samples = {{{f({2, 8, 3, 5}, -1, 1), f({2, 8, 3, 5})}}},
    .internal = true);

FOVEA_UNARY(relu, (), fv_max(x, (real)0), fv_sel(x > 0, (real)1, (real)0), (real)0 * x,
    .signature = "relu(x)", .doc = "max(0, x); derivative 0 at 0 (Nair and Hinton 2010).", .samples = any, .kinks = {0});

FOVEA_UNARY(relu6, (), fv_min(fv_max(x, (real)0), (real)6), fv_sel((x > 0) & (x < 6), (real)1, (real)0), (real)0 * x,
    .signature = "relu6(x)", .doc = "min(max(0, x), 6) (MobileNet).",
    .samples = {{{f({2, 8, 3, 5}, -4, 9)}}}, .kinks = {0, 6});

FOVEA_UNARY(leaky_relu, (slope), fv_sel(x > 0, x, slope * x), fv_sel(x > 0, (real)1, slope), (real)0 * x,
    .signature = "leaky_relu(x, slope=0.01)",
    .doc = "x where x > 0, slope x elsewhere (Maas et al. 2013). The default is the field's 0.01; Darknet and many lectures use 0.1: "
           "pass it.",
    .samples = {{{f({2, 8, 3, 5})}, {{"slope", 0.1}}}, {{f({7})}}}, .kinks = {0});

FOVEA_UNARY(elu, (alpha), fv_sel(x > 0, x, alpha * fv_expm1(x)), fv_sel(x > 0, (real)1, alpha * fv_exp(x)),
    fv_sel(x > 0, (real)0, alpha * fv_exp(x)),
    .signature = "elu(x, alpha=1.0)", .doc = "x where x > 0, alpha (e^x - 1) elsewhere (Clevert et al. 2015).",
    .samples = {{{f({2, 8, 3, 5})}, {{"alpha", 0.7}}}, {{f({7})}}}, .kinks = {0});

FOVEA_UNARY(celu, (alpha), fv_sel(x > 0, x, alpha * fv_expm1(x / alpha)), fv_sel(x > 0, (real)1, fv_exp(x / alpha)),
    fv_sel(x > 0, (real)0, fv_exp(x / alpha) / alpha),
    .signature = "celu(x, alpha=1.0)",
    .doc = "x where x > 0, alpha (e^(x / alpha) - 1) elsewhere: an ELU whose derivative has no jump at 0 for any alpha (Barron 2017).",
    .samples = {{{f({2, 8, 3, 5})}, {{"alpha", 0.7}}}, {{f({7})}}}, .kinks = {0});

FOVEA_UNARY(selu, (), (real)1.0507009873554805 * fv_sel(x > 0, x, (real)1.6732632423543772 * fv_expm1(x)),
    (real)1.0507009873554805 * fv_sel(x > 0, (real)1, (real)1.6732632423543772 * fv_exp(x)),
    fv_sel(x > 0, (real)0, (real)1.7580993408473766 * fv_exp(x)),
    .signature = "selu(x)", .doc = "ELU scaled so that activations keep mean 0 and variance 1 (Klambauer et al. 2017).",
    .samples = any, .kinks = {0});

FOVEA_UNARY(softplus, (), fv_softplus(x), fv_sigmoid(x), fv_sigmoid(x) * ((real)1 - fv_sigmoid(x)),
    .signature = "softplus(x)", .doc = "log(1 + e^x), a smooth ReLU.", .samples = any);

FOVEA_UNARY(logsigmoid, (), -fv_softplus(-x), fv_sigmoid(-x), -fv_sigmoid(x) * fv_sigmoid(-x),
    .signature = "logsigmoid(x)", .doc = "log(1 / (1 + e^-x)), exact where the sigmoid is 0 in floats.", .samples = any);

FOVEA_UNARY(softsign, (), x / ((real)1 + fv_abs(x)), (real)1 / (((real)1 + fv_abs(x)) * ((real)1 + fv_abs(x))),
    fv_sel(x > 0, (real)-2, (real)2) / (((real)1 + fv_abs(x)) * ((real)1 + fv_abs(x)) * ((real)1 + fv_abs(x))),
    .signature = "softsign(x)", .doc = "x / (1 + |x|): an S like tanh that saturates slowly (Bergstra et al. 2009).", .samples = any,
    .kinks = {0});

FOVEA_UNARY(gelu, (), (real)0.5 * x * ((real)1 + fv_erf(x * (real)0.7071067811865476)),
    (real)0.5 * ((real)1 + fv_erf(x * (real)0.7071067811865476)) + x * (real)0.3989422804014327 * fv_exp((real)-0.5 * x * x),
    (real)0.3989422804014327 * fv_exp((real)-0.5 * x * x) * ((real)2 - x * x),
    .signature = "gelu(x)", .doc = "x times the normal distribution function at x, by erf (Hendrycks and Gimpel 2016).",
    .samples = any, .tolerance = 1e-4);

FOVEA_UNARY(gelu_tanh, (), x * fv_sigmoid((real)1.5957691216057308 * (x + (real)0.044715 * x * x * x)),
    fv_sigmoid((real)1.5957691216057308 * (x + (real)0.044715 * x * x * x)) +
        x * fv_sigmoid((real)1.5957691216057308 * (x + (real)0.044715 * x * x * x)) *
            fv_sigmoid((real)-1.5957691216057308 * (x + (real)0.044715 * x * x * x)) * (real)1.5957691216057308 *
            ((real)1 + (real)0.134145 * x * x),
    fv_sigmoid((real)1.5957691216057308 * (x + (real)0.044715 * x * x * x)) *
        fv_sigmoid((real)-1.5957691216057308 * (x + (real)0.044715 * x * x * x)) * (real)1.5957691216057308 *
        ((real)2 + (real)0.53658 * x * x +
         x * ((real)1 + (real)0.134145 * x * x) * ((real)1 + (real)0.134145 * x * x) * (real)1.5957691216057308 *
             ((real)1 - (real)2 * fv_sigmoid((real)1.5957691216057308 * (x + (real)0.044715 * x * x * x)))),
    .signature = "gelu_tanh(x)", .doc = "GELU by its tanh approximation: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).",
    .samples = any, .tolerance = 1e-4);

FOVEA_UNARY(silu, (), x * fv_sigmoid(x), fv_sigmoid(x) * ((real)1 + x * ((real)1 - fv_sigmoid(x))),
    fv_sigmoid(x) * ((real)1 - fv_sigmoid(x)) * ((real)2 + x * ((real)1 - (real)2 * fv_sigmoid(x))),
    .signature = "silu(x)", .doc = "x sigmoid(x), also called swish.", .samples = any);

FOVEA_UNARY(mish, (), x * fv_tanh(fv_softplus(x)),
    fv_tanh(fv_softplus(x)) + x * fv_sigmoid(x) * ((real)1 - fv_tanh(fv_softplus(x)) * fv_tanh(fv_softplus(x))),
    fv_sigmoid(x) * ((real)1 - fv_tanh(fv_softplus(x)) * fv_tanh(fv_softplus(x))) *
        ((real)2 + x * ((real)1 - fv_sigmoid(x) - (real)2 * fv_sigmoid(x) * fv_tanh(fv_softplus(x)))),
    .signature = "mish(x)", .doc = "x tanh(softplus(x)) (Misra 2019; YOLOv4).", .samples = any);

FOVEA_UNARY(hardsigmoid, (), fv_min(fv_max(x / (real)6 + (real)0.5, (real)0), (real)1),
    fv_sel((x > -3) & (x < 3), (real)1 / (real)6, (real)0), (real)0 * x,
    .signature = "hardsigmoid(x)", .doc = "x/6 + 1/2 clamped to [0, 1].", .samples = any, .kinks = {-3, 3});

FOVEA_UNARY(hardswish, (), x * fv_min(fv_max(x + (real)3, (real)0), (real)6) / (real)6,
    fv_sel(x <= -3, (real)0, fv_sel(x >= 3, (real)1, ((real)2 * x + (real)3) / (real)6)),
    fv_sel((x > -3) & (x < 3), (real)1 / (real)3, (real)0),
    .signature = "hardswish(x)", .doc = "x times hardsigmoid(x) (MobileNetV3).", .samples = any, .kinks = {-3, 3});

}  // namespace
}  // namespace fovea
