#include "fovea/nn/loss.h"

#include "fovea/op.h"

namespace fovea::nn {

Tensor CrossEntropyLoss::operator()(const Tensor& logits, const Tensor& target) const {
  return call("cross_entropy", {logits, target, options_.weight},
              {{"ignore_index", options_.ignore_index},
               {"label_smoothing", options_.label_smoothing},
               {"reduction", options_.reduction}});
}

std::string CrossEntropyLoss::describe() const {
  return options_.label_smoothing == 0
             ? "CrossEntropyLoss"
             : fmt::format("CrossEntropyLoss(label_smoothing={})", options_.label_smoothing);
}

}  // namespace fovea::nn
