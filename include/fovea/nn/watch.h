// Values inside of a network, by the path of the module that makes them.
//   const nn::Watch seen(net, "layer3.0.conv2");
//   const Tensor logits = net(images);
//   seen.output();   // what that convolution gave, on the tape of the logits
#pragma once
#include "fovea/nn/module.h"

namespace fovea::nn {

/// The module at `path` below `net`; "" is `net` itself. Throws, naming the nearest path, if there is none.
const Module& module_at(const Module& net, const std::string& path);

/// Keeps what the module at `path` below `net` gives, while alive.
class Watch : public ModuleObserver {
 public:
  /// Throws as module_at() does.
  Watch(const Module& net, const std::string& path);
  /// Of its last call. Throws if it was not called.
  const Tensor& output() const;

  void enter(const Module&, const Tensor&) override {}
  void leave(const Module& module, const Tensor& x, const Tensor& y) override;

 private:
  std::string path_;  // from the outermost module
  Tensor output_;
};

/// A call of a module, as a forward pass met it.
struct Visit {
  std::string path, layer;  // "layer1.0.conv1", "Conv2d(16, 16, kernel=3, ...)"
  Dims output;
};
/// All calls of modules below and including `net` in one forward pass of `x`, in the order in which they end.
std::vector<Visit> visits(const Module& net, const Tensor& x);

}  // namespace fovea::nn
