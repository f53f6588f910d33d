#pragma once
#include <utility>
#include <vector>

#include "fovea/nn.h"

namespace fovea::nn {

/// Eval mode while alive; then every module is back in the mode it had.
class EvalMode {
 public:
  explicit EvalMode(const Module& model) {
    for (const auto& [path, module] : model.named_modules()) before_.emplace_back(module, module->training());
    model.eval();
  }
  ~EvalMode() {
    for (const auto& [module, training] : before_) module->train_only(training);
  }
  EvalMode(const EvalMode&) = delete;
  EvalMode& operator=(const EvalMode&) = delete;

 private:
  std::vector<std::pair<const Module*, bool>> before_;
};

}  // namespace fovea::nn
