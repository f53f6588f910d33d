// Training of energy models (fovea/rbm.h) by contrastive divergence: an RBM or convolutional RBM, or a deep
// belief network layer by layer, from a data set, with its run in a folder and continued bit for bit.
//   train::EnergyTrainer trainer({.max_epochs = 10, .lr0 = 0.1, .folder = "runs/mine"});
//   trainer.add(train::energy_progress());
//   trainer.fit(rbm::RBM(784, 500), train_loader, &val_loader);
// The folder holds args.json, results.csv (a row per epoch), last.safetensors (all that resuming takes) and
// pictures: curves.png, filters.png, reconstructions.png, samples.png and fantasies.png
// (docs/energy_models.md). Threads: as a Trainer.
#pragma once
#include <cmath>

#include "fovea/rbm.h"
#include "fovea/train.h"

namespace fovea::train {

struct EnergyOptions {
  int64_t max_epochs = 10;            // of each layer
  int64_t max_steps = 0;              // stop after so many steps; 0: no bound
  double lr0 = 0.1;                   // learning rate while the momentum is first_momentum
  std::string schedule = "constant";  // of lr0, over the epochs of a layer: constant, or linear towards 0
  double momentum = 0.9;              // after the first epochs
  int64_t momentum_epochs = 5;        // so many, with a momentum of 0.5 at most (Hinton 2010, section 9)
  double weight_decay = 2e-4;         // not applied to biases
  int64_t k = 1;                      // Gibbs steps of contrastive divergence
  bool persistent = false;            // chains go on from step to step (persistent contrastive divergence)
  int64_t chains = 100;               // how many, if they persist
  double sparsity = 0;                // the part of the examples for which a hidden unit should be on ...
  double sparsity_cost = 0;           // ... and how strongly it is pulled there; 0: not at all
  int64_t limit_train_batches = 0;    // batches per epoch; 0: all
  int64_t limit_val_batches = 0;
  bool compile = true;                // capture the steps and replay them
  uint64_t seed = 0;                  // of the samples
  std::string folder = {};            // of the run; empty: nothing is written
  bool resume = false;                // continue from last.safetensors in `folder`, if there is one
  std::string model = {}, data = {};  // names kept with the weights
  std::vector<std::pair<std::string, std::string>> more_settings = {};  // of the caller, for args.json
};

/// As that of TrainerOptions. Keys that both have mean the same.
template <class Options, class Visit>
requires std::same_as<std::remove_const_t<Options>, EnergyOptions>
void for_each_setting(Options& o, const Visit& visit) {
  visit("epochs", o.max_epochs, "passes over the training set, for each layer");
  visit("max_steps", o.max_steps, "stop after so many steps (0: no bound)");
  visit("lr0", o.lr0, "largest learning rate");
  visit("schedule", o.schedule, "of the learning rate: constant or linear");
  visit("momentum", o.momentum, "after the first epochs");
  visit("momentum_epochs", o.momentum_epochs,
        "of energy models: so many epochs have a momentum of 0.5 at most; then lr0 falls as momentum rises");
  visit("weight_decay", o.weight_decay, "pulls weights (not biases) towards 0");
  visit("cd", o.k, "of energy models: Gibbs steps of contrastive divergence");
  visit("persistent", o.persistent, "of energy models: chains go on from step to step");
  visit("chains", o.chains, "how many chains, if they are persistent");
  visit("sparsity", o.sparsity, "of energy models: how often a hidden unit should be on, such as 0.05");
  visit("sparsity_cost", o.sparsity_cost, "how strongly hidden units are pulled there, such as 0.1 (0: not)");
  visit("limit_train", o.limit_train_batches, "batches per epoch (0: all)");
  visit("limit_val", o.limit_val_batches, "batches per validation (0: all)");
  visit("compile", o.compile, "capture steps and replay them");
  visit("seed", o.seed, "of weights, order and samples");
}

/// Means over examples. NaN where there is none in closed form.
struct EnergyScores {
  int64_t examples = 0;
  double reconstruction = 0;       // squared difference between a unit and its reconstruction
  double pseudo_likelihood = NAN;  // of an RBM with Bernoulli visible units: RBM::pseudo_likelihood
  double free_energy = NAN;        // of all but relu hidden units
};

/// Where training stands after a step.
struct EnergyStep {
  int64_t layer, layers;   // of a deep belief network, from 1
  int64_t epoch, epochs;   // of this layer, from 1
  int64_t batch, batches;  // of this epoch, from 1
  int64_t step;            // so far, over all epochs and layers
  int64_t examples;        // of this epoch so far ...
  double reconstruction;   // ... and their mean reconstruction error
  double lr, momentum;
  double seconds;        // of this epoch
  int64_t new_examples;  // of this epoch since this process runs
  double waited;         // of these seconds, those spent waiting for data
};

struct EnergyEpoch {
  EnergyStep last;
  const EnergyScores* val;  // null without a validation set
  /// Of the training set, over as many batches as the validation has. That its mean free energy falls below
  /// that of `val` shows overfitting (Hinton 2010, section 6); null without one.
  const EnergyScores* train;
};

struct EnergyResult {
  Stop why = Stop::finished;
  int64_t epochs = 0, steps = 0;  // done, over all layers, those before a resume included
  double reconstruction = 0;      // of the training set, in the last epoch
  EnergyScores val;               // after it
  double seconds = 0;             // of this process
  double waited = 0;              // of these seconds, those in which steps waited for data
};

/// Is told how training goes, as a Callback is.
class EnergyCallback {
 public:
  virtual ~EnergyCallback() = default;
  virtual void on_step_end(const EnergyStep&) {}
  virtual void on_epoch_end(const EnergyEpoch&) {}
  virtual void on_fit_end(const EnergyResult&) {}
};

/// The progress_bar() of energy models:
/// "epoch 1/10 ━━━━━━  600/600  reconstruction 0.021  61,000 img/s  data 3%  eta 0s   val 0.019  PL -85.2 gap
/// 0.4"
std::shared_ptr<EnergyCallback> energy_progress(std::FILE* out = stdout, const std::string& unit = "img");

class EnergyTrainer : public Stoppable {
 public:
  /// Throws if an option is out of its range.
  explicit EnergyTrainer(EnergyOptions options);

  void add(std::shared_ptr<EnergyCallback> callback) { callbacks_.push_back(std::move(callback)); }

  /// Trains `model`, an rbm::EnergyModel or an rbm::DBN, in place. A layer whose visible biases are 0 starts
  /// with those that give the means of the data, and hidden ones that give the sparsity. Throws for other
  /// modules, for data that the units cannot take, and, naming step and op, if the reconstruction error is no
  /// longer finite.
  EnergyResult fit(const nn::Module& model, data::DataLoader& train, data::DataLoader* val = nullptr);

  /// The scores of each layer: one, but for a DBN.
  std::vector<EnergyScores> measure(const nn::Module& model, data::DataLoader& loader) const;

  const EnergyOptions& options() const { return options_; }

 private:
  friend class EnergyFit;
  EnergyOptions options_;
  std::vector<std::shared_ptr<EnergyCallback>> callbacks_;
};

}  // namespace fovea::train
