// What a loader makes of its options before it starts.
#pragma once
#include "fovea/loader.h"

namespace fovea::data {

/// The options, where a last Normalize has become `normalize`.
LoaderOptions settled(const Dataset& dataset, LoaderOptions options);
/// The figures to normalise with: given, known, or measured; a channel without deviation stays unscaled.
Normalization normalization_for(const Dataset& dataset, const LoaderOptions& options);
/// What numbers to predict are normalised with; nothing for other tasks.
Normalization targets_for(const Dataset& dataset, const LoaderOptions& options);
/// Room for the labels of `batch` examples.
Tensor empty_labels(const Dataset& dataset, int64_t batch, const Dims& example_shape);
/// Processors that this process may use.
int processors();
/// Whether the transforms begin with pictures in their own size: there are such, and any size will do.
bool wants_pictures(const Dataset& dataset, const Compose& transforms);
/// LoaderOptions::cache_side, where -1 is settled; 0 without a cache.
int64_t cache_side_for(const LoaderOptions& options, const Dims& example_shape);

}  // namespace fovea::data
