// Chains of elementwise steps: the bits of the eager step, whatever is broadcast and wherever results are
// read.
#include <gtest/gtest.h>

#include <algorithm>

#include "fovea/fovea.h"
#include "op/chain.h"

namespace fovea {
namespace {

using Step = std::function<std::vector<Tensor>(const Tensor&, const Tensor&)>;

struct Outcome {
  std::vector<std::vector<double>> values;
  std::vector<std::string> ops;
};

Outcome outcome(const Step& step, const Tensor& x, const Tensor& y, int threads) {
  set_num_threads(threads);
  auto compiled = compile(step);
  compiled(x, y);
  Outcome o;
  for (const Tensor& t : compiled(x, y)) o.values.push_back(t.to(f64).to_vector<double>());
  for (const PlanNode& n : compiled.explain(1, x, y)) o.ops.push_back(n.op);
  set_num_threads(0);
  return o;
}

bool has(const std::vector<std::string>& ops, const std::string& op) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

/// The compiled step gives the bits of the eager one, with one thread and with three, and has `chain`.
void expect_bits(const Step& step, const Tensor& x, const Tensor& y, const std::string& chain) {
  std::vector<std::vector<double>> eager;
  for (const Tensor& t : step(x, y)) eager.push_back(t.to(f64).to_vector<double>());
  for (const int threads : {1, 3}) {
    const Outcome o = outcome(step, x, y, threads);
    EXPECT_EQ(o.values, eager) << chain << ", threads=" << threads;
    EXPECT_TRUE(!cpu_has_avx2() || has(o.ops, chain))
        << "the plan is " << fmt::format("{}", fmt::join(o.ops, " "));
  }
}

TEST(Chain, BroadcastsScalarsRowsAndChannels) {
  const Step step = [](const Tensor& x, const Tensor& y) {
    const Tensor row = slice(y, -1, 0, 1), one = mean(y);
    return std::vector{mul(sigmoid(add(mul(x, row), one)), x)};
  };
  manual_seed(3);
  for (const DType t : {f32, f64})
    for (const Dims& shape : {Dims{3, 8, 37, 41}, Dims{2, 8, 3, 5}, Dims{70000}})
      expect_bits(step, randn(shape).to(t), randn(shape).to(t), "mul+add+sigmoid+mul");
}

TEST(Chain, GradientsOfComposedActivations) {
  // SiLU, hard-swish and GELU's tanh form by hand, and a residual.
  const Step step = [](const Tensor& x, const Tensor& y) {
    Tensor w = x.clone();
    w.set_requires_grad(true);
    const Tensor silu = mul(w, sigmoid(w)), swish = mul(silu, affine(relu6(affine(silu, 1, 3)), 1. / 6));
    const Tensor cubic = affine(add(swish, affine(mul(mul(swish, swish), swish), 0.044715)), 0.7978845608);
    const Tensor gelu = mul(affine(swish, 0.5), affine(tanh(cubic), 1, 1));
    const Tensor loss = mean(square(sub(add(gelu, w), y)));
    return std::vector{loss, grad(loss, {w})[0]};
  };
  manual_seed(4);
  for (const Dims& shape : {Dims{5}, Dims{3, 7, 61}, Dims{50000}}) {
    const Tensor x = randn(shape), y = randn(shape);
    std::vector<double> eager;
    for (const Tensor& t : step(x, y))
      for (const double v : t.to_vector<double>()) eager.push_back(v);
    for (const int threads : {1, 3}) {
      const Outcome o = outcome(step, x, y, threads);
      std::vector<double> got;
      for (const auto& v : o.values) got.insert(got.end(), v.begin(), v.end());
      EXPECT_EQ(got, eager) << fmt::format("{}", shape);
      EXPECT_TRUE(!cpu_has_avx2() || o.ops.size() <= 8) << fmt::format("{}", fmt::join(o.ops, " "));
    }
  }
}

TEST(Chain, ChannelsOfBlockedTensors) {
  manual_seed(5);
  const Tensor weight = randn({16, 8, 3, 3}), scale = randn({16, 1, 1});
  const Step step = [&](const Tensor& x, const Tensor& y) {
    const Tensor c = conv2d(x, weight, Tensor(), {1}, {1});
    return std::vector{mul(add(tanh(mul(c, scale)), y), c)};
  };
  expect_bits(step, randn({2, 8, 12, 13}), randn({2, 16, 12, 13}), "mul+tanh+add+mul");
}

TEST(Chain, ResultsInBetweenAreKept) {
  const Step step = [](const Tensor& x, const Tensor& y) {
    const Tensor a = sub(x, y), b = exp(a), c = mul(b, x);
    return std::vector{a, c, sum(b, {0}), sum(transpose(c))};
  };
  manual_seed(6);
  expect_bits(step, randn({65, 130}), randn({65, 130}), "sub+exp+mul");
}

TEST(Chain, ReadsWhatIsWrittenInBetweenBeforeThat) {
  const Step step = [](const Tensor& x, const Tensor& y) {
    const Tensor state = x.clone();
    const Tensor a = mul(state, y);
    state.copy_from(y);
    const Tensor b = add(a, state);
    return std::vector{b};
  };
  manual_seed(7);
  const Tensor x = randn({9, 20}), y = randn({9, 20});
  EXPECT_EQ(outcome(step, x, y, 1).values[0], step(x, y)[0].to_vector<double>());
}

TEST(Chain, IsReadAndWrittenAsText) {
  const std::string text = "sub x0 x1; affine t0 -0.5 1e+20; clamp t1 -inf 2 -> t0 t2";
  const Chain chain = Chain::parse(text, 2);
  EXPECT_EQ(chain.text(), text);
  EXPECT_EQ(chain.name(), "sub+affine+clamp");
  EXPECT_TRUE(chain.may_replace(0, 0) && chain.may_replace(0, 1));
  EXPECT_FALSE(Chain::parse("exp x0; mul t0 x0 -> t0 t1", 1).may_replace(0, 0));
  for (const char* bad :
       {"", "sub x0 x1", "sub x0 x1 ->", "sub x0 x2 -> t0", "sub x0 t0 -> t0", "sub x0 -> t0",
        "sub x0 x1 3 -> t0", "sum x0 -> t0", "nothing x0 -> t0", "sub x0 x1 -> t1", "sub x0 x1x -> t0"})
    EXPECT_THROW(Chain::parse(bad, 2), Error) << bad;
}

}  // namespace
}  // namespace fovea
