// The ops as functions. Generated from the op table by fovea_generate: edit the record in src/ops/, not this file.
#pragma once
#include <cmath>
#include <string>
#include <tuple>
#include <vector>

#include "fovea/tensor.h"

namespace fovea {

// activation

/// x where x > 0, alpha (e^(x / alpha) - 1) elsewhere: an ELU whose derivative has no jump at 0 for any alpha
/// (Barron 2017).
Tensor celu(const Tensor& x, double alpha = 1);

/// x where x > 0, alpha (e^x - 1) elsewhere (Clevert et al. 2015).
Tensor elu(const Tensor& x, double alpha = 1);

/// x times the normal distribution function at x, by erf (Hendrycks and Gimpel 2016).
Tensor gelu(const Tensor& x);

/// GELU by its tanh approximation: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))).
Tensor gelu_tanh(const Tensor& x);

/// x/6 + 1/2 clamped to [0, 1].
Tensor hardsigmoid(const Tensor& x);

/// x times hardsigmoid(x) (MobileNetV3).
Tensor hardswish(const Tensor& x);

/// x where x > 0, slope x elsewhere (Maas et al. 2013). The default is the field's 0.01; Darknet and many
/// lectures use 0.1: pass it.
Tensor leaky_relu(const Tensor& x, double slope = 0.01);

/// log(1 / (1 + e^-x)), exact where the sigmoid is 0 in floats.
Tensor logsigmoid(const Tensor& x);

/// x tanh(softplus(x)) (Misra 2019; YOLOv4).
Tensor mish(const Tensor& x);

/// max(0, x); derivative 0 at 0 (Nair and Hinton 2010).
Tensor relu(const Tensor& x);

/// min(max(0, x), 6) (MobileNet).
Tensor relu6(const Tensor& x);

/// ELU scaled so that activations keep mean 0 and variance 1 (Klambauer et al. 2017).
Tensor selu(const Tensor& x);

/// 1 / (1 + e^-x).
Tensor sigmoid(const Tensor& x);

/// x sigmoid(x), also called swish.
Tensor silu(const Tensor& x);

/// log(1 + e^x), a smooth ReLU.
Tensor softplus(const Tensor& x);

/// x / (1 + |x|): an S like tanh that saturates slowly (Bergstra et al. 2009).
Tensor softsign(const Tensor& x);

/// 1 where x > 0, else 0: the perceptron's all-or-none firing (Rosenblatt 1958). The derivative is 0
/// everywhere, so a perceptron learns by its own rule instead of by gradients.
Tensor step(const Tensor& x);

/// Hyperbolic tangent.
Tensor tanh(const Tensor& x);

// adaptive_pool2d

/// Mean over windows of (N,C,H,W) chosen so that `size` (height and width, or one number for both) of them
/// cover x: window i is [floor(i H / size), ceil((i + 1) H / size)). size=1 is the global mean of each
/// channel (Lin et al. 2013).
Tensor adaptive_avg_pool2d(const Tensor& x, const Dims& size);

/// Maximum over the windows of adaptive_avg_pool2d. NaN wins; of equal maxima the first gets the gradient.
Tensor adaptive_max_pool2d(const Tensor& x, const Dims& size);

// arithmetic

/// x + y, broadcast.
Tensor add(const Tensor& x, const Tensor& y);

/// scale x + shift with two numbers: what x * 2, x - 1 and 1 - x become.
Tensor affine(const Tensor& x, double scale = 1, double shift = 0);

/// x / y element by element, broadcast; 1/0 is infinite as in IEEE 754.
Tensor div(const Tensor& x, const Tensor& y);

/// The larger of x and y, broadcast; NaN if either is. Where they are equal the gradient goes to x.
Tensor maximum(const Tensor& x, const Tensor& y);

/// The smaller of x and y, broadcast; NaN if either is. Where they are equal the gradient goes to x.
Tensor minimum(const Tensor& x, const Tensor& y);

/// x * y element by element, broadcast.
Tensor mul(const Tensor& x, const Tensor& y);

/// -x.
Tensor neg(const Tensor& x);

/// x to the power y, broadcast. The gradient with respect to y wants x > 0.
Tensor power(const Tensor& x, const Tensor& y);

/// x - y, broadcast.
Tensor sub(const Tensor& x, const Tensor& y);

// avg_pool2d

/// Mean over windows of (N,C,H,W); no stride means stride = kernel, windows as in max_pool2d. Zeros of the
/// padding count as elements unless count_include_pad is false; what ceil_mode adds beyond the padding never
/// counts (PyTorch).
Tensor avg_pool2d(const Tensor& x, const Dims& kernel, const Dims& stride = {}, const Dims& padding = {0}, bool ceil_mode = false, bool count_include_pad = true);

// batch_norm

/// (x - mean) / sqrt(var + eps) * weight + bias for each channel of x (N,C) or (N,C,...) (Ioffe and Szegedy
/// 2015). In training mean and biased variance are those of the batch, and the running ones, if given, move
/// towards them: running = (1 - momentum) running + momentum now, with the unbiased variance (PyTorch's
/// meaning of momentum; Keras calls that 1 - momentum). Otherwise the running ones are used.
Tensor batch_norm(const Tensor& x, const Tensor& weight = {}, const Tensor& bias = {}, const Tensor& running_mean = {}, const Tensor& running_var = {}, bool training = true, double momentum = 0.1, double eps = 1e-05);

// channel_activation

/// The first half of `dim` times the sigmoid of the second: a linear unit with a gate (Dauphin et al. 2017).
Tensor glu(const Tensor& x, int64_t dim = -1);

/// The largest of each group of `pieces` consecutive channels, so C becomes C / pieces (Goodfellow et al.
/// 2013): after a linear layer or convolution a convex activation that is learned.
Tensor maxout(const Tensor& x, int64_t pieces, int64_t dim = 1);

/// x where x > 0, weight x elsewhere, with a learned weight: one, or one per channel of (N,C,...) (He et al.
/// 2015).
Tensor prelu(const Tensor& x, const Tensor& weight);

// compare

/// x == y, broadcast, as bool; NaN equals nothing.
Tensor equal(const Tensor& x, const Tensor& y);

/// x > y, broadcast, as bool.
Tensor greater(const Tensor& x, const Tensor& y);

/// x >= y, broadcast, as bool.
Tensor greater_equal(const Tensor& x, const Tensor& y);

/// False for infinities and NaN.
Tensor isfinite(const Tensor& x);

/// x < y, broadcast, as bool.
Tensor less(const Tensor& x, const Tensor& y);

/// x <= y, broadcast, as bool.
Tensor less_equal(const Tensor& x, const Tensor& y);

/// x and y, broadcast.
Tensor logical_and(const Tensor& x, const Tensor& y);

/// not x.
Tensor logical_not(const Tensor& x);

/// x or y, broadcast.
Tensor logical_or(const Tensor& x, const Tensor& y);

/// x != y, broadcast, as bool.
Tensor not_equal(const Tensor& x, const Tensor& y);

// conv

/// Cross-correlation of x (N, C, spatial...) with weight (O, C/groups, window...) plus bias (O), over 1
/// spatial dimension(s). Result size: floor((in + 2 padding - dilation (window - 1) - 1) / stride) + 1. One
/// number in a list stands for all dimensions.
Tensor conv1d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Dims& stride = {1}, const Dims& padding = {0}, const Dims& dilation = {1}, int64_t groups = 1);

