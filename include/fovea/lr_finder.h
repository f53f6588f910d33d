// The learning-rate finder (Smith 2017, "Cyclical learning rates for training neural networks", section 3.3):
// some steps of training in which the rate rises exponentially until the loss runs away.
//   const train::LrCurve curve = train::find_lr(net, loader, {.optimizer = "sgd"});
//   train::Trainer trainer({.optimizer = "sgd", .lr0 = curve.suggestion});
#pragma once
#include "fovea/train.h"

namespace fovea::train {

struct LrFinderOptions {
  double low = 1e-5, high = 10;  // the first rate and the last
  int64_t steps = 200;
  double smoothing = 0.9;  // part of the smoothed loss that a step keeps
  double diverged = 4;     // stop where the smoothed loss is so many times its best
};

struct LrCurve {
  std::vector<double> lr, loss, smoothed;  // of each step taken, up to where the loss ran away
  bool ran_away = false;                   // it did so before the last rate
  double steepest = 0;                     // rate at which the smoothed loss falls fastest
  double lowest = 0;                       // rate of its minimum, where it is about to rise
  double suggestion = 0;                   // a tenth of `lowest`
};

/// Trains `model` on batches of `train` with the optimizer, weight decay, clipping and loss of `training`;
/// afterwards its weights, buffers and mode are what they were. Throws if an option is out of its range or
/// the loss falls at no rate.
LrCurve find_lr(const nn::Module& model, data::DataLoader& train, const TrainerOptions& training = {},
                const LrFinderOptions& options = {});

}  // namespace fovea::train
