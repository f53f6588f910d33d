// `fovea val` of generative networks.
#pragma once
#include "cli/setup.h"
#include "fovea/unsupervised.h"

namespace fovea::cli {

struct GenerativeValKeys {
  double noise = 0;
  std::string noise_type = "mask", sheet;
  int64_t importance = 0;
};
void add_generative_keys(KeySet& app, GenerativeValKeys& keys);
/// Throws if one of `keys` was given for the model, which is none of theirs.
void check_not_generative(const GenerativeValKeys& keys, const Trained& trained);
/// Its scores over `loader`, the same each time. Throws if it has no use for the noise of `keys`.
train::Scores generative_scores(const Trained& trained, data::DataLoader& loader,
                                const GenerativeValKeys& keys = {});
/// Prints the scores over `loader`, on demand of a VAE the log-likelihood by importance sampling, and writes
/// a sheet of samples or reconstructions.
int val_generative(const Trained& trained, data::DataLoader& loader, const GenerativeValKeys& keys,
                   bool json);

}  // namespace fovea::cli
