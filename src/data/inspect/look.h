// One example, looked at: its facts, its fingerprint, the moments of its channels. Threads: pure functions.
#pragma once
#include "data/inspect/collection.h"
#include "data/inspect/fingerprint.h"

namespace fovea::data {

/// What the numbers of a channel add up to; u8 and u16 are scaled to 0..1. Numbers that are not finite are
/// counted apart.
struct Moments {
  double sum = 0, squares = 0, low = std::numeric_limits<double>::infinity(),
         high = -std::numeric_limits<double>::infinity();
  int64_t count = 0, not_finite = 0;

  void add(const Moments& other);
  double mean() const { return count > 0 ? sum / double(count) : 0; }
  double std() const;
};
/// One for each channel of (H, W, C).
std::vector<Moments> moments_of(const Tensor& pixels);

struct Looked {
  Facts facts;
  Look look;
  std::vector<Moments> channels;  // empty: unreadable
};
/// Reads and examines one example; an unreadable one has an error.
Looked look_at(const Collection& collection, Place place);

}  // namespace fovea::data
