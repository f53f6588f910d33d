// What the introductory lecture says about networks: parameter counts, XOR by a ReLU network, chains of
// linear layers.
#include <gtest/gtest.h>

#include "fovea/autograd.h"
#include "fovea/nn.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

TEST(Lecture, TwentyWeightsAndSixBiasesAreTwentySixParameters) {
  const nn::Sequential net(nn::Linear(3, 4), nn::Sigmoid(), nn::Linear(4, 2));
  const nn::Summary s = nn::summary(net, {1, 3});
  EXPECT_EQ(s.weights, 20);
  EXPECT_EQ(s.biases, 6);
  EXPECT_EQ(s.parameters(), 26);
  ASSERT_EQ(s.rows.size(), 3u);
  EXPECT_EQ(s.rows[0].arithmetic, "3*4 + 4 = 16");
  EXPECT_EQ(s.rows[2].arithmetic, "4*2 + 2 = 10");
  EXPECT_EQ(s.macs, 20);
}

TEST(Lecture, ThirtyTwoWeightsAndNineBiasesAreFortyOneParameters) {
  const nn::Sequential net(nn::Linear(3, 4), nn::Tanh(), nn::Linear(4, 4), nn::Tanh(), nn::Linear(4, 1));
  const nn::Summary s = nn::summary(net, {1, 3});
  EXPECT_EQ(s.weights, 32);
  EXPECT_EQ(s.biases, 9);
  EXPECT_EQ(s.totals(), "41 parameters (32 weights + 9 biases)  32 MAC");
}

/// Weights of Goodfellow et al., Deep Learning (2016), section 6.1.
TEST(Lecture, AReLUNetworkComputesXor) {
  const nn::Linear hidden(2, 2), output(2, 1);
  hidden.weight().copy_from(tensor({1, 1, 1, 1}, {2, 2}));
  hidden.bias().copy_from(tensor({0, -1}));
  output.weight().copy_from(tensor({1, -2}, {1, 2}));
  output.bias().fill(0);
  const nn::Sequential net(hidden, nn::ReLU(), output);
  EXPECT_EQ(net(tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2})).detach().to_vector<float>(),
            (std::vector<float>{0, 1, 1, 0}));
}

TEST(Lecture, AChainOfLinearLayersIsOneLinearLayer) {
  const nn::Linear first(3, 4), second(4, 2);
  const nn::Linear one(3, 2);
  {
    const NoGrad guard;
    one.weight().copy_from(matmul(second.weight(), first.weight()));
    one.bias().copy_from(reshape(second(reshape(first.bias(), {1, 4})), {2}));
  }
  const Tensor x = tensor({1, -2, 3, 0.5, 4, -1}, {2, 3});
  const auto chain = nn::Sequential(first, second)(x).detach().to_vector<float>();
  const auto direct = one(x).detach().to_vector<float>();
  for (size_t i = 0; i < chain.size(); ++i) EXPECT_NEAR(chain[i], direct[i], 1e-5);
}

}  // namespace
}  // namespace fovea
