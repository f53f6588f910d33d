// Convolutional RBMs against sums over their states, and deep belief networks.
#include <gtest/gtest.h>

#include <cmath>

#include "../files.h"
#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "fovea/optim.h"
#include "fovea/random.h"
#include "fovea/rbm.h"
#include "fovea/zoo.h"

namespace fovea {
namespace {

using rbm::ConvRBM;
using rbm::Units;
using test::error_of;

ConvRBM small_conv(Units visible = Units::bernoulli) {
  manual_seed(7);
  ConvRBM m({1, 3, 3}, 2, 2, 2,
            {.visible = visible, .std = 0.8});  // two groups with one block of four units each
  m.visible_bias().detach().copy_from(randn({1}, 0, 0.5));
  m.hidden_bias().detach().copy_from(randn({2}, 0, 0.5));
  m.to(f64);
  return m;
}

/// The 5 x 5 states that are allowed: in each block no unit, or one.
Tensor block_states() {
  const Tensor all = zeros({25, 2, 2, 2}, f64);
  for (int64_t s = 0; s < 25; ++s)
    for (const auto& [group, unit] : {std::pair{0, s % 5}, {1, s / 5}})
      if (unit < 4) all.at<double>({s, group, unit / 2, unit % 2}) = 1;
  return all;
}

TEST(ConvRbm, ProbabilitiesAreThoseOfTheEnergy) {
  for (const Units visible : {Units::bernoulli, Units::gaussian}) {
    const ConvRBM m = small_conv(visible);
    const Tensor v = rand({1, 1, 3, 3}, 0, 1, f64), h = block_states();
    const NoGrad guard;
    const Tensor e = m.energy(v.expand({25, 1, 3, 3}).contiguous(), h);
    const Tensor p = softmax(-e, 0);
    EXPECT_NEAR(m.free_energy(v).item(), -logsumexp(-e).item(), 1e-12);
    const Tensor want = sum(h * reshape(p, {25, 1, 1, 1}), {0}), got = m.hidden_mean(v);
    for (int64_t k = 0; k < 8; ++k) EXPECT_NEAR(got.data<double>()[k], want.data<double>()[k], 1e-12);
    const Tensor pooled = m(v);
    EXPECT_EQ(pooled.shape(), (Dims{1, 2, 1, 1}));
    for (int64_t k = 0; k < 2; ++k)
      EXPECT_NEAR(pooled.data<double>()[k], sum(want.select(0, k)).item(), 1e-12);
  }
  const Tensor two = ones({1, 2, 2, 2}, f64);
  EXPECT_TRUE(std::isinf(small_conv().energy(zeros({1, 1, 3, 3}, f64), two).item()));
}

TEST(ConvRbm, SamplesHaveAtMostOneUnitOnInEachBlock) {
  const NoGrad guard;
  const ConvRBM m = small_conv();
  const Tensor v = rand({1, 1, 3, 3}, 0, 1, f64).expand({8000, 1, 3, 3}).contiguous();
  const Tensor h = m.sample_hidden(v), per_block = sum(h, {2, 3});
  EXPECT_LE(max(per_block).item(), 1);
  EXPECT_GE(min(h).item(), 0);
  const Tensor got = mean(h, {0}), want = m.hidden_mean(v).select(0, 0);
  for (int64_t k = 0; k < 8; ++k) EXPECT_NEAR(got.data<double>()[k], want.data<double>()[k], 0.03);
}

TEST(ConvRbm, GradientsAreThoseOfTheFreeEnergy) {
  for (const Units visible : {Units::bernoulli, Units::gaussian}) {
    const ConvRBM m = small_conv(visible);
    const Tensor v = rand({3, 1, 3, 3}, 0, 1, f64), dream = rand({2, 1, 3, 3}, 0, 1, f64);
    const auto want = grad(mean(m.free_energy(v)) - mean(m.free_energy(dream)), m.parameters());
    {
      const NoGrad guard;
      m.add_gradients(v, m.hidden_mean(v), dream, m.hidden_mean(dream));
    }
    for (size_t i = 0; i < want.size(); ++i)
      for (int64_t k = 0; k < want[i].numel(); ++k)
        EXPECT_NEAR(m.parameters()[i].grad().data<double>()[k], want[i].data<double>()[k], 1e-12) << i;
  }
}

TEST(ConvRbm, BiasesGiveTheMeanOfAChannel) {
  const ConvRBM m({2, 3, 3}, 2, 2, 2);
  const Tensor mean = zeros({2, 3, 3});
  mean.select(0, 1).narrow(0, 0, 2).fill(0.9);
  m.set_visible_bias(mean);
  EXPECT_NEAR(m.visible_bias().at<float>({0}), std::log(0.01 / 0.99), 1e-5);  // 0 would be for ever
  EXPECT_NEAR(m.visible_bias().at<float>({1}), std::log(0.6 / 0.4), 1e-5);
  EXPECT_NE(error_of([&] { m.set_visible_bias(zeros({2})); }).find("18 visible units"), std::string::npos);
}

TEST(ConvRbm, LearnsEdges) {
  manual_seed(2);
  const ConvRBM m({1, 6, 6}, 4, 3, 2, {.std = 0.1});
  const Tensor v = zeros({20, 1, 6, 6});
  for (int64_t n = 0; n < 20; ++n)
    for (int64_t y = 0; y < 6; ++y)
      for (int64_t x = n % 5; x < 6; ++x) v.at<float>({n, 0, n < 10 ? y : x, n < 10 ? x : y}) = 1;
  optim::SGD optimizer(m, {.lr = 0.05, .momentum = 0.5});
  const rbm::ContrastiveDivergence cd(m, {.sparsity_target = 0.1, .sparsity_cost = 0.02});
  const double before = m.reconstruction_error(v).item();
  for (int i = 0; i < 200; ++i) {
    cd.backward(v);
    optimizer.step();
    optimizer.zero_grad();
  }
  EXPECT_LT(m.reconstruction_error(v).item(), before / 2);
  EXPECT_NE(error_of([] { ConvRBM({1, 6, 6}, 4, 2, 2); }).find("do not divide"), std::string::npos);
  EXPECT_NE(error_of([&] { m(full({1, 1, 6, 6}, 2)); }).find("[0, 1]"), std::string::npos);
}

TEST(Dbn, UnrollsToTheNetworkOfItsMeans) {
  manual_seed(3);
  const rbm::DBN dbn({6, 5, 4}, {.std = 0.7});
  const Tensor v = rand({3, 6});
  const nn::Sequential net = dbn.unrolled(2);
  Tensor x = v;
  for (int i = 0; i < 5; ++i) x = net[i](x);  // flatten, fc1, act1, fc2, act2
  const auto got = x.to_vector<double>(), want = dbn(v).to_vector<double>();
  for (size_t i = 0; i < got.size(); ++i) EXPECT_NEAR(got[i], want[i], 1e-6);
  zoo::mlp({6, 5, 4, 2}, "sigmoid").load_state_dict(net.state_dict());  // the same names and shapes
  EXPECT_EQ(net(v).shape(), (Dims{3, 2}));
}

TEST(Dbn, SamplesFollowTheTopLayerDown) {
  manual_seed(4);
  const rbm::DBN dbn({3, 2, 2}, {.std = 0});
  dbn[0].visible_bias().detach().copy_from(tensor({20, -20, 0}));
  const Tensor v = dbn.sample(4, 2);
  EXPECT_EQ(v.shape(), (Dims{4, 3}));
  for (int64_t n = 0; n < 4; ++n) {
    EXPECT_NEAR(v.at<float>({n, 0}), 1, 1e-6);
    EXPECT_NEAR(v.at<float>({n, 1}), 0, 1e-6);
    EXPECT_NEAR(v.at<float>({n, 2}), 0.5, 1e-6);
  }
  EXPECT_NE(error_of([] { rbm::DBN({5}); }).find("two sizes"), std::string::npos);
}

TEST(Dbn, IsMadeOfRbmsThatFit) {
  manual_seed(5);
  const rbm::RBM low(6, 4, {.visible = Units::gaussian}), high(4, 3);
  const rbm::DBN dbn = rbm::DBN::of({low, high});
  const Tensor v = randn({2, 6});
  const auto got = dbn(v).to_vector<double>(), want = high(low(v)).to_vector<double>();
  EXPECT_EQ(got, want);
  EXPECT_EQ(dbn.named_parameters()[3].first, "rbm2.weight");
  EXPECT_EQ(dbn.down(zeros({2, 4}), 1).shape(), (Dims{2, 6}));
  EXPECT_NE(error_of([&] {
              rbm::DBN::of({high, low});
            }).find("cannot stand on RBM(4, 3)"),
            std::string::npos);
  EXPECT_NE(error_of([&] { rbm::DBN::of({low, low}); }).find("cannot stand on"), std::string::npos);
  EXPECT_NE(error_of([&] { rbm::DBN::of({}); }).find("one layer"), std::string::npos);
  EXPECT_NE(error_of([&] { rbm::DBN::of({rbm::RBM(4, 3, {.hidden = Units::relu})}); }).find("bernoulli"),
            std::string::npos);
}

}  // namespace
}  // namespace fovea
