// `fovea plot surface`: the loss over two parameters, with gradient descent on it, or around a trained
// network.
#pragma once
#include "cli/keys.h"

namespace fovea::cli {

struct SurfaceKeys {
  std::vector<double> rates;  // of descent; none: some from the curvature of the loss
  int64_t steps = 20, examples = 0, cells = 0;
  uint64_t seed = 0;
};
void add_surface_keys(KeySet& app, SurfaceKeys& keys);

/// `model` is a run folder, or a network by name with two parameters; `range` to either side of trained
/// weights. Prints, and writes a picture if `out` is a path.
void plot_surface(const SurfaceKeys& keys, const std::string& model, const std::string& data, double range,
                  const std::string& out);

}  // namespace fovea::cli
