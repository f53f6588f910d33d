// `fovea val` of energy models.
#pragma once
#include "cli/setup.h"
#include "fovea/energy.h"

namespace fovea::cli {

struct EnergyValKeys {
  bool ais = false;
  int64_t ais_steps = 1000, ais_runs = 100;
};
void add_energy_keys(KeySet& app, EnergyValKeys& keys);
/// The scores of each layer, the same in every run.
std::vector<train::Scores> energy_scores(const Trained& trained, data::DataLoader& loader);
/// Prints the scores of each layer over `loader`; of an RBM on demand log Z and the mean log-likelihood too.
int val_energy(const Trained& trained, data::DataLoader& loader, const EnergyValKeys& keys, bool json);

}  // namespace fovea::cli
