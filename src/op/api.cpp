// Generated from the op table by fovea_generate: edit the record in src/ops/, not this file.
#include "fovea/op.h"
#include "fovea/ops.h"

namespace fovea {

Tensor celu(const Tensor& x, double alpha) {
  static const Op& op = find_op("celu");
  return apply(op, {x}, {alpha})[0];
}

Tensor elu(const Tensor& x, double alpha) {
  static const Op& op = find_op("elu");
  return apply(op, {x}, {alpha})[0];
}

Tensor gelu(const Tensor& x) {
  static const Op& op = find_op("gelu");
  return apply(op, {x}, {})[0];
}

Tensor gelu_tanh(const Tensor& x) {
  static const Op& op = find_op("gelu_tanh");
  return apply(op, {x}, {})[0];
}

Tensor hardsigmoid(const Tensor& x) {
  static const Op& op = find_op("hardsigmoid");
  return apply(op, {x}, {})[0];
}

Tensor hardswish(const Tensor& x) {
  static const Op& op = find_op("hardswish");
  return apply(op, {x}, {})[0];
}

Tensor leaky_relu(const Tensor& x, double slope) {
  static const Op& op = find_op("leaky_relu");
  return apply(op, {x}, {slope})[0];
}

Tensor logsigmoid(const Tensor& x) {
  static const Op& op = find_op("logsigmoid");
  return apply(op, {x}, {})[0];
}

Tensor mish(const Tensor& x) {
  static const Op& op = find_op("mish");
  return apply(op, {x}, {})[0];
}

Tensor relu(const Tensor& x) {
  static const Op& op = find_op("relu");
  return apply(op, {x}, {})[0];
}

Tensor relu6(const Tensor& x) {
  static const Op& op = find_op("relu6");
  return apply(op, {x}, {})[0];
}

Tensor selu(const Tensor& x) {
  static const Op& op = find_op("selu");
  return apply(op, {x}, {})[0];
}

Tensor sigmoid(const Tensor& x) {
  static const Op& op = find_op("sigmoid");
  return apply(op, {x}, {})[0];
}

Tensor silu(const Tensor& x) {
  static const Op& op = find_op("silu");
  return apply(op, {x}, {})[0];
}

Tensor softplus(const Tensor& x) {
  static const Op& op = find_op("softplus");
  return apply(op, {x}, {})[0];
}

Tensor softsign(const Tensor& x) {
  static const Op& op = find_op("softsign");
  return apply(op, {x}, {})[0];
}

Tensor step(const Tensor& x) {
  static const Op& op = find_op("step");
  return apply(op, {x}, {})[0];
}

Tensor tanh(const Tensor& x) {
  static const Op& op = find_op("tanh");
  return apply(op, {x}, {})[0];
}

Tensor adaptive_avg_pool2d(const Tensor& x, const Dims& size) {
  static const Op& op = find_op("adaptive_avg_pool2d");
  return apply(op, {x}, {size})[0];
}

Tensor adaptive_max_pool2d(const Tensor& x, const Dims& size) {
  static const Op& op = find_op("adaptive_max_pool2d");
  return apply(op, {x}, {size})[0];
}

Tensor add(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("add");
  return apply(op, {x, y}, {})[0];
}

Tensor affine(const Tensor& x, double scale, double shift) {
  static const Op& op = find_op("affine");
  return apply(op, {x}, {scale, shift})[0];
}

Tensor div(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("div");
  return apply(op, {x, y}, {})[0];
}

Tensor maximum(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("maximum");
  return apply(op, {x, y}, {})[0];
}

Tensor minimum(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("minimum");
  return apply(op, {x, y}, {})[0];
}

Tensor mul(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("mul");
  return apply(op, {x, y}, {})[0];
}

Tensor neg(const Tensor& x) {
  static const Op& op = find_op("neg");
  return apply(op, {x}, {})[0];
}

Tensor power(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("power");
  return apply(op, {x, y}, {})[0];
}

Tensor sub(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("sub");
  return apply(op, {x, y}, {})[0];
}

Tensor avg_pool2d(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding, bool ceil_mode, bool count_include_pad) {
  static const Op& op = find_op("avg_pool2d");
  return apply(op, {x}, {kernel, stride, padding, ceil_mode, count_include_pad})[0];
}

Tensor batch_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& running_mean, const Tensor& running_var, bool training, double momentum, double eps) {
  static const Op& op = find_op("batch_norm");
  return apply(op, {x, weight, bias, running_mean, running_var}, {training, momentum, eps})[0];
}

