#include "fovea/sampler.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "fovea/random.h"

namespace fovea::data {
namespace {

constexpr uint64_t split_stream = uint64_t{0xD2} << 56, group_stream = uint64_t{0xD4} << 56,
                   draw_stream = uint64_t{0xD5} << 56;

template <class T>
void shuffle(std::vector<T>& all, Generator random) {
  for (size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.below(i)]);
}

void check_fraction(double fraction) {
  check(fraction > 0 && fraction < 1, "val={} is no part of the examples between 0 and 1", fraction);
}

}  // namespace

std::vector<bool> stratified_split(std::span<const int64_t> labels, double fraction, uint64_t seed) {
  check_fraction(fraction);
  std::map<int64_t, std::vector<size_t>> classes;
  for (size_t i = 0; i < labels.size(); ++i) classes[labels[i]].push_back(i);
  std::vector<bool> val(labels.size(), false);
  for (auto& [label, examples] : classes) {
    const size_t n = examples.size(), wanted = size_t(std::floor(double(n) * fraction + 0.5));
    const size_t held_out = n < 2 ? 0 : std::clamp<size_t>(wanted, 1, n - 1);
    shuffle(examples, Generator(seed, split_stream | uint64_t(label)));
    for (size_t k = 0; k < held_out; ++k) val[examples[k]] = true;
  }
  return val;
}

std::vector<bool> group_split(std::span<const std::string> groups, double fraction, uint64_t seed) {
  check_fraction(fraction);
  std::map<std::string, std::vector<size_t>> members;
  for (size_t i = 0; i < groups.size(); ++i) members[groups[i]].push_back(i);
  check(members.size() > 1, "all examples are of one group: there is none for validation");
  std::vector<const std::vector<size_t>*> order;
  for (const auto& [name, examples] : members) order.push_back(&examples);
  shuffle(order, Generator(seed, group_stream));
  std::vector<bool> val(groups.size(), false);
  size_t taken = 0;
  for (size_t g = 0; g + 1 < order.size() && double(taken) < fraction * double(groups.size()); ++g) {
    for (const size_t i : *order[g]) val[i] = true;
    taken += order[g]->size();
  }
  return val;
}

std::vector<double> balanced_weights(const Dataset& set) {
  check(set.task() != Task::regress && set.task() != Task::segment,
        "sampler=balanced wants examples with classes, but {} is to {}", set.name(), name_of(set.task()));
  const size_t classes = set.classes().size();
  std::vector<float> target(classes, 0);
  /// Calls f(label) for each label of example `i`.
  const auto each_label = [&](int64_t i, const auto& f) {
    if (set.task() == Task::classify) return f(size_t(set.label(i)));
    set.target(i, target);
    for (size_t c = 0; c < classes; ++c)
      if (target[c] > 0) f(c);
  };
  std::vector<int64_t> counts(classes, 0);
  for (int64_t i = 0; i < set.size(); ++i) each_label(i, [&](size_t c) { ++counts[c]; });
  std::vector<double> weights;
  for (int64_t i = 0; i < set.size(); ++i) {
    double sum = 0;
    int labels = 0;
    each_label(i, [&](size_t c) { sum += 1 / double(counts[c]), ++labels; });
    weights.push_back(labels ? sum / labels : 1 / double(set.size()));
  }
  return weights;
}

std::vector<double> given_weights(const Dataset& set) {
  std::vector<double> weights;
  for (int64_t i = 0; i < set.size(); ++i) weights.push_back(double(set.weight(i)));
  return weights;
}

std::vector<int64_t> weighted_order(std::span<const double> weights, uint64_t seed, int64_t epoch) {
  std::vector<double> up_to;
  double sum = 0;
  for (const double w : weights) {
    check(w >= 0 && std::isfinite(w), "the weight {} of example {} is no number from 0 on", w, up_to.size());
    up_to.push_back(sum += w);
  }
  check(sum > 0, "no example has a weight above 0");
  Generator random(seed, draw_stream | uint64_t(epoch));
  std::vector<int64_t> order(weights.size());
  for (int64_t& i : order) {
    const uint64_t high = random.next(), low = random.next();
    const double place = double((high << 32 | low) >> 11) * 0x1p-53 * sum;
    i = std::upper_bound(up_to.begin(), up_to.end() - 1, place) - up_to.begin();
  }
  return order;
}

}  // namespace fovea::data
