#include "fovea/nn/perceptron.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>

#include "fovea/autograd.h"
#include "fovea/ops.h"
#include "fovea/random.h"
#include "nn/examples.h"

namespace fovea::nn {
namespace {

/// One unit that learns to fire for class `one`.
class Learner {
 public:
  Learner(const Examples& examples, int64_t one, const PerceptronOptions& options)
      : x_(examples.x), options_(options), w_(size_t(examples.x.width)) {
    for (int64_t label : examples.labels) targets_.push_back(label == one);
    largest_ = std::transform_reduce(x_.values.begin(), x_.values.end(), 0.0, largest_of, magnitude);
  }

  PerceptronCourse course;

  /// Learns, and returns the weights, the bias last.
  std::vector<double> learn() {
    if (options_.rule == "pocket") return pocket();
    std::vector<double> early = w_, seen = w_;  // early: for the mean, seen: for cycles
    int64_t steps = 0, seen_epoch = 0;
    while (course.epochs < options_.max_epochs && !course.converged && !course.cycle) {
      const int64_t before = course.updates;
      for (int64_t i : order(++course.epochs)) {
        const double change = correct(i);
        if (change != 0) add(early, change * double(steps), x_[i]);
        ++steps;
      }
      course.converged = course.updates == before;
      if (!options_.shuffle && !course.converged && w_ == seen)
        course.cycle = {course.epochs, course.epochs - seen_epoch, exact()};
      if (std::has_single_bit(uint64_t(course.epochs))) seen = w_, seen_epoch = course.epochs;  // Brent 1980
    }
    if (options_.rule == "averaged" && steps > 0) add(w_, -1 / double(steps), early);
    return w_;
  }

 private:
  static double largest_of(double a, double b) { return std::max(a, b); }
  static double magnitude(double a) { return std::abs(a); }
  static void add(std::vector<double>& to, double factor, std::span<const double> x) {
    for (size_t k = 0; k < to.size(); ++k) to[k] += factor * x[k];
  }

  bool right(int64_t i, const std::vector<double>& w) const {
    return (dot(w, x_[i]) > 0) == targets_[size_t(i)];
  }

  /// w += (target - output) x; target - output.
  double correct(int64_t i) {
    if (right(i, w_)) return 0;
    const double change = targets_[size_t(i)] ? 1 : -1;
    add(w_, change, x_[i]);
    for (double v : w_) largest_weight_ = std::max(largest_weight_, std::abs(v));
    ++course.updates;
    return change;
  }

  std::vector<int64_t> order(int64_t epoch) const {
    std::vector<int64_t> places(size_t(x_.count), 0);
    std::iota(places.begin(), places.end(), int64_t{0});
    if (!options_.shuffle) return places;
    Generator random(options_.seed, uint64_t(epoch));
    for (size_t i = places.size(); i > 1; --i) std::swap(places[i - 1], places[random.below(i)]);
    return places;
  }

  int64_t errors(const std::vector<double>& w) const {
    int64_t wrong = 0;
    for (int64_t i = 0; i < x_.count; ++i) wrong += !right(i, w);
    return wrong;
  }

  std::vector<double> pocket() {
    Generator random(options_.seed);
    std::vector<double> kept = w_;
    int64_t fewest = errors(kept), longest = 0, run = 0;
    bool tried = true;
    const int64_t draws = options_.max_epochs * x_.count;
    for (int64_t draw = 0; draw < draws && fewest > 0; ++draw) {
      course.epochs = draw / x_.count + 1;
      if (correct(int64_t(random.below(uint64_t(x_.count)))) != 0) run = 0, tried = false;
      else if (++run > longest && !tried) {
        tried = true;
        const int64_t wrong = errors(w_);
        if (wrong < fewest) kept = w_, fewest = wrong, longest = run;
      }
    }
    course.converged = fewest == 0;
    return kept;
  }

