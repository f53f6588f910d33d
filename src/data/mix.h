// MixUp and CutMix of whole batches, as a loader makes them.
#pragma once
#include "fovea/loader.h"

namespace fovea::data {

/// `batch`, whose labels are i64 (N), mixed by options.mixup or options.cutmix, by turns at random if both
/// are above 0; its labels become f32 (N,classes). Depends on (options, epoch, number of the batch) alone.
Batch mixed(const Batch& batch, const LoaderOptions& options, int64_t classes, int64_t epoch, int64_t number);
/// Throws if the options do not fit the data set.
void check_mix(const LoaderOptions& options, const Dataset& dataset);

}  // namespace fovea::data
