#include "fovea/calibration.h"

#include <algorithm>
#include <cmath>

namespace fovea::see {
namespace {

/// Rows of logits with their labels, checked.
struct Answers {
  std::vector<double> logits;
  std::vector<int64_t> labels;
  int64_t classes;

  Answers(const Tensor& l, const Tensor& y) {
    check(l.rank() == 2 && y.rank() == 1 && y.dtype() == i64 && l.size(0) == y.size(0) && l.numel() > 0,
          "calibration wants logits (N, classes) and labels i64 (N), not {} and {}", l.describe(),
          y.describe());
    logits = l.detach().to_vector<double>(), labels = y.to_vector<int64_t>(), classes = l.size(1);
    for (size_t i = 0; i < logits.size(); ++i)
      check(std::isfinite(logits[i]), "calibration: the logits of example {} are not finite",
            i / size_t(classes));
    for (const int64_t c : labels)
      check(c >= 0 && c < classes, "calibration: label {} is outside of the {} classes", c, classes);
  }
  size_t size() const { return labels.size(); }
  const double* row(size_t i) const { return logits.data() + i * size_t(classes); }
  double truth(size_t i) const { return row(i)[labels[i]]; }
};

/// log(sum(exp(row / t)))
double log_sum_of(const double* row, int64_t n, double t) {
  const double most = *std::max_element(row, row + n);
  double sum = 0;
  for (int64_t c = 0; c < n; ++c) sum += std::exp((row[c] - most) / t);
  return most / t + std::log(sum);
}

double nll_of(const Answers& a, double t) {
  double sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += log_sum_of(a.row(i), a.classes, t) - a.truth(i) / t;
  return sum / double(a.size());
}

/// First and second derivative of the NLL by u = 1/t, over the examples: mean(E[z] - z_y), mean(Var[z]) under
/// softmax(u z).
std::pair<double, double> derivatives(const Answers& a, double u) {
  double slope = 0, curvature = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double* const z = a.row(i);
    const double most = *std::max_element(z, z + a.classes);
    double sum = 0, first = 0, second = 0;
    for (int64_t c = 0; c < a.classes; ++c) {
      const double d = z[c] - most, p = std::exp(u * d);
      sum += p, first += p * d, second += p * d * d;
    }
    const double mean = first / sum;
    slope += mean + most - a.truth(i), curvature += second / sum - mean * mean;
  }
  return {slope / double(a.size()), curvature / double(a.size())};
}

}  // namespace

Calibration calibrate(const Tensor& logits, const Tensor& labels, double temperature, int bins) {
  check(temperature > 0 && std::isfinite(temperature), "a temperature is above 0, not {}", temperature);
  check(bins > 0 && bins <= 1000, "bins={} is outside of 1..1000", bins);
  const Answers a(logits, labels);
  Calibration c;
  for (int b = 0; b < bins; ++b) c.bins.push_back({double(b) / bins, double(b + 1) / bins, 0, 0, 0});
  for (size_t i = 0; i < a.size(); ++i) {
    const double* const row = a.row(i);
    const int64_t best = std::max_element(row, row + a.classes) - row;
    const double p = std::exp(row[best] / temperature - log_sum_of(row, a.classes, temperature));
    ReliabilityBin& bin = c.bins[size_t(std::clamp(int(std::ceil(p * bins)) - 1, 0, bins - 1))];
    ++bin.examples, bin.confidence += p, bin.accuracy += best == a.labels[i];
  }
  c.examples = int64_t(a.size()), c.nll = nll_of(a, temperature);
  for (ReliabilityBin& bin : c.bins) {
    const double n = double(bin.examples), share = 1 / double(a.size());
    const double gap = std::abs(bin.accuracy - bin.confidence);  // times n
    c.confidence += bin.confidence * share, c.accuracy += bin.accuracy * share, c.ece += gap * share;
    if (bin.examples == 0) continue;
    c.mce = std::max(c.mce, gap / n);
    bin.confidence /= n, bin.accuracy /= n;
  }
  return c;
}

double fit_temperature(const Tensor& logits, const Tensor& labels) {
  const Answers a(logits, labels);
  // The NLL is convex in u = 1/t: Newton's method within a bracket.
  double low = 0.01, high = 100, u = 1;
  for (int round = 0; round < 100; ++round) {
    const auto [slope, curvature] = derivatives(a, u);
    (slope > 0 ? high : low) = u;
    double next = u - slope / curvature;
    if (!(next > low && next < high)) next = std::sqrt(low * high);
    if (std::abs(std::exchange(u, next) - next) < 1e-10 * next) break;
  }
  return 1 / u;
}

}  // namespace fovea::see
