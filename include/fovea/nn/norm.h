// Normalisation and dropout layers.
#pragma once
#include "fovea/nn/container.h"

namespace fovea::nn {

struct BatchNormOptions {
  double eps = 1e-5;
  double momentum = 0.1;  // weight of the new batch in the running statistics (PyTorch's sense, not Keras')
  bool affine = true;     // learn weight and bias
};

/// Normalises each channel over batch and space (Ioffe and Szegedy 2015): by the batch's biased variance in
/// training, by running_mean and running_var (unbiased) in eval mode. N is the number of spatial dimensions;
/// BatchNorm1d takes (N,C) and (N,C,L).
template <int N>
class BatchNorm : public Module {
 public:
  explicit BatchNorm(int64_t channels, BatchNormOptions options = {});
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }
  const Tensor& running_mean() const { return running_mean_; }
  const Tensor& running_var() const { return running_var_; }

 private:
  Tensor weight_, bias_, running_mean_, running_var_, batches_;
  int64_t channels_;
  BatchNormOptions options_;
};
using BatchNorm1d = BatchNorm<1>;
using BatchNorm2d = BatchNorm<2>;
using BatchNorm3d = BatchNorm<3>;

struct NormOptions {
  double eps = 1e-5;
  bool affine = true;  // learn weight and bias
};

/// Normalises over the last dimensions, which have `shape` (Ba et al. 2016).
class LayerNorm : public Module {
 public:
  explicit LayerNorm(Dims shape, NormOptions options = {});
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;

 private:
  Tensor weight_, bias_;
  Dims shape_;
  NormOptions options_;
};

/// Normalises each of `groups` groups of channels over channels and space (Wu and He 2018).
class GroupNorm : public Module {
 public:
  GroupNorm(int64_t groups, int64_t channels, NormOptions options = {});
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;

 private:
  Tensor weight_, bias_;
  int64_t groups_, channels_;
  NormOptions options_;
};

/// Across-channel response normalisation (Krizhevsky et al. 2012), alpha divided by size as in PyTorch and
/// Caffe.
struct LocalResponseNorm : Lambda {
  explicit LocalResponseNorm(int64_t size = 5, double alpha = 1e-4, double beta = 0.75, double k = 1);
};

/// In training, sets each element to 0 with probability p and scales the others by 1 / (1 - p).
class Dropout : public Module {
 public:
  explicit Dropout(double p = 0.5);
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;

 private:
  double p_;
};

/// Dropout of whole channels of (N,C,...) (Tompson et al. 2015).
class Dropout2d : public Module {
 public:
  explicit Dropout2d(double p = 0.5);
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;

 private:
  double p_;
};

}  // namespace fovea::nn
