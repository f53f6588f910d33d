// Networks whose names say their sizes.
#pragma once
#include <string>
#include <vector>

#include "fovea/nn.h"

namespace fovea::zoo {

/// `text` "784-128-10", a part of `name`, as numbers.
std::vector<int64_t> sizes_in(const std::string& text, const std::string& name);

/// "rbm", "crbm", "dbn": what stands before the colon.
const std::vector<std::string>& energy_kinds();
/// What `name`, of which is_energy_model() is true, spells for examples of the shape `input`.
nn::AnyModule energy_model(const std::string& name, const Dims& input);

/// "autoencoder", "vae", "dcgan".
const std::vector<std::string>& generative_kinds();
/// What `name`, of which is_generative() is true, spells for examples of the shape `input`.
nn::AnyModule generative_model(const std::string& name, const Dims& input);

/// "rbm:500:gaussian" cut at its colons.
std::vector<std::string> parts_of(const std::string& name);

}  // namespace fovea::zoo
