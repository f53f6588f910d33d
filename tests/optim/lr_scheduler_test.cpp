// Schedules against PyTorch's learning rates (reference/make_reference.py) and their state.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "../files.h"
#include "fovea/lr_scheduler.h"

namespace fovea {
namespace {

using optim::Optimizer;
using namespace lr_scheduler;

optim::SGD sgd() {
  return optim::SGD(NamedTensors{{"w", zeros({1}).set_requires_grad()}}, {.lr = 0.1, .momentum = 0.9});
}

using Make = std::function<std::unique_ptr<LRScheduler>(Optimizer&)>;
template <class S, class... Args>
Make make(Args... args) {
  return [=](Optimizer& o) { return std::make_unique<S>(o, args...); };
}

const std::map<std::string, Make>& schedules() {
  static const std::map<std::string, Make> all{
      {"step", make<StepLR>(7, 0.5)},
      {"multi_step", make<MultiStepLR>(std::vector<int64_t>{3, 10, 10, 21}, 0.2)},
      {"exponential", make<ExponentialLR>(0.93)},
      {"cosine", make<CosineAnnealingLR>(12, 1e-3)},
      {"warm_restarts", make<CosineAnnealingWarmRestarts>(4, 1, 1e-3)},
      {"warm_restarts_2", make<CosineAnnealingWarmRestarts>(3, 2, 0)},
      {"linear", make<LinearLR>(0.25, 0.8, 6)},
      {"one_cycle", make<OneCycleLR>(0.7, 30)},
      {"one_cycle_linear", make<OneCycleLR>(0.7, 30,
                                            OneCycleOptions{.pct_start = 0.4,
                                                            .linear = true,
                                                            .cycle_momentum = false,
                                                            .div_factor = 10,
                                                            .final_div_factor = 100})},
      {"one_cycle_three_phase", make<OneCycleLR>(0.7, 30, OneCycleOptions{.three_phase = true})},
      {"sequential",
       [](Optimizer& o) {
         return std::make_unique<SequentialLR>(o, std::vector<int64_t>{5, 20}, LinearLR(o, 0.1, 1, 5),
                                               CosineAnnealingLR(o, 15), ExponentialLR(o, 0.9));
       }},
      {"plateau", make<ReduceLROnPlateau>(PlateauOptions{.factor = 0.5, .patience = 2, .cooldown = 1})},
      {"plateau_max_absolute", make<ReduceLROnPlateau>(PlateauOptions{.maximise = true,
                                                                      .factor = 0.3,
                                                                      .patience = 1,
                                                                      .threshold = 0.5,
                                                                      .absolute = true,
                                                                      .min_lr = 1e-3})}};
  return all;
}

nlohmann::json reference() {
  std::ifstream file(FOVEA_SOURCE_DIR "/tests/optim/reference/schedules.json");
  return nlohmann::json::parse(file);
}

TEST(LRScheduler, RatesArePyTorchs) {
  const auto all = reference();
  ASSERT_EQ(all.size(), schedules().size());
  for (const auto& [name, make] : schedules()) {
    auto optimizer = sgd();
    const auto schedule = make(optimizer);
    const auto& expected = all.at(name);
    for (size_t i = 0; i < expected["lr"].size(); ++i) {
      const double lr = expected["lr"][i], momentum = expected["momentum"][i];
      EXPECT_NEAR(schedule->last_lr()[0], lr, 1e-14 + 1e-12 * lr) << name << " after " << i;
      EXPECT_NEAR(optimizer.groups()[0].momentum, momentum, 1e-12) << name << " after " << i;
      if (i + 1 == expected["lr"].size()) break;
      if (expected.contains("metrics")) schedule->step(expected["metrics"][i].get<double>());
      else schedule->step();
    }
  }
}

TEST(LRScheduler, ResumesToTheSameBits) {
  for (const auto& [name, make] : schedules()) {
    auto a = sgd(), b = sgd();
    const auto whole = make(a);
    for (int i = 0; i < 20; ++i) whole->step(1.0 / (1 + i % 7));
    const auto second = make(b);
    second->load_state_dict(whole->state_dict());
    for (int i = 20; i < 29; ++i) {
      EXPECT_EQ(a.groups()[0].lr, b.groups()[0].lr) << name;
      whole->step(1), second->step(1);
    }
  }
}

TEST(LRScheduler, GroupsKeepTheirOwnRates) {
  const Tensor v = zeros({1}).set_requires_grad(), w = zeros({1}).set_requires_grad();
  optim::SGD optimizer(std::vector<optim::ParameterGroup>{{{{"v", v}}}, {{{"w", w}}, 0.01}}, {.lr = 1});
  StepLR schedule(optimizer, 1, 0.5);
  schedule.step();
  EXPECT_EQ(schedule.last_lr(), (std::vector<double>{0.5, 0.005}));
}

TEST(LRScheduler, RefusesWhatMakesNoSense) {
  auto o = sgd();
  EXPECT_THROW(StepLR(o, 0), Error);
  EXPECT_THROW(CosineAnnealingLR(o, 0), Error);
  EXPECT_THROW(CosineAnnealingWarmRestarts(o, 3, 0), Error);
  EXPECT_THROW(SequentialLR(o, {}, StepLR(o, 1), StepLR(o, 2)), Error);
  EXPECT_THROW(SequentialLR(o, {5, 2}, StepLR(o, 1), StepLR(o, 2), StepLR(o, 3)), Error);
  EXPECT_THROW(ReduceLROnPlateau(o, {.factor = 1.5}), Error);
  ReduceLROnPlateau plateau(o);
  EXPECT_THROW(plateau.step(), Error);
  OneCycleLR cycle(o, 1, 2);
  cycle.step();
  EXPECT_THROW(cycle.step(), Error);
  optim::SGD plain(NamedTensors{{"w", zeros({1}).set_requires_grad()}}, {.lr = 0.1});
  EXPECT_THROW(OneCycleLR(plain, 1, 10), Error);
  EXPECT_NE(test::error_of([&] { cycle.load_state_dict(plateau.state_dict()); }).find("lacks epoch"),
            std::string::npos);
}

}  // namespace
}  // namespace fovea