/// Cross-correlation of x (N, C, spatial...) with weight (O, C/groups, window...) plus bias (O), over 2
/// spatial dimension(s). Result size: floor((in + 2 padding - dilation (window - 1) - 1) / stride) + 1. One
/// number in a list stands for all dimensions.
Tensor conv2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Dims& stride = {1}, const Dims& padding = {0}, const Dims& dilation = {1}, int64_t groups = 1);

/// Cross-correlation of x (N, C, spatial...) with weight (O, C/groups, window...) plus bias (O), over 3
/// spatial dimension(s). Result size: floor((in + 2 padding - dilation (window - 1) - 1) / stride) + 1. One
/// number in a list stands for all dimensions.
Tensor conv3d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Dims& stride = {1}, const Dims& padding = {0}, const Dims& dilation = {1}, int64_t groups = 1);

/// Transposed convolution: the gradient of conv2d with respect to its input, as a layer. weight is (C,
/// O/groups, KH, KW). Result size: (in - 1) stride - 2 padding + dilation (window - 1) + output_padding + 1.
Tensor conv_transpose2d(const Tensor& x, const Tensor& weight, const Tensor& bias = {}, const Dims& stride = {1}, const Dims& padding = {0}, const Dims& output_padding = {0}, const Dims& dilation = {1}, int64_t groups = 1);

