#include "fovea/metrics.h"

#include <cmath>
#include <limits>
#include <numeric>

namespace fovea::train {
namespace {

/// How many classes come before `label` when sorted by falling logit, and the first class of them all.
template <class real>
std::pair<int64_t, int64_t> rank_and_first(const real* logits, int64_t classes, int64_t label) {
  int64_t before = 0, first = 0;
  const real mine = logits[label];
  if (std::isnan(mine)) before = classes;
  for (int64_t c = 0; c < classes; ++c) {
    before += logits[c] > mine || (logits[c] == mine && c < label);
    if (logits[c] > logits[first]) first = c;
  }
  return {before, first};
}

template <class real>
void add_rows(Metrics& m, const Tensor& logits, const Tensor& labels, ConfusionMatrix* confusion) {
  const int64_t classes = logits.size(1);
  const real* row = logits.data<real>();
  const int64_t* label = labels.data<int64_t>();
  for (int64_t i = 0; i < logits.size(0); ++i, row += classes) {
    check(label[i] >= 0 && label[i] < classes, "label {} is outside of the network's {} classes", label[i],
          classes);
    const auto [before, first] = rank_and_first(row, classes, label[i]);
    m.correct1 += before == 0, m.correct5 += before < 5;
    if (confusion) confusion->add(label[i], first);
  }
}

}  // namespace

int64_t ConfusionMatrix::total() const { return std::accumulate(counts_.begin(), counts_.end(), int64_t{0}); }

double ConfusionMatrix::accuracy() const {
  int64_t right = 0;
  for (int64_t c = 0; c < classes_; ++c) right += count(c, c);
  return total() ? double(right) / double(total()) : 0;
}

double ConfusionMatrix::recall(int64_t truth) const {
  int64_t all = 0;
  for (int64_t c = 0; c < classes_; ++c) all += count(truth, c);
  return all ? double(count(truth, truth)) / double(all) : std::numeric_limits<double>::quiet_NaN();
}

double ConfusionMatrix::precision(int64_t predicted) const {
  int64_t all = 0;
  for (int64_t c = 0; c < classes_; ++c) all += count(c, predicted);
  return all ? double(count(predicted, predicted)) / double(all) : std::numeric_limits<double>::quiet_NaN();
}

std::pair<int64_t, int64_t> ConfusionMatrix::worst() const {
  std::pair<int64_t, int64_t> pair{-1, -1};
  int64_t most = 0;
  for (int64_t t = 0; t < classes_; ++t)
    for (int64_t p = 0; p < classes_; ++p)
      if (t != p && count(t, p) > most) most = count(t, p), pair = {t, p};
  return pair;
}

void Metrics::add(double loss, const Tensor& logits, const Tensor& labels, ConfusionMatrix* confusion) {
  check(logits.rank() == 2 && labels.rank() == 1 && logits.size(0) == labels.size(0),
        "accuracy wants logits (N, classes) and labels (N), not {} and {}", logits.describe(),
        labels.describe());
  examples += logits.size(0), loss_sum += loss * double(logits.size(0));
  const Tensor dense = logits.detach().contiguous();
  dense.dtype() == f64 ? add_rows<double>(*this, dense, labels, confusion)
                       : add_rows<float>(*this, dense, labels, confusion);
}

}  // namespace fovea::train
