// Finds where a loss that is no longer finite comes from.
#pragma once
#include <functional>
#include <string>

#include "fovea/nn.h"

namespace fovea::train {

bool all_finite(const Tensor& t);

/// In words, the first place where NaN or infinity shows up: the batch, a parameter, or else the first op of
/// `forward` (which is run again) that makes one out of finite inputs, with the layer it belongs to.
std::string first_non_finite(const nn::Module& model, const Tensor& images,
                             const std::function<void()>& forward);

}  // namespace fovea::train
