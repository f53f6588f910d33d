#include "fovea/nn/watch.h"

namespace fovea::nn {
namespace {

class Visits : public ModuleObserver {
 public:
  void enter(const Module&, const Tensor&) override {}
  void leave(const Module& m, const Tensor&, const Tensor& y) override {
    all.push_back({m.path(), m.describe(), y.shape()});
  }
  std::vector<Visit> all;
};

}  // namespace

const Module& module_at(const Module& net, const std::string& path) {
  std::vector<std::string> paths;
  for (const auto& [name, module] : net.named_modules()) {
    if (name == path) return *module;
    paths.push_back(name);
  }
  const std::string near = nearest(path, paths);
  fail("{} has no layer {}{}", net.describe(), path,
       near.empty() ? ": `fovea summary` lists them" : fmt::format(": did you mean {}?", near));
}

Watch::Watch(const Module& net, const std::string& path) : path_(module_at(net, path).path()) {}

const Tensor& Watch::output() const {
  check(output_.defined(), "the layer {} was not called", path_);
  return output_;
}

void Watch::leave(const Module& module, const Tensor&, const Tensor& y) {
  if (module.path() == path_) output_ = y;
}

std::vector<Visit> visits(const Module& net, const Tensor& x) {
  Visits seen;
  net(x);
  return std::move(seen.all);
}

}  // namespace fovea::nn
