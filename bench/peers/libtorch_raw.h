// Training steps of the networks with two layers in ATen's kernels alone: no autograd, no dispatcher, no
// fresh memory. The least that libtorch can be asked for; gradients are written by hand.
#pragma once
#include <ATen/ATen.h>
#include <ATen/CPUFunctions.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

#include "libtorch_sgd.h"
#include "worker.h"

namespace peer {

namespace kernel = at::cpu;

/// y = w2 f(w1 x + b1) + b2: xor with tanh and mean squared error, mlp with ReLU and cross-entropy.
class TwoLayers {
 public:
  TwoLayers(const Request& r, int64_t inputs, int64_t hidden, int64_t outputs)
      : is_xor(r.workload == "xor"),
        x(at::randn({r.batch, inputs})),
        target(is_xor ? at::rand({r.batch, outputs}) : at::randint(outputs, {r.batch}, at::kLong)),
        w1(at::randn({hidden, inputs}) / std::sqrt(inputs)),
        b1(at::zeros({hidden})),
        w2(at::randn({outputs, hidden}) / std::sqrt(hidden)),
        b2(at::zeros({outputs})),
        sgd({w1, b1, w2, b2}, weight_decay(r)) {}

  void operator()() {
    const c10::InferenceMode guard;
    kernel::addmm_out(h, b1, x, w1t);
    is_xor ? kernel::tanh_(h) : kernel::relu_(h);
    kernel::addmm_out(y, b2, h, w2t);
    is_xor ? squared_error() : cross_entropy();
    kernel::mm_out(gw2, gyt, h);
    kernel::sum_out(gb2, gy, 0);
    kernel::mm_out(gh, gy, w2);
    is_xor ? kernel::tanh_backward_out(gh, gh, h) : kernel::threshold_backward_out(gh, gh, h, 0);
    kernel::mm_out(gw1, ght, x);
    kernel::sum_out(gb1, gh, 0);
    sgd.step(gradients);
  }

 private:
  void squared_error() {
    kernel::mse_loss_out(losses, y, target, at::Reduction::None);
    kernel::mean_out(loss, losses, at::IntArrayRef{});
    kernel::mse_loss_backward_out(gy, one, y, target, at::Reduction::Mean);
  }

  void cross_entropy() {
    constexpr int64_t none = -100;  // the label that does not count
    kernel::_log_softmax_out(logs, y, 1, false);
    kernel::nll_loss_forward_out(loss, total, logs, target, {}, at::Reduction::Mean, none);
    kernel::nll_loss_backward_out(glogs, one, logs, target, {}, at::Reduction::Mean, none, total);
    kernel::_log_softmax_backward_data_out(gy, glogs, logs, 1, at::kFloat);
  }

  static at::Tensor like(const at::Tensor& t) { return at::empty_like(t); }

  bool is_xor;
  at::Tensor x, target, w1, b1, w2, b2;
  Sgd sgd;
  at::Tensor w1t = w1.t(), w2t = w2.t();
  at::Tensor h = at::empty({x.size(0), w1.size(0)}), y = at::empty({x.size(0), w2.size(0)});
  at::Tensor logs = like(y), losses = like(y), loss = at::empty({}), total = at::empty({}),
             one = at::ones({});
  at::Tensor glogs = like(y), gy = like(y), gh = like(h), gyt = gy.t(), ght = gh.t();
  at::Tensor gw1 = like(w1), gb1 = like(b1), gw2 = like(w2), gb2 = like(b2);
  std::vector<at::Tensor> gradients{gw1, gb1, gw2, gb2};
};

inline Step raw_step(const Request& r) {
  if (!r.training() || (r.workload != "xor" && r.workload != "mlp"))
    throw std::invalid_argument("raw steps are for the training of xor and mlp");
  const c10::InferenceMode guard;
  const auto net = r.workload == "xor" ? std::make_shared<TwoLayers>(r, 2, 2, 1)
                                       : std::make_shared<TwoLayers>(r, 784, 128, 10);
  return [net] { (*net)(); };
}

}  // namespace peer
