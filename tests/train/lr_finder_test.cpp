// The learning-rate finder, held to the recursion that a step on a parabola is.
#include "fovea/lr_finder.h"

#include <cmath>

#include "../files.h"
#include "fovea/random.h"
#include "fovea/zoo.h"

namespace fovea::train {
namespace {

data::DataLoader whole(const char* data) {
  const auto set = data::open_dataset(data, data::Split::train);
  return data::DataLoader(set, {.batch = set->size(),
                                .workers = 0,
                                .targets = data::Normalization{{0}, {1}},
                                .normalize = data::Normalization{{0}, {1}}});
}

const TrainerOptions plain{.optimizer = "sgd", .momentum = 0, .weight_decay = 0};

/// The loss is E[x^2] (constant - 3.2)^2: a step multiplies its root by 1 - 2 lr E[x^2].
TEST(LrFinder, FollowsTheParabola) {
  auto loader = whole("dollars:10");  // 1 .. 10
  const auto net = zoo::constant();
  net.parameters()[0].fill(1);
  net.eval();
  const LrCurve c = find_lr(net, loader, plain, {.low = 1e-5, .high = 1, .steps = 120, .smoothing = 0});
  double error = 1 - 3.2;
  for (size_t i = 0; i < c.lr.size(); ++i) {
    EXPECT_NEAR(c.lr[i], 1e-5 * std::pow(1e5, double(i) / 119), 1e-9);
    EXPECT_NEAR(c.loss[i], 38.5 * error * error, 1e-3 * c.loss[i] + 1e-8) << i;
    EXPECT_EQ(c.smoothed[i], c.loss[i]);
    error *= 1 - 77 * c.lr[i];
  }
  EXPECT_TRUE(c.ran_away);
  EXPECT_GT(c.loss.back(), 4 * *std::min_element(c.loss.begin(), c.loss.end()));
  // At 1 / 77 the guess is right at once, beyond 2 / 77 each is worse than the one before.
  EXPECT_GT(c.lowest, 0.9 / 77);
  EXPECT_LT(c.lowest, 2. / 77);
  EXPECT_EQ(c.suggestion, c.lowest / 10);
  EXPECT_LT(c.steepest, c.lowest);
  EXPECT_EQ(net.parameters()[0].item(), 1);
  EXPECT_FALSE(net.training());
  EXPECT_FALSE(net.parameters()[0].grad().defined());
}

TEST(LrFinder, SmoothsAndPutsEverythingBack) {
  manual_seed(1);
  data::DataLoader loader(data::open_dataset("blobs:300", data::Split::train), {.batch = 32, .workers = 0});
  const nn::AnyModule net = zoo::make("mlp:2-16-3", {3, {2}});
  std::vector<Tensor> before;
  for (const auto& [name, t] : net.state_dict()) before.push_back(t.detach().clone());
  const LrCurve c = find_lr(net, loader, {}, {.steps = 60, .smoothing = 0.5});
  ASSERT_GE(c.loss.size(), 3u);
  EXPECT_NEAR(c.smoothed[2], (c.loss[0] / 4 + c.loss[1] / 2 + c.loss[2]) / 1.75, 1e-9);
  const NamedTensors after = net.state_dict();
  for (size_t i = 0; i < after.size(); ++i) EXPECT_TRUE(same_bits(before[i], after[i].second));
  EXPECT_TRUE(net.training());
  TrainerOptions eager;
  eager.compile = false;
  const LrCurve same = find_lr(net, loader, eager, {.steps = 60, .smoothing = 0.5});
  EXPECT_NEAR(same.suggestion, c.suggestion, 0.3 * c.suggestion);
}

TEST(LrFinder, SaysWhatItCannotDo) {
  auto loader = whole("dollars:10");
  const auto net = zoo::constant();
  net.parameters()[0].fill(1);
  const auto error = [&](const LrFinderOptions& o) {
    return test::error_of([&] { find_lr(net, loader, plain, o); });
  };
  const std::pair<LrFinderOptions, const char*> cases[] = {
      {{.low = 1, .high = 0.1}, "high=0.1 is outside of low=1"},
      {{.steps = 3}, "steps=3 is outside of 10"},
      {{.low = 0}, "low=0 is outside of"},
      {{.low = 1}, "the loss falls at no learning rate from 1"},
  };
  for (const auto& [options, message] : cases)
    EXPECT_NE(error(options).find(message), std::string::npos) << error(options);
  EXPECT_EQ(net.parameters()[0].item(), 1);
  net.parameters()[0].fill(INFINITY);
  EXPECT_NE(error({}).find("not finite before the first step"), std::string::npos);
}

}  // namespace
}  // namespace fovea::train
