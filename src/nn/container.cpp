#include "fovea/nn/container.h"

#include "fovea/ops.h"

namespace fovea::nn {
namespace {

const Module& child(const Module& parent, int i) {
  const int n = int(parent.children().size()), k = i < 0 ? i + n : i;
  check(k >= 0 && k < n, "{} has {} modules, none has index {}", parent.describe(), n, i);
  return *parent.children()[size_t(k)].second;
}

}  // namespace

Sequential::Sequential(std::initializer_list<std::pair<std::string, AnyModule>> modules) {
  for (const auto& [name, module] : modules) append(module, name);
}

Sequential& Sequential::append(AnyModule module, std::string name) {
  add_child(name.empty() ? std::to_string(size()) : name, module.ptr());
  return *this;
}

const Module& Sequential::operator[](int i) const { return child(*this, i); }

Tensor Sequential::forward(const Tensor& x) const {
  Tensor y = x;
  for (const auto& [name, module] : children()) y = (*module)(y);
  return y;
}

ModuleList& ModuleList::append(AnyModule module) {
  add_child(std::to_string(size()), module.ptr());
  return *this;
}

const Module& ModuleList::operator[](int i) const { return child(*this, i); }

Tensor ModuleList::forward(const Tensor&) const {
  fail("a ModuleList has no forward of its own: call its modules, or use Sequential");
}

Identity::Identity() : Lambda("Identity", [](const Tensor& x) { return x; }) {}
Flatten::Flatten(int64_t start)
    : Lambda(start == 1 ? "Flatten" : fmt::format("Flatten({})", start),
             [start](const Tensor& x) { return flatten(x, start); }) {}

}  // namespace fovea::nn