Tensor glu(const Tensor& x, int64_t dim) {
  static const Op& op = find_op("glu");
  return apply(op, {x}, {dim})[0];
}

Tensor maxout(const Tensor& x, int64_t pieces, int64_t dim) {
  static const Op& op = find_op("maxout");
  return apply(op, {x}, {pieces, dim})[0];
}

Tensor prelu(const Tensor& x, const Tensor& weight) {
  static const Op& op = find_op("prelu");
  return apply(op, {x, weight}, {})[0];
}

Tensor equal(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("equal");
  return apply(op, {x, y}, {})[0];
}

Tensor greater(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("greater");
  return apply(op, {x, y}, {})[0];
}

Tensor greater_equal(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("greater_equal");
  return apply(op, {x, y}, {})[0];
}

Tensor isfinite(const Tensor& x) {
  static const Op& op = find_op("isfinite");
  return apply(op, {x}, {})[0];
}

Tensor less(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("less");
  return apply(op, {x, y}, {})[0];
}

Tensor less_equal(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("less_equal");
  return apply(op, {x, y}, {})[0];
}

Tensor logical_and(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("logical_and");
  return apply(op, {x, y}, {})[0];
}

Tensor logical_not(const Tensor& x) {
  static const Op& op = find_op("logical_not");
  return apply(op, {x}, {})[0];
}

Tensor logical_or(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("logical_or");
  return apply(op, {x, y}, {})[0];
}

Tensor not_equal(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("not_equal");
  return apply(op, {x, y}, {})[0];
}

Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride, const Dims& padding, const Dims& dilation, int64_t groups) {
  static const Op& op = find_op("conv1d");
  return apply(op, {x, weight, bias}, {stride, padding, dilation, groups})[0];
}

Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride, const Dims& padding, const Dims& dilation, int64_t groups) {
  static const Op& op = find_op("conv2d");
  return apply(op, {x, weight, bias}, {stride, padding, dilation, groups})[0];
}

Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride, const Dims& padding, const Dims& dilation, int64_t groups) {
  static const Op& op = find_op("conv3d");
  return apply(op, {x, weight, bias}, {stride, padding, dilation, groups})[0];
}

Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& stride, const Dims& padding, const Dims& output_padding, const Dims& dilation, int64_t groups) {
  static const Op& op = find_op("conv_transpose2d");
  return apply(op, {x, weight, bias}, {stride, padding, output_padding, dilation, groups})[0];
}

Tensor cross_entropy(const Tensor& x, const Tensor& target, const Tensor& weight, int64_t ignore_index, double label_smoothing, const std::string& reduction) {
  static const Op& op = find_op("cross_entropy");
  return apply(op, {x, target, weight}, {ignore_index, label_smoothing, reduction})[0];
}

Tensor nll_loss(const Tensor& x, const Tensor& target, const Tensor& weight, int64_t ignore_index, const std::string& reduction) {
  static const Op& op = find_op("nll_loss");
  return apply(op, {x, target, weight}, {ignore_index, reduction})[0];
}

Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths, const Tensor& target_lengths, int64_t blank, const std::string& reduction, bool zero_infinity) {
  static const Op& op = find_op("ctc_loss");
  return apply(op, {log_probs, targets, input_lengths, target_lengths}, {blank, reduction, zero_infinity})[0];
}

Tensor dropout(const Tensor& x, double p, bool training) {
  static const Op& op = find_op("dropout");
  return apply(op, {x}, {p, training})[0];
}

Tensor dropout2d(const Tensor& x, double p, bool training) {
  static const Op& op = find_op("dropout2d");
  return apply(op, {x}, {p, training})[0];
}

std::tuple<Tensor, Tensor> gru(const Tensor& x, const Tensor& weight_ih, const Tensor& weight_hh, const Tensor& bias_ih, const Tensor& bias_hh, const Tensor& h0) {
  static const Op& op = find_op("gru");
  const auto y = apply(op, {x, weight_ih, weight_hh, bias_ih, bias_hh, h0}, {});
  return {y[0], y[1]};
}

void accumulate(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("accumulate");
  apply(op, {x, y}, {});
}

