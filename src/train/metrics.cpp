#include "fovea/metrics.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "fovea/ops.h"
#include "fovea/strings.h"

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

/// The class with the largest part in each row of (N, classes).
Tensor largest_parts(const Tensor& labels) {
  const Tensor out = Tensor::empty({labels.size(0)}, i64);
  const Tensor parts = labels.to(f32).contiguous();
  const int64_t classes = labels.size(1);
  for (int64_t i = 0; i < labels.size(0); ++i) {
    const float* row = parts.data<float>() + i * classes;
    out.data<int64_t>()[i] = std::max_element(row, row + classes) - row;
  }
  return out;
}

void add_outputs(Metrics& m, const Tensor& predicted, const Tensor& truth) {
  const auto outputs = size_t(predicted.size(1));
  m.outputs.resize(outputs);
  const std::vector<double> p = predicted.to_vector<double>(), t = truth.to_vector<double>();
  for (size_t i = 0; i < p.size(); ++i) {
    const size_t k = i % outputs;
    OutputSums& sums = m.outputs[k];
    if (m.task == data::Task::multilabel) {
      const bool says = p[i] > 0, is = t[i] > 0.5;
      sums.hits += says && is, sums.false_alarms += says && !is, sums.misses += !says && is;
      continue;
    }
    const double scale = m.scale.empty() ? 1 : double(m.scale[k]), d = (p[i] - t[i]) * scale,
                 y = t[i] * scale;
    sums.error += std::abs(d), sums.squares += d * d, sums.truth += y, sums.truth_sq += y * y;
  }
}

void add_strings(Metrics& m, const Tensor& logits, const Tensor& labels) {
  const std::vector<nn::Labels> read = read_strings(logits), truth = strings_of(labels);
  for (size_t i = 0; i < truth.size(); ++i) {
    const int64_t edits = nn::edit_distance(read[i], truth[i]);
    m.correct1 += edits == 0, m.edits += edits, m.characters += int64_t(truth[i].size());
  }
}

void add_pixels(Metrics& m, const Tensor& logits, const Tensor& labels, ConfusionMatrix* confusion) {
  const int64_t classes = logits.size(1);
  m.outputs.resize(size_t(classes));
  const Tensor predicted = argmax(logits, 1), truth = labels.contiguous();
  const int64_t *p = predicted.data<int64_t>(), *t = truth.data<int64_t>();
  for (int64_t i = 0; i < truth.numel(); ++i) {
    if (t[i] == data::ignored_class) continue;
    check(t[i] >= 0 && t[i] < classes, "class {} of a pixel is outside of the network's {} classes", t[i],
          classes);
    if (p[i] == t[i]) ++m.outputs[size_t(t[i])].hits;
    else ++m.outputs[size_t(t[i])].misses, ++m.outputs[size_t(p[i])].false_alarms;
    if (confusion) confusion->add(t[i], p[i]);
  }
}

/// Of f(0) .. f(n - 1), those that are no NaN.
template <class F>
double mean_of(size_t n, const F& f) {
  double sum = 0;
  int64_t count = 0;
  for (size_t k = 0; k < n; ++k)
    if (const double v = f(k); !std::isnan(v)) sum += v, ++count;
  return count ? sum / double(count) : 0;
}

}  // namespace

double average_precision(std::span<const float> scores, std::span<const float> truth) {
  std::vector<size_t> order(scores.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) { return scores[a] > scores[b]; });
  double sum = 0;
  int64_t found = 0, before = 0;
  for (size_t i = 0; i < order.size();) {
    size_t end = i;
    for (; end < order.size() && scores[order[end]] == scores[order[i]]; ++end)
      found += truth[order[end]] > 0.5f;
    sum += double(found - before) * double(found) / double(end);
    before = found, i = end;
  }
  return found ? sum / double(found) : std::numeric_limits<double>::quiet_NaN();
}