// cross_entropy

/// -log softmax(x) at the label, for logits x (N,C) or (N,C,d1..) and labels (N) or (N,d1..). `weight` (C)
/// multiplies the loss of each class and has no gradient; rows labelled `ignore_index` count nothing;
/// `label_smoothing` s spreads the share s of the target evenly over all classes. "mean" divides by the sum
/// of the weights of the labels counted (NaN if there are none), as PyTorch does; "sum"; "none" gives (N) or
/// (N,d1..).
Tensor cross_entropy(const Tensor& x, const Tensor& target, const Tensor& weight = {}, int64_t ignore_index = -100, double label_smoothing = 0, const std::string& reduction = "mean");

/// -x at the label, for log-probabilities x: cross_entropy(x) is nll_loss(log_softmax(x, 1)). Shapes,
/// weights, ignored labels and reductions as there.
Tensor nll_loss(const Tensor& x, const Tensor& target, const Tensor& weight = {}, int64_t ignore_index = -100, const std::string& reduction = "mean");

// ctc_loss

/// -log of the probability that labels are read from a sequence (Graves et al. 2006), summed over all ways to
/// place them in time, with the class `blank` between them; neighbours that are equal merge. log_probs
/// (T,N,C) are log_softmax(x, 2); targets (N,S) hold target_lengths (N) labels each, inputs have
/// input_lengths (N) steps. "mean" divides each loss by its number of labels (at least 1) before the mean
/// over the batch, as PyTorch does; "sum"; "none" gives (N). Throws for labels that take more steps than the
/// input has, unless zero_infinity, which counts 0 for them. The gradient is that of log_probs themselves;
/// PyTorch's has the softmax of log_probs added, which makes no difference behind log_softmax.
Tensor ctc_loss(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths, const Tensor& target_lengths, int64_t blank = 0, const std::string& reduction = "mean", bool zero_infinity = false);

// dropout

/// In training each element becomes 0 with probability p and x / (1 - p) otherwise, else x stays (Srivastava
/// et al. 2014). The mask comes from default_generator(): the same seed gives the same mask, whatever the
/// layout or the threads.
Tensor dropout(const Tensor& x, double p = 0.5, bool training = true);

/// dropout of whole channels of (N,C,...): neighbouring pixels tell the same, so single ones would hardly be
/// missed (Tompson et al. 2015).
Tensor dropout2d(const Tensor& x, double p = 0.5, bool training = true);

// gru

/// One layer of gated recurrent units (Cho et al. 2014) over x (T,N,I): with the rows of weight_ih (3H,I),
/// weight_hh (3H,H) and of the biases (3H) in the order r, z, n, a = x_t weight_ih^T + bias_ih and b = h
/// weight_hh^T + bias_hh, r = sigmoid(a_r + b_r), z = sigmoid(a_z + b_z), n = tanh(a_n + r b_n), h = (1 - z)
/// n + z h. The reset gate acts on the projected state, bias included, as in PyTorch and cuDNN; in the paper
/// and in older Keras it acts on h before the product. h0 (N,H) is zeros if left out. Gives h of every step,
/// y (T,N,H), and the last one (N,H).
std::tuple<Tensor, Tensor> gru(const Tensor& x, const Tensor& weight_ih, const Tensor& weight_hh, const Tensor& bias_ih = {}, const Tensor& bias_hh = {}, const Tensor& h0 = {});

