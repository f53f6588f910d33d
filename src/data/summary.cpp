#include <fmt/format.h>
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "fovea/data.h"

namespace fovea::data {
namespace {

constexpr int64_t sampled = 256;

/// Count, mean and sum of squared distances from it, which are put together without cancellation (Chan, Golub
/// and LeVeque 1983).
struct Moments {
  double n = 0, mean = 0, squares = 0;
  void add(const Moments& other) {
    const double all = n + other.n, apart = other.mean - mean;
    mean += apart * other.n / all;
    squares += other.squares + apart * apart * n * other.n / all;
    n = all;
  }
};

/// Of `n` elements, scaled as Normalization says.
template <class T>
Moments moments(const T* x, int64_t n, double scale) {
  Moments m{double(n), 0, 0};
  if constexpr (std::is_integral_v<T>) {
    uint64_t sum = 0, squares = 0;  // exact and fast: 2^32 elements of 16 bits fit
    for (int64_t i = 0; i < n; ++i) sum += x[i], squares += uint64_t(x[i]) * x[i];
    m.mean = double(sum) * scale / m.n;
    m.squares = std::max(0., double(squares) - double(sum) * (double(sum) / m.n)) * scale * scale;
  } else {
    for (int64_t i = 0; i < n; ++i) m.mean += double(x[i]);
    m.mean /= m.n;
    for (int64_t i = 0; i < n; ++i) m.squares += (double(x[i]) - m.mean) * (double(x[i]) - m.mean);
  }
  return m;
}

Moments moments(const Tensor& row, int64_t channel, int64_t n) {
  switch (row.dtype()) {
    case u8:
      return moments(row.data<uint8_t>() + channel * n, n, 1 / 255.);
    case u16:
      return moments(row.data<uint16_t>() + channel * n, n, 1 / 65535.);
    case f32:
      return moments(row.data<float>() + channel * n, n, 1);
    default:
      fail("mean and deviation of {} examples are not defined; u8, u16 and f32 are", name_of(row.dtype()));
  }
}

}  // namespace

Normalization measure_normalization(const Dataset& dataset) {
  const int64_t channels = dataset.example_shape()[0], n = dataset.example_shape().numel() / channels;
  std::vector<Moments> all(static_cast<size_t>(channels));
  const Tensor row = Tensor::empty(dataset.example_shape(), dataset.dtype());
  const int64_t size = dataset.size(), wanted = dataset.in_memory() ? size : std::min(size, sampled);
  std::string first_error;
  for (int64_t k = 0; k < wanted; ++k) {
    try {
      dataset.read(k * size / wanted, row);
    } catch (const Error& e) {
      if (first_error.empty()) first_error = e.what();
      continue;
    }
    for (int64_t c = 0; c < channels; ++c) all[size_t(c)].add(moments(row, c, n));
  }
  check(all[0].n > 0, "no example of {} can be read: {}", dataset.name(), first_error);
  Normalization result;
  for (size_t c = 0; c < all.size(); ++c) {
    check(std::isfinite(all[c].squares), "{} holds numbers that are not finite in channel {}", dataset.name(),
          c);
    result.mean.push_back(float(all[c].mean));
    result.std.push_back(float(std::sqrt(all[c].squares / all[c].n)));
  }
  return result;
}

Normalization measure_targets(const Dataset& dataset) {
  const size_t n = dataset.classes().size();
  std::vector<double> sum(n, 0), squares(n, 0);
  std::vector<float> target(n, 0);
  for (int64_t i = 0; i < dataset.size(); ++i) {
    dataset.target(i, target);
    for (size_t k = 0; k < n; ++k)
      sum[k] += double(target[k]), squares[k] += double(target[k]) * double(target[k]);
  }
  Normalization result;
  for (size_t k = 0; k < n; ++k) {
    const auto count = double(dataset.size());
    const double mean = sum[k] / count, deviation = std::sqrt(std::max(0., squares[k] / count - mean * mean));
    result.mean.push_back(float(mean));
    result.std.push_back(deviation > 1e-6 * std::abs(mean) ? float(deviation) : 1.f);
  }
  return result;
}

namespace {

/// Calls body(c) for each class c that example `index` is or has.
template <class F>
void each_class(const Dataset& dataset, int64_t index, std::vector<float>& target, const F& body) {
  if (dataset.task() == Task::classify) return body(size_t(dataset.label(index)));
  if (dataset.task() == Task::segment) {
    const Tensor mask = dataset.mask(index);
    std::fill(target.begin(), target.end(), 0.f);
    for (const uint8_t c : mask.to_vector<uint8_t>())
      if (c != ignored_class) target[c] = 1;
  } else {
    dataset.target(index, target);
  }
  for (size_t c = 0; c < target.size(); ++c)
    if (target[c] != 0) body(c);
}

}  // namespace

Summary summary(const Dataset& dataset) {
  Summary s{dataset.describe(), dataset.classes(), std::vector<int64_t>(dataset.classes().size(), 0),
            measure_normalization(dataset), dataset.warnings()};
  std::vector<float> target(dataset.classes().size(), 0);
  for (int64_t i = 0; i < dataset.size(); ++i)
    each_class(dataset, i, target, [&](size_t c) { ++s.counts[c]; });
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
