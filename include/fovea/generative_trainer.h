// Training of generative networks (fovea/generative.h): autoencoders, denoising and variational ones, and
// adversarial pairs, from a data set, with the run in a folder and continued bit for bit.
//   train::GenerativeTrainer trainer({.max_epochs = 10, .folder = "runs/mine"});
//   trainer.add(train::learning_progress());
//   const auto result = trainer.fit(zoo::vae({1, 28, 28}, {400, 20}), train_loader, &val_loader);
// Pictures in the folder: reconstructions.png, samples.png, walk.png and filters.png, as the model has them
// (docs/generative.md). Threads: as a Trainer.
#pragma once
#include "fovea/generative.h"
#include "fovea/unsupervised.h"

namespace fovea::train {

struct GenerativeOptions {
  int64_t max_epochs = 10;
  int64_t max_steps = 0;              // stop after so many steps; 0: no bound
  std::string optimizer = "adam";     // of each player; see optim::names()
  double lr0 = 1e-3;                  // learning rate
  std::string schedule = "constant";  // of lr0, over the steps: constant, or linear or cosine towards 0
  double momentum = 0.9;              // of sgd, nesterov and rmsprop; Adam's beta1
  double weight_decay = 0;            // not applied to biases and norms
  double noise = 0;                   // of the input of autoencoders, whose target stays clean ...
  std::string noise_type = "mask";    // ... set to 0 with this probability; or gaussian of this deviation
  int64_t limit_train_batches = 0;    // batches per epoch; 0: all
  int64_t limit_val_batches = 0;
  bool compile = true;                // capture the steps and replay them
  uint64_t seed = 0;                  // of the noise
  std::string folder = {};            // of the run; empty: nothing is written
  bool resume = false;                // continue from last.safetensors in `folder`, if there is one
  std::string model = {}, data = {};  // names kept with the weights
  std::vector<std::pair<std::string, std::string>> more_settings = {};  // of the caller, for args.json
};

/// As that of TrainerOptions. Keys that both have mean the same.
template <class Options, class Visit>
requires std::same_as<std::remove_const_t<Options>, GenerativeOptions>
void for_each_setting(Options& o, const Visit& visit) {
  visit("epochs", o.max_epochs, "passes over the training set");
  visit("max_steps", o.max_steps, "stop after so many steps (0: no bound)");
  visit("optimizer", o.optimizer, "sgd, nesterov, adam, adamw, rmsprop, adagrad or adadelta");
  visit("lr0", o.lr0, "learning rate");
  visit("schedule", o.schedule, "of the learning rate: constant, linear or cosine");
  visit("momentum", o.momentum, "of sgd, nesterov and rmsprop; beta1 of adam");
  visit("weight_decay", o.weight_decay, "pulls weights (not biases, not norms) towards 0");
  visit("noise", o.noise,
        "of autoencoders: noise of the input, whose target stays clean, such as 0.3 (0: none)");
  visit("noise_type", o.noise_type, "mask: numbers are set to 0 with this probability; or gaussian");
  visit("limit_train", o.limit_train_batches, "batches per epoch (0: all)");
  visit("limit_val", o.limit_val_batches, "batches per validation (0: all)");
  visit("compile", o.compile, "capture steps and replay them");
  visit("seed", o.seed, "of weights, order and noise");
}

/// x with noise of the default generator as `noise_type` and `noise` of GenerativeOptions say; x itself
/// without.
Tensor with_noise(const Tensor& x, double noise, const std::string& noise_type);

/// Trains a generative::Model: its scores, each player by an optimizer of its own.
using GenerativeTrainer = UnsupervisedTrainer<GenerativeOptions>;
extern template class UnsupervisedTrainer<GenerativeOptions>;

}  // namespace fovea::train
