#include "image/ticks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace fovea::image {
namespace {

/// The smallest of 1, 2, 5 times a power of ten that is at least `least`.
double round_step(double least) {
  const double power = std::pow(10.0, std::floor(std::log10(least)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (factor * power >= least * (1 - 1e-9)) return factor * power;
  return 10 * power;
}

}  // namespace

Range widened(Range r) {
  constexpr double none = 1e-290;
  const double largest = std::max(std::abs(r.low), std::abs(r.high));
  if (r.high - r.low > std::max(1e-12 * largest, none)) return r;
  const double half = largest <= none ? 0.5 : largest / 2;
  return {r.low - half, r.high + half};
}

std::string Ticks::label(int i) const {
  const double v = at(i);
  const double largest = std::max(std::abs(first()), std::abs(last()));
  if (largest >= 1e6 || step < 1e-5) return fmt::format("{:.4g}", std::abs(v) < step / 2 ? 0.0 : v);
  const int decimals = std::max(0, int(std::ceil(-std::log10(step) - 1e-9)));
  return fmt::format("{:.{}f}", std::abs(v) < step / 2 ? 0.0 : v, decimals);
}

Ticks ticks_within(Range range, int wanted, bool whole) {
  if (whole && range.low == range.high) return {1, range.low, 1};
  const Range r = widened(range);
  Ticks t;
  t.step = round_step((r.high - r.low) / wanted);
  if (whole) t.step = std::max(1.0, t.step);
  t.start = std::ceil(r.low / t.step - 1e-9);
  t.count = std::max(1, int(std::floor(r.high / t.step + 1e-9) - t.start) + 1);
  return t;
}

Ticks ticks_around(Range range, int wanted) {
  Range r = widened(range);
  constexpr double near_zero = 0.35;
  if (r.low > 0 && r.low < near_zero * r.high) r.low = 0;
  Ticks t;
  t.step = round_step((r.high - r.low) / wanted);
  t.start = std::floor(r.low / t.step + 1e-9);
  t.count = int(std::ceil(r.high / t.step - 1e-9) - t.start) + 1;
  return t;
}

}  // namespace fovea::image