void copy_in_place(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("copy_in_place");
  apply(op, {x, y}, {});
}

void fill_in_place(const Tensor& x, double value) {
  static const Op& op = find_op("fill_in_place");
  apply(op, {x}, {value});
}

void scale_in_place(const Tensor& x, double factor) {
  static const Op& op = find_op("scale_in_place");
  apply(op, {x}, {factor});
}

Tensor embedding(const Tensor& weight, const Tensor& index) {
  static const Op& op = find_op("embedding");
  return apply(op, {weight, index}, {})[0];
}

Tensor gather(const Tensor& x, const Tensor& index, int64_t dim) {
  static const Op& op = find_op("gather");
  return apply(op, {x, index}, {dim})[0];
}

Tensor index_select(const Tensor& x, const Tensor& index, int64_t dim) {
  static const Op& op = find_op("index_select");
  return apply(op, {x, index}, {dim})[0];
}

Tensor one_hot(const Tensor& index, int64_t classes, DType dtype) {
  static const Op& op = find_op("one_hot");
  return apply(op, {index}, {classes, dtype})[0];
}

Tensor scatter(const Tensor& x, const Tensor& index, const Tensor& source, int64_t dim) {
  static const Op& op = find_op("scatter");
  return apply(op, {x, index, source}, {dim})[0];
}

Tensor scatter_add(const Tensor& x, const Tensor& index, const Tensor& source, int64_t dim) {
  static const Op& op = find_op("scatter_add");
  return apply(op, {x, index, source}, {dim})[0];
}

Tensor interpolate(const Tensor& x, const Dims& size, const std::string& mode, bool align_corners, bool antialias) {
  static const Op& op = find_op("interpolate");
  return apply(op, {x}, {size, mode, align_corners, antialias})[0];
}

Tensor concat(const std::vector<Tensor>& xs, int64_t dim) {
  static const Op& op = find_op("concat");
  return apply(op, xs, {dim})[0];
}

Tensor flip(const Tensor& x, const Dims& dims) {
  static const Op& op = find_op("flip");
  return apply(op, {x}, {dims})[0];
}

Tensor roll(const Tensor& x, const Dims& shifts, const Dims& dims) {
  static const Op& op = find_op("roll");
  return apply(op, {x}, {shifts, dims})[0];
}

Tensor slice(const Tensor& x, int64_t dim, int64_t start, int64_t end, int64_t step) {
  static const Op& op = find_op("slice");
  return apply(op, {x}, {dim, start, end, step})[0];
}

Tensor stack(const std::vector<Tensor>& xs, int64_t dim) {
  static const Op& op = find_op("stack");
  return apply(op, xs, {dim})[0];
}

Tensor local_response_norm(const Tensor& x, int64_t size, double alpha, double beta, double k) {
  static const Op& op = find_op("local_response_norm");
  return apply(op, {x}, {size, alpha, beta, k})[0];
}

Tensor bce_with_logits_loss(const Tensor& x, const Tensor& target, const Tensor& weight, const Tensor& pos_weight, const std::string& reduction) {
  static const Op& op = find_op("bce_with_logits_loss");
  return apply(op, {x, target, weight, pos_weight}, {reduction})[0];
}

Tensor hinge_loss(const Tensor& x, const Tensor& target, const std::string& reduction) {
  static const Op& op = find_op("hinge_loss");
  return apply(op, {x, target}, {reduction})[0];
}

Tensor huber_loss(const Tensor& x, const Tensor& target, double delta, const std::string& reduction) {
  static const Op& op = find_op("huber_loss");
  return apply(op, {x, target}, {delta, reduction})[0];
}

Tensor kl_div_loss(const Tensor& x, const Tensor& target, bool log_target, const std::string& reduction) {
  static const Op& op = find_op("kl_div_loss");
  return apply(op, {x, target}, {log_target, reduction})[0];
}

Tensor l1_loss(const Tensor& x, const Tensor& target, const std::string& reduction) {
  static const Op& op = find_op("l1_loss");
  return apply(op, {x, target}, {reduction})[0];
}

Tensor mse_loss(const Tensor& x, const Tensor& target, const std::string& reduction) {
  static const Op& op = find_op("mse_loss");
  return apply(op, {x, target}, {reduction})[0];
}

Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, double beta, const std::string& reduction) {
  static const Op& op = find_op("smooth_l1_loss");
  return apply(op, {x, target}, {beta, reduction})[0];
}

