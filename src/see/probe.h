// What all ways of asking a network share.
#pragma once
#include "fovea/see.h"
#include "nn/eval_mode.h"

namespace fovea::see {

/// While alive, the network is in eval mode and its parameters want no gradients.
class Probe {
 public:
  explicit Probe(const nn::Module& net);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

 private:
  nn::EvalMode eval_;
  std::vector<Tensor> learning_;
};

/// Throws, naming `who`, unless `x` is a batch of images.
void check_images(const char* who, const Tensor& x);
/// What `net` says of the classes: (N). Throws if they do not fit.
Tensor scores(const nn::Module& net, const Tensor& x, const Tensor& classes);
/// input_gradient() of a network that is probed already.
Tensor gradient(const nn::Module& net, const Tensor& x, const Tensor& classes);

}  // namespace fovea::see
