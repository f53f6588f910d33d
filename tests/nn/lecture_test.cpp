// What the introductory lecture says about networks: parameter counts, XOR by a ReLU network, chains of
// linear layers.
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <sstream>

#include "fovea/autograd.h"
#include "fovea/nn.h"
#include "fovea/operators.h"
#include "fovea/ops.h"
#include "fovea/random.h"

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
  EXPECT_EQ(s.arithmetic(), "3*4 + 4*2 = 20 weights, 4 + 2 = 6 biases");
  EXPECT_TRUE(s.chains.empty());
}

TEST(Lecture, ThirtyTwoWeightsAndNineBiasesAreFortyOneParameters) {
  const nn::Sequential net(nn::Linear(3, 4), nn::Tanh(), nn::Linear(4, 4), nn::Tanh(), nn::Linear(4, 1));
  const nn::Summary s = nn::summary(net, {1, 3});
  EXPECT_EQ(s.weights, 32);
  EXPECT_EQ(s.biases, 9);
  EXPECT_EQ(s.totals(), "41 parameters (32 weights + 9 biases)  32 MAC");
  EXPECT_EQ(s.arithmetic(), "3*4 + 4*4 + 4*1 = 32 weights, 4 + 4 + 1 = 9 biases");
}

TEST(Lecture, OtherLayersAreCountedLikewise) {
  const nn::Sequential net(nn::Conv2d(1, 6, 5), nn::BatchNorm2d(6), nn::ReLU(), nn::Flatten());
  EXPECT_EQ(nn::summary(net, {1, 1, 8, 8}).arithmetic(), "6*1*5*5 + 6 = 156 weights, 6 + 6 = 12 biases");
  const nn::Summary s = nn::summary(nn::LSTM(3, 5), {2, 1, 3});
  EXPECT_EQ(s.arithmetic(), "3*20 + 5*20 = 160 weights, 20 + 20 = 40 biases");
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
  const nn::Sequential net({{"fc1", first}, {"drop", nn::Dropout(0.5)}, {"fc2", second}});
  const auto chains = nn::linear_chains(net, {1, 3});
  ASSERT_EQ(chains.size(), 1u);
  const nn::LinearChain& one = chains[0];
  EXPECT_EQ(one.layers, (std::vector<std::string>{"fc1", "drop", "fc2"}));
  EXPECT_EQ(one.parameters, 26);
  EXPECT_FALSE(one.low_rank());
  EXPECT_TRUE(net.training());
  net.eval();
  const NoGrad guard;
  const Tensor x = tensor({1, -2, 3, 0.5, 4, -1}, {2, 3});
  const Tensor product = matmul(second.weight(), first.weight());
  EXPECT_LT(max(abs(one.weight - product)).item(), 1e-6);
  EXPECT_LT(max(abs(linear(x, one.weight, one.bias) - net(x))).item(), 1e-6);
  EXPECT_NE(one.describe().find(
                "fc1, drop, fc2 have no non-linearity between them: together one linear function of 3 "
                "inputs and 2 outputs, 8 parameters in place of 26\n  W = ["),
            std::string::npos)
      << one.describe();
  std::ostringstream table;
  table << nn::summary(net, {1, 3});
  EXPECT_NE(table.str().find("warning: " + one.describe()), std::string::npos) << table.str();
}

TEST(LinearChain, EndsAtWhatIsNotLinear) {
  using namespace nn;
  const auto layers = [](const Module& net, const Dims& input) {
    std::vector<std::string> all;
    for (const LinearChain& c : linear_chains(net, input))
      all.push_back(fmt::format("{}", fmt::join(c.layers, " ")));
    return fmt::format("{}", fmt::join(all, ", "));
  };
  EXPECT_EQ(layers(Sequential(Linear(3, 4), ReLU(), Linear(4, 2)), {1, 3}), "");
  EXPECT_EQ(layers(Sequential(Linear(3, 4), Linear(4, 4), Tanh(), Linear(4, 4), BatchNorm1d(4), Linear(4, 1)),
                   {1, 3}),
            "0 1, 3 4 5");
  EXPECT_EQ(layers(Sequential(Linear(3, 4), Lambda("square", square), Linear(4, 2)), {1, 3}), "");
  EXPECT_EQ(
      layers(Sequential(Conv2d(1, 2, 3), AvgPool2d(2), Flatten(), Linear(18, 5), Softmax()), {1, 1, 8, 8}),
      "0 1 2 3");
  EXPECT_EQ(layers(Sequential(Linear(3, 4), LayerNorm({4}), Linear(4, 2)), {1, 3}), "");
  EXPECT_EQ(layers(Sequential(Linear(3, 4), BatchNorm1d(4), Dropout()), {1, 3}), "");
}

struct Residual : nn::Module {
  nn::Linear first{3, 3}, second{3, 3};
  Residual() {
    register_module("first", first);
    register_module("second", second);
  }
  Tensor forward(const Tensor& x) const override {
    const Tensor y = first(x);
    return second(relu(y)) + second(square(x)) + y;
  }
};

TEST(LinearChain, FollowsTensorsNotTheOrderOfCalls) {
  EXPECT_TRUE(nn::linear_chains(Residual(), {1, 3}).empty());
}

TEST(LinearChain, KnowsConvolutionsAndNarrowMiddles) {
  manual_seed(1);
  const nn::Sequential convs(
      {{"a", nn::Conv2d(2, 4, 3, {.padding = 1})}, {"b", nn::Conv2d(4, 3, 3, {.stride = 2})}});
  const nn::LinearChain one = nn::linear_chains(convs, {1, 2, 6, 6}).at(0);
  EXPECT_EQ(one.weight.shape(), (Dims{12, 72}));
  const NoGrad guard;
  const Tensor x = randn({5, 2, 6, 6});
  EXPECT_LT(max(abs(linear(flatten(x), one.weight, one.bias) - flatten(convs(x)))).item(), 1e-5);
  const nn::LinearChain narrow =
      nn::linear_chains(nn::Sequential(nn::Linear(8, 2), nn::Linear(2, 8)), {1, 8}).at(0);
  EXPECT_TRUE(narrow.low_rank());
  EXPECT_EQ(nn::warnings({narrow}),
            "note: linear together, but with fewer weights through a narrow middle: 0 .. 1 (2)\n");
  EXPECT_NE(narrow.describe().find("no wider than 2 in between"), std::string::npos);
}

}  // namespace
}  // namespace fovea
