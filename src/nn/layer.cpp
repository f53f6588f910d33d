#include "fovea/nn/layer.h"

#include "fovea/ops.h"
#include "nn/reset.h"

namespace fovea::nn {
namespace {

Tensor optional(bool on, const Dims& shape) { return on ? Tensor::empty(shape) : Tensor(); }

/// One entry per spatial dimension; throws if the layer has another number of them.
Dims spread(const Size& size, int n, const char* what) {
  if (size.size() == 1) return Dims::filled(n, size[0]);
  check(size.size() == n, "{} {} wants 1 or {} numbers", what, size.str(), n);
  return size;
}

Dims weight_shape(int64_t first, int64_t second, int64_t groups, const Dims& kernel) {
  check(groups >= 1 && first >= 1 && second >= 1 && first % groups == 0 && second % groups == 0,
        "{} and {} channels do not divide into {} groups", second, first, groups);
  Dims shape{first, second / groups};
  for (const int64_t k : kernel) shape.push_back(k);
  return shape;
}

/// ", stride=2": settings that differ from the usual.
std::string unless(const Size& usual, const char* name, const Size& size) {
  return size == usual ? "" : fmt::format(", {}={}", name, size.text());
}
std::string groups_and_bias(int64_t groups, const Tensor& bias) {
  return (groups == 1 ? "" : fmt::format(", groups={}", groups)) + (bias.defined() ? "" : ", bias=false");
}

/// The kernel of a weight as one number where all sides are equal.
std::string kernel_text(const Tensor& weight) {
  Dims kernel(weight.shape().begin() + 2, weight.shape().end());
  for (const int64_t k : kernel)
    if (k != kernel[0]) return kernel.str();
  return std::to_string(kernel[0]);
}

}  // namespace

Linear::Linear(int64_t in_features, int64_t out_features, LinearOptions options)
    : weight_(register_parameter("weight", Tensor::empty({out_features, in_features}))),
      bias_(register_parameter("bias", optional(options.bias, {out_features}))) {
  reset(weight_, bias_);
}
Tensor Linear::forward(const Tensor& x) const { return linear(x, weight_, bias_); }
std::string Linear::describe() const {
  return fmt::format("Linear({}, {}{})", weight_.size(1), weight_.size(0),
                     bias_.defined() ? "" : ", bias=false");
}

template <int N>
Conv<N>::Conv(int64_t in_channels, int64_t out_channels, Size kernel, ConvOptions options)
    : weight_(
          register_parameter("weight", Tensor::empty(weight_shape(out_channels, in_channels, options.groups,
                                                                  spread(kernel, N, "kernel"))))),
      bias_(register_parameter("bias", optional(options.bias, {out_channels}))),
      options_(std::move(options)) {
  reset(weight_, bias_);
}
template <int N>
Tensor Conv<N>::forward(const Tensor& x) const {
  constexpr auto op = N == 1 ? conv1d : N == 2 ? conv2d : conv3d;
  return op(x, weight_, bias_, options_.stride, options_.padding, options_.dilation, options_.groups);
}
template <int N>
std::string Conv<N>::describe() const {
  return fmt::format("Conv{}d({}, {}, kernel={}{}{}{}{})", N, weight_.size(1) * options_.groups,
                     weight_.size(0), kernel_text(weight_), unless(1, "stride", options_.stride),
                     unless(0, "padding", options_.padding), unless(1, "dilation", options_.dilation),
                     groups_and_bias(options_.groups, bias_));
}
template class Conv<1>;
template class Conv<2>;
template class Conv<3>;

ConvTranspose2d::ConvTranspose2d(int64_t in_channels, int64_t out_channels, Size kernel,
                                 ConvTransposeOptions options)
    : weight_(
          register_parameter("weight", Tensor::empty(weight_shape(in_channels, out_channels, options.groups,
                                                                  spread(kernel, 2, "kernel"))))),
      bias_(register_parameter("bias", optional(options.bias, {out_channels}))),
      options_(std::move(options)) {
  reset(weight_, bias_);
}
Tensor ConvTranspose2d::forward(const Tensor& x) const {
  return conv_transpose2d(x, weight_, bias_, options_.stride, options_.padding, options_.output_padding,
                          options_.dilation, options_.groups);
}
std::string ConvTranspose2d::describe() const {
  return fmt::format("ConvTranspose2d({}, {}, kernel={}{}{}{}{}{})", weight_.size(0),
                     weight_.size(1) * options_.groups, kernel_text(weight_),
                     unless(1, "stride", options_.stride), unless(0, "padding", options_.padding),
                     unless(0, "output_padding", options_.output_padding),
                     unless(1, "dilation", options_.dilation), groups_and_bias(options_.groups, bias_));
}

Embedding::Embedding(int64_t count, int64_t dim)
    : weight_(register_parameter("weight", Tensor::empty({count, dim}))) {
  init::normal_(weight_);
}
Tensor Embedding::forward(const Tensor& index) const { return embedding(weight_, index); }
std::string Embedding::describe() const {
  return fmt::format("Embedding({}, {})", weight_.size(0), weight_.size(1));
}

}  // namespace fovea::nn