// in_place

/// x += y in place; the shapes are equal.
void accumulate(const Tensor& x, const Tensor& y);

/// x = y in place; the shapes are equal.
void copy_in_place(const Tensor& x, const Tensor& y);

/// Every element of x becomes `value`; integers take it as cast() does.
void fill_in_place(const Tensor& x, double value);

/// x *= factor in place.
void scale_in_place(const Tensor& x, double factor);

// index

/// Row index[...] of weight (V,D) for each entry of index: (...) becomes (...,D).
Tensor embedding(const Tensor& weight, const Tensor& index);

/// y[i][j] = x[i][index[i][j]] for dim=1 and accordingly for others: one entry of x along `dim` per entry of
/// index, which is no larger than x but along `dim`. Throws on an index outside of 0 .. size-1, naming its
/// position.
Tensor gather(const Tensor& x, const Tensor& index, int64_t dim);

/// Entries index[0], index[1] ... of dimension `dim`. Throws on an index outside of 0 .. size-1, naming its
/// position.
Tensor index_select(const Tensor& x, const Tensor& index, int64_t dim = 0);

/// (...) becomes (...,classes): 1 at the index, 0 elsewhere; dtype f32, f64, i32 or i64.
Tensor one_hot(const Tensor& index, int64_t classes, DType dtype = f32);

/// x with entry [i][index[i][j]] replaced by source[i][j] for dim=1 and accordingly for others. index has the
/// shape of source and is no larger than x but along `dim`. Where two entries of index meet, the later one
/// wins, and it alone has a gradient.
Tensor scatter(const Tensor& x, const Tensor& index, const Tensor& source, int64_t dim);

/// x with source[i][j] added to entry [i][index[i][j]] for dim=1 and accordingly for others. index has the
/// shape of source and is no larger than x but along `dim`. Summed in the order of the index.
Tensor scatter_add(const Tensor& x, const Tensor& index, const Tensor& source, int64_t dim);

// interpolate

/// Images (N,C,H,W) resampled to `size` {H,W}. Pixels are squares: the centre of pixel i lies at (i + 0.5) /
/// size, unless align_corners puts the centres of the corner pixels on each other. nearest takes pixel
/// floor(i in / out); bilinear weighs the 2 x 2 neighbours; with antialias a triangle as wide as the coarser
/// pixel, which is right for making images smaller (as Pillow and torchvision do).
Tensor interpolate(const Tensor& x, const Dims& size, const std::string& mode = "bilinear", bool align_corners = false, bool antialias = false);

// join

/// The tensors one after the other along `dim`; their other dimensions are equal.
Tensor concat(const std::vector<Tensor>& xs, int64_t dim = 0);

/// The order of the entries of each of `dims` turned around. A view.
Tensor flip(const Tensor& x, const Dims& dims);

/// Entries moved by shifts[i] along dims[i]; those that leave the end come back at the start.
Tensor roll(const Tensor& x, const Dims& shifts, const Dims& dims);

/// Entries start, start + step ... below `end` of dimension `dim`, as a view. As in Python, negative start
/// and end count from the end and both are clamped to the size.
Tensor slice(const Tensor& x, int64_t dim, int64_t start, int64_t end, int64_t step = 1);

/// Tensors of one shape along a new dimension `dim` of the result.
Tensor stack(const std::vector<Tensor>& xs, int64_t dim = 0);

// local_response_norm

