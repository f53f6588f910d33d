// One training iteration in slow motion: what every part of a network says, the blame that comes back to it
// by the chain rule, and what it changes.
//   const train::SlowStep s = train::slow_step(net, x, t, [](auto& y, auto& t) { return mse_loss(y, t); },
//   optimizer); for (const auto& b : s.backward) fmt::print("dL/d{} = {}\n", b.name, b.term);
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "fovea/nn.h"
#include "fovea/optim.h"

namespace fovea::train {

struct SlowStep {
  struct Value {
    std::string name, formula;  // "fc1", "linear(x, fc1.weight, fc1.bias)"
    Tensor value;
  };
  struct Blame {
    std::string name, term;  // "fc1.weight", "(dL/dfc1)^T x"
    Tensor gradient;
  };
  struct Update {
    std::string name;
    Tensor before, gradient, after;
  };
  std::vector<Value> forward;   // the input, then what each op gave, the loss last
  std::vector<Blame> backward;  // from the loss back to the parameters
  std::vector<Update> updates;  // of all parameters
  double loss = 0, loss_after = 0;
};

/// Takes one step of `optimizer` on `model` for the batch `x` with targets `t` (named so in the texts) and
/// tells everything about it. `objective(y, t)` gives one number, which is made smaller, or larger if
/// `maximise`. Meant for networks small enough to read. Throws if the objective does not depend on any
/// parameter.
SlowStep slow_step(const nn::Module& model, const Tensor& x, const Tensor& t,
                   const std::function<Tensor(const Tensor& y, const Tensor& t)>& objective,
                   optim::Optimizer& optimizer, bool maximise = false);

}  // namespace fovea::train
