// How good predictions are: loss, top-1 and top-5 accuracy, confusion matrix; F1 and average precision of
// labels; errors and R2 of numbers; strings that were read right and the error rate of their characters;
// pixel accuracy and mean IoU of masks.
//   ConfusionMatrix confusion(10);   Metrics m;
//   m.add(loss.item(), logits, labels, &confusion);   m.top1();   confusion.recall(3);
// Threads: a value belongs to one thread.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "fovea/data.h"

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

/// What is summed for one label (task multilabel), one number (task regress) or one class of pixels
/// (segment).
struct OutputSums {
  int64_t hits = 0, false_alarms = 0, misses = 0;  // of labels at probability 1/2; of pixels
  double error = 0, squares = 0, truth = 0,
         truth_sq = 0;  // |d|, d^2 of d = prediction - truth; truth, its square
};

/// The part of the area under the curve of precision over recall: the mean over the true examples of the
/// precision among those scored as high or higher (scikit-learn's average_precision_score); NaN without any.
double average_precision(std::span<const float> scores, std::span<const float> truth);

/// Sums over examples; the means are taken on demand.
struct Metrics {
  int64_t examples = 0, correct1 = 0, correct5 = 0;
  double loss_sum = 0;
  data::Task task = data::Task::classify;
  std::vector<OutputSums> outputs = {};  // one for each label, number or class of pixels
  std::vector<float> scale = {};         // of numbers: what one unit of the network is worth; empty: 1
  int64_t characters = 0, edits = 0;     // of strings, of which correct1 were read right

  /// A batch with mean loss `loss`; logits f32 or f64 (N, classes); labels i64 (N), parts of classes f32 (N,
  /// classes) of which the largest counts, or the targets f32 (N, outputs) of another task. Among equal
  /// logits the first wins; a label whose logit is NaN counts as wrong. Of strings as fovea/strings.h has
  /// both. Of task segment: logits (N, classes, H, W) and labels i64 (N, H, W); pixels of data::ignored_class
  /// do not count.
  void add(double loss, const Tensor& logits, const Tensor& labels, ConfusionMatrix* confusion = nullptr);
  double loss() const { return examples ? loss_sum / double(examples) : 0; }
  /// Parts of 1.
  double top1() const { return examples ? double(correct1) / double(examples) : 0; }
  double top5() const { return examples ? double(correct5) / double(examples) : 0; }
  /// Of label `k` at probability 1/2: 2 hits / (2 hits + misses + false alarms); NaN where all are 0.
  double f1(size_t k) const;
  /// Mean absolute error, root of the mean squared error, and part of the variance that is explained, of
  /// number `k`. R2 is NaN if all truths are equal.
  double mae(size_t k) const;
  double rmse(size_t k) const;
  double r2(size_t k) const;
  /// The fewest characters to insert, delete and replace so that all strings are right, for each character
  /// of the truth; 0 without any.
  double character_error_rate() const { return characters ? double(edits) / double(characters) : 0; }
  /// Of pixels of class `k`: those that are it and were taken for it / those that are it or were taken for it
  /// (intersection over union, the Jaccard index), over the pixels of all examples; NaN if there are none.
  double iou(size_t k) const;
  /// Pixels whose class is known.
  int64_t counted_pixels() const;
  /// Part of them whose class was recognised, 0 if there are none.
  double pixel_accuracy() const;
  /// What a better network has more of: top-1, or the part of strings that are right; F1, R2 or IoU, the mean
  /// over the outputs that have one.
  double score() const;
  /// score_name(task)
  const char* score_name() const;
  /// "top1 93.9%", "R2 0.812", "strings 93.9%  CER 1.3%", "mIoU 81.2%"
  std::string score_text(int digits = 1) const;
};

/// What Metrics::score() is called: "top1", "F1", "R2", "strings".
const char* score_name(data::Task task);

}  // namespace fovea::train
