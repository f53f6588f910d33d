#include "fovea/nn/norm.h"

#include "fovea/ops.h"
#include "tensor/recorder.h"

namespace fovea::nn {
namespace {

Tensor optional(bool on, const Dims& shape, double value) { return on ? full(shape, value) : Tensor(); }

void check_probability(double p) {
  check(p >= 0 && p <= 1, "dropout wants a probability in [0, 1], not {}", p);
}

}  // namespace

template <int N>
BatchNorm<N>::BatchNorm(int64_t channels, BatchNormOptions options)
    : weight_(register_parameter("weight", optional(options.affine, {channels}, 1))),
      bias_(register_parameter("bias", optional(options.affine, {channels}, 0))),
      running_mean_(register_buffer("running_mean", zeros({channels}))),
      running_var_(register_buffer("running_var", ones({channels}))),
      batches_(register_buffer("num_batches_tracked", scalar(0, i64))),
      channels_(channels),
      options_(options) {}

template <int N>
Tensor BatchNorm<N>::forward(const Tensor& x) const {
  check(x.rank() == N + 2 || (N == 1 && x.rank() == 2), "BatchNorm{}d wants {} dimensions, not {}", N,
        N == 1 ? "2 or 3" : std::to_string(N + 2), x.describe());
  if (training()) repeat([count = batches_] { ++*count.data<int64_t>(); });
  return batch_norm(x, weight_, bias_, running_mean_, running_var_, training(), options_.momentum,
                    options_.eps);
}

template <int N>
std::string BatchNorm<N>::describe() const {
  return fmt::format("BatchNorm{}d({})", N, channels_);
}
template class BatchNorm<1>;
template class BatchNorm<2>;
template class BatchNorm<3>;

LayerNorm::LayerNorm(Dims shape, NormOptions options)
    : weight_(register_parameter("weight", optional(options.affine, shape, 1))),
      bias_(register_parameter("bias", optional(options.affine, shape, 0))),
      shape_(shape),
      options_(options) {}
Tensor LayerNorm::forward(const Tensor& x) const {
  return layer_norm(x, weight_, bias_, shape_, options_.eps);
}
std::string LayerNorm::describe() const { return fmt::format("LayerNorm({})", shape_); }

GroupNorm::GroupNorm(int64_t groups, int64_t channels, NormOptions options)
    : weight_(register_parameter("weight", optional(options.affine, {channels}, 1))),
      bias_(register_parameter("bias", optional(options.affine, {channels}, 0))),
      groups_(groups),
      channels_(channels),
      options_(options) {
  check(groups >= 1 && channels % groups == 0, "GroupNorm: {} channels do not divide into {} groups",
        channels, groups);
}
Tensor GroupNorm::forward(const Tensor& x) const {
  return group_norm(x, weight_, bias_, groups_, options_.eps);
}
std::string GroupNorm::describe() const { return fmt::format("GroupNorm({}, {})", groups_, channels_); }

LocalResponseNorm::LocalResponseNorm(int64_t size, double alpha, double beta, double k)
    : Lambda(fmt::format("LocalResponseNorm({})", size),
             [=](const Tensor& x) { return local_response_norm(x, size, alpha, beta, k); }) {}

Dropout::Dropout(double p) : p_(p) { check_probability(p); }
Tensor Dropout::forward(const Tensor& x) const { return dropout(x, p_, training()); }
std::string Dropout::describe() const { return fmt::format("Dropout({})", p_); }

Dropout2d::Dropout2d(double p) : p_(p) { check_probability(p); }
Tensor Dropout2d::forward(const Tensor& x) const { return dropout2d(x, p_, training()); }
std::string Dropout2d::describe() const { return fmt::format("Dropout2d({})", p_); }

}  // namespace fovea::nn
