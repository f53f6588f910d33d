// Layers with weights: linear maps, convolutions, embeddings. They start as PyTorch's: weight and bias
// uniform in
// +-1/sqrt(fan_in), drawn from the default generator (manual_seed(0) before building a net repeats it).
#pragma once
#include "fovea/nn/module.h"

namespace fovea::nn {

/// One integer for every spatial dimension, or one for each: 3 or {3, 5}.
struct Size : Dims {
  Size(int64_t n) : Dims{n} {}  // NOLINT: converts on purpose
  Size(std::initializer_list<int64_t> n) : Dims(n) {}
  /// "3" or "(3,5)"
  std::string text() const { return size() == 1 ? std::to_string((*this)[0]) : str(); }
};

struct LinearOptions {
  bool bias = true;
};

/// y = x weight^T + bias over the last dimension. weight (out, in), bias (out).
class Linear : public Module {
 public:
  Linear(int64_t in_features, int64_t out_features, LinearOptions options = {});
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;
  const Tensor& weight() const { return weight_; }
  /// Undefined if the layer has none.
  const Tensor& bias() const { return bias_; }

 private:
  Tensor weight_, bias_;
};

struct ConvOptions {
  Size stride = 1, padding = 0, dilation = 1;
  int64_t groups = 1;
  bool bias = true;
};

/// Cross-correlation over N spatial dimensions. weight (out, in / groups, kernel...), bias (out).
template <int N>
class Conv : public Module {
 public:
  Conv(int64_t in_channels, int64_t out_channels, Size kernel, ConvOptions options = {});
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }

 private:
  Tensor weight_, bias_;
  ConvOptions options_;
};
using Conv1d = Conv<1>;
using Conv2d = Conv<2>;
using Conv3d = Conv<3>;

struct ConvTransposeOptions {
  Size stride = 1, padding = 0, output_padding = 0, dilation = 1;
  int64_t groups = 1;
  bool bias = true;
};

/// The transpose of Conv2d: enlarges by stride. weight (in, out / groups, kernel...), bias (out).
class ConvTranspose2d : public Module {
 public:
  ConvTranspose2d(int64_t in_channels, int64_t out_channels, Size kernel, ConvTransposeOptions options = {});
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }

 private:
  Tensor weight_, bias_;
  ConvTransposeOptions options_;
};

/// Rows of weight (count, dim) by i64 index; starts standard normal.
class Embedding : public Module {
 public:
  Embedding(int64_t count, int64_t dim);
  Tensor forward(const Tensor& index) const override;
  std::string describe() const override;
  const Tensor& weight() const { return weight_; }

 private:
  Tensor weight_;
};

}  // namespace fovea::nn