double Metrics::f1(size_t k) const {
  const OutputSums& s = outputs[k];
  const double all = double(2 * s.hits + s.misses + s.false_alarms);
  return all > 0 ? double(2 * s.hits) / all : std::numeric_limits<double>::quiet_NaN();
}
double Metrics::mae(size_t k) const { return outputs[k].error / double(examples); }
double Metrics::rmse(size_t k) const { return std::sqrt(outputs[k].squares / double(examples)); }
double Metrics::r2(size_t k) const {
  const OutputSums& s = outputs[k];
  const double variance = s.truth_sq - s.truth * s.truth / double(examples);
  return variance > 1e-12 * s.truth_sq ? 1 - s.squares / variance : std::numeric_limits<double>::quiet_NaN();
}

double Metrics::iou(size_t k) const {
  const OutputSums& s = outputs[k];
  const double all = double(s.hits + s.misses + s.false_alarms);
  return all > 0 ? double(s.hits) / all : std::numeric_limits<double>::quiet_NaN();
}
int64_t Metrics::counted_pixels() const {
  int64_t all = 0;
  for (const OutputSums& s : outputs) all += s.hits + s.misses;
  return all;
}
double Metrics::pixel_accuracy() const {
  int64_t right = 0;
  for (const OutputSums& s : outputs) right += s.hits;
  const int64_t all = counted_pixels();
  return all ? double(right) / double(all) : 0;
}

double Metrics::score() const {
  if (task == data::Task::classify || task == data::Task::transcribe) return top1();
  return mean_of(outputs.size(), [&](size_t k) {
    return task == data::Task::multilabel ? f1(k) : task == data::Task::segment ? iou(k) : r2(k);
  });
}

const char* score_name(data::Task task) {
  switch (task) {
    case data::Task::classify:
      return "top1";
    case data::Task::multilabel:
      return "F1";
    case data::Task::regress:
      return "R2";
    case data::Task::transcribe:
      return "strings";
    case data::Task::segment:
      return "mIoU";
  }
  fail("unknown task {}", int(task));
}

const char* Metrics::score_name() const { return train::score_name(task); }

std::string Metrics::score_text(int digits) const {
  if (task == data::Task::regress) return fmt::format("R2 {:.3f}", score());
  const std::string score = fmt::format("{} {:.{}f}%", score_name(), 100 * this->score(), digits);
  if (task != data::Task::transcribe) return score;
  return score + fmt::format("  CER {:.{}f}%", 100 * character_error_rate(), digits);
}

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
  if (task == data::Task::transcribe) {
    examples += logits.size(0), loss_sum += loss * double(logits.size(0));
    return add_strings(*this, logits, labels);
  }
  if (task == data::Task::segment) {
    check(logits.rank() == 4 && labels.shape() == Dims({logits.size(0), logits.size(2), logits.size(3)}) &&
              labels.dtype() == i64,
          "segmentation wants logits (N,classes,H,W) and labels i64 (N,H,W), not {} and {}",
          logits.describe(), labels.describe());
    examples += logits.size(0), loss_sum += loss * double(logits.size(0));
    return add_pixels(*this, logits.detach(), labels, confusion);
  }
  const bool parts = labels.rank() == 2 && labels.shape() == logits.shape();
  check(logits.rank() == 2 && (labels.rank() == 1 || parts) && logits.size(0) == labels.size(0),
        "accuracy wants logits (N, classes) and labels (N) or (N, classes), not {} and {}", logits.describe(),
        labels.describe());
  examples += logits.size(0), loss_sum += loss * double(logits.size(0));
  if (task != data::Task::classify) return add_outputs(*this, logits.detach(), labels);
  const Tensor dense = logits.detach().contiguous();
  const Tensor indices = parts ? largest_parts(labels) : labels;
  dense.dtype() == f64 ? add_rows<double>(*this, dense, indices, confusion)
                       : add_rows<float>(*this, dense, indices, confusion);
}

}  // namespace fovea::train
