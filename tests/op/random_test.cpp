// The random fills: distribution, stream and reproducibility.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fovea/ops.h"
#include "fovea/random.h"

namespace fovea {
namespace {

constexpr int64_t many = 200000;

double moment(const std::vector<double>& x, double about, int power) {
  double sum = 0;
  for (double v : x) sum += std::pow(v - about, power);
  return sum / double(x.size());
}

TEST(Random, UniformHasItsMomentsAndStaysInRange) {
  manual_seed(1);
  const auto x = rand({many}, -1, 3, f64).to_vector<double>();
  EXPECT_GE(*std::min_element(x.begin(), x.end()), -1);
  EXPECT_LT(*std::max_element(x.begin(), x.end()), 3);
  EXPECT_NEAR(moment(x, 0, 1), 1, 0.01);
  EXPECT_NEAR(moment(x, 1, 2), 16.0 / 12, 0.01);
  EXPECT_NEAR(moment(x, 1, 4), 256.0 / 80, 0.05);
}

TEST(Random, NormalHasItsMoments) {
  manual_seed(2);
  const auto x = randn({many}, 5, 2, f64).to_vector<double>();
  EXPECT_NEAR(moment(x, 0, 1), 5, 0.02);
  EXPECT_NEAR(moment(x, 5, 2), 4, 0.04);
  EXPECT_NEAR(moment(x, 5, 3), 0, 0.3);
  EXPECT_NEAR(moment(x, 5, 4), 3 * 16, 1.5);
  double lag = 0;  // the two normals of one draw are independent
  for (size_t i = 0; i < x.size(); i += 2) lag += (x[i] - 5) * (x[i + 1] - 5);
  EXPECT_NEAR(lag / double(many / 2), 0, 0.05);
}

TEST(Random, FloatAndDoubleComeFromOneStream) {
  manual_seed(3);
  const auto u32 = rand({1001}).to_vector<double>(), n32 = randn({1001}).to_vector<double>();
  manual_seed(3);
  const auto u64 = rand({1001}, 0, 1, f64).to_vector<double>(),
             n64 = randn({1001}, 0, 1, f64).to_vector<double>();
  for (size_t i = 0; i < u32.size(); ++i) {
    EXPECT_NEAR(u32[i], u64[i], 0x1p-24);
    EXPECT_NEAR(n32[i], n64[i], 1e-6);
  }
}

TEST(Random, FillsFollowEachOtherWithoutOverlap) {
  manual_seed(4);
  const Tensor a = rand({6}), b = rand({6});
  manual_seed(4);
  EXPECT_TRUE(same_bits(rand({6}), a));
  EXPECT_TRUE(same_bits(rand({6}), b));
  EXPECT_FALSE(same_bits(a, b));
  manual_seed(4);
  Generator& g = default_generator();
  for (float expected : a.to_vector<float>())
    EXPECT_EQ(g.uniform(), expected);  // the words of the generator itself
}

TEST(Random, StreamsOfOneSeedDiffer) {
  const auto words = [](uint64_t stream) {
    default_generator() = Generator(4, stream);
    return rand({6});
  };
  const Tensor one = words(1);
  EXPECT_TRUE(same_bits(words(1), one));
  EXPECT_FALSE(same_bits(words(2), one));
  Generator g(4, 1);
  for (float expected : one.to_vector<float>()) EXPECT_EQ(g.uniform(), expected);
  const auto dropped = [](uint64_t stream) {
    default_generator() = Generator(4, stream);
    return dropout(ones({300}));
  };
  EXPECT_TRUE(same_bits(dropped(1), dropped(1)));
  EXPECT_FALSE(same_bits(dropped(1), dropped(2)));
}

TEST(Random, IntegersAreEvenlySpread) {
  manual_seed(5);
  std::vector<int> count(7);
  for (int64_t v : randint({many}, -3, 4).to_vector<int64_t>()) ++count.at(size_t(v + 3));
  for (int c : count) EXPECT_NEAR(c, many / 7, 5 * std::sqrt(many / 7));
}

TEST(Random, PermutationsHoldEveryNumberOnceInAnyOrder) {
  manual_seed(6);
  std::vector<int> first(6);
  for (int trial = 0; trial < 6000; ++trial) {
    auto p = randperm(6).to_vector<int64_t>();
    ++first[size_t(p[0])];
    std::sort(p.begin(), p.end());
    for (int64_t i = 0; i < 6; ++i) ASSERT_EQ(p[size_t(i)], i);
  }
  for (int c : first) EXPECT_NEAR(c, 1000, 150);
}

TEST(Random, BernoulliKeepsItsProbability) {
  manual_seed(7);
  EXPECT_NEAR(moment(bernoulli({many}, 0.3).to_vector<double>(), 0, 1), 0.3, 0.006);
  EXPECT_EQ(moment(bernoulli({100}, 0).to_vector<double>(), 0, 1), 0);
  EXPECT_EQ(moment(bernoulli({100}, 1).to_vector<double>(), 0, 1), 1);
}

/// A sample is 1 where the number that rand() would have drawn in its place is below p.
TEST(Random, SamplesCompareUniformNumbers) {
  manual_seed(9);
  const Tensor p = rand({1003, 7}, -0.2, 1.2);
  manual_seed(4);
  const Tensor want = less(rand(p.shape()), p);
  manual_seed(4);
  const Tensor got = sample_bernoulli(p);
  manual_seed(4);
  EXPECT_TRUE(same_bits(sample_bernoulli(p.to(f64)).to(f32), got));
  EXPECT_TRUE(same_bits(want.to(f32), got));
}

}  // namespace
}  // namespace fovea
