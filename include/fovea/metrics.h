// How good predictions are: loss, top-1 and top-5 accuracy, confusion matrix.
//   ConfusionMatrix confusion(10);   Metrics m;
//   m.add(loss.item(), logits, labels, &confusion);   m.top1();   confusion.recall(3);
// Threads: a value belongs to one thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "fovea/tensor.h"

namespace fovea::train {

/// How often class `truth` was taken for class `predicted`.
class ConfusionMatrix {
 public:
  explicit ConfusionMatrix(int64_t classes = 0) : classes_(classes), counts_(size_t(classes * classes), 0) {}
  int64_t classes() const { return classes_; }
  void add(int64_t truth, int64_t predicted) { counts_.at(size_t(truth * classes_ + predicted))++; }
  int64_t count(int64_t truth, int64_t predicted) const {
    return counts_.at(size_t(truth * classes_ + predicted));
  }
  int64_t total() const;
  /// Part of all examples on the diagonal, 0 if there are none.
  double accuracy() const;
  /// Part of the examples of `truth` that were recognised, NaN if there are none.
  double recall(int64_t truth) const;
  /// Part of the predictions of `predicted` that were right, NaN if there are none.
  double precision(int64_t predicted) const;
  /// The pair (truth, predicted) off the diagonal that occurs most, {-1, -1} if all is right.
  std::pair<int64_t, int64_t> worst() const;

 private:
  int64_t classes_;
  std::vector<int64_t> counts_;
};

/// Sums over examples; the means are taken on demand.
struct Metrics {
  int64_t examples = 0, correct1 = 0, correct5 = 0;
  double loss_sum = 0;

  /// A batch with mean loss `loss`; logits f32 or f64 (N, classes), labels i64 (N). Among equal logits the
  /// first wins; a label whose logit is NaN counts as wrong.
  void add(double loss, const Tensor& logits, const Tensor& labels, ConfusionMatrix* confusion = nullptr);
  double loss() const { return examples ? loss_sum / double(examples) : 0; }
  /// Parts of 1.
  double top1() const { return examples ? double(correct1) / double(examples) : 0; }
  double top5() const { return examples ? double(correct5) / double(examples) : 0; }
};

}  // namespace fovea::train
