// Sums of numbers that are kept as their logarithms.
#pragma once
#include <cmath>
#include <utility>

namespace fovea {

/// log(e^a + e^b); -infinity stands for 0.
inline double log_sum(double a, double b) {
  if (a < b) std::swap(a, b);
  return b == -INFINITY ? a : a + std::log1p(std::exp(b - a));
}

}  // namespace fovea
