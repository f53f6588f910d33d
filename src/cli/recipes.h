// What to train with where the user says nothing: settings that work, by model, and the model by data set.
#pragma once
#include <string>

#include "fovea/data.h"
#include "train/run_folder.h"

namespace fovea::cli {

/// The model for a data set: crnn for strings, lenet5 for one-channel images, resnet20 for others, unet:16
/// for masks, a small mlp for points.
std::string default_model(const data::Dataset& dataset);
/// Throws if `model` learns classes of pixels and the set has no masks, or the other way round.
void check_model(const std::string& model, const data::Dataset& dataset);

/// Key and value for `model`; `persistent` is that key of energy models.
train::Settings recipe_for(const std::string& model, bool persistent = false);

}  // namespace fovea::cli
