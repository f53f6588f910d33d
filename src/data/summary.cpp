#include <fmt/format.h>
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "fovea/data.h"

namespace fovea::data {
namespace {

constexpr int64_t sampled = 256;

/// Sum and sum of squares of `n` elements, scaled as Normalization says.
template <class T>
void accumulate(const T* x, int64_t n, double scale, double& sum, double& squares) {
  if constexpr (std::is_integral_v<T>) {
    uint64_t s = 0, q = 0;  // exact and fast: 2^32 elements of 16 bits fit
    for (int64_t i = 0; i < n; ++i) s += x[i], q += uint64_t(x[i]) * x[i];
    sum += double(s) * scale, squares += double(q) * scale * scale;
  } else {
    for (int64_t i = 0; i < n; ++i) sum += double(x[i]), squares += double(x[i]) * double(x[i]);
  }
}

void accumulate(const Tensor& row, int64_t channel, int64_t n, double& sum, double& squares) {
  switch (row.dtype()) {
    case u8:
      return accumulate(row.data<uint8_t>() + channel * n, n, 1 / 255., sum, squares);
    case u16:
      return accumulate(row.data<uint16_t>() + channel * n, n, 1 / 65535., sum, squares);
    case f32:
      return accumulate(row.data<float>() + channel * n, n, 1, sum, squares);
    default:
      fail("mean and deviation of {} examples are not defined; u8, u16 and f32 are", name_of(row.dtype()));
  }
}

}  // namespace

Normalization measure_normalization(const Dataset& dataset) {
  const int64_t channels = dataset.example_shape()[0], n = dataset.example_shape().numel() / channels;
  std::vector<double> sum(size_t(channels), 0), squares(size_t(channels), 0);
  const Tensor row = Tensor::empty(dataset.example_shape(), dataset.dtype());
  const int64_t size = dataset.size(), wanted = dataset.in_memory() ? size : std::min(size, sampled);
  int64_t seen = 0;
  std::string first_error;
  for (int64_t k = 0; k < wanted; ++k) {
    try {
      dataset.read(k * size / wanted, row);
    } catch (const Error& e) {
      if (first_error.empty()) first_error = e.what();
      continue;
    }
    ++seen;
    for (int64_t c = 0; c < channels; ++c) accumulate(row, c, n, sum[size_t(c)], squares[size_t(c)]);
  }
  check(seen > 0, "no example of {} can be read: {}", dataset.name(), first_error);
  Normalization result;
  for (size_t c = 0; c < size_t(channels); ++c) {
    const double count = double(seen) * double(n), mean = sum[c] / count;
    result.mean.push_back(float(mean));
    result.std.push_back(float(std::sqrt(std::max(0., squares[c] / count - mean * mean))));
  }
  return result;
}

Summary summary(const Dataset& dataset) {
  Summary s{dataset.describe(), dataset.classes(), std::vector<int64_t>(dataset.classes().size(), 0),
            measure_normalization(dataset), dataset.warnings()};
  for (int64_t i = 0; i < dataset.size(); ++i) s.counts[size_t(dataset.label(i))]++;
  return s;
}

std::string Summary::str() const {
  std::string out = description + "\n";
  size_t width = 0;
  for (const auto& name : classes) width = std::max(width, name.size());
  for (size_t c = 0; c < classes.size(); ++c)
    out += fmt::format("  {:<{}}  {:>9}\n", classes[c], width, thousands(counts[c]));
  out += fmt::format("  mean {:.4f}  std {:.4f}\n", fmt::join(normalization.mean, " "),
                     fmt::join(normalization.std, " "));
  for (const auto& w : warnings) out += "  warning: " + w + "\n";
  return out;
}

}  // namespace fovea::data
