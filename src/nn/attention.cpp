#include "fovea/nn/attention.h"

#include <cmath>

#include "fovea/init.h"
#include "fovea/operators.h"

namespace fovea::nn {

SelfAttention::SelfAttention(int64_t dim, int64_t heads)
    : in_weight_(register_parameter("in_proj_weight", Tensor::empty({3 * dim, dim}))),
      in_bias_(register_parameter("in_proj_bias", zeros({3 * dim}))),
      out_(register_module("out_proj", Linear(dim, dim))),
      dim_(dim),
      heads_(heads) {
  check(heads > 0 && dim % heads == 0, "SelfAttention: {} heads do not share {} channels evenly", heads, dim);
  init::xavier_uniform_(in_weight_);
  init::zeros_(out_.bias());
}

Tensor SelfAttention::forward(const Tensor& x) const {
  check(x.rank() == 3 && x.size(2) == dim_, "{} takes (N, T, {}), not {}", describe(), dim_, x.describe());
  const int64_t n = x.size(0), steps = x.size(1), each = dim_ / heads_;
  const Tensor all = reshape(linear(x, in_weight_, in_bias_), {n, steps, 3, heads_, each});
  const Tensor parts = permute(all, {2, 0, 3, 1, 4});  // (3, N, heads, T, each)
  const auto part = [&](int64_t i) { return squeeze(slice(parts, 0, i, i + 1), 0); };
  const Tensor scores = matmul(part(0) * (1 / std::sqrt(double(each))), transpose(part(1)));
  const Tensor mixed = matmul(softmax(scores, -1), part(2));
  return out_(reshape(permute(mixed, {0, 2, 1, 3}), {n, steps, dim_}));
}

std::string SelfAttention::describe() const {
  return fmt::format("SelfAttention({}, heads={})", dim_, heads_);
}

}  // namespace fovea::nn
