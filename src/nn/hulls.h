// The nearest points of two convex hulls.
#pragma once
#include "nn/examples.h"

namespace fovea::nn {

/// The mean of some rows by their shares, which are positive and sum to 1.
struct Mean {
  std::vector<std::pair<int64_t, double>> shares;  // row, share
  std::vector<double> point;
};

struct NearestPoints {
  Mean a, b;
  double distance = 0;
};

/// The nearest points of the convex hulls of the rows of a and those of b, by Wolfe's algorithm (1976) for
/// the point of least norm in the hull of all differences, of which it looks at one at a time. Time grows
/// with the cube of the width. *Requires* rows of one width, at least one on each side.
NearestPoints nearest_points(const Rows& a, const Rows& b);

}  // namespace fovea::nn
