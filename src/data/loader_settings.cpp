#include "data/loader_settings.h"

#include <sched.h>

#include <algorithm>
#include <cmath>

namespace fovea::data {

Cache cache_named(const std::string& name) {
  if (name == "none" || name == "false") return Cache::none;
  if (name == "ram" || name == "true") return Cache::ram;
  if (name == "disk") return Cache::disk;
  fail("cache={} is none of false, ram, disk", name);
}

Normalization normalization_for(const Dataset& dataset, const LoaderOptions& options) {
  if (options.normalize) return *options.normalize;
  if (dataset.known_normalization()) return *dataset.known_normalization();
  Normalization n = measure_normalization(dataset);
  for (size_t c = 0; c < n.std.size(); ++c)
    if (n.std[c] <= 1e-6f * std::abs(n.mean[c])) n.std[c] = 1;
  return n;
}

namespace {

/// A last Normalize takes the place of the loader's own normalisation of `channels` channels.
void take_normalize(LoaderOptions& options, int64_t channels) {
  const auto& steps = options.transforms.steps();
  const auto* last = steps.empty() ? nullptr : dynamic_cast<const Normalize*>(steps.back().get());
  if (!last) return;
  const auto spread = [&](const Fill& f) {
    return f.values.size() == 1 ? std::vector<float>(size_t(channels), f.values[0]) : f.values;
  };
  options.normalize = Normalization{spread(last->mean()), spread(last->std())};
  Compose others;
  for (size_t i = 0; i + 1 < steps.size(); ++i) others.push_back(steps[i]);
  options.transforms = std::move(others);
}

}  // namespace

bool wants_pictures(const Dataset& dataset, const Compose& transforms) {
  return dataset.has_pictures() &&
         (dataset.task() == Task::segment || transforms.fixed_shape(dataset.example_shape()[0]).has_value());
}

Normalization targets_for(const Dataset& dataset, const LoaderOptions& options) {
  if (dataset.task() != Task::regress) return {};
  const Normalization n = options.targets ? *options.targets : measure_targets(dataset);
  check(n.mean.size() == dataset.classes().size() && n.std.size() == n.mean.size(),
        "{} has {} numbers to predict, but there are means and deviations of {}", dataset.name(),
        dataset.classes().size(), n.mean.size());
  return n;
}

Tensor empty_labels(const Dataset& dataset, int64_t batch, const Dims& example_shape) {
  if (dataset.task() == Task::classify) return Tensor::empty({batch}, i64);
  if (dataset.task() == Task::transcribe) return Tensor::empty({batch, dataset.longest()}, i64);
  if (dataset.task() == Task::segment) return Tensor::empty({batch, example_shape[1], example_shape[2]}, i64);
  return Tensor::empty({batch, int64_t(dataset.classes().size())});
}

int processors() {
  cpu_set_t set;
  return sched_getaffinity(0, sizeof set, &set) == 0 ? std::max(CPU_COUNT(&set), 1) : 1;
}

LoaderOptions settled(const Dataset& dataset, LoaderOptions options) {
  if (!options.transforms.empty())
    take_normalize(options, options.transforms.output_shape(dataset.example_shape())[0]);
  return options;
}

int64_t cache_side_for(const LoaderOptions& options, const Dims& example_shape) {
  if (options.cache == Cache::none) return 0;
  if (options.cache_side >= 0 || example_shape.size() != 3) return std::max<int64_t>(options.cache_side, 0);
  return 2 * std::max(example_shape[1], example_shape[2]);
}

}  // namespace fovea::data