/// x / (k + alpha/size * s)^beta, where s is the sum of squares over `size` neighbouring channels of
/// (N,C,H,W), zero beyond the ends (Krizhevsky et al. 2012). alpha is divided by size as in PyTorch and
/// Caffe; the paper and TensorFlow do not, so their alpha is ours divided by size.
Tensor local_response_norm(const Tensor& x, int64_t size = 5, double alpha = 0.0001, double beta = 0.75, double k = 1);

// loss

/// Binary cross-entropy -(t log s(x) + (1 - t) log(1 - s(x))) with the sigmoid s inside, so that no logit
/// overflows. Targets lie in [0, 1]. `pos_weight` multiplies the first term and `weight` the whole (both
/// broadcast); reduced by "mean" (over all elements, whatever the weights), "sum" or "none".
Tensor bce_with_logits_loss(const Tensor& x, const Tensor& target, const Tensor& weight = {}, const Tensor& pos_weight = {}, const std::string& reduction = "mean");

/// max(0, 1 - x target) with targets -1 and 1: the margin loss of support vector machines, reduced by "mean",
/// "sum" or "none".
Tensor hinge_loss(const Tensor& x, const Tensor& target, const std::string& reduction = "mean");

/// With d = x - target: d^2/2 where |d| < delta, delta (|d| - delta/2) elsewhere (Huber 1964), reduced by
/// "mean", "sum" or "none".
Tensor huber_loss(const Tensor& x, const Tensor& target, double delta = 1, const std::string& reduction = "mean");

/// Kullback-Leibler divergence t (log t - x) of log-probabilities x from the target t, which is a
/// log-probability too if log_target. "mean" divides by all elements, "batchmean" by the batch size only (the
/// divergence itself).
Tensor kl_div_loss(const Tensor& x, const Tensor& target, bool log_target = false, const std::string& reduction = "mean");

/// |x - target|, reduced by "mean", "sum" or "none".
Tensor l1_loss(const Tensor& x, const Tensor& target, const std::string& reduction = "mean");

/// (x - target)^2, reduced by "mean", "sum" or "none".
Tensor mse_loss(const Tensor& x, const Tensor& target, const std::string& reduction = "mean");

/// Huber's loss divided by its width: with d = x - target, d^2 / (2 beta) where |d| < beta, |d| - beta/2
/// elsewhere (Girshick 2015); beta=0 is l1_loss.
Tensor smooth_l1_loss(const Tensor& x, const Tensor& target, double beta = 1, const std::string& reduction = "mean");

// lstm

/// One layer of long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000) over
/// x (T,N,I): with the rows of weight_ih (4H,I), weight_hh (4H,H) and of the biases (4H) in the order i, f,
/// g, o, z = x_t weight_ih^T + bias_ih + h weight_hh^T + bias_hh, c = sigmoid(f) c + sigmoid(i) tanh(g), h =
/// sigmoid(o) tanh(c). h0 and c0 (N,H) are zeros if left out. Gives h of every step, y (T,N,H), and the last
/// h and c (N,H). Weights and order are PyTorch's.
std::tuple<Tensor, Tensor, Tensor> lstm(const Tensor& x, const Tensor& weight_ih, const Tensor& weight_hh, const Tensor& bias_ih = {}, const Tensor& bias_hh = {}, const Tensor& h0 = {}, const Tensor& c0 = {});

// math

/// |x|; derivative 0 at 0.
Tensor abs(const Tensor& x);

/// The smallest integer not below x.
Tensor ceil(const Tensor& x);

/// x, but at least low and at most high; derivative 0 outside and at both.
Tensor clamp(const Tensor& x, double low = -INFINITY, double high = INFINITY);

/// Cosine of x in radians.
Tensor cos(const Tensor& x);

/// Error function: 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x.
Tensor erf(const Tensor& x);

/// e to the power x.
Tensor exp(const Tensor& x);

/// e^x - 1, exact near 0.
Tensor expm1(const Tensor& x);

/// The largest integer not above x.
Tensor floor(const Tensor& x);

/// Natural logarithm; NaN below 0, -inf at 0.
Tensor log(const Tensor& x);

