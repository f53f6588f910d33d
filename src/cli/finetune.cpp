#include "cli/finetune.h"

#include <fmt/format.h>

#include "fovea/zoo.h"

namespace fovea::cli {
namespace {

rbm::DBN dbn_in(const train::Checkpoint& c) {
  const std::string& name = c.card.model;
  check(name.starts_with("dbn:") || name.starts_with("rbm:"),
        "finetune={} holds {}: only the layers of a dbn or rbm make a classifier", c.file,
        name.empty() ? "a network without a name" : name);
  const nn::AnyModule net = zoo::make(name, {.input = c.card.input});
  net.load_state_dict(c.weights);
  if (const auto* dbn = dynamic_cast<const rbm::DBN*>(net.ptr().get())) return *dbn;
  return rbm::DBN::of({dynamic_cast<const rbm::RBM&>(*net.ptr())});
}

}  // namespace

Finetune::Finetune(const std::string& run)
    : checkpoint_(train::load_checkpoint(run)), dbn_(dbn_in(checkpoint_)) {}

train::Settings Finetune::settings() const {
  const bool bits = dbn_[0].visible_units() == rbm::Units::bernoulli;
  return {{"data", checkpoint_.card.data},
          {"normalize", bits ? "none" : "set"},
          {"epochs", "30"},
          {"batch", "100"},
          {"lr0", "0.8"},  // sigmoid layers pass on small gradients
          {"schedule", "onecycle"},
          {"weight_decay", "1e-05"}};
}

std::string Finetune::model(int64_t classes) const {
  std::string sizes = std::to_string(dbn_[0].visible_shape()[0]);
  for (int i = 0; i < dbn_.size(); ++i) sizes += fmt::format("-{}", dbn_[i].hidden_shape()[0]);
  return fmt::format("mlp:{}-{}:sigmoid", sizes, classes);
}

}  // namespace fovea::cli
