// An energy model as layers that are trained one after the other: one, but for a deep belief network.
#pragma once
#include "fovea/rbm.h"

namespace fovea::train {

class EnergyLayers {
 public:
  /// `model` is an rbm::EnergyModel or an rbm::DBN, or an AnyModule that holds one, and must outlive this;
  /// throws for others.
  explicit EnergyLayers(const nn::Module& model);

  const nn::Module& model() const { return *model_; }
  int size() const { return dbn_ ? dbn_->size() : 1; }
  const rbm::EnergyModel& operator[](int i) const { return dbn_ ? (*dbn_)[i] : *alone_; }
  /// What the layers below layer i make of v: its visible units.
  Tensor up(const Tensor& v, int i) const { return dbn_ && i > 0 ? dbn_->up(v, i) : v; }
  /// The way back from visible units of layer i.
  Tensor down(const Tensor& x, int i) const { return dbn_ && i > 0 ? dbn_->down(x, i) : x; }

 private:
  const nn::Module* model_;
  const rbm::DBN* dbn_ = nullptr;
  const rbm::EnergyModel* alone_ = nullptr;
};

}  // namespace fovea::train
