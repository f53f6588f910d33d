// SGD with momentum and weight decay in one kernel for all parameters, as torch.optim.SGD(fused=True) in
// Python; the torch::optim::SGD of libtorch calls three a parameter.
#pragma once
#include <ATen/ATen.h>
#include <ATen/CPUFunctions.h>

#include <utility>
#include <vector>

#include "worker.h"

namespace peer {

class Sgd {
 public:
  Sgd(std::vector<at::Tensor> parameters, double weight_decay)
      : parameters_(std::move(parameters)), weight_decay_(weight_decay) {
    for (const at::Tensor& p : parameters_) momenta_.push_back(at::empty_like(p));
  }

  void step(const std::vector<at::Tensor>& gradients) {
    const at::NoGradGuard guard;
    at::cpu::_fused_sgd_(parameters_, gradients, momenta_, weight_decay_, momentum, learning_rate, 0, false,
                         false, first_);
    first_ = false;
  }

 private:
  std::vector<at::Tensor> parameters_, momenta_;
  double weight_decay_;
  bool first_ = true;
};

}  // namespace peer
