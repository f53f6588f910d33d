#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "fovea/nn/perceptron.h"
#include "nn/hulls.h"

namespace fovea::nn {
namespace {

/// The examples of class `one` and all others, without the 1 behind each, and which they were.
struct Sides {
  Rows ones, others;
  std::vector<int64_t> of_ones, of_others;
};

Sides sides_of(const Examples& examples, int64_t one) {
  const int64_t width = examples.x.width - 1;
  Sides s{{0, width, {}}, {0, width, {}}, {}, {}};
  for (int64_t i = 0; i < examples.x.count; ++i) {
    const bool is_one = examples.labels[size_t(i)] == one;
    (is_one ? s.ones : s.others).append(examples.x[i].first(size_t(width)));
    (is_one ? s.of_ones : s.of_others).push_back(i);
  }
  check(s.ones.count > 0 && s.others.count > 0,
        "[separability] {} of {} examples are of class {}: both sides want at least one", s.ones.count,
        examples.x.count, one);
  return s;
}

std::vector<Separability::Part> parts(const Mean& mean, const std::vector<int64_t>& examples) {
  std::vector<Separability::Part> all;
  for (const auto& [row, share] : mean.shares) all.push_back({examples[size_t(row)], share});
  return all;
}

double largest_norm(const Rows& rows) {
  double most = 0;
  for (int64_t i = 0; i < rows.count; ++i) most = std::max(most, std::sqrt(dot(rows[i], rows[i])));
  return most;
}

constexpr int64_t any_label = std::numeric_limits<int64_t>::max();
constexpr double touching = 1e-9;  // distance of hulls by the size of the numbers

/// "(0.5, 0.5)"
std::string text(const std::vector<double>& point) {
  std::vector<std::string> numbers;
  for (double v : point) numbers.push_back(fmt::format("{:.4g}", v));
  return fmt::format("({})", fmt::join(numbers, ", "));
}

/// "0.5 of example 0 + 0.5 of example 3"
std::string text(const std::vector<Separability::Part>& parts) {
  std::vector<std::string> terms;
  for (const auto& p : parts) terms.push_back(fmt::format("{:.4g} of example {}", p.share, p.example));
  return fmt::format("{}", fmt::join(terms, " + "));
}

}  // namespace

Separability separability(const Tensor& x, const Tensor& y, int64_t one) {
  const Sides sides = sides_of(examples_of(x, y, any_label, "separability"), one);
  const NearestPoints nearest = nearest_points(sides.ones, sides.others);
  const double size = std::max(largest_norm(sides.ones), largest_norm(sides.others));
  Separability s;
  s.ones = parts(nearest.a, sides.of_ones), s.others = parts(nearest.b, sides.of_others);
  if (nearest.distance <= touching * size) return s.point = nearest.a.point, s;
  for (size_t k = 0; k < nearest.a.point.size(); ++k)
    s.weight.push_back((nearest.a.point[k] - nearest.b.point[k]) / nearest.distance);
  double low = INFINITY, high = -INFINITY;  // of the ones the lowest, of the others the highest
  for (int64_t i = 0; i < sides.ones.count; ++i) low = std::min(low, dot(s.weight, sides.ones[i]));
  for (int64_t i = 0; i < sides.others.count; ++i) high = std::max(high, dot(s.weight, sides.others[i]));
  check(low > high, "[separability] the hulls come as near as {:.3g}: too near to decide in f64",
        nearest.distance);
  s.separable = true;
  s.margin = (low - high) / 2, s.bias = -(low + high) / 2;
  return s;
}

double novikoff_bound(const Tensor& x, const Tensor& y, int64_t one) {
  const Examples examples = examples_of(x, y, any_label, "novikoff_bound");
  Rows turned = examples.x;  // those of other classes with the opposite sign: all shall lie on one side of 0
  for (int64_t i = 0; i < turned.count; ++i)
    for (int64_t k = 0; k < turned.width; ++k)
      if (examples.labels[size_t(i)] != one) turned.values[size_t(i * turned.width + k)] *= -1;
  const Rows zero{1, turned.width, std::vector<double>(size_t(turned.width))};
  const double radius = largest_norm(turned), margin = nearest_points(turned, zero).distance;
  return margin <= touching * radius ? INFINITY : radius * radius / (margin * margin);
}

std::string Separability::describe() const {
  if (!separable)
    return fmt::format("not separable: {} is {} and also {}; no line has one point on both its sides",
                       text(point), text(ones), text(others));
  std::string sum;
  for (size_t k = 0; k < weight.size() && weight.size() <= 8; ++k)
    sum += fmt::format("{}{:.4g} x{}",
                       k == 0          ? ""
                       : weight[k] < 0 ? " - "
                                       : " + ",
                       k == 0 ? weight[k] : std::abs(weight[k]), k + 1);
  if (sum.empty()) sum = "weight x";
  return fmt::format("separable by {} {} {:.4g} > 0, margin {:.4g}", sum, bias < 0 ? "-" : "+",
                     std::abs(bias), margin);
}

}  // namespace fovea::nn