std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& x, const Tensor& weight_ih, const Tensor& weight_hh, const Tensor& bias_ih, const Tensor& bias_hh, const Tensor& h0, const Tensor& c0) {
  static const Op& op = find_op("lstm");
  const auto y = apply(op, {x, weight_ih, weight_hh, bias_ih, bias_hh, h0, c0}, {});
  return {y[0], y[1], y[2]};
}

Tensor abs(const Tensor& x) {
  static const Op& op = find_op("abs");
  return apply(op, {x}, {})[0];
}

Tensor ceil(const Tensor& x) {
  static const Op& op = find_op("ceil");
  return apply(op, {x}, {})[0];
}

Tensor clamp(const Tensor& x, double low, double high) {
  static const Op& op = find_op("clamp");
  return apply(op, {x}, {low, high})[0];
}

Tensor cos(const Tensor& x) {
  static const Op& op = find_op("cos");
  return apply(op, {x}, {})[0];
}

Tensor erf(const Tensor& x) {
  static const Op& op = find_op("erf");
  return apply(op, {x}, {})[0];
}

Tensor exp(const Tensor& x) {
  static const Op& op = find_op("exp");
  return apply(op, {x}, {})[0];
}

Tensor expm1(const Tensor& x) {
  static const Op& op = find_op("expm1");
  return apply(op, {x}, {})[0];
}

Tensor floor(const Tensor& x) {
  static const Op& op = find_op("floor");
  return apply(op, {x}, {})[0];
}

Tensor log(const Tensor& x) {
  static const Op& op = find_op("log");
  return apply(op, {x}, {})[0];
}

Tensor log1p(const Tensor& x) {
  static const Op& op = find_op("log1p");
  return apply(op, {x}, {})[0];
}

Tensor pow(const Tensor& x, double exponent) {
  static const Op& op = find_op("pow");
  return apply(op, {x}, {exponent})[0];
}

Tensor reciprocal(const Tensor& x) {
  static const Op& op = find_op("reciprocal");
  return apply(op, {x}, {})[0];
}

Tensor round(const Tensor& x) {
  static const Op& op = find_op("round");
  return apply(op, {x}, {})[0];
}

Tensor rsqrt(const Tensor& x) {
  static const Op& op = find_op("rsqrt");
  return apply(op, {x}, {})[0];
}

Tensor sign(const Tensor& x) {
  static const Op& op = find_op("sign");
  return apply(op, {x}, {})[0];
}

Tensor sin(const Tensor& x) {
  static const Op& op = find_op("sin");
  return apply(op, {x}, {})[0];
}

Tensor sqrt(const Tensor& x) {
  static const Op& op = find_op("sqrt");
  return apply(op, {x}, {})[0];
}

Tensor square(const Tensor& x) {
  static const Op& op = find_op("square");
  return apply(op, {x}, {})[0];
}

Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias) {
  static const Op& op = find_op("linear");
  return apply(op, {x, weight, bias}, {})[0];
}

Tensor matmul(const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("matmul");
  return apply(op, {x, y}, {})[0];
}

Tensor max_pool2d(const Tensor& x, const Dims& kernel, const Dims& stride, const Dims& padding, const Dims& dilation, bool ceil_mode) {
  static const Op& op = find_op("max_pool2d");
  return apply(op, {x}, {kernel, stride, padding, dilation, ceil_mode})[0];
}

Tensor group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t groups, double eps) {
  static const Op& op = find_op("group_norm");
  return apply(op, {x, weight, bias}, {groups, eps})[0];
}

Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& shape, double eps) {
  static const Op& op = find_op("layer_norm");
  return apply(op, {x, weight, bias}, {shape, eps})[0];
}

Tensor normalize(const Tensor& x, double p, int64_t dim, double eps) {
  static const Op& op = find_op("normalize");
  return apply(op, {x}, {p, dim, eps})[0];
}

void adadelta_step(const Tensor& param, const Tensor& grad, const Tensor& square_avg, const Tensor& acc_delta, double lr, double rho, double eps, double weight_decay) {
  static const Op& op = find_op("adadelta_step");
  apply(op, {param, grad, square_avg, acc_delta}, {lr, rho, eps, weight_decay});
}