/// log(1 + x), exact near 0.
Tensor log1p(const Tensor& x);

/// x to the power of one number.
Tensor pow(const Tensor& x, double exponent = 2);

/// 1 / x.
Tensor reciprocal(const Tensor& x);

/// The nearest integer, halves to even.
Tensor round(const Tensor& x);

/// 1 / sqrt(x).
Tensor rsqrt(const Tensor& x);

/// 1, -1 or 0 (NaN stays NaN).
Tensor sign(const Tensor& x);

/// Sine of x in radians.
Tensor sin(const Tensor& x);

/// Square root; NaN below 0.
Tensor sqrt(const Tensor& x);

/// x * x.
Tensor square(const Tensor& x);

// matmul

/// The fully connected layer: x weight^T + bias for x (..., K), weight (N, K), bias (N).
Tensor linear(const Tensor& x, const Tensor& weight, const Tensor& bias = {});

/// Matrix product of the last two dimensions: (..., M, K) times (..., K, N) gives (..., M, N); leading
/// dimensions broadcast.
Tensor matmul(const Tensor& x, const Tensor& y);

// max_pool2d

/// Maximum over windows of (N,C,H,W); padding counts as -inf, NaN wins. No stride means stride = kernel. A
/// side of H gives floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 windows (PyTorch; Caffe
/// rounds up: ceil_mode, where windows that would start beyond the input are left out). Of equal maxima the
/// first gets the gradient.
Tensor max_pool2d(const Tensor& x, const Dims& kernel, const Dims& stride = {}, const Dims& padding = {0}, const Dims& dilation = {1}, bool ceil_mode = false);

// norm

/// x (N,C,...) with mean and biased variance over each of `groups` groups of consecutive channels of each
/// example, then weight (C) and bias (C) (Wu and He 2018). groups = C is instance normalisation, groups = 1
/// one group of all.
Tensor group_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, int64_t groups, double eps = 1e-05);

/// (x - mean) / sqrt(var + eps) * weight + bias over the last dimensions, whose sizes are `shape`: mean and
/// biased variance of each example by itself; weight and bias have that shape (Ba et al. 2016).
Tensor layer_norm(const Tensor& x, const Tensor& weight, const Tensor& bias, const Dims& shape, double eps = 1e-05);

/// x divided by its p-norm along `dim`, or by eps where the norm is smaller; p >= 1, p=inf for the largest
/// magnitude.
Tensor normalize(const Tensor& x, double p = 2, int64_t dim = 1, double eps = 1e-12);

// optimizer

/// Adadelta (Zeiler 2012): s = rho s + (1 - rho) g^2, d = sqrt(a + eps) / sqrt(s + eps) g, a = rho a + (1 -
/// rho) d^2, param -= lr d.
void adadelta_step(const Tensor& param, const Tensor& grad, const Tensor& square_avg, const Tensor& acc_delta, double lr, double rho = 0.9, double eps = 1e-06, double weight_decay = 0);

/// Adagrad (Duchi et al. 2011); `step` counts from 1: sum += g^2, param -= lr / (1 + (step - 1) lr_decay) g /
/// (sqrt(sum) + eps).
void adagrad_step(const Tensor& param, const Tensor& grad, const Tensor& sum, double lr, int64_t step, double lr_decay = 0, double eps = 1e-10, double weight_decay = 0);

/// Adam (Kingma and Ba 2015); `step` counts from 1. m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2)
/// g^2, param -= lr m^ / (sqrt(v^) + eps) with m^ = m / (1 - beta1^step), v^ = v / (1 - beta2^step).
/// weight_decay is added to g, or if `decoupled` shrinks param by 1 - lr weight_decay first (AdamW,
/// Loshchilov and Hutter 2019).
void adam_step(const Tensor& param, const Tensor& grad, const Tensor& m, const Tensor& v, double lr, int64_t step, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-08, double weight_decay = 0, bool decoupled = false);

