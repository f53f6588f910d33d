// Fused and frozen plans against the eager step.
#include <gtest/gtest.h>

#include <algorithm>

#include "fovea/fovea.h"

namespace fovea {
namespace {

/// A network with everything that fuses: bias and ReLU, batch norm and ReLU6, residuals with and without a
/// convolution beside them, linear and ReLU.
struct Net : nn::Module {
  Net()
      : first(register_module("first", nn::Conv2d(3, 16, 3, {.padding = 1}))),
        a(register_module("a", nn::Conv2d(16, 16, 3, {.padding = 1, .bias = false}))),
        b(register_module("b", nn::Conv2d(16, 16, 3, {.padding = 1, .bias = false}))),
        down(register_module("down", nn::Conv2d(16, 24, 1, {.stride = 2, .bias = false}))),
        c(register_module("c", nn::Conv2d(16, 24, 3, {.stride = 2, .padding = 1, .bias = false}))),
        norm_a(register_module("norm_a", nn::BatchNorm2d(16))),
        norm_b(register_module("norm_b", nn::BatchNorm2d(16))),
        norm_c(register_module("norm_c", nn::BatchNorm2d(24))),
        norm_down(register_module("norm_down", nn::BatchNorm2d(24))),
        hidden(register_module("hidden", nn::Linear(24, 32))),
        last(register_module("last", nn::Linear(32, 10))) {}
  Tensor forward(const Tensor& images) const override {
    const Tensor x = relu(first(images));
    const Tensor y = relu(add(norm_b(b(relu6(norm_a(a(x))))), x));
    Tensor z = norm_c(c(y));
    z = relu(add(z, norm_down(down(y))));
    return last(leaky_relu(relu(hidden(mean(z, {2, 3})))));
  }
  nn::Conv2d first, a, b, down, c;
  nn::BatchNorm2d norm_a, norm_b, norm_c, norm_down;
  nn::Linear hidden, last;
};

struct Trained {
  std::vector<Tensor> values;  // losses, then parameters and buffers
  std::vector<std::string> ops;
  Plans::Stats stats;
};

enum class How { eager, plain, fused };

Trained train(How how, bool gradients_last = true) {
  manual_seed(5);
  const Net net;
  optim::SGD optimizer(net, {.lr = 0.05, .momentum = 0.9, .weight_decay = 1e-4});
  const auto step = [&](const Tensor& x, const Tensor& y) {
    if (!gradients_last) optimizer.zero_grad();
    const Tensor loss = cross_entropy(net(x), y);
    loss.backward();
    optimizer.step();
    if (gradients_last) optimizer.zero_grad();
    return loss;
  };
  auto compiled = compile(step, {.fuse = how == How::fused});
  Trained t;
  const Tensor x = randn({6, 3, 12, 12}), y = randint({6}, 0, 10);
  for (int i = 0; i < 6; ++i)
    t.values.push_back((how == How::eager ? step(x, y) : compiled(x, y)).detach().clone());
  for (const auto& [name, p] : net.state_dict()) t.values.push_back(p.clone());
  if (!gradients_last)
    for (const auto& [name, p] : net.named_parameters()) t.values.push_back(p.grad().clone());
  if (how == How::eager) return t;
  t.stats = compiled.stats();
  for (const PlanNode& n : compiled.explain(1, x, y)) t.ops.push_back(n.op);
  return t;
}

int64_t count(const std::vector<std::string>& ops, const std::string& op) {
  return std::count(ops.begin(), ops.end(), op);
}

void expect_close(const std::vector<Tensor>& a, const std::vector<Tensor>& b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    const double scale = std::max(1e-3, max(abs(b[i].to(f64))).item());
    EXPECT_LT(max(abs(sub(a[i].to(f64), b[i].to(f64)))).item(), tolerance * scale) << "tensor " << i;
  }
}

TEST(Fuse, TrainingStepsAgreeWithEagerOnes) {
  for (const bool gradients_last : {true, false}) {
    const Trained eager = train(How::eager, gradients_last), plain = train(How::plain, gradients_last),
                  fused = train(How::fused, gradients_last);
    for (size_t i = 0; i < eager.values.size(); ++i)
      EXPECT_TRUE(same_bits(eager.values[i], plain.values[i])) << "tensor " << i;
    expect_close(fused.values, eager.values, 1e-4);
  }
}

TEST(Fuse, JoinsWhatItCan) {
  const Trained plain = train(How::plain), fused = train(How::fused);
  if (!cpu_has_avx2()) {  // references are no gain; of equal conversions one is left
    const auto but_converts = [](std::vector<std::string> ops) {
      std::erase(ops, "convert");
      return ops;
    };
    EXPECT_EQ(but_converts(plain.ops), but_converts(fused.ops));
    EXPECT_LT(fused.ops.size(), plain.ops.size());
    return;
  }
  EXPECT_EQ(count(plain.ops, "relu") + count(plain.ops, "relu6"), 5);
  EXPECT_EQ(count(fused.ops, "relu") + count(fused.ops, "relu6") + count(fused.ops, "add"), 0);
  EXPECT_EQ(count(fused.ops, "conv2d_fused"), 1);      // first
  EXPECT_EQ(count(fused.ops, "batch_norm_fused"), 3);  // norm_a, norm_b + x, norm_c + norm_down
  EXPECT_EQ(count(fused.ops, "linear_fused"), 1);      // hidden
  EXPECT_EQ(count(fused.ops, "batch_norm_fused_backward"), 1);
  EXPECT_GE(count(fused.ops, "conv_input_grad_fused"), 2);
  EXPECT_LT(fused.stats.planned_bytes, plain.stats.planned_bytes);
}

/// Activations before max pooling are gated, and biases summed up, where only the maxima are: in blocked
/// layout and in plain, in windows beside each other and in some that overlap.
TEST(Fuse, GradientsOfPoolingStaySmall) {
  struct Result {
    std::vector<Tensor> values;
    int64_t gated = 0, summed = 0;  // largest tensors that the gradients read
  };
  const auto train = [](bool fused) {
    manual_seed(6);
    const nn::Sequential net({{"conv1", nn::Conv2d(3, 16, 3, {.padding = 1})},
                              {"relu1", nn::ReLU()},
                              {"pool1", nn::MaxPool2d(2)},
                              {"conv2", nn::Conv2d(16, 6, 5, {.padding = 2})},
                              {"relu2", nn::ReLU6()},
                              {"pool2", nn::MaxPool2d(3, {.stride = 2})},
                              {"flatten", nn::Flatten()},
                              {"fc", nn::Linear(6 * 4 * 4, 10)}});
    optim::SGD optimizer(net, {.lr = 0.05, .momentum = 0.9});
    auto step = compile(
        [&](const Tensor& x, const Tensor& y) {
          const Tensor loss = cross_entropy(net(x), y);
          loss.backward();
          optimizer.step();
          optimizer.zero_grad();
          return loss;
        },
        {.fuse = fused});
    const Tensor x = randn({9, 3, 20, 20}), y = randint({9}, 0, 10);
    Result r;
    for (int i = 0; i < 5; ++i) r.values.push_back(step(x, y).detach().clone());
    for (const auto& [name, p] : net.state_dict()) r.values.push_back(p.clone());
    for (const PlanNode& n : step.explain(1, x, y)) {
      if (n.op == "relu_grad" || n.op == "relu6_grad") r.gated = std::max(r.gated, n.bytes);
      if (n.op == "sum") r.summed = std::max(r.summed, n.bytes);
    }
    return r;
  };
  const Result plain = train(false), fused = train(true);
  expect_close(fused.values, plain.values, 1e-4);
  if (!cpu_has_avx2()) return;
  EXPECT_GT(plain.gated, 9 * 16 * 20 * 20 * 4);
  EXPECT_LT(fused.gated, 9 * 16 * 20 * 20 * 4);
  EXPECT_GT(plain.summed, 9 * 16 * 20 * 20 * 4);
  EXPECT_LT(fused.summed, 9 * 16 * 20 * 20 * 2);
}

struct Layer {
  int64_t in, out, examples;
};

/// The gradient of a weight is used up where it is made, unless somebody may ask for it.
TEST(Fuse, WeightsAreUpdatedByTheirGradientAtOnce) {
  for (const Layer& l : {Layer{1500, 1000, 5}, {2, 2, 4}, {50, 30, 1}, {50, 30, 33}, {300, 40, 70}}) {
    std::vector<Tensor> weights;
    for (const bool fused : {false, true})
      for (const bool kept : {false, true}) {
        manual_seed(8);
        const nn::Linear net(l.in, l.out);
        optim::SGD optimizer(net, {.lr = 0.01, .momentum = 0.9, .weight_decay = 1e-3});
        auto step = compile(
            [&](const Tensor& x, const Tensor& y) {
              optimizer.zero_grad();
              mse_loss(net(x), y).backward();
              optimizer.step();
              if (!kept) optimizer.zero_grad();
            },
            {.fuse = fused});
        const Tensor x = randn({l.examples, l.in}), y = randn({l.examples, l.out});
        for (int i = 0; i < 4; ++i) {
          step(x, y);
          optimizer.groups()[0].lr *= 0.9;  // kernels of a plan follow
        }
        weights.push_back(net.named_parameters()[0].second.detach().clone());
        std::vector<std::string> ops;
        for (const PlanNode& n : step.explain(1, x, y)) ops.push_back(n.op);
        const bool joined = fused && !kept && cpu_has_avx2();
        EXPECT_EQ(count(ops, "sgd_step_linear"), joined ? 1 : 0);
        const bool large = l.in * l.out > 1'000'000;
        EXPECT_TRUE(!large || (step.stats().planned_bytes > l.in * l.out * 4) == (!joined && !kept));
      }
    for (const Tensor& w : weights) expect_close({w}, {weights[0]}, 1e-6);
  }
}

TEST(Verify, RunsPlansAgainstTheirSteps) {
  for (const bool fuse : {true, false}) {
    manual_seed(5);
    const Net net;
    std::unique_ptr<optim::Optimizer> optimizer;
    if (fuse) optimizer = std::make_unique<optim::SGD>(net, optim::SGDOptions{.lr = 0.02, .momentum = 0.9});
    else optimizer = std::make_unique<optim::Adam>(net, optim::AdamOptions{.lr = 1e-3});
    auto step = compile(
        [&](const Tensor& x, const Tensor& y) {
          const Tensor loss = cross_entropy(dropout(net(x), 0.1), y);
          loss.backward();
          optimizer->step();
          optimizer->zero_grad();
          return loss;
        },
        {.fuse = fuse, .verify = true});
    const Tensor x = randn({6, 3, 12, 12}), y = randint({6}, 0, 10);
    const double first = step(x, y).item();
    for (int i = 0; i < 20; ++i) step(x, y);
    EXPECT_EQ(step.stats().replays, 21);
    EXPECT_LT(step(x, y).item(), first);
  }
}

TEST(Freeze, PredictionsAgreeAndNoticeNewWeights) {
  manual_seed(6);
  const Net net;
  const NoGrad guard;
  net.train();
  for (int i = 0; i < 3; ++i) net(randn({8, 3, 12, 12}));  // running statistics that are not 0 and 1
  net.eval();
  const Tensor x = randn({4, 3, 12, 12});
  auto frozen = compile([&](const Tensor& in) { return net(in); }, {.freeze = true});
  auto same = compile([&](const Tensor& in) { return net(in); }, {.fuse = false, .freeze = true});
  for (int round = 0; round < 2; ++round) {
    for (int i = 0; i < 3; ++i) {
      expect_close({frozen(x)}, {net(x)}, 1e-5);
      EXPECT_TRUE(same_bits(same(x), net(x)));
    }
    EXPECT_EQ(frozen.stats().captures, round + 1);
    const Tensor many = randn({20, 3, 12, 12});  // enough rows for packed weights of linear layers
    EXPECT_TRUE(same_bits(same(many), net(many)));
    if (round == 0) net.first.named_parameters()[0].second.copy_from(randn({16, 3, 3, 3}));
  }
  const Tensor before = frozen(x);
  auto change = compile([&](const Tensor& by) { net.last.named_parameters()[0].second.copy_from(by); });
  for (int i = 0; i < 2; ++i) change(full({10, 32}, 0.5));  // captured, then replayed
  EXPECT_GT(max(abs(sub(frozen(x), before))).item(), 1e-3);
  if (!cpu_has_avx2()) return;
  for (const PlanNode& n : frozen.explain(1, x)) {
    EXPECT_NE(n.op, "channel_affine");
    EXPECT_NE(n.op, "relu");
  }
}

TEST(Freeze, LinearLayersInARowBecomeOne) {
  manual_seed(2);
  const nn::Sequential net(nn::Linear(20, 40), nn::Dropout(0.3), nn::Linear(40, 30, {.bias = false}),
                           nn::BatchNorm1d(30), nn::Linear(30, 10));
  const NoGrad guard;
  net.train();
  for (int i = 0; i < 3; ++i) net(randn({16, 20}));  // running statistics that are not 0 and 1
  net.eval();
  const Tensor x = randn({16, 20});
  auto folded = compile([&](const Tensor& in) { return net(in); }, {.freeze = true});
  for (int i = 0; i < 3; ++i) expect_close({folded(x)}, {net(x)}, 1e-5);
  EXPECT_EQ(folded.explain(1, x).size(), cpu_has_avx2() ? 1u : folded.explain(1, x).size());
  const Tensor weight = net.named_parameters()[0].second;
  weight.copy_from(randn(weight.shape()));
  expect_close({folded(x)}, {net(x)}, 1e-5);
}

/// 64 * 64 multiplications in one layer are more than 2 * 64 * 4 in two.
TEST(Freeze, ANarrowMiddleStays) {
  const nn::Sequential net(nn::Linear(64, 4), nn::Linear(4, 64));
  const NoGrad guard;
  net.eval();
  const Tensor x = randn({8, 64});
  auto frozen = compile([&](const Tensor& in) { return net(in); }, {.freeze = true});
  for (int i = 0; i < 2; ++i) expect_close({frozen(x)}, {net(x)}, 1e-5);
  EXPECT_EQ(frozen.explain(1, x).size(), 2u);
}

/// The first two convolutions of an inverted residual, in one strip and in many, with strides and borders.
TEST(Freeze, ExpansionsGoStraightIntoDepthwiseConvolutions) {
  const auto conv = [](int64_t in, int64_t out, int64_t k, int64_t stride, int64_t groups) {
    return nn::Conv2d(in, out, k, {.stride = stride, .padding = k / 2, .groups = groups, .bias = false});
  };
  for (const auto& [size, channels, stride] : {std::tuple<int64_t, int64_t, int64_t>{7, 40, 1},
                                               {14, 264, 1},
                                               {29, 48, 2},
                                               {200, 24, 1},
                                               {201, 24, 2}}) {
    manual_seed(3);
    const nn::Sequential net({{"expand", conv(16, channels, 1, 1, 1)},
                              {"norm1", nn::BatchNorm2d(channels)},
                              {"relu1", nn::ReLU6()},
                              {"depthwise", conv(channels, channels, 3, stride, channels)},
                              {"norm2", nn::BatchNorm2d(channels)},
                              {"relu2", nn::ReLU6()},
                              {"project", conv(channels, 8, 1, 1, 1)}});
    net.eval();
    const NoGrad predicting;
    const Tensor x = randn({2, 16, size, size});
    auto compiled = compile([&](const Tensor& x) { return net(x); }, {.freeze = true});
    expect_close({compiled(x)}, {net(x)}, 1e-5);
    int64_t expansions = 0;
    for (const PlanNode& node : compiled.explain(1, x)) expansions += node.op == "conv2d_expand";
    EXPECT_EQ(expansions, cpu_has_avx2()) << size;
  }
}

}  // namespace
}  // namespace fovea