void adagrad_step(const Tensor& param, const Tensor& grad, const Tensor& sum, double lr, int64_t step, double lr_decay, double eps, double weight_decay) {
  static const Op& op = find_op("adagrad_step");
  apply(op, {param, grad, sum}, {lr, step, lr_decay, eps, weight_decay});
}

void adam_step(const Tensor& param, const Tensor& grad, const Tensor& m, const Tensor& v, double lr, int64_t step, double beta1, double beta2, double eps, double weight_decay, bool decoupled) {
  static const Op& op = find_op("adam_step");
  apply(op, {param, grad, m, v}, {lr, step, beta1, beta2, eps, weight_decay, decoupled});
}

void rmsprop_step(const Tensor& param, const Tensor& grad, const Tensor& square_avg, const Tensor& velocity, double lr, double alpha, double eps, double weight_decay, double momentum) {
  static const Op& op = find_op("rmsprop_step");
  apply(op, {param, grad, square_avg, velocity}, {lr, alpha, eps, weight_decay, momentum});
}

void sgd_step(const Tensor& param, const Tensor& grad, const Tensor& velocity, double lr, double momentum, double dampening, double weight_decay, bool nesterov, int64_t step) {
  static const Op& op = find_op("sgd_step");
  apply(op, {param, grad, velocity}, {lr, momentum, dampening, weight_decay, nesterov, step});
}

Tensor pad(const Tensor& x, const Dims& padding, const std::string& mode, double value) {
  static const Op& op = find_op("pad");
  return apply(op, {x}, {padding, mode, value})[0];
}

Tensor bernoulli(const Dims& shape, double p, DType dtype) {
  static const Op& op = find_op("bernoulli");
  return apply(op, {}, {shape, p, dtype})[0];
}

Tensor rand(const Dims& shape, double low, double high, DType dtype) {
  static const Op& op = find_op("rand");
  return apply(op, {}, {shape, low, high, dtype})[0];
}

Tensor randint(const Dims& shape, int64_t low, int64_t high, DType dtype) {
  static const Op& op = find_op("randint");
  return apply(op, {}, {shape, low, high, dtype})[0];
}

Tensor randn(const Dims& shape, double mean, double std, DType dtype) {
  static const Op& op = find_op("randn");
  return apply(op, {}, {shape, mean, std, dtype})[0];
}

Tensor randperm(int64_t n) {
  static const Op& op = find_op("randperm");
  return apply(op, {}, {n})[0];
}

Tensor max(const Tensor& x, const Dims& dims, bool keepdim) {
  static const Op& op = find_op("max");
  return apply(op, {x}, {dims, keepdim})[0];
}

Tensor mean(const Tensor& x, const Dims& dims, bool keepdim) {
  static const Op& op = find_op("mean");
  return apply(op, {x}, {dims, keepdim})[0];
}

Tensor min(const Tensor& x, const Dims& dims, bool keepdim) {
  static const Op& op = find_op("min");
  return apply(op, {x}, {dims, keepdim})[0];
}

Tensor prod(const Tensor& x, const Dims& dims, bool keepdim) {
  static const Op& op = find_op("prod");
  return apply(op, {x}, {dims, keepdim})[0];
}

Tensor sum(const Tensor& x, const Dims& dims, bool keepdim) {
  static const Op& op = find_op("sum");
  return apply(op, {x}, {dims, keepdim})[0];
}

Tensor var(const Tensor& x, const Dims& dims, bool keepdim, int64_t correction) {
  static const Op& op = find_op("var");
  return apply(op, {x}, {dims, keepdim, correction})[0];
}

std::tuple<Tensor, Tensor> rnn(const Tensor& x, const Tensor& weight_ih, const Tensor& weight_hh, const Tensor& bias_ih, const Tensor& bias_hh, const Tensor& h0, const std::string& activation) {
  static const Op& op = find_op("rnn");
  const auto y = apply(op, {x, weight_ih, weight_hh, bias_ih, bias_hh, h0}, {activation});
  return {y[0], y[1]};
}

Tensor sample_bernoulli(const Tensor& p) {
  static const Op& op = find_op("sample_bernoulli");
  return apply(op, {p}, {})[0];
}

