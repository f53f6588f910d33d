// Weights and images by the formula of reference/make_reference.py.
#pragma once
#include <cmath>
#include <span>

#include "fovea/nn.h"

namespace fovea::test {

/// offset + scale * element i of tensor k, rounded to f32: a hash of 32 bits (Wellons' lowbias32), uniform in
/// [-1, 1) in steps of 2^-23.
template <class real>
void fill(std::span<real> to, uint32_t k, double scale, double offset) {
  for (uint32_t i = 0; i < uint32_t(to.size()); ++i) {
    uint32_t x = i + k * 0x9e3779b9U;
    x = (x ^ (x >> 16)) * 0x7feb352dU;
    x = (x ^ (x >> 15)) * 0x846ca68bU;
    x ^= x >> 16;
    to[i] = real(float(offset + scale * (double(int32_t(x >> 8)) * 0x1p-23 - 1)));
  }
}

inline void fill(const Tensor& t, uint32_t k, double scale, double offset) {
  const size_t n = size_t(t.numel());
  if (t.dtype() == f64) fill(std::span(t.data<double>(), n), k, scale, offset);
  else fill(std::span(t.data<float>(), n), k, scale, offset);
}

inline void fill(const nn::Module& net) {
  uint32_t k = 0;
  for (const auto& [name, t] : net.state_dict()) {
    if (name.ends_with("num_batches_tracked")) t.fill(0);
    else if (t.rank() > 1) fill(t, k++, std::sqrt(6 / double(t.numel() / t.size(0))), 0);
    else if (name.ends_with("weight") || name.ends_with("running_var")) fill(t, k++, 0.5, 1);
    else fill(t, k++, 0.125, 0);
  }
}

inline Tensor images(const Dims& shape, DType dtype = f32) {
  Tensor x = Tensor::empty(shape, dtype);
  fill(x, 100, 1, 0);
  return x;
}

}  // namespace fovea::test
