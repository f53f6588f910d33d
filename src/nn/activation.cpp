#include "fovea/nn/activation.h"

#include "fovea/ops.h"
#include "nn/reset.h"

namespace fovea::nn {

ReLU::ReLU() : Lambda("ReLU", relu) {}
ReLU6::ReLU6() : Lambda("ReLU6", relu6) {}
LeakyReLU::LeakyReLU(double slope)
    : Lambda(fmt::format("LeakyReLU({})", slope), [slope](const Tensor& x) { return leaky_relu(x, slope); }) {
}
ELU::ELU(double alpha)
    : Lambda(fmt::format("ELU({})", alpha), [alpha](const Tensor& x) { return elu(x, alpha); }) {}
CELU::CELU(double alpha)
    : Lambda(fmt::format("CELU({})", alpha), [alpha](const Tensor& x) { return celu(x, alpha); }) {}
SELU::SELU() : Lambda("SELU", selu) {}
Sigmoid::Sigmoid() : Lambda("Sigmoid", sigmoid) {}
Tanh::Tanh() : Lambda("Tanh", tanh) {}
LogSigmoid::LogSigmoid() : Lambda("LogSigmoid", logsigmoid) {}
Softsign::Softsign() : Lambda("Softsign", softsign) {}
Softplus::Softplus() : Lambda("Softplus", softplus) {}
GELU::GELU(bool approximate) : Lambda(approximate ? "GELU(tanh)" : "GELU", approximate ? gelu_tanh : gelu) {}
SiLU::SiLU() : Lambda("SiLU", silu) {}
Mish::Mish() : Lambda("Mish", mish) {}
Hardsigmoid::Hardsigmoid() : Lambda("Hardsigmoid", hardsigmoid) {}
Hardswish::Hardswish() : Lambda("Hardswish", hardswish) {}
Hardtanh::Hardtanh(double min_val, double max_val)
    : Lambda(fmt::format("Hardtanh({}, {})", min_val, max_val),
             [=](const Tensor& x) { return hardtanh(x, min_val, max_val); }) {}
Threshold::Threshold(double threshold, double value)
    : Lambda(fmt::format("Threshold({}, {})", threshold, value),
             [=](const Tensor& x) { return fovea::threshold(x, threshold, value); }) {}
Hardshrink::Hardshrink(double lambd)
    : Lambda(fmt::format("Hardshrink({})", lambd),
             [lambd](const Tensor& x) { return hardshrink(x, lambd); }) {}
Softshrink::Softshrink(double lambd)
    : Lambda(fmt::format("Softshrink({})", lambd),
             [lambd](const Tensor& x) { return softshrink(x, lambd); }) {}
Tanhshrink::Tanhshrink() : Lambda("Tanhshrink", tanhshrink) {}
Step::Step() : Lambda("Step", step) {}
Softmax::Softmax(int64_t dim)
    : Lambda(fmt::format("Softmax({})", dim), [dim](const Tensor& x) { return softmax(x, dim); }) {}
LogSoftmax::LogSoftmax(int64_t dim)
    : Lambda(fmt::format("LogSoftmax({})", dim), [dim](const Tensor& x) { return log_softmax(x, dim); }) {}
GLU::GLU(int64_t dim) : Lambda(fmt::format("GLU({})", dim), [dim](const Tensor& x) { return glu(x, dim); }) {}
Maxout::Maxout(int64_t pieces, int64_t dim)
    : Lambda(fmt::format("Maxout({})", pieces),
             [pieces, dim](const Tensor& x) { return maxout(x, pieces, dim); }) {}

PReLU::PReLU(int64_t num_parameters, double init)
    : weight_(register_parameter("weight", full({num_parameters}, init))) {}
Tensor PReLU::forward(const Tensor& x) const { return prelu(x, weight_); }
std::string PReLU::describe() const { return fmt::format("PReLU({})", weight_.numel()); }

MaxoutLinear::MaxoutLinear(int64_t in_features, int64_t out_features, int64_t pieces)
    : weight_(register_parameter("weight", Tensor::empty({out_features * pieces, in_features}))),
      bias_(register_parameter("bias", Tensor::empty({out_features * pieces}))),
      pieces_(pieces) {
  reset(weight_, bias_);
}
Tensor MaxoutLinear::forward(const Tensor& x) const { return maxout(linear(x, weight_, bias_), pieces_, -1); }
std::string MaxoutLinear::describe() const {
  return fmt::format("MaxoutLinear({}, {}, pieces={})", weight_.size(1), weight_.size(0) / pieces_, pieces_);
}

}  // namespace fovea::nn