Tensor masked_fill(const Tensor& x, const Tensor& mask, double value) {
  static const Op& op = find_op("masked_fill");
  return apply(op, {x, mask}, {value})[0];
}

Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y) {
  static const Op& op = find_op("where");
  return apply(op, {condition, x, y}, {})[0];
}

Tensor sequence_mask(const Tensor& lengths, int64_t steps) {
  static const Op& op = find_op("sequence_mask");
  return apply(op, {lengths}, {steps})[0];
}

Tensor cast(const Tensor& x, DType dtype) {
  static const Op& op = find_op("cast");
  return apply(op, {x}, {dtype})[0];
}

Tensor expand(const Tensor& x, const Dims& shape) {
  static const Op& op = find_op("expand");
  return apply(op, {x}, {shape})[0];
}

Tensor flatten(const Tensor& x, int64_t start) {
  static const Op& op = find_op("flatten");
  return apply(op, {x}, {start})[0];
}

Tensor permute(const Tensor& x, const Dims& axes) {
  static const Op& op = find_op("permute");
  return apply(op, {x}, {axes})[0];
}

Tensor reshape(const Tensor& x, const Dims& shape) {
  static const Op& op = find_op("reshape");
  return apply(op, {x}, {shape})[0];
}

Tensor squeeze(const Tensor& x, int64_t dim) {
  static const Op& op = find_op("squeeze");
  return apply(op, {x}, {dim})[0];
}

Tensor transpose(const Tensor& x, int64_t dim0, int64_t dim1) {
  static const Op& op = find_op("transpose");
  return apply(op, {x}, {dim0, dim1})[0];
}

Tensor unsqueeze(const Tensor& x, int64_t dim) {
  static const Op& op = find_op("unsqueeze");
  return apply(op, {x}, {dim})[0];
}

Tensor log_softmax(const Tensor& x, int64_t dim) {
  static const Op& op = find_op("log_softmax");
  return apply(op, {x}, {dim})[0];
}

Tensor logsumexp(const Tensor& x, const Dims& dims, bool keepdim) {
  static const Op& op = find_op("logsumexp");
  return apply(op, {x}, {dims, keepdim})[0];
}

Tensor softmax(const Tensor& x, int64_t dim) {
  static const Op& op = find_op("softmax");
  return apply(op, {x}, {dim})[0];
}

Tensor argmax(const Tensor& x, int64_t dim, bool keepdim) {
  static const Op& op = find_op("argmax");
  return apply(op, {x}, {dim, keepdim})[0];
}

Tensor argmin(const Tensor& x, int64_t dim, bool keepdim) {
  static const Op& op = find_op("argmin");
  return apply(op, {x}, {dim, keepdim})[0];
}

Tensor argsort(const Tensor& x, int64_t dim, bool descending) {
  static const Op& op = find_op("argsort");
  return apply(op, {x}, {dim, descending})[0];
}

Tensor cumsum(const Tensor& x, int64_t dim) {
  static const Op& op = find_op("cumsum");
  return apply(op, {x}, {dim})[0];
}

std::tuple<Tensor, Tensor> sort(const Tensor& x, int64_t dim, bool descending) {
  static const Op& op = find_op("sort");
  const auto y = apply(op, {x}, {dim, descending});
  return {y[0], y[1]};
}

std::tuple<Tensor, Tensor> topk(const Tensor& x, int64_t k, int64_t dim, bool largest) {
  static const Op& op = find_op("topk");
  const auto y = apply(op, {x}, {k, dim, largest});
  return {y[0], y[1]};
}

Tensor hardshrink(const Tensor& x, double lambd) {
  static const Op& op = find_op("hardshrink");
  return apply(op, {x}, {lambd})[0];
}

Tensor hardtanh(const Tensor& x, double min_val, double max_val) {
  static const Op& op = find_op("hardtanh");
  return apply(op, {x}, {min_val, max_val})[0];
}

Tensor softshrink(const Tensor& x, double lambd) {
  static const Op& op = find_op("softshrink");
  return apply(op, {x}, {lambd})[0];
}

Tensor tanhshrink(const Tensor& x) {
  static const Op& op = find_op("tanhshrink");
  return apply(op, {x}, {})[0];
}

Tensor threshold(const Tensor& x, double threshold, double value) {
  static const Op& op = find_op("threshold");
  return apply(op, {x}, {threshold, value})[0];
}

}  // namespace fovea
