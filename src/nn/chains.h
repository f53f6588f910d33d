// Watches a forward pass for linear layers that follow each other.
#pragma once
#include "fovea/nn/linear_chain.h"
#include "fovea/op.h"

namespace fovea::nn {

/// Layers that take what the one before gives.
struct LinearRun {
  struct Link {
    const Module* module;
    bool weighted;  // Linear or a convolution
    Tensor x, y;
  };
  std::vector<Link> links;
  bool open = true;  // nothing but the next layer has taken what the last one gives
};

/// Appends to `runs` while it lives.
class RunObserver : public ModuleObserver {
 public:
  explicit RunObserver(std::vector<LinearRun>& runs) : runs_(runs) {}
  void enter(const Module& module, const Tensor& x) override;
  void leave(const Module& module, const Tensor& x, const Tensor& y) override;
  /// To be told of every op call of the same pass.
  void called(const std::vector<Tensor>& in);

 private:
  std::vector<LinearRun>& runs_;
  bool inside_ = false;  // of a layer that can be a link
};

/// Those with two weighted layers or more. Runs the modules, which must be in eval mode.
std::vector<LinearChain> chains_of(std::vector<LinearRun> runs);

}  // namespace fovea::nn
