// finetune=RUN: a deep belief network becomes a classifier (Hinton and Salakhutdinov 2006).
#pragma once
#include "fovea/checkpoint.h"
#include "fovea/rbm.h"
#include "train/run_folder.h"

namespace fovea::cli {

class Finetune {
 public:
  /// `run` is a run folder or .safetensors file of a dbn, or of an rbm, which is one of one layer. Throws for
  /// others.
  explicit Finetune(const std::string& run);
  /// Keys that suit it, data= among them.
  train::Settings settings() const;
  /// "mlp:784-500-500-2000-10:sigmoid"
  std::string model(int64_t classes) const;
  /// The weights of that model, fresh ones in its last layer.
  NamedTensors weights(int64_t classes) const { return dbn_.unrolled(classes).state_dict(); }

 private:
  train::Checkpoint checkpoint_;
  rbm::DBN dbn_;
};

}  // namespace fovea::cli
