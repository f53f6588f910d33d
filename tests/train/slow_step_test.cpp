// One iteration in slow motion: the numbers are those of pencil and paper, the words name the right things.
#include "fovea/slow_step.h"

#include <gtest/gtest.h>

#include "../files.h"
#include "fovea/autograd.h"
#include "fovea/data.h"
#include "fovea/operators.h"
#include "fovea/random.h"
#include "fovea/zoo.h"

namespace fovea::train {
namespace {

Tensor squared_error(const Tensor& y, const Tensor& t) { return mse_loss(y, t); }

const SlowStep::Blame& blame(const SlowStep& s, const std::string& name) {
  for (const auto& b : s.backward)
    if (b.name == name) return b;
  fail("nobody blames {}", name);
}

/// 10 dollars are 32 shekels, the guess is a constant of 2: 20, the error 12, the blame 2 * -12 * 10.
TEST(SlowStep, GuessErrorAdjust) {
  const auto dollars = data::open_dataset("dollars", data::Split::train);
  EXPECT_EQ(dollars->example(0).image.item(), 10);
  float shekels = 0;
  dollars->target(0, {&shekels, 1});
  EXPECT_FLOAT_EQ(shekels, 32);
  const auto net = zoo::constant();
  const Tensor weight = net.parameters()[0];
  weight.fill(2);
  optim::SGD optimizer(net, {.lr = 0.001});
  const SlowStep s = slow_step(net, full({1, 1}, 10), full({1, 1}, 32), squared_error, optimizer);
  EXPECT_EQ(s.loss, 144);
  ASSERT_EQ(s.forward.size(), 5u);  // x, x * constant, the difference, its square, the mean
  EXPECT_EQ(s.forward[1].formula, "mul(x, weight)");
  EXPECT_EQ(s.forward[1].value.item(), 20);
  EXPECT_EQ(s.forward[4].name, "loss");
  EXPECT_EQ(s.backward[0].name, "loss");
  EXPECT_EQ(blame(s, "weight").term, "dL/dmul x");
  EXPECT_EQ(blame(s, "weight").gradient.item(), -240);
  EXPECT_EQ(blame(s, "sub").gradient.item(), -24);
  ASSERT_EQ(s.updates.size(), 1u);
  EXPECT_NEAR(s.updates[0].after.item(), 2.24, 1e-6);
  EXPECT_NEAR(s.loss_after, 9.6 * 9.6, 1e-4);
  EXPECT_FALSE(weight.grad().defined());
  for (int i = 0; i < 100; ++i) slow_step(net, full({1, 1}, 10), full({1, 1}, 32), squared_error, optimizer);
  EXPECT_NEAR(weight.item(), 3.2, 1e-5);
}

/// All gradients of a net with a hidden layer, by the chain rule written out.
TEST(SlowStep, ChainRuleOfXor) {
  manual_seed(3);
  const auto net = zoo::make("mlp:2-2-1:tanh");
  const Tensor x = tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}), t = tensor({0, 1, 1, 0}, {4, 1});
  const NamedTensors parameters = net.named_parameters();
  const Tensor w2 = parameters[2].second.detach().clone();
  optim::SGD optimizer(net, {.lr = 0.1});
  const SlowStep s = slow_step(net, x, t, squared_error, optimizer);
  std::map<std::string, Tensor> value;
  for (const auto& v : s.forward) value[v.name] = v.value;
  const NoGrad guard;
  const Tensor dy = (value.at("fc2") - t) * 0.5;  // 2 (y - t) / 4
  const auto expect_same = [&](const std::string& name, const Tensor& expected) {
    EXPECT_LT(max(abs(blame(s, name).gradient - expected)).item(), 1e-6) << name;
  };
  expect_same("fc2", dy);
  expect_same("fc2.weight", matmul(transpose(dy), value.at("act1")));
  expect_same("fc2.bias", sum(dy, {0}));
  const Tensor dz = matmul(dy, w2) * (1 - square(value.at("act1")));
  expect_same("act1", matmul(dy, w2));
  expect_same("fc1", dz);
  expect_same("fc1.weight", matmul(transpose(dz), x));
  EXPECT_EQ(blame(s, "fc1").term, "dL/dact1 (1 - act1^2)");
  EXPECT_EQ(blame(s, "fc1.bias").term, "sum of dL/dfc1 over the examples");
  EXPECT_LT(s.loss_after, s.loss);
  for (const auto& u : s.updates)
    EXPECT_LT(max(abs(u.after - (u.before - 0.1 * u.gradient))).item(), 1e-6) << u.name;
}

TEST(SlowStep, BlameOfAllPathsAddsUp) {
  const nn::Sequential net(nn::Linear(1, 1));
  optim::SGD optimizer(net, {.lr = 0.01});
  const auto twice = [](const Tensor& y, const Tensor&) { return sum(y * y); };
  const SlowStep s = slow_step(net, ones({1, 1}), ones({1, 1}), twice, optimizer);
  EXPECT_EQ(blame(s, "0").term, "dL/dmul 0 + dL/dmul 0");
  EXPECT_NEAR(blame(s, "0").gradient.item(), 2 * s.forward[1].value.item(), 1e-6);
}

TEST(SlowStep, MaximisesToo) {
  const auto net = zoo::constant();
  net.parameters()[0].fill(1);
  optim::SGD optimizer(net, {.lr = 0.1});
  const auto hill = [](const Tensor& y, const Tensor&) { return mean(4 * y - y * y); };  // highest at 2
  double before = -INFINITY;
  for (int i = 0; i < 50; ++i) {
    const SlowStep s = slow_step(net, ones({1, 1}), ones({1, 1}), hill, optimizer, true);
    EXPECT_GE(-s.loss_after, before);
    before = -s.loss;
  }
  EXPECT_NEAR(net.parameters()[0].item(), 2, 1e-3);
}

TEST(SlowStep, SaysWhatItCannotDo) {
  const auto net = zoo::constant();
  optim::SGD optimizer(net, {.lr = 0.1});
  const Tensor x = ones({2, 1});
  using test::error_of;
  EXPECT_NE(error_of([&] {
              slow_step(
                  net, x, x, [](auto& y, auto&) { return y; }, optimizer);
            }).find("not one number"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              slow_step(
                  net, x, x, [](auto&, auto& t) { return sum(t); }, optimizer);
            }).find("does not depend on any parameter"),
            std::string::npos);
}

TEST(Conversions, AreTrue) {
  const auto set = data::open_dataset("miles:12", data::Split::train);
  float kilometers = 0;
  set->target(9, {&kilometers, 1});
  EXPECT_FLOAT_EQ(kilometers, 1.609344f);
  EXPECT_EQ(set->classes(), std::vector<std::string>{"kilometers"});
  EXPECT_EQ(set->size(), 12);
  data::open_dataset("kilometers", data::Split::val)->target(9, {&kilometers, 1});
  EXPECT_FLOAT_EQ(kilometers, 0.62137119f);
}

}  // namespace
}  // namespace fovea::train
