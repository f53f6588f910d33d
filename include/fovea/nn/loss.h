// Losses as objects with settings, for code that takes any loss. The formulas stand with the ops in
// fovea/ops.h.
//   nn::CrossEntropyLoss loss({.label_smoothing = 0.1});
//   loss(net(images), labels).backward();
#pragma once
#include <string>

#include "fovea/tensor.h"

namespace fovea::nn {

class Loss {
 public:
  virtual ~Loss() = default;
  /// The loss of predictions against targets; one element unless reduction is "none".
  virtual Tensor operator()(const Tensor& prediction, const Tensor& target) const = 0;
  virtual std::string describe() const = 0;
};

struct CrossEntropyOptions {
  Tensor weight = {};           // one per class; undefined: all 1
  int64_t ignore_index = -100;  // targets of this class count nothing
  double label_smoothing = 0;
  std::string reduction = "mean";  // mean, sum or none
};

/// Softmax and negative log likelihood of logits (N,C,...) against i64 class indices (N,...).
class CrossEntropyLoss : public Loss {
 public:
  explicit CrossEntropyLoss(CrossEntropyOptions options = {}) : options_(std::move(options)) {}
  Tensor operator()(const Tensor& logits, const Tensor& target) const override;
  std::string describe() const override;

 private:
  CrossEntropyOptions options_;
};

}  // namespace fovea::nn
