// Activation functions as modules. The formulas stand with the ops of the same names in fovea/ops.h.
//   nn::Sequential net(nn::Linear(2, 2), nn::LeakyReLU(0.1), nn::Linear(2, 1));
//   net.append(nn::make_activation("leaky_relu:0.1"));
#pragma once
#include "fovea/nn/container.h"

namespace fovea::nn {

struct ReLU : Lambda {
  ReLU();
};
struct ReLU6 : Lambda {
  ReLU6();
};
/// The field's slope 0.01; Darknet and many lectures use 0.1: pass it.
struct LeakyReLU : Lambda {
  explicit LeakyReLU(double slope = 0.01);
};
struct ELU : Lambda {
  explicit ELU(double alpha = 1);
};
struct CELU : Lambda {
  explicit CELU(double alpha = 1);
};
struct SELU : Lambda {
  SELU();
};
struct Sigmoid : Lambda {
  Sigmoid();
};
struct Tanh : Lambda {
  Tanh();
};
struct LogSigmoid : Lambda {
  LogSigmoid();
};
struct Softsign : Lambda {
  Softsign();
};
struct Softplus : Lambda {
  Softplus();
};
/// By erf, or by its tanh approximation if `approximate`.
struct GELU : Lambda {
  explicit GELU(bool approximate = false);
};
struct SiLU : Lambda {
  SiLU();
};
struct Mish : Lambda {
  Mish();
};
struct Hardsigmoid : Lambda {
  Hardsigmoid();
};
struct Hardswish : Lambda {
  Hardswish();
};
struct Hardtanh : Lambda {
  explicit Hardtanh(double min_val = -1, double max_val = 1);
};
struct Threshold : Lambda {
  Threshold(double threshold, double value);
};
struct Hardshrink : Lambda {
  explicit Hardshrink(double lambd = 0.5);
};
struct Softshrink : Lambda {
  explicit Softshrink(double lambd = 0.5);
};
struct Tanhshrink : Lambda {
  Tanhshrink();
};
/// The perceptron's all-or-none firing; its derivative is 0 everywhere.
struct Step : Lambda {
  Step();
};
struct Softmax : Lambda {
  explicit Softmax(int64_t dim = 1);
};
struct LogSoftmax : Lambda {
  explicit LogSoftmax(int64_t dim = 1);
};
/// The first half of `dim` gated by the second: (N, ..., 2 C) becomes (N, ..., C).
struct GLU : Lambda {
  explicit GLU(int64_t dim = -1);
};
/// The largest of each `pieces` neighbouring entries of `dim`: (N, pieces * C, ...) becomes (N, C, ...).
struct Maxout : Lambda {
  explicit Maxout(int64_t pieces, int64_t dim = 1);
};

/// x where x > 0, weight * x elsewhere, with a learned slope for all channels (1) or for each (He et al.
/// 2015).
class PReLU : public Module {
 public:
  explicit PReLU(int64_t num_parameters = 1, double init = 0.25);
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;
  const Tensor& weight() const { return weight_; }

 private:
  Tensor weight_;
};

/// max(w1 x + b1, ..., wk x + bk) for each of `out_features` units (Goodfellow et al. 2013): a convex
/// function learned from `pieces` linear maps. weight (out * pieces, in), bias (out * pieces); the pieces of
/// a unit are neighbours.
class MaxoutLinear : public Module {
 public:
  MaxoutLinear(int64_t in_features, int64_t out_features, int64_t pieces = 2);
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }

 private:
  Tensor weight_, bias_;
  int64_t pieces_;
};

/// The elementwise activation called `name` like its op, with its numbers behind a colon where the defaults
/// are not meant: "relu", "leaky_relu:0.1", "hardtanh:-2,2". Throws for unknown names, with the nearest one,
/// and for numbers it does not take.
AnyModule make_activation(const std::string& name);
/// The names that make_activation knows.
std::vector<std::string> activation_names();

}  // namespace fovea::nn
