// Single results of a layer's products, summed in f64 straight from the definition: the truth that kernels
// are compared with, at a few places, since the whole of a large layer would take minutes.
#pragma once
#include "bench/problem.h"
#include "fovea/tensor.h"

namespace fovea::bench {

enum class Product { forward, input_grad, weight_grad };
const char* name_of(Product product);

/// Plain f32 tensors of a problem in the shapes of a convolution: x (N,C,H,W), weight (O,C/G,K,K), g as the
/// result.
struct Operands {
  Tensor x, weight, g;
};

/// The element of the product at position `at` of its row-major order.
double true_element(const Problem& problem, Product product, const Operands& operands, int64_t at);

/// The largest difference between `result` (plain f32) and the truth at `samples` places, as part of the
/// largest true value there.
double error_of(const Problem& problem, Product product, const Operands& operands, const Tensor& result,
                int samples);

}  // namespace fovea::bench
