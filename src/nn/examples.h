// Examples and labels as plain rows of f64, for what learns without gradients.
#pragma once
#include <span>

#include "fovea/tensor.h"

namespace fovea::nn {

/// Rows of numbers, one after the other.
struct Rows {
  int64_t count = 0, width = 0;
  std::vector<double> values;
  std::span<const double> operator[](int64_t i) const { return {values.data() + i * width, size_t(width)}; }
  void append(std::span<const double> row) {
    values.insert(values.end(), row.begin(), row.end());
    ++count;
  }
};

inline double dot(std::span<const double> a, std::span<const double> b) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

struct Examples {
  Rows x;  // with a 1 behind each
  std::vector<int64_t> labels;
};

/// Throws, naming `who`, unless x is (N, width) of finite numbers and y (N) of whole ones in 0..classes-1.
Examples examples_of(const Tensor& x, const Tensor& y, int64_t classes, const char* who);

}  // namespace fovea::nn
