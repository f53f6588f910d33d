#include <fmt/format.h>
#include <algorithm>

#include "fovea/ops.h"
#include "fovea/optim.h"

namespace fovea::optim {
namespace {

std::vector<std::string> with_momentum(std::vector<std::string> names, double momentum) {
  if (momentum != 0) names.push_back("momentum_buffer");
  return names;
}

}  // namespace

SGD::SGD(const Parameters& parameters, SGDOptions o)
    : Optimizer(parameters, o.lr, o.weight_decay, o.momentum, with_momentum({}, o.momentum)), options_(o) {}

void SGD::update(const Group& group, const Tensor& param, const Tensor& grad, const Cell& cell) {
  const Tensor velocity = cell.state.empty() ? Tensor() : cell.state[0];
  call("sgd_step", {param, grad, velocity},
       {{"lr", live(group.lr)},
        {"momentum", momentum_of(group, velocity)},
        {"dampening", options_.dampening},
        {"weight_decay", live(group.weight_decay)},
        {"nesterov", options_.nesterov},
        {"step", live(cell.step)}});
}

Adam::Adam(const Parameters& parameters, AdamOptions o, bool decoupled)
    : Optimizer(parameters, o.lr, o.weight_decay, o.beta1, {"exp_avg", "exp_avg_sq"}),
      options_(o),
      decoupled_(decoupled) {}

void Adam::update(const Group& group, const Tensor& param, const Tensor& grad, const Cell& cell) {
  call("adam_step", {param, grad, cell.state[0], cell.state[1]},
       {{"lr", live(group.lr)},
        {"step", live(cell.step)},
        {"beta1", live(group.momentum)},
        {"beta2", options_.beta2},
        {"eps", options_.eps},
        {"weight_decay", live(group.weight_decay)},
        {"decoupled", decoupled_}});
}

RMSprop::RMSprop(const Parameters& parameters, RMSpropOptions o)
    : Optimizer(parameters, o.lr, o.weight_decay, o.momentum, with_momentum({"square_avg"}, o.momentum)),
      options_(o) {}

void RMSprop::update(const Group& group, const Tensor& param, const Tensor& grad, const Cell& cell) {
  const Tensor velocity = cell.state.size() > 1 ? cell.state[1] : Tensor();
  call("rmsprop_step", {param, grad, cell.state[0], velocity},
       {{"lr", live(group.lr)},
        {"alpha", options_.alpha},
        {"eps", options_.eps},
        {"weight_decay", live(group.weight_decay)},
        {"momentum", momentum_of(group, velocity)}});
}

Adagrad::Adagrad(const Parameters& parameters, AdagradOptions o)
    : Optimizer(parameters, o.lr, o.weight_decay, 0, {"sum"}), options_(o) {}

void Adagrad::update(const Group& group, const Tensor& param, const Tensor& grad, const Cell& cell) {
  call("adagrad_step", {param, grad, cell.state[0]},
       {{"lr", live(group.lr)},
        {"step", live(cell.step)},
        {"lr_decay", options_.lr_decay},
        {"eps", options_.eps},
        {"weight_decay", live(group.weight_decay)}});
}

Adadelta::Adadelta(const Parameters& parameters, AdadeltaOptions o)
    : Optimizer(parameters, o.lr, o.weight_decay, 0, {"square_avg", "acc_delta"}), options_(o) {}

void Adadelta::update(const Group& group, const Tensor& param, const Tensor& grad, const Cell& cell) {
  call("adadelta_step", {param, grad, cell.state[0], cell.state[1]},
       {{"lr", live(group.lr)},
        {"rho", options_.rho},
        {"eps", options_.eps},
        {"weight_decay", live(group.weight_decay)}});
}

namespace {

/// The options of an optimizer with the settings that are set in their place.
template <class Options>
Options merged(const Settings& s, Options o) {
  o.lr = s.lr.value_or(o.lr);
  o.weight_decay = s.weight_decay.value_or(o.weight_decay);
  if constexpr (requires { o.momentum; }) o.momentum = s.momentum.value_or(o.momentum);
  if constexpr (requires { o.beta1; }) o.beta1 = s.momentum.value_or(o.beta1);
  return o;
}

template <class Algorithm, class Options>
std::unique_ptr<Optimizer> build(const Parameters& parameters, const Settings& settings, Options defaults) {
  return std::make_unique<Algorithm>(parameters, merged(settings, defaults));
}

}  // namespace

std::vector<std::string> names() {
  return {"sgd", "nesterov", "adam", "adamw", "rmsprop", "adagrad", "adadelta"};
}

std::unique_ptr<Optimizer> make(const std::string& name, const Parameters& p, const Settings& s) {
  std::string lower = name;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return char(std::tolower(c)); });
  if (lower == "sgd") return build<SGD>(p, s, SGDOptions{});
  if (lower == "nesterov") return build<SGD>(p, s, SGDOptions{.momentum = 0.9, .nesterov = true});
  if (lower == "adam") return build<Adam>(p, s, AdamOptions{});
  if (lower == "adamw") return build<AdamW>(p, s, AdamOptions{.weight_decay = 0.01});
  if (lower == "rmsprop") return build<RMSprop>(p, s, RMSpropOptions{});
  if (lower == "adagrad") return build<Adagrad>(p, s, AdagradOptions{});
  if (lower == "adadelta") return build<Adadelta>(p, s, AdadeltaOptions{});
  const std::string close = nearest(lower, names());
  fail("no optimizer is called '{}'{}: there are {}", name,
       close.empty() ? "" : fmt::format(" (did you mean {}?)", close), fmt::join(names(), ", "));
}

}  // namespace fovea::optim
