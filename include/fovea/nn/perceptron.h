// The perceptron (Rosenblatt 1958): units that fire or not, the rule by which they learn, and why some sets
// cannot be learned by them.
//   const Tensor x = tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}), y = tensor({0, 1, 1, 0});
//   nn::Perceptron unit(2);
//   nn::learn_perceptron(unit, x, y).describe();   // "never ends: after epoch 3 the weights are ..."
//   nn::separability(x, y).describe();             // "not separable: (0.5, 0.5) is 0.5 of ..."
#pragma once
#include <optional>

#include "fovea/nn/module.h"

namespace fovea::nn {

/// Units that fire (1) where weight x + bias > 0, else not (0): (N, in) becomes (N, units). All weights and
/// biases start at 0. weight (units, in), bias (units).
class Perceptron : public Module {
 public:
  explicit Perceptron(int64_t in_features, int64_t units = 1);
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override;
  /// weight x + bias, before the step.
  Tensor sums(const Tensor& x) const;
  /// i64 (N): whether the unit fires; of several units the one with the largest sum.
  Tensor classify(const Tensor& x) const;
  const Tensor& weight() const { return weight_; }
  const Tensor& bias() const { return bias_; }

 private:
  Tensor weight_, bias_;
};

struct PerceptronOptions {
  /// plain: the weights after the last example (Rosenblatt 1958). averaged: the mean of the weights after
  /// each example (Freund and Schapire 1999). pocket: examples are drawn at random; of all weights on the way
  /// those with the fewest errors are kept, tried where they were right longer than the ones before (Gallant
  /// 1990, with ratchet).
  std::string rule = "plain";
  int64_t max_epochs = 1000;  // as many draws for pocket
  bool shuffle = false;       // another order in each epoch: then cycles cannot be told
  uint64_t seed = 0;          // of the order and the draws
};

/// The same weights at the same place of two epochs: from there on everything repeats, and the rule never
/// ends.
struct PerceptronCycle {
  int64_t epoch = 0, length = 0;  // after `epoch` the weights are those after epoch - length
  bool proven = false;            // no sum on the way was rounded, so this is so for real numbers too
};

/// How one unit learned.
struct PerceptronCourse {
  bool converged = false;  // an epoch (pocket: a check of all examples) without a mistake
  int64_t epochs = 0, updates = 0;
  std::optional<PerceptronCycle> cycle;
};

struct PerceptronResult {
  std::vector<PerceptronCourse> units;
  int64_t examples = 0, errors = 0;  // those that the learned units classify wrongly
  bool converged() const;
  /// "converged after 6 epochs and 11 updates, 0 of 4 examples wrong"
  std::string describe() const;
};

/// Learns from zero weights by w += (target - output) x for each example in turn until none is wrong, a cycle
/// proves that this never happens, or max_epochs are over. x (N, in); y (N) of 0 and 1 for one unit, of
/// 0..units-1 for several, each of which learns to fire for its class alone. Computes in f64. Throws for
/// other shapes and labels, and for values that are not finite.
PerceptronResult learn_perceptron(const Perceptron& units, const Tensor& x, const Tensor& y,
                                  const PerceptronOptions& options = {});

/// The most updates that the plain rule can take for class `one` against all others: R^2 / margin^2 of the
/// examples with a 1 behind each (Novikoff 1962); infinity if no line separates them.
double novikoff_bound(const Tensor& x, const Tensor& y, int64_t one = 1);

/// Whether a line (plane) lies between two classes, with the proof of either.
struct Separability {
  bool separable = false;
  std::vector<double> weight;   // of the widest line, length 1: weight x + bias > 0 for class `one`, < 0 else
  double bias = 0, margin = 0;  // margin: distance of the nearest examples
  std::vector<double> point;    // else a point that both hulls share: no line has it on both of its sides
  struct Part {
    int64_t example;
    double share;
  };
  std::vector<Part> ones,
      others;  // mean of these examples: the nearest points of the hulls, or `point` twice
  std::string describe() const;
};

/// Looks for the nearest points of the convex hulls of class `one` and of all others (Wolfe 1976): classes
/// are separable if and only if these hulls share no point. Told apart to 1e-9 of the size of x (N, in).
/// Throws as learn_perceptron, and if one of the classes is empty.
Separability separability(const Tensor& x, const Tensor& y, int64_t one = 1);

}  // namespace fovea::nn
