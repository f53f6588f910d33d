// Losses as values with settings, for code that takes any loss. The formulas stand with the ops in
// fovea/ops.h.
//   nn::Loss loss = nn::CrossEntropyLoss({.label_smoothing = 0.1});
//   loss(net(images), labels).backward();
// reduction: "mean" over the elements, "sum", or "none" for one loss per element.
#pragma once
#include <functional>
#include <string>

#include "fovea/tensor.h"

namespace fovea::nn {

class Loss {
 public:
  using Function = std::function<Tensor(const Tensor& prediction, const Tensor& target)>;
  Loss(std::string description, Function function)
      : description_(std::move(description)), function_(std::move(function)) {}
  Tensor operator()(const Tensor& prediction, const Tensor& target) const {
    return function_(prediction, target);
  }
  const std::string& describe() const { return description_; }

 private:
  std::string description_;
  Function function_;
};

struct CrossEntropyOptions {
  Tensor weight = {};           // one per class; undefined: all 1
  int64_t ignore_index = -100;  // targets of this class count nothing
  double label_smoothing = 0;
  std::string reduction = "mean";
};
/// Softmax and negative log likelihood of logits (N,C,...) against i64 class indices (N,...), or of logits
/// (N,C) against parts of the classes (N,C) that sum to 1, as MixUp and CutMix make them; without weights
/// then.
struct CrossEntropyLoss : Loss {
  explicit CrossEntropyLoss(CrossEntropyOptions options = {});
};
/// Negative log likelihood of log-probabilities (N,C,...) against i64 class indices (N,...).
struct NLLLoss : Loss {
  explicit NLLLoss(std::string reduction = "mean");
};
struct MSELoss : Loss {
  explicit MSELoss(std::string reduction = "mean");
};
struct L1Loss : Loss {
  explicit L1Loss(std::string reduction = "mean");
};
struct HuberLoss : Loss {
  explicit HuberLoss(double delta = 1, std::string reduction = "mean");
};
struct SmoothL1Loss : Loss {
  explicit SmoothL1Loss(double beta = 1, std::string reduction = "mean");
};
/// Binary cross-entropy of logits against targets in [0, 1].
struct BCEWithLogitsLoss : Loss {
  explicit BCEWithLogitsLoss(std::string reduction = "mean");
};
/// max(0, 1 - x target) with targets -1 and 1.
struct HingeLoss : Loss {
  explicit HingeLoss(std::string reduction = "mean");
};
/// Kullback-Leibler divergence of log-probabilities from target probabilities; "batchmean" divides by the
/// batch size only.
struct KLDivLoss : Loss {
  explicit KLDivLoss(std::string reduction = "mean");
};

}  // namespace fovea::nn
