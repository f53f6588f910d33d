#include "nn/examples.h"

#include <cmath>

#include "fovea/error.h"

namespace fovea::nn {

Examples examples_of(const Tensor& x, const Tensor& y, int64_t classes, const char* who) {
  check(x.rank() == 2 && y.rank() == 1 && x.size(0) == y.size(0) && x.size(0) > 0,
        "[{}] x (N, inputs) and y (N) are wanted, not {} and {}", who, x.describe(), y.describe());
  const auto values = x.detach().to_vector<double>(), labels = y.detach().to_vector<double>();
  Examples all{{0, x.size(1) + 1, {}}, {}};
  for (size_t i = 0; i < labels.size(); ++i) {
    const std::span<const double> row(values.data() + i * size_t(x.size(1)), size_t(x.size(1)));
    for (double v : row) check(std::isfinite(v), "[{}] example {} holds {}", who, i, v);
    check(labels[i] == std::floor(labels[i]) && labels[i] >= 0 && labels[i] < double(classes),
          "[{}] label {} is {}, but 0 to {} are wanted", who, i, labels[i], classes - 1);
    all.x.append(row), all.x.values.push_back(1);
    all.labels.push_back(int64_t(labels[i]));
  }
  return all;
}

}  // namespace fovea::nn
