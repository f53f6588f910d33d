// A compiled step gives the bits of the eager one: parameters, states, random counters, gradients, results.
#include "fovea/compile.h"

#include <gtest/gtest.h>

#include "base/arena.h"
#include "fovea/fovea.h"

namespace fovea {
namespace {

/// A network with everything that has state or randomness.
nn::Sequential net_of(uint64_t seed) {
  manual_seed(seed);
  return nn::Sequential(nn::Conv2d(3, 16, 3, {.padding = 1}), nn::BatchNorm2d(16), nn::ReLU(),
                        nn::MaxPool2d(2), nn::Conv2d(16, 16, 3, {.padding = 1}), nn::ReLU(), nn::Flatten(),
                        nn::Dropout(0.3), nn::Linear(16 * 16, 10));
}

struct Batches {
  std::vector<Tensor> images, labels;
  explicit Batches(int n, int64_t size = 6) {
    Generator before = default_generator();
    manual_seed(77);
    for (int i = 0; i < n; ++i)
      images.push_back(randn({size, 3, 8, 8})), labels.push_back(randint({size}, 0, 10));
    default_generator() = before;
  }
};

using MakeOptimizer = std::function<std::unique_ptr<optim::Optimizer>(const nn::Module&)>;

/// Trains twelve steps with a falling learning rate; gives losses, then all weights and states.
std::vector<Tensor> train(bool compiled, const MakeOptimizer& make, Plans::Stats* stats = nullptr,
                          double clip = 0) {
  const auto net = net_of(3);
  const auto optimizer = make(net);
  const Batches b(12);
  default_generator() = Generator(9, 1);
  const auto step = [&](const Tensor& images, const Tensor& labels) {
    const Tensor loss = cross_entropy(net(images), labels);
    optimizer->zero_grad();
    loss.backward();
    if (clip > 0) optim::clip_grad_norm_(net.parameters(), clip);
    optimizer->step();
    return loss;
  };
  auto replayed = compile(step);
  std::vector<Tensor> out;
  for (size_t i = 0; i < b.images.size(); ++i) {
    optimizer->groups()[0].lr *= 0.9;
    out.push_back((compiled ? replayed(b.images[i], b.labels[i]) : step(b.images[i], b.labels[i])).detach());
  }
  for (const auto& [name, t] : net.state_dict()) out.push_back(t);
  for (const auto& [name, t] : optimizer->state_dict()) out.push_back(t);
  for (const auto& [name, t] : net.named_parameters()) out.push_back(t.grad());
  if (stats) *stats = replayed.stats();
  return out;
}

void expect_same_bits(const std::vector<Tensor>& a, const std::vector<Tensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_TRUE(same_bits(a[i], b[i])) << "tensor " << i << "\n" << a[i] << b[i];
}

TEST(Compile, GivesTheBitsOfEagerStepsWithEveryOptimizer) {
  for (const std::string& name : optim::names()) {
    const auto make = [&](const nn::Module& net) {
      return optim::make(name, net, {.lr = 0.01, .momentum = 0.9, .weight_decay = 1e-3});
    };
    Plans::Stats stats;
    expect_same_bits(train(true, make, &stats), train(false, make));
    EXPECT_EQ(stats.captures, 1) << name;
    EXPECT_EQ(stats.replays, 12) << name;
    EXPECT_LT(stats.planned_bytes, stats.unplanned_bytes);
  }
}

struct TwoLayers : nn::Module {
  nn::LSTM below;
  nn::GRU above;
  TwoLayers()
      : below(6, 10, {.batch_first = true, .bidirectional = true}), above(20, 9, {.batch_first = true}) {
    register_module("below", below);
    register_module("above", above);
  }
  Tensor forward(const Tensor& x) const override { return squeeze(above.run(below(x)).state.h, 0); }
};

TEST(Compile, GivesTheBitsOfEagerStepsOfRecurrentNets) {
  const auto train = [](bool compiled) {
    manual_seed(4);
    const TwoLayers net;
    optim::SGD optimizer(net, {.lr = 0.1, .momentum = 0.9});
    const auto step = [&](const Tensor& x, const Tensor& labels) {
      const Tensor loss = cross_entropy(net(x), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      return loss;
    };
    auto replayed = compile(step);
    std::vector<Tensor> out;
    for (int i = 0; i < 8; ++i) {
      const Tensor x = randn({5, 7, 6}), labels = randint({5}, 0, 9);
      out.push_back((compiled ? replayed(x, labels) : step(x, labels)).detach());
    }
    if (compiled) {
      EXPECT_GE(replayed.stats().replays, 5);
    }
    for (const auto& [name, t] : net.state_dict()) out.push_back(t);
    return out;
  };
  expect_same_bits(train(true), train(false));
}

TEST(Compile, ClipsGradients) {
  const auto make = [](const nn::Module& net) { return optim::make("sgd", net, {.lr = 0.1}); };
  expect_same_bits(train(true, make, nullptr, 0.5), train(false, make, nullptr, 0.5));
}

TEST(Compile, CapturesNewShapesAndModes) {
  const auto net = net_of(1);
  auto forward = compile([&](const Tensor& x) { return net(x); });
  const NoGrad guard;
  const Batches six(2), four(2, 4);
  for (int round = 0; round < 3; ++round) {
    net.eval();
    EXPECT_TRUE(same_bits(forward(six.images[0]), net(six.images[0])));
    EXPECT_TRUE(same_bits(forward(four.images[1]), net(four.images[1])));
    net.train();
    forward(six.images[0]);
  }
  EXPECT_EQ(forward.stats().captures, 3);
  EXPECT_EQ(forward.stats().replays, 9);
}

TEST(Compile, DrawsFreshRandomNumbers) {
  auto draw = compile([](const Tensor& x) { return dropout(x) + rand({400}); });
  const Tensor x = ones({400});
  manual_seed(5);
  std::vector<Tensor> compiled, eager;
  for (int i = 0; i < 4; ++i) compiled.push_back(draw(x));
  manual_seed(5);
  for (int i = 0; i < 4; ++i) eager.push_back(dropout(x) + rand({400}));
  expect_same_bits(compiled, eager);
  EXPECT_FALSE(same_bits(compiled[2], compiled[3]));
}

TEST(Compile, ResultsStayWhileTheyAreHeld) {
  auto twice = compile([](const Tensor& x) { return x * 2.0; });
  const Tensor a = twice(tensor({1})), b = twice(tensor({2})), c = twice(tensor({3}));
  EXPECT_EQ(a.item(), 2);
  EXPECT_EQ(b.item(), 4);
  EXPECT_EQ(c.item(), 6);
}

TEST(Compile, AccumulatesGradientsAsTheStepFindsThem) {
  const Tensor w = tensor({1, 2, 3}).set_requires_grad();
  auto step = compile([&](const Tensor& x) { sum(w * x).backward(); });
  const Tensor x = tensor({1, 1, 2});
  for (int i = 0; i < 5; ++i) step(x);
  EXPECT_TRUE(same_bits(w.grad(), tensor({5, 5, 10})));
  w.set_grad({});
  for (int i = 0; i < 3; ++i) step(x);
  EXPECT_TRUE(same_bits(w.grad(), tensor({3, 3, 6})));
  EXPECT_GE(step.stats().replays, 4);
}

TEST(Compile, FoldsConstantsAndDropsWhatNobodyReads) {
  auto step = compile([](const Tensor& x) {
    const Tensor unused = exp(x);
    return x * (full({4}, 2) + 1.0);
  });
  const Tensor x = tensor({1, 2, 3, 4});
  step(x);
  EXPECT_TRUE(same_bits(step(x), tensor({3, 6, 9, 12})));
  EXPECT_EQ(step.stats().kernels, 1);
}

TEST(Compile, SaysWhatItCannotDo) {
  auto reads = compile([](const Tensor& x) { return x * sum(x).item(); });
  try {
    reads(tensor({1, 2}));
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("reads the values"), std::string::npos) << e.what();
  }
  EXPECT_EQ(tensor({1, 2}).to_vector<float>()[1], 2);  // the capture ended with the error
  auto by_hand = compile([](const Tensor& x) {
    const Tensor t = Tensor::empty({2});
    t.data<float>()[0] = t.data<float>()[1] = 1;
    accumulate(t, x);
    return t;
  });
  try {
    by_hand(tensor({1, 2}));
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("[accumulate] then changes"), std::string::npos) << e.what();
  }
  auto identity = compile([](const Tensor& x) { return x * 1.0; });
  EXPECT_THROW(identity(tensor({1}).set_requires_grad()), Error);
  EXPECT_THROW(identity(Tensor()), Error);
}

TEST(Compile, ParametersMayBeLoadedAndConverted) {
  const nn::Linear net(3, 2);
  auto forward = compile([&](const Tensor& x) { return net(x); });
  const NoGrad guard;
  const Tensor x = randn({4, 3});
  forward(x), forward(x);
  const nn::Linear other(3, 2);
  net.load_state_dict(other.state_dict());
  EXPECT_TRUE(same_bits(forward(x), other(x)));
}

/// What a step does to parameters depends on flags and states that may be exchanged between steps.
TEST(Compile, NoticesFrozenParametersAndLoadedStates) {
  std::vector<std::vector<Tensor>> weights;
  for (const bool compiled : {false, true}) {
    manual_seed(8);
    const nn::Linear net(3, 2);
    optim::SGD optimizer(net, {.lr = 0.1, .momentum = 0.9});
    const auto step = [&](const Tensor& x) {
      const Tensor loss = sum(square(net(x)));
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    };
    auto replayed = compile(step);
    const auto steps = [&](int n) {
      for (int i = 0; i < n; ++i)
        compiled ? replayed(full({4, 3}, 0.1 * (i + 1))) : step(full({4, 3}, 0.1 * (i + 1)));
    };
    steps(3);
    const NamedTensors early = [&] {
      NamedTensors copy;
      for (const auto& [name, t] : optimizer.state_dict()) copy.emplace_back(name, t.clone());
      return copy;
    }();
    steps(3);
    optimizer.load_state_dict(early);
    steps(3);
    Tensor bias = net.parameters()[1];
    bias.set_requires_grad(false);
    steps(3);
    bias.set_requires_grad(true);
    steps(3);
    weights.push_back({net.parameters()[0].detach(), net.parameters()[1].detach()});
    EXPECT_GE(replayed.stats().replays, compiled ? 5 : 0);
  }
  expect_same_bits(weights[0], weights[1]);
}

TEST(Compile, ReplaysTakeNoMemory) {
  const auto net = net_of(2);
  optim::SGD optimizer(net, {.lr = 0.01, .momentum = 0.9});
  const Batches b(1);
  auto step = compile([&](const Tensor& images, const Tensor& labels) {
    const Tensor loss = cross_entropy(net(images), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    return loss;
  });
  for (int i = 0; i < 4; ++i) step(b.images[0], b.labels[0]);
  const auto before = arena::stats();
  for (int i = 0; i < 20; ++i) step(b.images[0], b.labels[0]);
  EXPECT_EQ(arena::stats().system_calls, before.system_calls);
  EXPECT_EQ(arena::stats().peak_bytes, before.peak_bytes);
}

}  // namespace
}  // namespace fovea
