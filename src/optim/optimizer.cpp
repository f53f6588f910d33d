#include <algorithm>
#include <set>

#include "fovea/autograd.h"
#include "fovea/optim.h"
#include "tensor/recorder.h"

namespace fovea::optim {
namespace {

/// Calls f(name, setting) for the settings of every group that a schedule or a user may have changed.
template <class Groups, class F>
void each_setting(Groups& groups, const F& f) {
  for (size_t i = 0; i < groups.size(); ++i) {
    f(fmt::format("group.{}.lr", i), groups[i].lr);
    f(fmt::format("group.{}.weight_decay", i), groups[i].weight_decay);
    f(fmt::format("group.{}.momentum", i), groups[i].momentum);
  }
}

}  // namespace

Optimizer::Optimizer(const Parameters& parameters, double lr, double weight_decay, double momentum,
                     std::vector<std::string> state_names)
    : state_names_(std::move(state_names)) {
  std::set<const TensorImpl*> tensors;
  for (const auto& g : parameters.groups) {
    Group group{g.parameters, g.lr.value_or(lr), g.weight_decay.value_or(weight_decay), momentum};
    check(group.lr >= 0 && group.weight_decay >= 0,
          "an optimizer wants lr >= 0 and weight_decay >= 0, not {} and {}", group.lr, group.weight_decay);
    for (const auto& [name, p] : g.parameters) {
      check(p.defined() && p.is_leaf() && is_float(p.dtype()), "parameter {} is no float tensor of its own",
            name);
      check(tensors.insert(p.ptr().get()).second && cells_->emplace(name, Cell{}).second,
            "parameter {} stands twice among those of the optimizer", name);
    }
    groups_->push_back(std::move(group));
  }
  check(!tensors.empty(), "the optimizer got no parameters");
}

std::vector<Tensor> Optimizer::fresh_state(const Tensor& param) const {
  std::vector<Tensor> state;
  for (size_t i = 0; i < state_names_.size(); ++i) {
    {
      const Unrecorded now;
      state.push_back(Tensor::empty(param.shape(), param.dtype(), param.device()));
      state.back().fill(0);
    }
    if (Recorder* r = recorder()) r->found(state.back());
  }
  return state;
}

Live<double> Optimizer::momentum_of(const Group& group, const Tensor& velocity) const {
  static const auto none = std::make_shared<const double>(0);
  return velocity ? live(group.momentum) : Live<double>{none};
}

void Optimizer::step() {
  const NoGrad guard;
  std::vector<std::pair<const Cell*, std::vector<Tensor>>> found;
  for (const Group& group : *groups_)
    for (const auto& [name, param] : group.parameters) {
      const Tensor grad = param.grad();
      if (!grad.defined()) continue;
      Cell& cell = cells_->at(name);
      if (cell.state.size() < state_names_.size()) cell.state = fresh_state(param);
      count({cells_, &cell.step});
      if (recorder()) found.emplace_back(&cell, cell.state);
      update(group, param, grad, cell);
    }
  if (Recorder* r = recorder())  // a state that was loaded or made anew is another one
    r->guarded([cells = cells_, found = std::move(found)] {
      const auto alike = [](const Tensor& a, const Tensor& b) { return a.ptr() == b.ptr(); };
      return std::all_of(found.begin(), found.end(), [&](const auto& f) {
        const auto& now = f.first->state;
        return std::equal(f.second.begin(), f.second.end(), now.begin(), now.end(), alike);
      });
    });
}

void Optimizer::zero_grad() {
  for (const Group& group : *groups_)
    for (const auto& [name, param] : group.parameters) forget_gradient(param);
}

NamedTensors Optimizer::state_dict() const {
  NamedTensors dict;
  each_setting(*groups_,
               [&](const std::string& name, double value) { dict.emplace_back(name, scalar(value, f64)); });
  for (const Group& group : *groups_)
    for (const auto& [name, param] : group.parameters) {
      const Cell& cell = cells_->at(name);
      if (cell.step == 0) continue;
      dict.emplace_back(fmt::format("state.{}.step", name), scalar(double(cell.step), i64));
      for (size_t i = 0; i < state_names_.size(); ++i)
        dict.emplace_back(fmt::format("state.{}.{}", name, state_names_[i]), cell.state[i]);
    }
  return dict;
}

void Optimizer::load_state_dict(const NamedTensors& dict) {
  std::map<std::string, Tensor> given(dict.begin(), dict.end());
  const auto take = [&](const std::string& name, const Dims& shape) {
    const auto it = given.find(name);
    check(it != given.end(), "the state of the optimizer lacks {}", name);
    const Tensor t = it->second;
    given.erase(it);
    check(t.shape() == shape, "{} of the optimizer's state is {} here but {} there", name, shape, t.shape());
    return t;
  };
  std::map<std::string, double> values;
  each_setting(*groups_, [&](const std::string& name, double) { values[name] = take(name, {}).item(); });
  std::map<std::string, Cell> cells;
  for (const Group& group : *groups_)
    for (const auto& [name, param] : group.parameters) {
      const std::string prefix = fmt::format("state.{}.", name);
      Cell& cell = cells[name];
      if (!given.count(prefix + "step")) continue;  // never updated
      cell.step = int64_t(take(prefix + "step", {}).item());
      check(cell.step > 0, "{}step of the optimizer's state is {}", prefix, cell.step);
      cell.state = fresh_state(param);
      for (size_t i = 0; i < state_names_.size(); ++i)
        cell.state[i].copy_from(take(prefix + state_names_[i], param.shape()));
    }
  check(given.empty(), "the optimizer's state holds {}, which belongs to no parameter of this optimizer",
        given.empty() ? "" : given.begin()->first);
  each_setting(*groups_, [&](const std::string& name, double& value) { value = values.at(name); });
  for (auto& [name, cell] : cells) (*cells_)[name] = std::move(cell);
}

}  // namespace fovea::optim
