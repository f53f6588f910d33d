// Module: the base of every layer and network. It owns named parameters (learned), buffers (kept, not
// learned) and child modules; names join with dots: "layer1.0.conv1.weight". Copies share all of that, so a
// member and what was registered under its name are the same module.
//   struct Block : nn::Module {
//     nn::Conv2d conv;  nn::BatchNorm2d bn;
//     explicit Block(int channels) : conv(channels, channels, 3, {.padding = 1}), bn(channels) {
//       register_module("conv", conv);
//       register_module("bn", bn);
//     }
//     Tensor forward(const Tensor& x) const override { return relu(bn(conv(x)) + x); }
//   };
#pragma once
#include <concepts>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fovea/safetensors.h"
#include "fovea/tensor.h"

namespace fovea::nn {

class Module {
 public:
  Module();
  virtual ~Module() = default;

  /// What the module computes. Call the module itself instead: that adds its name to errors and tells
  /// observers.
  virtual Tensor forward(const Tensor& x) const = 0;
  Tensor operator()(const Tensor& x) const;
  /// One line for summaries and errors: "Conv2d(3, 64, kernel=7, stride=2)". Containers and user modules:
  /// their type.
  virtual std::string describe() const;

  /// Its name inside of the network that registered it last, "layer1.0.conv1"; empty for the outermost
  /// module.
  std::string path() const;
  /// Direct children in the order of registration.
  const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& children() const;
  /// Every module below and including this one, with its path from here ("" for this one), parents first.
  std::vector<std::pair<std::string, const Module*>> named_modules() const;
  /// All learned tensors below with their paths from here; one shared by two modules stands once.
  NamedTensors named_parameters() const;
  std::vector<Tensor> parameters() const;
  NamedTensors named_buffers() const;
  /// Parameters and buffers of this module alone.
  const NamedTensors& own_parameters() const;
  const NamedTensors& own_buffers() const;
  int64_t num_parameters() const;

  /// Parameters and buffers by torchvision's names, sharing their elements.
  NamedTensors state_dict() const;
  struct LoadResult {
    std::vector<std::string> missing, unexpected;
  };
  /// Copies the elements of `dict` into the parameters and buffers of those names. Throws, naming all of them
  /// and changing nothing, where a shape differs or, if `strict`, where a name is missing or unexpected.
  /// Batch counts (num_batches_tracked), which older files lack, are never missing.
  LoadResult load_state_dict(const NamedTensors& dict, bool strict = true) const;

  /// Switches dropout and batch statistics on (train) or off (eval), in all modules below too.
  void train(bool on = true) const;
  void eval() const { train(false); }
  /// The same for this module alone.
  void train_only(bool on) const;
  bool training() const;
  /// Converts parameters and float buffers in place (an optimizer keeps them); gradients are dropped.
  void to(DType dtype) const;
  void to(Device device) const;
  /// Calls f on every module below and including this one, children first.
  void apply(const std::function<void(const Module&)>& f) const;
  /// Forgets the gradients of all parameters.
  void zero_grad() const;
  /// Freezes all parameters below (false) or lets them learn again (true).
  void requires_grad(bool on) const;

 protected:
  Module(const Module&) = default;
  Module(Module&&) = default;
  Module& operator=(const Module&) = default;
  Module& operator=(Module&&) = default;

  /// Names are unique within the module, not empty, without dots; throws otherwise.
  /// An undefined parameter (a layer without bias) is left out. Returns `value`, which then wants a gradient.
  Tensor register_parameter(const std::string& name, Tensor value);
  Tensor register_buffer(const std::string& name, Tensor value);
  template <std::derived_from<Module> M>
  M register_module(const std::string& name, M module) {
    add_child(name, std::make_shared<M>(module));
    return module;
  }
  void add_child(const std::string& name, std::shared_ptr<Module> module);

 private:
  struct State;
  friend class AnyModule;
  void set_tensor(const Tensor& target, const Tensor& converted) const;
  void check_name(const std::string& name) const;
  std::shared_ptr<State> state_;
};

/// Any module as a value: what zoo::make() returns and what functions take that work with every network.
class AnyModule final : public Module {
 public:
  template <std::derived_from<Module> M>
  requires(!std::same_as<M, AnyModule>) AnyModule(M module)
      : AnyModule(std::make_shared<M>(std::move(module))) {}  // NOLINT: converts on purpose
  explicit AnyModule(std::shared_ptr<Module> module);
  Tensor forward(const Tensor& x) const override { return module_->forward(x); }
  std::string describe() const override { return module_->describe(); }
  const std::shared_ptr<Module>& ptr() const { return module_; }

 private:
  std::shared_ptr<Module> module_;
};

/// Told about every module call of this thread while alive: for summaries, activation maps, profiles. Nests.
class ModuleObserver {
 public:
  ModuleObserver();
  virtual ~ModuleObserver();
  ModuleObserver(const ModuleObserver&) = delete;
  ModuleObserver& operator=(const ModuleObserver&) = delete;
  virtual void enter(const Module& module, const Tensor& x) = 0;
  virtual void leave(const Module& module, const Tensor& x, const Tensor& y) = 0;
  ModuleObserver* outer() const { return outer_; }

 private:
  ModuleObserver* outer_;
};

}  // namespace fovea::nn
