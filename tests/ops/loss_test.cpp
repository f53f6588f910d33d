// What the losses and dropout say and do beyond their values.
#include <gtest/gtest.h>

#include "../files.h"
#include "fovea/autograd.h"
#include "fovea/ops.h"
#include "fovea/random.h"

namespace fovea {
namespace {

using test::error_of;

TEST(CrossEntropy, NamesTheLabelThatDoesNotExist) {
  const Tensor x = zeros({2, 3, 2}), labels = tensor({0, 1, 2, 5}, {2, 2}, i64);
  const std::string text = error_of([&] { cross_entropy(x, labels, {}, -100, 0.0, "mean"); });
  for (const char* part : {"label 5 at (1,1)", "3 classes", "0 to 2", "-100 to ignore"})
    EXPECT_NE(text.find(part), std::string::npos) << text;
  EXPECT_NE(error_of([&] { cross_entropy(x, affine(labels, 1), {}, -100, 0.0, "mean"); }), "");
}

TEST(CrossEntropy, IsNaNIfAllIsIgnoredAndZeroIfSummed) {
  const Tensor x = zeros({2, 3}), labels = full({2}, -100, i64);
  EXPECT_TRUE(std::isnan(cross_entropy(x, labels).item()));
  EXPECT_EQ(cross_entropy(x, labels, {}, -100, 0.0, "sum").item(), 0);
}

TEST(CrossEntropy, MasksWithInfiniteLogits) {
  Tensor x = tensor({1, -INFINITY, 2, 0}, {1, 4}).set_requires_grad();
  const Tensor loss = cross_entropy(x, tensor({2}, {}, i64));
  loss.backward();
  EXPECT_NEAR(loss.item(), std::log(std::exp(-1.) + 1 + std::exp(-2.)), 1e-6);
  EXPECT_EQ(x.grad().at<float>({0, 1}), 0);
}

TEST(CrossEntropy, RefusesAGradientOfTheWeights) {
  const Tensor x = zeros({2, 3}), labels = zeros({2}, i64);
  const Tensor weight = ones({3}).set_requires_grad();
  EXPECT_NE(error_of([&] { cross_entropy(x, labels, weight).backward(); }).find("not provided"),
            std::string::npos);
}

TEST(Losses, ListTheReductions) {
  const Tensor x = zeros({2, 3});
  const std::string text = error_of([&] { mse_loss(x, x, "average"); });
  EXPECT_NE(text.find("mean, sum, none"), std::string::npos) << text;
  EXPECT_NE(error_of([&] { kl_div_loss(x, x, false, "average"); }).find("batchmean"), std::string::npos);
  EXPECT_NE(error_of([&] {
              cross_entropy(x, zeros({2}, i64), {}, -100, 0.0, "batchmean");
            }).find("mean, sum, none"),
            std::string::npos);
}

TEST(HingeLoss, IsTheMeanMargin) {
  const Tensor x = tensor({2, 0.5, -1, 0}), target = tensor({1, 1, 1, -1});
  EXPECT_DOUBLE_EQ(hinge_loss(x, target).item(), (0 + 0.5 + 2 + 1) / 4);
}

TEST(Maxout, TakesConsecutiveChannels) {
  const Tensor y = maxout(tensor({1, 5, 3, 2, -1, -2}, {1, 6}), 2);
  EXPECT_EQ(y.to_vector<double>(), (std::vector<double>{5, 3, -1}));
}

TEST(BatchNorm, WantsMoreThanOneValuePerChannel) {
  EXPECT_NE(error_of([] {
              batch_norm(zeros({1, 4, 1, 1}), {}, {}, {}, {});
            }).find("more than one value"),
            std::string::npos);
}

TEST(BatchNorm, MovesItsStatisticsWhileXIsOnTheTape) {
  const Tensor x = tensor({1, 3, 5, 7}, {4, 1}).set_requires_grad(), mean = zeros({1}), var = ones({1});
  const Tensor y = batch_norm(x, {}, {}, mean, var, true, 0.5);
  EXPECT_FLOAT_EQ(float(mean.item()), 2);
  EXPECT_NEAR(var.item(), 0.5 + 0.5 * 20. / 3, 1e-5);
  sum(mul(y, y)).backward();
  EXPECT_TRUE(x.grad().defined());
}

TEST(Dropout, KeepsTheExpectationAndTheSeed) {
  const Tensor x = ones({100, 100});
  manual_seed(3);
  const Tensor a = dropout(x, 0.3), b = dropout(x, 0.3);
  manual_seed(3);
  EXPECT_TRUE(same_bits(dropout(x, 0.3), a));
  EXPECT_FALSE(same_bits(a, b));
  EXPECT_NEAR(mean(a).item(), 1, 0.03);
  for (float v : a.to_vector<float>()) EXPECT_TRUE(v == 0 || std::abs(v - 1 / 0.7f) < 1e-6f);
}

TEST(Dropout, GivesTheSameMaskInBlockedLayout) {
  const Tensor x = ones({2, 8, 5, 3});
  manual_seed(3);
  const Tensor plain = dropout(x);
  manual_seed(3);
  EXPECT_TRUE(same_bits(dropout(x.to(Layout::blocked8)), plain));
}

TEST(Dropout, GradientHasTheSameMask) {
  Tensor x = ones({50}).set_requires_grad();
  const Tensor y = dropout(x);
  sum(y).backward();
  EXPECT_TRUE(same_bits(x.grad(), y.detach()));
}

TEST(Dropout2d, DropsWholeChannels) {
  manual_seed(1);
  const Tensor y = dropout2d(ones({6, 8, 3, 3}));
  int zero = 0;
  for (int64_t k = 0; k < 48; ++k) {
    const float* p = y.contiguous().data<float>() + k * 9;
    for (int i = 1; i < 9; ++i) EXPECT_EQ(p[i], p[0]);
    zero += p[0] == 0;
  }
  EXPECT_GT(zero, 10);
  EXPECT_LT(zero, 38);
}

}  // namespace
}  // namespace fovea
