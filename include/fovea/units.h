// Units that no longer take part: dead ones, which are 0 whatever comes, and saturated ones, which are at a
// bound whatever comes. Neither passes a gradient on.
//   for (const train::UnitCount& c : train::count_units(net, val))
//     fmt::print("{}: {} of {} dead\n", c.layer, c.dead, c.units);
//   trainer.add(train::watch_units(net, val, "runs/train/1"));
#pragma once
#include "fovea/train.h"

namespace fovea::train {

/// The units of one activation: channels of (N,C,H,W), else the last dimension.
struct UnitCount {
  std::string layer, op;  // path of the module that calls it, with #2, #3 .. if several times; relu, tanh ..
  int64_t units = 0;
  int64_t dead = 0;  // relu and relu6: 0 for all examples, everywhere
  int64_t saturated =
      0;  // sigmoid, hardsigmoid, tanh, hardtanh, softsign: within 1 % of one of the bounds for all
};

/// Runs `examples` of the loader through the network in eval mode and without gradients; its mode is
/// restored.
std::vector<UnitCount> count_units(const nn::Module& model, data::DataLoader& loader,
                                   int64_t examples = 1024);

/// Counts after each epoch, prints a line to `out`, and appends rows to units.csv in `folder` unless that is
/// empty.
std::shared_ptr<Callback> watch_units(const nn::Module& model, data::DataLoader& loader, std::string folder,
                                      std::FILE* out = stdout);

}  // namespace fovea::train
