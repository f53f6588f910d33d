// Which examples are for validation, and how often each comes in an epoch. All of it is a function of its
// arguments alone.
//   options.weights = data::balanced_weights(*train);   // LoaderOptions: every class comes equally often
//   const auto val = data::stratified_split(labels, 0.1, seed);
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fovea/data.h"

namespace fovea::data {

/// Which examples are for validation: of each class round(n * fraction), at least one of two or more.
/// *Requires* 0 < fraction < 1.
std::vector<bool> stratified_split(std::span<const int64_t> labels, double fraction, uint64_t seed);
/// The same for whole groups (patients, scenes ...), so that none is on both sides: groups in random order
/// until they hold `fraction` of the examples. Throws if there is one group only.
std::vector<bool> group_split(std::span<const std::string> groups, double fraction, uint64_t seed);

/// 1 / (examples of the class) for each example: drawn with these weights, all classes come equally often.
/// Of a multi-label set: the mean over the labels that an example has, 1 / (examples) without any. Throws
/// for regression.
std::vector<double> balanced_weights(const Dataset& dataset);
/// Dataset::weight of each example. Throws if none is above 0, or one is negative or not finite.
std::vector<double> given_weights(const Dataset& dataset);

/// PyTorch's WeightedRandomSampler: as many draws as there are weights, with replacement, each with the
/// chances of `weights`.
std::vector<int64_t> weighted_order(std::span<const double> weights, uint64_t seed, int64_t epoch);

}  // namespace fovea::data
