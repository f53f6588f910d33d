// Reading strings: against all paths, enumerated.
#include "fovea/nn/ctc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "../files.h"
#include "fovea/operators.h"
#include "fovea/ops.h"
#include "fovea/random.h"

namespace fovea::nn {
namespace {

/// What a path of classes reads as: neighbours that are equal merge, then blanks go.
Labels read_of(const Labels& path, int64_t blank) {
  Labels out;
  for (size_t t = 0; t < path.size(); ++t)
    if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) out.push_back(path[t]);
  return out;
}

/// The probability of every string, over all classes^steps paths of example n.
std::map<Labels, double> all_strings(const Tensor& log_probs, int64_t n, int64_t blank) {
  const int64_t steps = log_probs.size(0), classes = log_probs.size(2);
  const auto p = log_probs.to_vector<double>();
  std::map<Labels, double> strings;
  for (int64_t code = 0; code < int64_t(std::pow(classes, steps)); ++code) {
    Labels path;
    double log_p = 0;
    for (int64_t t = 0, rest = code; t < steps; ++t, rest /= classes) {
      path.push_back(rest % classes);
      log_p += p[size_t((t * log_probs.size(1) + n) * classes + path.back())];
    }
    strings[read_of(path, blank)] += std::exp(log_p);
  }
  return strings;
}

TEST(Ctc, LossIsTheSumOverAllPaths) {
  manual_seed(3);
  const Tensor log_probs = log_softmax(randn({5, 2, 3}).to(f64), 2);
  const Tensor lengths = tensor({5, 5}, {2}, i64);
  for (const Labels& labels : {Labels{}, Labels{1}, Labels{1, 2}, Labels{2, 2}, Labels{1, 1, 2}}) {
    const auto count = double(labels.size());
    Tensor targets = zeros({2, 3}, i64);
    for (size_t i = 0; i < labels.size(); ++i)
      for (size_t n = 0; n < 2; ++n) targets.data<int64_t>()[n * 3 + i] = labels[i];
    const Tensor loss = ctc_loss(log_probs, targets, lengths, tensor({count, count}, {2}, i64), 0, "none");
    for (int64_t n = 0; n < 2; ++n)
      EXPECT_NEAR(loss.to_vector<double>()[size_t(n)], -std::log(all_strings(log_probs, n, 0)[labels]),
                  1e-12);
  }
}

TEST(Ctc, EnoughBeamsFindTheMostProbableString) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    manual_seed(seed);
    const Tensor log_probs = log_softmax(randn({5, 2, 3}).to(f64) * 2, 2);
    const auto found = ctc_beam_search(log_probs, {}, {.beams = 1000, .blank = 2});
    for (int64_t n = 0; n < 2; ++n) {
      const auto strings = all_strings(log_probs, n, 2);
      double best = 0;
      for (const auto& [labels, p] : strings) best = std::max(best, p);
      const Reading& first = found[size_t(n)][0];
      EXPECT_NEAR(std::exp(first.log_prob), best, 1e-12);
      EXPECT_NEAR(strings.at(first.labels), best, 1e-12);
    }
  }
}

TEST(Ctc, GreedyMergesAndDropsBlanks) {
  const int64_t path[] = {0, 1, 1, 0, 1, 2, 2, 0};
  Tensor log_probs = full({8, 1, 3}, -5);
  for (int64_t t = 0; t < 8; ++t) log_probs.data<float>()[t * 3 + path[t]] = -0.1f;
  EXPECT_EQ(ctc_greedy(log_probs)[0], (Labels{1, 1, 2}));
  EXPECT_EQ(ctc_greedy(log_probs, tensor({4}, {1}, i64))[0], (Labels{1}));
  EXPECT_EQ(ctc_beam_search(log_probs)[0][0].labels, (Labels{1, 1, 2}));
}

TEST(Ctc, EditDistance) {
  EXPECT_EQ(edit_distance({1, 2, 3}, {1, 2, 3}), 0);
  EXPECT_EQ(edit_distance({}, {4, 5}), 2);
  EXPECT_EQ(edit_distance({11, 9, 20, 20, 5, 14}, {19, 9, 20, 20, 9, 14, 7}), 3);  // kitten, sitting
}

TEST(Ctc, BadInput) {
  const Tensor log_probs = log_softmax(randn({4, 1, 3}), 2);
  const auto loss = [&](std::initializer_list<double> labels, double steps) {
    const auto count = int64_t(labels.size());
    return test::error_of([&] {
      ctc_loss(log_probs, tensor(labels, {1, count}, i64), tensor({steps}, {1}, i64),
               tensor({double(count)}, {1}, i64));
    });
  };
  EXPECT_NE(loss({1, 1, 2}, 3).find("takes 4 steps; its input has 3"), std::string::npos);
  EXPECT_NE(loss({1, 0}, 4).find("without 0, the blank"), std::string::npos);
  EXPECT_NE(loss({3}, 4).find("labels are 0 to 2"), std::string::npos);
  EXPECT_NE(loss({1}, 0).find("1 to 4 steps"), std::string::npos);
  EXPECT_NE(loss({1}, 5).find("1 to 4 steps"), std::string::npos);
  EXPECT_NE(test::error_of([&] { ctc_greedy(log_probs, tensor({9}, {1}, i64)); }).find("1 to 4"),
            std::string::npos);
  EXPECT_NE(test::error_of([&] { ctc_beam_search(log_probs, {}, {.blank = 3}); }).find("blank=3"),
            std::string::npos);
}

}  // namespace
}  // namespace fovea::nn
