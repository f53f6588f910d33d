#include "train/energy_layers.h"

namespace fovea::train {

EnergyLayers::EnergyLayers(const nn::Module& model) : model_(&model) {
  if (const auto* any = dynamic_cast<const nn::AnyModule*>(&model)) model_ = any->ptr().get();
  dbn_ = dynamic_cast<const rbm::DBN*>(model_);
  alone_ = dynamic_cast<const rbm::EnergyModel*>(model_);
  check(dbn_ || alone_, "{} is no energy model: a Trainer trains it", model_->describe());
}

}  // namespace fovea::train
