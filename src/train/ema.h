// Exponential moving average of a network's weights: often better than the last ones, for one pass per step.
#pragma once
#include "fovea/nn.h"

namespace fovea::train {

class Ema {
 public:
  /// Starts as a copy of the weights of `model`.
  Ema(const nn::Module& model, double decay);
  /// average = decay average + (1 - decay) weight; buffers and integers are copied.
  void update() const;
  /// Exchanges the weights of the network with the averages; again to change back.
  void swap() const;
  const NamedTensors& state_dict() const { return averages_; }
  /// Throws if names or shapes do not fit.
  void load_state_dict(const NamedTensors& dict);

 private:
  NamedTensors weights_, averages_;  // in the same order
  std::vector<bool> averaged_;
  double decay_;
};

/// While alive, the network has its averaged weights; a null pointer changes nothing.
class AveragedWeights {
 public:
  explicit AveragedWeights(const Ema* ema) : ema_(ema) {
    if (ema_) ema_->swap();
  }
  ~AveragedWeights() {
    if (ema_) ema_->swap();
  }
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

 private:
  const Ema* ema_;
};

}  // namespace fovea::train