/// RMSprop (Hinton 2012): s = alpha s + (1 - alpha) g^2, d = g / (sqrt(s) + eps), param -= lr d; with
/// momentum v = momentum v + d, param -= lr v.
void rmsprop_step(const Tensor& param, const Tensor& grad, const Tensor& square_avg, const Tensor& velocity, double lr, double alpha = 0.99, double eps = 1e-08, double weight_decay = 0, double momentum = 0);

/// Stochastic gradient descent in PyTorch's form: g = grad + weight_decay param; v = momentum v + (1 -
/// dampening) g, or v = g on `step` 1; param -= lr v, with nesterov param -= lr (g + momentum v). Without
/// momentum no velocity is needed.
void sgd_step(const Tensor& param, const Tensor& grad, const Tensor& velocity, double lr, double momentum = 0, double dampening = 0, double weight_decay = 0, bool nesterov = false, int64_t step = 0);

// pad

/// Entries added at the borders, `padding` in PyTorch's order: {left, right, top, bottom ...}, the last
/// dimension first. Modes: constant (`value`; negative padding cuts off), reflect (mirrored without the
/// border itself, padding < size), replicate (the border repeated).
Tensor pad(const Tensor& x, const Dims& padding, const std::string& mode = "constant", double value = 0);

// random

/// 1 with probability p, else 0, from the default generator.
Tensor bernoulli(const Dims& shape, double p = 0.5, DType dtype = f32);

/// Uniform random numbers in [low, high), from the default generator (manual_seed). f32 and f64 agree up to
/// rounding; where low or high is not 0 or 1, rounding may reach high.
Tensor rand(const Dims& shape, double low = 0, double high = 1, DType dtype = f32);

/// Random integers in [low, high), each equally likely up to (high - low) / 2^64; dtype i64, i32, f32 or f64.
Tensor randint(const Dims& shape, int64_t low, int64_t high, DType dtype = i64);

/// Normal random numbers (Box and Muller 1958) from the default generator. f32 and f64 agree up to rounding.
Tensor randn(const Dims& shape, double mean = 0, double std = 1, DType dtype = f32);

/// A random order of 0 .. n-1 as i64 (Fisher and Yates).
Tensor randperm(int64_t n);

// reduce

