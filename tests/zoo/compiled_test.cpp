// A compiled training step of every network gives the bits of the eager one: the loss and all parameters and
// running statistics.
#include <gtest/gtest.h>

#include "fill.h"
#include "fovea/compile.h"
#include "fovea/init.h"
#include "fovea/operators.h"
#include "fovea/optim.h"
#include "fovea/random.h"
#include "fovea/zoo.h"

namespace fovea {
namespace {

constexpr int64_t classes = 10;

/// Takes the step twice, from the same weights and random numbers; returns the losses.
template <class Step>
std::vector<double> two_steps(const nn::Module& net, const Tensor& x, Step&& step) {
  test::fill(net);
  manual_seed(7);
  const Tensor labels = Tensor::of<int64_t>(std::vector<int64_t>{3, 8});
  std::vector<double> losses;
  for (int i = 0; i < 2; ++i) losses.push_back(step(x, labels).item());
  return losses;
}

class Compiled : public testing::TestWithParam<std::string> {};

TEST_P(Compiled, TwoStepsGiveTheBitsOfEager) {
  const init::Skip filled_next;
  const zoo::Info usual = zoo::info(GetParam());
  Dims input = usual.input;
  if (input[0] == 3) input[1] = input[2] = std::max<int64_t>(usual.smallest, 32);
  const nn::AnyModule net = zoo::make(GetParam(), {classes, input});
  input.insert(0, 2);
  const Tensor x = test::images(input);
  optim::SGD optimizer(net, {.lr = 1e-3});
  const auto step = [&](const Tensor& images, const Tensor& labels) {
    const Tensor loss = cross_entropy(net(images), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss;
  };

  const auto eager = two_steps(net, x, step);
  NamedTensors expected;
  for (const auto& [name, t] : net.state_dict()) expected.emplace_back(name, t.clone());
  auto compiled = compile(step);
  const auto losses = two_steps(net, x, compiled);
  EXPECT_EQ(compiled.stats().replays, 1) << compiled.stats().refusal;

  EXPECT_TRUE(std::isfinite(eager[1]));
  EXPECT_NE(eager[0], eager[1]) << "nothing was learned";
  EXPECT_EQ(losses, eager);
  const auto state = net.state_dict();
  std::string different;
  for (size_t i = 0; i < state.size(); ++i)
    if (!same_bits(state[i].second, expected[i].second)) different += " " + state[i].first;
  EXPECT_EQ(different, "");
  for (const auto& [name, p] : net.named_parameters()) EXPECT_TRUE(p.grad().defined()) << name;
}

INSTANTIATE_TEST_SUITE_P(Zoo, Compiled, testing::ValuesIn(zoo::names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fovea
