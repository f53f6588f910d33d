// PyTorch's start values of linear maps and convolutions.
#pragma once
#include <cmath>

#include "fovea/init.h"

namespace fovea::nn {

/// Weight, then bias (if there is one), uniform in +-1/sqrt(fan in): kaiming_uniform with slope sqrt(5).
inline void reset(const Tensor& weight, const Tensor& bias) {
  const double bound = 1 / std::sqrt(double(std::max<int64_t>(init::fans(weight).in, 1)));
  init::uniform_(weight, -bound, bound);
  if (bias.defined()) init::uniform_(bias, -bound, bound);
}

}  // namespace fovea::nn
