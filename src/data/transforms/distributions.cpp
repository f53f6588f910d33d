#include "data/transforms/distributions.h"

#include <cmath>

namespace fovea::data {

double gamma(double shape, Generator& random) {
  if (shape < 1) {  // one more, and back
    const double u = 1 - double(random.uniform());
    return gamma(shape + 1, random) * std::pow(u, 1 / shape);
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = double(random.normal()), u = 1 - double(random.uniform());  // u in (0, 1]
    const double v = std::pow(1 + c * x, 3);
    if (v > 0 && std::log(u) < x * x / 2 + d - d * v + d * std::log(v)) return d * v;
  }
}

double beta(double a, double b, Generator& random) {
  const double x = gamma(a, random), y = gamma(b, random);
  return x + y > 0 ? x / (x + y) : 0.5;
}

std::vector<double> dirichlet(int64_t n, double alpha, Generator& random) {
  std::vector<double> parts(static_cast<size_t>(n));
  double sum = 0;
  for (double& p : parts) sum += p = gamma(alpha, random);
  for (double& p : parts) p = sum > 0 ? p / sum : 1 / double(n);
  return parts;
}

}  // namespace fovea::data
