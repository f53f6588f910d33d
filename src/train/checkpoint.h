// last.safetensors: the weights under their names, beside them what resuming takes: optimizer
// ("optimizer/..."), averaged weights ("ema/...") and, as JSON in the metadata, the counters. One file,
// written atomically, so that weights and counters always belong together. Random numbers need no state: they
// are a function of seed, epoch and step.
#pragma once
#include "fovea/checkpoint.h"
#include "fovea/metrics.h"

namespace fovea::train {

/// Where training stands between two steps.
struct TrainState {
  int64_t epoch = 0;         // finished
  int64_t batch = 0;         // done in the epoch after those
  int64_t step = 0;          // optimizer steps
  Metrics running;           // of the unfinished epoch
  std::vector<double> sums;  // of the scores of a Learner over its examples
  double best = -1;          // top-1, parts of 1
  int64_t best_epoch = 0, epochs_without_better = 0;
  double seconds = 0;  // of all processes so far
};

/// That of the file `path`. Throws if it holds none, or one that is damaged.
TrainState load_state(const std::string& path);

/// What is kept beside the weights: a prefix, "optimizer/", and tensors by name.
using Part = std::pair<std::string, NamedTensors>;
/// Writes last.safetensors to `path`.
void save_resumable(const std::string& path, NamedTensors weights, const std::vector<Part>& parts,
                    const ModelCard& card, const TrainState& state);
/// Those whose name starts with `prefix`, without it.
NamedTensors only_prefix(const std::string& prefix, const NamedTensors& tensors);
/// Those of the network: names without a slash.
NamedTensors only_weights(const NamedTensors& tensors);

}  // namespace fovea::train