  /// Whether all x are multiples of some 2^-k, and so large a sum of products of them and the weights is a
  /// whole number of f64: then nothing was rounded.
  bool exact() const {
    double grid = 1;
    const auto on_grid = [&](double v) { return v * grid == std::floor(v * grid); };
    while (!std::all_of(x_.values.begin(), x_.values.end(), on_grid)) {
      if (grid > 0x1p26) return false;
      grid *= 2;
    }
    return largest_weight_ * largest_ * double(x_.width) * grid * grid < 0x1p53;
  }

  const Rows& x_;
  const PerceptronOptions& options_;
  std::vector<bool> targets_;
  std::vector<double> w_;
  double largest_ = 0, largest_weight_ = 0;  // magnitudes of x, and of all weights so far
};

void store(const Perceptron& units, int64_t unit, const std::vector<double>& w) {
  const std::span<const double> weight(w.data(), w.size() - 1);
  units.weight().detach().narrow(0, unit, 1).copy_from(Tensor::of(weight, {1, int64_t(weight.size())}));
  units.bias().detach().narrow(0, unit, 1).fill(w.back());
}

}  // namespace

Perceptron::Perceptron(int64_t in_features, int64_t units)
    : weight_(register_parameter("weight", zeros({units, in_features}))),
      bias_(register_parameter("bias", zeros({units}))) {}
Tensor Perceptron::sums(const Tensor& x) const { return linear(x, weight_, bias_); }
Tensor Perceptron::forward(const Tensor& x) const { return step(sums(x)); }
Tensor Perceptron::classify(const Tensor& x) const {
  const NoGrad guard;
  return weight_.size(0) == 1 ? reshape(forward(x), {-1}).to(i64) : argmax(sums(x), -1);
}
std::string Perceptron::describe() const {
  return fmt::format("Perceptron({}, {})", weight_.size(1), weight_.size(0));
}

bool PerceptronResult::converged() const {
  return std::all_of(units.begin(), units.end(), [](const PerceptronCourse& c) { return c.converged; });
}

std::string PerceptronResult::describe() const {
  int64_t epochs = 0, updates = 0;
  for (const PerceptronCourse& c : units) epochs = std::max(epochs, c.epochs), updates += c.updates;
  std::string text = converged() ? "converged" : "no end in sight";
  for (const PerceptronCourse& c : units)
    if (c.cycle) {
      text = fmt::format("never ends: after epoch {} the weights are those after epoch {}{}", c.cycle->epoch,
                         c.cycle->epoch - c.cycle->length, c.cycle->proven ? "" : " (as rounded numbers)");
      break;
    }
  return fmt::format("{}; {} epochs, {} updates, {} of {} examples wrong", text, epochs, updates, errors,
                     examples);
}

PerceptronResult learn_perceptron(const Perceptron& units, const Tensor& x, const Tensor& y,
                                  const PerceptronOptions& options) {
  const int64_t count = units.weight().size(0);
  const std::vector<std::string> rules{"plain", "averaged", "pocket"};
  const std::string close = nearest(options.rule, rules);
  check(std::find(rules.begin(), rules.end(), options.rule) != rules.end(),
        "[learn_perceptron] no rule is called '{}'{}: there are {}", options.rule,
        close.empty() ? "" : fmt::format(" (did you mean {}?)", close), fmt::join(rules, ", "));
  const Examples examples = examples_of(x, y, std::max<int64_t>(2, count), "learn_perceptron");
  check(x.size(1) == units.weight().size(1), "[learn_perceptron] the units take {} inputs, x {} has {}",
        units.weight().size(1), x.shape(), x.size(1));
  const NoGrad guard;
  PerceptronResult result{.units = {}, .examples = x.size(0)};
  for (int64_t unit = 0; unit < count; ++unit) {
    Learner learner(examples, count == 1 ? 1 : unit, options);
    store(units, unit, learner.learn());
    result.units.push_back(learner.course);
  }
  const auto guessed = units.classify(x.to(units.weight().dtype())).to_vector<int64_t>();
  for (size_t i = 0; i < guessed.size(); ++i) result.errors += guessed[i] != examples.labels[i];
  return result;
}

}  // namespace fovea::nn
