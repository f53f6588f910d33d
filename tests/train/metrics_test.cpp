#include "fovea/metrics.h"

#include <gtest/gtest.h>

#include <cmath>

#include "../files.h"
#include "fovea/random.h"
#include "train/terminal.h"

namespace fovea::train {
namespace {

Tensor labels_of(std::vector<int64_t> values) { return Tensor::of<int64_t>(values); }

TEST(Metrics, CountsTopOneAndTopFive) {
  // Ranks of the labels by hand: 0, 4, 5, and a tie that the first class wins.
  const Tensor logits = tensor({9, 8, 7, 6, 5, 4, 3,  //
                                9, 8, 7, 6, 5, 4, 3,  //
                                9, 8, 7, 6, 5, 4, 3,  //
                                1, 1, 1, 1, 1, 1, 1},
                               {4, 7});
  Metrics m;
  ConfusionMatrix confusion(7);
  m.add(0.5, logits, labels_of({0, 4, 5, 0}), &confusion);
  EXPECT_EQ(m.correct1, 2);
  EXPECT_EQ(m.correct5, 3);
  EXPECT_DOUBLE_EQ(m.loss(), 0.5);
  m.add(1.5, logits.narrow(0, 0, 1), labels_of({6}), &confusion);
  EXPECT_DOUBLE_EQ(m.loss(), (4 * 0.5 + 1.5) / 5);
  EXPECT_DOUBLE_EQ(m.top1(), 2 / 5.);
  EXPECT_EQ(confusion.count(4, 0), 1);
  EXPECT_EQ(confusion.count(0, 0), 2);
  EXPECT_EQ(confusion.total(), 5);
}

TEST(Metrics, AgreesWithSorting) {
  Generator random(7);
  Tensor logits = Tensor::empty({200, 12}, f64);
  std::vector<int64_t> labels;
  int64_t top1 = 0, top5 = 0;
  for (int64_t i = 0; i < 200; ++i) {
    std::vector<std::pair<double, int64_t>> order;
    for (int64_t c = 0; c < 12; ++c) {
      logits.at<double>({i, c}) = double(random.below(6));  // many ties
      order.emplace_back(-logits.at<double>({i, c}), c);
    }
    labels.push_back(int64_t(random.below(12)));
    std::sort(order.begin(), order.end());
    for (int64_t k = 0; k < 5; ++k) {
      top1 += k == 0 && order[size_t(k)].second == labels.back();
      top5 += order[size_t(k)].second == labels.back();
    }
  }
  Metrics m;
  m.add(0, logits, labels_of(labels));
  EXPECT_EQ(m.correct1, top1);
  EXPECT_EQ(m.correct5, top5);
}

TEST(Metrics, CountsNanAsWrong) {
  Metrics m;
  m.add(NAN, tensor({NAN, NAN, 1, NAN}, {2, 2}), labels_of({0, 1}));
  EXPECT_EQ(m.correct1, 0);
  EXPECT_TRUE(std::isnan(m.loss()));
}

TEST(Metrics, RefusesLabelsOutsideOfTheClasses) {
  Metrics m;
  const std::string message = test::error_of([&] { m.add(0, zeros({1, 3}), labels_of({3})); });
  EXPECT_EQ(message, "label 3 is outside of the network's 3 classes");
  EXPECT_THROW(m.add(0, zeros({2, 3}), labels_of({0})), Error);
}

TEST(ConfusionMatrix, KnowsRecallPrecisionAndTheWorstPair) {
  ConfusionMatrix m(3);
  for (const auto& [t, p, n] : {std::tuple{0, 0, 6}, {0, 1, 2}, {1, 1, 3}, {1, 0, 1}}) {
    for (int i = 0; i < n; ++i) m.add(t, p);
  }
  EXPECT_DOUBLE_EQ(m.accuracy(), 9 / 12.);
  EXPECT_DOUBLE_EQ(m.recall(0), 6 / 8.);
  EXPECT_DOUBLE_EQ(m.precision(0), 6 / 7.);
  EXPECT_TRUE(std::isnan(m.recall(2)));
  EXPECT_EQ(m.worst(), (std::pair<int64_t, int64_t>{0, 1}));
}

TEST(Terminal, WritesNumbersForPeople) {
  EXPECT_EQ(duration(0.4), "0s");
  EXPECT_EQ(duration(61), "1m01s");
  EXPECT_EQ(duration(3720), "1h02m");
  EXPECT_EQ(short_number(2.3026), "2.30");
  EXPECT_EQ(short_number(0.0473), "0.047");
  EXPECT_EQ(bar(0.5, 4, {}), "━━──");
  EXPECT_EQ(bar(1, 2, {true, true, 80}), "\x1b[36m━━\x1b[90m\x1b[0m");
}

}  // namespace
}  // namespace fovea::train
