// Networks that learn a set for a given time, to be compared.
#pragma once
#include <string>
#include <vector>

#include "cli/setup.h"

namespace fovea::cli {

struct ContestOptions {
  double seconds = 5;        // of training
  int64_t most_epochs = 40;  // where time would allow more
  uint64_t seed = 0;
  int workers = data::auto_workers;
};

struct Contestant {
  std::string model;
  nn::AnyModule net;
  data::DataLoader val;
  double seconds = 0, passes = 0;  // of its training; over the training set
  double error = 0;                // part of the validation set that it gets wrong
  std::vector<int64_t> says;       // of each example of that
};
/// Trains a network called `model` by its recipe in as many steps as fit into the time, and validates it.
Contestant trained_for(const std::string& model, const std::shared_ptr<data::Dataset>& train,
                       const std::shared_ptr<data::Dataset>& val, const ContestOptions& options);

}  // namespace fovea::cli
