// Random numbers of the distributions that mixtures draw from.
#pragma once
#include <vector>

#include "fovea/random.h"

namespace fovea::data {

/// Gamma of `shape` > 0 and scale 1 (Marsaglia and Tsang 2000).
double gamma(double shape, Generator& random);
/// Beta(a, b).
double beta(double a, double b, Generator& random);
/// `n` parts of 1, symmetric Dirichlet.
std::vector<double> dirichlet(int64_t n, double alpha, Generator& random);

}  // namespace fovea::data
