// Round numbers for the axes of plots.
#pragma once
#include <string>

namespace fovea::image {

struct Range {
  double low = 1, high = 0;  // empty until a value is added

  bool empty() const { return low > high; }
  void add(double v) {
    if (empty()) low = high = v;
    else if (v < low) low = v;
    else if (v > high) high = v;
  }
};

/// The range, or one of about its own size around what is (nearly) a single value.
Range widened(Range range);

/// `count` multiples of `step`, the first being `start` steps from 0.
struct Ticks {
  double step = 1;
  double start = 0;
  int count = 0;

  double at(int i) const { return (start + i) * step; }
  double first() const { return at(0); }
  double last() const { return at(count - 1); }
  /// With as many decimals as the step needs.
  std::string label(int i) const;
};

/// About `wanted` ticks inside of the range; whole numbers if `whole`. *Requires* a range that is not empty.
Ticks ticks_within(Range range, int wanted, bool whole);
/// About `wanted` ticks, the first and last at or beyond the range; from 0 if the range starts near it.
Ticks ticks_around(Range range, int wanted);

}  // namespace fovea::image
