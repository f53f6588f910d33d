// Attention (Vaswani et al. 2017).
#pragma once
#include "fovea/nn/layer.h"

namespace fovea::nn {

/// Self-attention of `heads` heads over (N, T, dim): every step becomes a mixture of all steps, weighted by
/// softmax(q k^T / sqrt(dim / heads)). PyTorch's MultiheadAttention(dim, heads, batch_first=True) of x with
/// itself, with its names and start values: in_proj_weight (3 dim, dim) and in_proj_bias for queries, keys
/// and values, out_proj. Throws if `heads` does not divide `dim`.
class SelfAttention : public Module {
 public:
  SelfAttention(int64_t dim, int64_t heads);
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;

 private:
  Tensor in_weight_, in_bias_;
  Linear out_;
  int64_t dim_, heads_;
};

}  // namespace fovea::nn
