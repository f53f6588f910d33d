#include "fovea/nn/ctc.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "base/log_sum.h"

namespace fovea::nn {
namespace {

/// Log-probabilities by step and class, one example after the other.
class Examples {
 public:
  Examples(const char* op, const Tensor& log_probs, const Tensor& lengths, int64_t blank) {
    check(log_probs.rank() == 3 && log_probs.numel() > 0, "[{}] log_probs wants shape (T,N,C), not {}", op,
          log_probs.shape());
    steps_ = log_probs.size(0), count = log_probs.size(1), classes = log_probs.size(2);
    check(blank >= 0 && blank < classes, "[{}] blank={} is no class of log_probs {}", op, blank,
          log_probs.shape());
    check(!lengths || (lengths.dtype() == i64 && lengths.shape() == Dims{count}),
          "[{}] lengths of log_probs {} want i64 ({}), not {}", op, log_probs.shape(), count,
          lengths ? lengths.describe() : "");
    values_ = log_probs.detach().to(f64).contiguous();
    lengths_.assign(size_t(count), steps_);
    if (lengths) lengths_ = lengths.to_vector<int64_t>();
    for (const int64_t n : lengths_)
      check(n >= 1 && n <= steps_, "[{}] a length is {}: log_probs {} have 1 to {} steps", op, n,
            log_probs.shape(), steps_);
  }
  int64_t steps(int64_t example) const { return lengths_[size_t(example)]; }
  const double* at(int64_t step, int64_t example) const {
    return values_.data<double>() + (step * count + example) * classes;
  }
  int64_t count = 0, classes = 0;

 private:
  Tensor values_;
  std::vector<int64_t> lengths_;
  int64_t steps_ = 0;
};

/// Of the paths that read as a prefix: those that end with a blank, and those that end with its last label.
struct Ends {
  double blank = -INFINITY, label = -INFINITY;
  double total() const { return log_sum(blank, label); }
};
using Beams = std::map<Labels, Ends>;

/// All prefixes that one step makes of these.
Beams extended(const Beams& beams, const double* log_p, int64_t classes, int64_t blank) {
  Beams next;
  for (const auto& [prefix, ends] : beams) {
    Ends& same = next[prefix];
    same.blank = log_sum(same.blank, ends.total() + log_p[blank]);
    for (int64_t c = 0; c < classes; ++c) {
      if (c == blank) continue;
      const bool repeats = !prefix.empty() && prefix.back() == c;
      if (repeats) same.label = log_sum(same.label, ends.label + log_p[c]);
      Labels longer = prefix;
      longer.push_back(c);
      double& to = next[longer].label;
      to = log_sum(to, (repeats ? ends.blank : ends.total()) + log_p[c]);
    }
  }
  return next;
}

std::vector<Reading> best_of(const Beams& beams, int64_t most) {
  std::vector<Reading> all;
  for (const auto& [prefix, ends] : beams) all.push_back({prefix, ends.total()});
  std::stable_sort(all.begin(), all.end(),
                   [](const Reading& a, const Reading& b) { return a.log_prob > b.log_prob; });
  all.resize(std::min(all.size(), size_t(most)));
  return all;
}

}  // namespace

std::vector<Labels> ctc_greedy(const Tensor& log_probs, const Tensor& lengths, int64_t blank) {
  const Examples x("ctc_greedy", log_probs, lengths, blank);
  std::vector<Labels> all(static_cast<size_t>(x.count));
  for (int64_t n = 0; n < x.count; ++n) {
    int64_t before = blank;
    for (int64_t t = 0; t < x.steps(n); ++t) {
      const int64_t best = std::max_element(x.at(t, n), x.at(t, n) + x.classes) - x.at(t, n);
      if (best != blank && best != before) all[size_t(n)].push_back(best);
      before = best;
    }
  }
  return all;
}

std::vector<std::vector<Reading>> ctc_beam_search(const Tensor& log_probs, const Tensor& lengths,
                                                  const BeamOptions& options) {
  check(options.beams >= 1, "[ctc_beam_search] at least one beam is wanted, not {}", options.beams);
  const Examples x("ctc_beam_search", log_probs, lengths, options.blank);
  std::vector<std::vector<Reading>> all;
  for (int64_t n = 0; n < x.count; ++n) {
    Beams beams{{{}, {.blank = 0}}};
    for (int64_t t = 0; t < x.steps(n); ++t) {
      const Beams next = extended(beams, x.at(t, n), x.classes, options.blank);
      beams.clear();
      for (const Reading& r : best_of(next, options.beams)) beams[r.labels] = next.at(r.labels);
    }
    all.push_back(best_of(beams, options.beams));
  }
  return all;
}

int64_t edit_distance(const Labels& a, const Labels& b) {
  std::vector<int64_t> row(b.size() + 1);  // distances of a's beginning to all beginnings of b
  std::iota(row.begin(), row.end(), 0);
  for (const int64_t label : a) {
    int64_t diagonal = row[0]++;
    for (size_t j = 0; j < b.size(); ++j) {
      const int64_t replaced = diagonal + (label != b[j]);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

}  // namespace fovea::nn
