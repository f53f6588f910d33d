// Initialisers: moments, bounds and structure.
#include <gtest/gtest.h>

#include <cmath>

#include "../files.h"
#include "fovea/init.h"
#include "fovea/nn.h"
#include "fovea/ops.h"
#include "fovea/random.h"

namespace fovea {
namespace {

struct Moments {
  double mean = 0, std = 0, low = INFINITY, high = -INFINITY;
};

Moments moments(const Tensor& t) {
  Moments m;
  const auto values = t.detach().to_vector<double>();
  for (const double v : values) m.mean += v / double(values.size());
  for (const double v : values) {
    m.std += (v - m.mean) * (v - m.mean) / double(values.size());
    m.low = std::min(m.low, v), m.high = std::max(m.high, v);
  }
  m.std = std::sqrt(m.std);
  return m;
}

constexpr double tolerance = 0.02;  // of 64,000 draws: more than 5 standard errors

void expect_uniform(const Tensor& t, double bound) {
  const Moments m = moments(t);
  EXPECT_LE(m.high, bound * 1.0001);
  EXPECT_GE(m.low, -bound * 1.0001);
  EXPECT_GT(m.high, 0.99 * bound);
  EXPECT_LT(m.low, -0.99 * bound);
  EXPECT_NEAR(m.std, bound / std::sqrt(3.0), tolerance * bound);
  EXPECT_NEAR(m.mean, 0, tolerance * bound);
}

void expect_normal(const Tensor& t, double std) {
  const Moments m = moments(t);
  EXPECT_NEAR(m.std, std, tolerance * std);
  EXPECT_NEAR(m.mean, 0, tolerance * std);
  EXPECT_GT(m.high, 3 * std);
}

TEST(Init, FansCountTheKernel) {
  const auto f = init::fans(zeros({64, 40, 5, 5}));
  EXPECT_EQ(f.in, 1000);
  EXPECT_EQ(f.out, 1600);
  EXPECT_NE(test::error_of([] { init::fans(zeros({3})); }).find("(3)"), std::string::npos);
}

TEST(Init, GainsArePyTorchs) {
  EXPECT_DOUBLE_EQ(init::gain("relu"), 1.4142135623730951);
  EXPECT_DOUBLE_EQ(init::gain("leaky_relu", 0.1), 1.4071950894605838);
  EXPECT_DOUBLE_EQ(init::gain("tanh"), 1.6666666666666667);
  EXPECT_DOUBLE_EQ(init::gain("selu"), 0.75);
  EXPECT_NE(test::error_of([] { init::gain("rleu"); }).find("did you mean relu"), std::string::npos);
}

TEST(Init, BoundsAndDeviations) {
  manual_seed(1);
  const Tensor w = zeros({64, 40, 5, 5});
  expect_uniform(init::xavier_uniform_(w, 2), 2 * std::sqrt(6.0 / 2600));
  expect_normal(init::xavier_normal_(w), std::sqrt(2.0 / 2600));
  expect_uniform(init::kaiming_uniform_(w), std::sqrt(6.0 / 1000));
  expect_uniform(init::kaiming_uniform_(w, {.a = std::sqrt(5.0)}), 1 / std::sqrt(1000.0));
  expect_normal(init::kaiming_normal_(w, {.mode = init::Fan::out, .nonlinearity = "relu"}),
                std::sqrt(2.0 / 1600));
  expect_normal(init::normal_(w, 0, 3), 3);
  const Moments t = moments(init::trunc_normal_(w, 1, 2, 0, 3));
  EXPECT_GE(t.low, 0);
  EXPECT_LE(t.high, 3);
  EXPECT_NEAR(t.mean, 1.4133, 0.02);  // 1 + 2 (phi(-1/2) - phi(1)) / (Phi(1) - Phi(-1/2))
}

TEST(Init, LayersStartWithinOneOverRootOfFanIn) {
  const nn::Conv2d conv(40, 64, 5);
  expect_uniform(conv.weight(), 1 / std::sqrt(1000.0));
  EXPECT_LE(moments(conv.bias()).high, 1 / std::sqrt(1000.0));
  EXPECT_GT(moments(conv.bias()).std, 0);
}

TEST(Init, OrthogonalRowsOrColumns) {
  manual_seed(2);
  for (const Dims& shape : {Dims{6, 10}, Dims{10, 6}, Dims{5, 3, 2, 2}}) {
    Tensor q = init::orthogonal_(zeros(shape, f64), 2).reshape({shape[0], -1});
    if (q.size(0) > q.size(1)) q = transpose(q);
    const auto product = matmul(q, transpose(q)).to_vector<double>();
    for (int64_t i = 0; i < q.size(0); ++i)
      for (int64_t j = 0; j < q.size(0); ++j)
        EXPECT_NEAR(product[size_t(i * q.size(0) + j)], i == j ? 4 : 0, 1e-12) << shape.str();
  }
}

TEST(Init, IdentityAndDirac) {
  EXPECT_EQ(init::eye_(ones({2, 3})).to_vector<float>(), (std::vector<float>{1, 0, 0, 0, 1, 0}));
  const nn::Conv2d conv(2, 2, 3, {.padding = 1, .bias = false});
  init::dirac_(conv.weight());
  const Tensor x = randn({1, 2, 4, 4});
  EXPECT_EQ(conv(x).detach().to_vector<float>(), x.to_vector<float>());
  EXPECT_EQ(init::constant_(zeros({2}), 3).to_vector<float>(), (std::vector<float>{3, 3}));
}

TEST(Init, SkipLeavesTensorsAsTheyAre) {
  const Tensor t = full({4, 4}, 7);
  {
    const init::Skip skip;
    const init::Skip nested;
    manual_seed(5);
    init::uniform_(t);
    init::normal_(t);
    init::trunc_normal_(t);
    init::kaiming_normal_(t);
    init::orthogonal_(t);
    EXPECT_TRUE(same_bits(t, full({4, 4}, 7)));
    EXPECT_EQ(default_generator().position(), 0u);
    init::zeros_(t);
    EXPECT_TRUE(same_bits(t, zeros({4, 4})));
  }
  init::normal_(t);
  EXPECT_FALSE(same_bits(t, zeros({4, 4})));
}

}  // namespace
}  // namespace fovea
