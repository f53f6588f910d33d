// A compiled training step of every network gives the bits of the eager one where nothing is fused (the loss,
// all parameters and running statistics), and its loss and gradients to rounding where it is.
#include <gtest/gtest.h>

#include "fill.h"
#include "fovea/autograd.h"
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
std::vector<double> two_steps(const nn::Module& net, bool per_pixel, const Tensor& x, Step&& step) {
  test::fill(net);
  manual_seed(7);
  const Tensor each = Tensor::of<int64_t>(std::vector<int64_t>{3, 8});
  const Tensor labels =
      per_pixel ? each.reshape({2, 1, 1}).expand({2, x.size(2), x.size(3)}).contiguous() : each;
  std::vector<double> losses;
  for (int i = 0; i < 2; ++i) losses.push_back(step(x, labels).item());
  return losses;
}

/// The distance of all gradients from those expected, relative to the length of these.
double difference(const std::vector<Tensor>& parameters, const std::vector<Tensor>& expected) {
  const NoGrad guard;
  double apart = 0, length = 0;
  for (size_t i = 0; i < expected.size(); ++i) {
    apart += sum(square(parameters[i].grad() - expected[i])).item();
    length += sum(square(expected[i])).item();
  }
  return std::sqrt(apart / length);
}

class Compiled : public testing::TestWithParam<std::string> {};

TEST_P(Compiled, TwoStepsAreThoseOfEager) {
  const init::Skip filled_next;
  const zoo::Info usual = zoo::info(GetParam());
  Dims input = usual.input;
  if (input[0] == 3) input[1] = input[2] = std::max<int64_t>(usual.smallest, 32);
  const nn::AnyModule net = zoo::make(GetParam(), {classes, input});
  input.insert(0, 2);
  const Tensor x = test::images(input);
  optim::SGD optimizer(net, {.lr = 1e-3});
  const auto step = [&](const Tensor& images, const Tensor& labels) {
    const Tensor said = net(images);
    const Tensor loss = cross_entropy(usual.output == zoo::Output::steps ? mean(said, {1}) : said, labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss;
  };

  const auto eager = two_steps(net, usual.output == zoo::Output::pixels, x, step);
  NamedTensors expected;
  for (const auto& [name, t] : net.state_dict()) expected.emplace_back(name, t.clone());
  std::vector<Tensor> gradients;
  for (const Tensor& p : net.parameters()) gradients.push_back(p.grad());
  EXPECT_TRUE(std::isfinite(eager[1]));
  EXPECT_NE(eager[0], eager[1]) << "nothing was learned";

  auto plain = compile(step, {.fuse = false});
  EXPECT_EQ(two_steps(net, usual.output == zoo::Output::pixels, x, plain), eager);
  EXPECT_EQ(plain.stats().replays, 2);
  const auto state = net.state_dict();
  std::string different;
  for (size_t i = 0; i < state.size(); ++i)
    if (!same_bits(state[i].second, expected[i].second)) different += " " + state[i].first;
  EXPECT_EQ(different, "");

  auto fused = compile(step);
  const auto losses = two_steps(net, usual.output == zoo::Output::pixels, x, fused);
  for (size_t i = 0; i < eager.size(); ++i) EXPECT_NEAR(losses[i], eager[i], 1e-4 * std::abs(eager[i]));
  EXPECT_LE(fused.stats().kernels, plain.stats().kernels);
  EXPECT_LT(difference(net.parameters(), gradients), 1e-3);
}

INSTANTIATE_TEST_SUITE_P(Zoo, Compiled, testing::ValuesIn(zoo::names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fovea
