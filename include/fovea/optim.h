// Optimizers: they change parameters in place by their gradients. The formulas stand with the ops sgd_step,
// adam_step ... and are PyTorch's; an optimizer's state is kept by parameter name, so that training resumes
// to the same bits.
//   optim::SGD optimizer(net, {.lr = 0.1, .momentum = 0.9, .weight_decay = 5e-4});
//   optimizer.zero_grad();
//   cross_entropy(net(images), labels).backward();
//   optimizer.step();
// Threads: one optimizer belongs to one thread.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fovea/nn/module.h"
#include "fovea/op.h"

namespace fovea::optim {

/// Parameters that share settings; what is unset is as the optimizer's options say.
struct ParameterGroup {
  NamedTensors parameters = {};
  std::optional<double> lr = {}, weight_decay = {};
};

/// What an optimizer learns: a module, named tensors, or groups of them.
struct Parameters {
  Parameters(const nn::Module& module)
      : groups{{module.named_parameters()}} {}                              // NOLINT: converts on purpose
  Parameters(NamedTensors parameters) : groups{{std::move(parameters)}} {}  // NOLINT
  Parameters(std::vector<ParameterGroup> parameters) : groups(std::move(parameters)) {}  // NOLINT
  std::vector<ParameterGroup> groups;
};

/// Two groups: weights, which decay, and biases and scales of norms (at most one dimension), which do not.
std::vector<ParameterGroup> parameter_groups(const nn::Module& module, double weight_decay);

class Optimizer {
 public:
  /// The settings of a group as they are now; schedules write them.
  struct Group {
    NamedTensors parameters;
    double lr = 0, weight_decay = 0;
    double momentum = 0;                    // SGD's and RMSprop's momentum, Adam's beta1
    std::optional<double> initial_lr = {};  // what schedules start from, set by the first one
  };

  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  /// One update of every parameter that has a gradient; the others stay as they are.
  void step();
  void zero_grad();
  std::vector<Group>& groups() { return *groups_; }
  const std::vector<Group>& groups() const { return *groups_; }

  /// Settings of the groups ("group.0.lr") and state of the parameters
  /// ("state.conv1.weight.momentum_buffer").
  NamedTensors state_dict() const;
  /// Restores what state_dict() gave. Throws, changing nothing, if names or shapes do not fit.
  void load_state_dict(const NamedTensors& dict);

 protected:
  /// What the optimizer remembers of one parameter.
  struct Cell {
    int64_t step = 0;           // updates so far, the current one included
    std::vector<Tensor> state;  // one per name given to the constructor; zeros at first
  };
  Optimizer(const Parameters& parameters, double lr, double weight_decay, double momentum,
            std::vector<std::string> state_names);
  virtual void update(const Group& group, const Tensor& param, const Tensor& grad, const Cell& cell) = 0;
  /// A setting of a group or the step of a cell, read anew by every replay of a captured step.
  Live<double> live(const double& setting) const { return {{groups_, &setting}}; }
  Live<int64_t> live(const int64_t& step) const { return {{cells_, &step}}; }
  /// The group's, or 0 for a parameter without a velocity.
  Live<double> momentum_of(const Group& group, const Tensor& velocity) const;

 private:
  std::vector<Tensor> fresh_state(const Tensor& param) const;
  std::shared_ptr<std::vector<Group>> groups_ = std::make_shared<std::vector<Group>>();
  std::vector<std::string> state_names_;
  using Cells = std::map<std::string, Cell>;  // by parameter name
  std::shared_ptr<Cells> cells_ = std::make_shared<Cells>();
};

struct SGDOptions {
  double lr = 1e-3, momentum = 0, dampening = 0, weight_decay = 0;
  bool nesterov = false;
};
/// v = momentum v + g; param -= lr v: PyTorch's form of momentum, where Caffe's puts lr into v.
class SGD : public Optimizer {
 public:
  explicit SGD(const Parameters& parameters, SGDOptions options = {});

 private:
  void update(const Group& group, const Tensor& param, const Tensor& grad, const Cell& cell) override;
  SGDOptions options_;
};

struct AdamOptions {
  double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;
};
/// Adam (Kingma and Ba 2015); weight_decay is added to the gradient.
class Adam : public Optimizer {
 public:
  explicit Adam(const Parameters& parameters, AdamOptions options = {}) : Adam(parameters, options, false) {}

 protected:
  Adam(const Parameters& parameters, AdamOptions options, bool decoupled);

 private:
  void update(const Group& group, const Tensor& param, const Tensor& grad, const Cell& cell) override;
  AdamOptions options_;
  bool decoupled_;
};

/// Adam with weight decay apart from the gradient: param *= 1 - lr weight_decay (Loshchilov and Hutter 2019).
class AdamW : public Adam {
 public:
  explicit AdamW(const Parameters& parameters, AdamOptions options = {.weight_decay = 0.01})
      : Adam(parameters, options, true) {}
};

struct RMSpropOptions {
  double lr = 1e-2, alpha = 0.99, eps = 1e-8, weight_decay = 0, momentum = 0;
};
class RMSprop : public Optimizer {
 public:
  explicit RMSprop(const Parameters& parameters, RMSpropOptions options = {});

 private:
  void update(const Group& group, const Tensor& param, const Tensor& grad, const Cell& cell) override;
  RMSpropOptions options_;
};

struct AdagradOptions {
  double lr = 1e-2, lr_decay = 0, eps = 1e-10, weight_decay = 0;
};
class Adagrad : public Optimizer {
 public:
  explicit Adagrad(const Parameters& parameters, AdagradOptions options = {});

 private:
  void update(const Group& group, const Tensor& param, const Tensor& grad, const Cell& cell) override;
  AdagradOptions options_;
};

struct AdadeltaOptions {
  double lr = 1, rho = 0.9, eps = 1e-6, weight_decay = 0;
};
class Adadelta : public Optimizer {
 public:
  explicit Adadelta(const Parameters& parameters, AdadeltaOptions options = {});

 private:
  void update(const Group& group, const Tensor& param, const Tensor& grad, const Cell& cell) override;
  AdadeltaOptions options_;
};

/// Settings that every optimizer knows; unset ones are its own defaults. `momentum` is Adam's beta1, and
/// ignored where there is none.
struct Settings {
  std::optional<double> lr = {}, momentum = {}, weight_decay = {};
};
/// The optimizer called sgd, nesterov, adam, adamw, rmsprop, adagrad or adadelta, in any case; throws with
/// the nearest name for others.
std::unique_ptr<Optimizer> make(const std::string& name, const Parameters& parameters,
                                const Settings& settings = {});
std::vector<std::string> names();

/// Scales all gradients by max_norm / (norm + 1e-6) if their common 2-norm is larger; returns the norm
/// before (in a compiled step, that of the capture). Gradients with a norm that is not finite stay as they
/// are.
double clip_grad_norm_(const std::vector<Tensor>& parameters, double max_norm);
/// Clamps every element of every gradient to [-limit, limit].
void clip_grad_value_(const std::vector<Tensor>& parameters, double limit);

}  // namespace fovea::optim
