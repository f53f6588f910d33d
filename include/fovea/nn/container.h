// Modules made of modules, and functions as modules.
#pragma once
#include <initializer_list>

#include "fovea/nn/module.h"

namespace fovea::nn {

/// Runs its modules one after the other; they are called "0", "1" ... unless named.
///   nn::Sequential net(nn::Linear(2, 2), nn::ReLU(), nn::Linear(2, 1));
///   nn::Sequential named({{"hidden", nn::Linear(2, 2)}, {"output", nn::Linear(2, 1)}});
class Sequential : public Module {
 public:
  Sequential() = default;
  template <std::derived_from<Module>... M>
  requires(sizeof...(M) > 1 || (... && !std::derived_from<M, Sequential>)) explicit Sequential(M... modules) {
    (append(std::move(modules)), ...);
  }
  Sequential(std::initializer_list<std::pair<std::string, AnyModule>> modules);
  /// Adds a module at the end, under its number if `name` is empty.
  Sequential& append(AnyModule module, std::string name = "");
  int size() const { return int(children().size()); }
  const Module& operator[](int i) const;
  using Module::operator();
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override { return "Sequential"; }
};

/// Numbered modules that the owner calls by itself; it has no forward of its own.
class ModuleList : public Module {
 public:
  ModuleList() = default;
  template <std::derived_from<Module>... M>
  requires(sizeof...(M) > 1 || (... && !std::derived_from<M, ModuleList>)) explicit ModuleList(M... modules) {
    (append(std::move(modules)), ...);
  }
  ModuleList& append(AnyModule module);
  int size() const { return int(children().size()); }
  const Module& operator[](int i) const;
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override { return "ModuleList"; }
};

/// Any function of one tensor as a module: nn::Lambda("Square()", square).
class Lambda : public Module {
 public:
  Lambda(std::string description, std::function<Tensor(const Tensor&)> function)
      : description_(std::move(description)), function_(std::move(function)) {}
  Tensor forward(const Tensor& x) const override { return function_(x); }
  std::string describe() const override { return description_; }

 private:
  std::string description_;
  std::function<Tensor(const Tensor&)> function_;
};

/// Gives back what it gets.
struct Identity : Lambda {
  Identity();
};

/// Joins all dimensions from `start` on: (N,C,H,W) becomes (N,C*H*W).
struct Flatten : Lambda {
  explicit Flatten(int64_t start = 1);
};

}  // namespace fovea::nn