/// Largest element over `dims`; NaN if one is. Equal maxima share the gradient evenly.
Tensor max(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

/// Arithmetic mean over `dims` (all if none are named); NaN of nothing.
Tensor mean(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

/// Smallest element over `dims`; NaN if one is. Equal minima share the gradient evenly.
Tensor min(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

/// Product over `dims`. The gradient divides by the elements, so it wants them different from 0.
Tensor prod(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

/// Sum over `dims` (all if none are named).
Tensor sum(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

/// Variance over `dims`: squared deviations from the mean, summed and divided by (count - correction).
/// correction=1 is the unbiased estimate, 0 the biased one that normalisation uses.
Tensor var(const Tensor& x, const Dims& dims = {}, bool keepdim = false, int64_t correction = 1);

// rnn

/// One layer of a simple recurrent network (Elman 1990) over x (T,N,I): h = act(x_t weight_ih^T + bias_ih + h
/// weight_hh^T + bias_hh) with weight_ih (H,I), weight_hh (H,H), biases (H) and act tanh or relu. h0 (N,H) is
/// zeros if left out. Gives h of every step, y (T,N,H), and the last one (N,H).
std::tuple<Tensor, Tensor> rnn(const Tensor& x, const Tensor& weight_ih, const Tensor& weight_hh, const Tensor& bias_ih = {}, const Tensor& bias_hh = {}, const Tensor& h0 = {}, const std::string& activation = "tanh");

// sample

/// 1 with the probability that each element of p gives, else 0, from the default generator; p below 0 or NaN
/// is never, above 1 always. The gradient is zero.
Tensor sample_bernoulli(const Tensor& p);

// select

/// x with `value` where the mask, broadcast to x, is true.
Tensor masked_fill(const Tensor& x, const Tensor& mask, double value);

/// x where the condition holds, else y, broadcast. The gradient goes to the chosen one alone.
Tensor where(const Tensor& condition, const Tensor& x, const Tensor& y);

// sequence

/// (N) becomes booleans (steps,N): whether step t belongs to sequence n, t < lengths[n]. Throws for lengths
/// outside of 1..steps.
Tensor sequence_mask(const Tensor& lengths, int64_t steps);

// shape

/// Elements converted to another type; floats to integers round towards zero and saturate. The gradient is
/// cast back (none through integers).
Tensor cast(const Tensor& x, DType dtype);

/// Dimensions of size 1 repeated to `shape`, new ones in front. A view.
Tensor expand(const Tensor& x, const Dims& shape);

/// Joins all dimensions from `start` on: (N,C,H,W) becomes (N,C*H*W).
Tensor flatten(const Tensor& x, int64_t start = 1);

/// Dimension i of the result is dimension axes[i] of x. A view.
Tensor permute(const Tensor& x, const Dims& axes);

/// The same elements in row-major order with another shape; one entry may be -1. A view where the elements
/// lie dense.
Tensor reshape(const Tensor& x, const Dims& shape);

/// Drops dimension `dim`, which must have size 1.
Tensor squeeze(const Tensor& x, int64_t dim);

/// Exchanges two dimensions; of a matrix by default.
Tensor transpose(const Tensor& x, int64_t dim0 = -2, int64_t dim1 = -1);

/// Adds a dimension of size 1 at `dim` of the result.
Tensor unsqueeze(const Tensor& x, int64_t dim);

// softmax

/// log(softmax(x, dim)), exact where softmax underflows.
Tensor log_softmax(const Tensor& x, int64_t dim = -1);

/// log(sum of e^x) over `dims` (all if none are named): a smooth maximum.
Tensor logsumexp(const Tensor& x, const Dims& dims = {}, bool keepdim = false);

/// e^x / sum of e^x along `dim`: positive and of sum 1. The last dimension by default.
Tensor softmax(const Tensor& x, int64_t dim = -1);

// sort

/// Index of the largest entry along `dim`, the first of equal ones; the first NaN if there is one.
Tensor argmax(const Tensor& x, int64_t dim = -1, bool keepdim = false);

/// Index of the smallest entry along `dim`, the first of equal ones; the first NaN if there is one.
Tensor argmin(const Tensor& x, int64_t dim = -1, bool keepdim = false);

/// Where the entries in order stood: the indices of sort.
Tensor argsort(const Tensor& x, int64_t dim = -1, bool descending = false);

/// Entry k becomes the sum of the entries 0 .. k along `dim`; floats are summed in f64.
Tensor cumsum(const Tensor& x, int64_t dim);

/// The entries along `dim` in order, and where they stood. Stable: equal entries keep their order; NaN counts
/// as largest.
std::tuple<Tensor, Tensor> sort(const Tensor& x, int64_t dim = -1, bool descending = false);

/// The k largest (or smallest) entries along `dim` in order, and where they stand. Of equal entries the one
/// with the lower index comes first; NaN counts as largest.
std::tuple<Tensor, Tensor> topk(const Tensor& x, int64_t k, int64_t dim = -1, bool largest = true);

// threshold

/// 0 where |x| <= lambd, x elsewhere.
Tensor hardshrink(const Tensor& x, double lambd = 0.5);

/// x clamped to [min_val, max_val], with derivative 0 at both (Collobert 2004); clamp has 1 there.
Tensor hardtanh(const Tensor& x, double min_val = -1, double max_val = 1);

/// x moved towards 0 by lambd, at most to 0: the proximal step of an L1 penalty (sparse coding).
Tensor softshrink(const Tensor& x, double lambd = 0.5);

/// x - tanh(x).
Tensor tanhshrink(const Tensor& x);

/// x where x > threshold, value elsewhere.
Tensor threshold(const Tensor& x, double threshold, double value);

}  // namespace fovea
