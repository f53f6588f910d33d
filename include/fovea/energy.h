// Training of energy models (fovea/rbm.h) by contrastive divergence: an RBM or convolutional RBM, or a deep
// belief network layer by layer, from a data set, with its run in a folder and continued bit for bit.
//   train::EnergyTrainer trainer({.max_epochs = 10, .lr0 = 0.1, .folder = "runs/mine"});
//   trainer.add(train::learning_progress());
//   trainer.fit(rbm::RBM(784, 500), train_loader, &val_loader);
// The folder holds args.json, results.csv (a row per epoch), last.safetensors (all that resuming takes) and
// pictures: curves.png, filters.png, reconstructions.png, samples.png and fantasies.png
// (docs/energy_models.md). Threads: as a Trainer.
#pragma once
#include "fovea/rbm.h"
#include "fovea/unsupervised.h"

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

/// Trains an rbm::EnergyModel or an rbm::DBN. A layer whose visible biases are 0 starts with those that give
/// the means of the data, and hidden ones that give the sparsity. Scores:
/// - reconstruction: squared difference between a unit and its reconstruction
/// - pseudo_likelihood: RBM::pseudo_likelihood of Bernoulli visible units, for others NaN
/// - free_energy: of all but relu hidden units, for those NaN
using EnergyTrainer = UnsupervisedTrainer<EnergyOptions>;
extern template class UnsupervisedTrainer<EnergyOptions>;

}  // namespace fovea::train
