// Large batches that frozen plans take in parts, against the eager step.
#include <gtest/gtest.h>

#include <algorithm>

#include "fovea/fovea.h"

namespace fovea {
namespace {

/// Its first tensors outgrow the cache. One of them is read by the parts and by the rest.
struct Net : nn::Module {
  Net()
      : first(register_module("first", nn::Conv2d(3, 16, 3, {.padding = 1}))),
        wide(register_module("wide", nn::Conv2d(16, 32, 1))),
        down(register_module("down", nn::Conv2d(32, 16, 3, {.stride = 2, .padding = 1}))),
        last(register_module("last", nn::Linear(16, 10))) {}
  std::vector<Tensor> both(const Tensor& images) const {
    const Tensor x = relu(first(images)), y = down(relu6(wide(x)));
    return {add(last(mean(y, {2, 3})), last(mean(x, {2, 3}))), y};
  }
  Tensor forward(const Tensor& images) const override { return both(images)[0]; }
  nn::Conv2d first, wide, down;
  nn::Linear last;
};

double worst(const Tensor& a, const Tensor& b) { return max(abs(sub(a, b))).item() / max(abs(b)).item(); }

TEST(SplitBatch, GivesWhatTheWholeBatchGives) {
  manual_seed(8);
  const Net net;
  const NoGrad guard;
  auto frozen = compile([&](const Tensor& in) { return net.both(in); }, {.freeze = true});
  auto whole = compile([&](const Tensor& in) { return net.both(in); });
  for (const int64_t batch : {30, 2}) {
    const Tensor x = randn({batch, 3, 112, 112});
    const auto parts = frozen(x), again = frozen(x), eager = net.both(x);
    whole(x);
    for (size_t i = 0; i < eager.size(); ++i) {
      EXPECT_EQ(parts[i].shape(), eager[i].shape());
      EXPECT_LT(worst(parts[i], eager[i]), 1e-5);
      EXPECT_EQ(max(abs(sub(parts[i], again[i]))).item(), 0);
    }
    if (!cpu_has_avx2()) continue;
    const auto nodes = frozen.explain(1, x);
    const auto most = std::max_element(nodes.begin(), nodes.end(),
                                       [](const auto& a, const auto& b) { return a.parts < b.parts; });
    EXPECT_EQ(most->parts, batch == 2 ? 1 : 5) << "the second step has tensors of 72 MB: 16 MB at a time";
    if (batch == 30) {
      EXPECT_LT(frozen.stats().planned_bytes, whole.stats().planned_bytes);
    }
  }
}

TEST(SplitBatch, LeavesWhatOnlyLooksLikeExamples) {
  const NoGrad guard;
  auto sum = compile([](const Tensor& x, const Tensor& b) { return add(relu(add(x, relu(b))), relu(b)); },
                     {.freeze = true});
  const Tensor x = randn({2048, 2048}), b = randn({2048});  // as many columns as examples
  EXPECT_LT(worst(sum(x, b), add(relu(add(x, relu(b))), relu(b))), 1e-6);
  auto product = compile(
      [](const Tensor& x, const Tensor& u, const Tensor& v) { return mul(linear(x, u), linear(x, v)); },
      {.freeze = true});
  const Tensor rows = randn({2048, 16}), u = randn({2048, 16}), v = randn({2048, 16});
  EXPECT_LT(worst(product(rows, u, v), mul(linear(rows, u), linear(rows, v))), 1e-5);
}

TEST(SplitBatch, LeavesStepsThatMixExamples) {
  const Net net;
  const NoGrad guard;
  auto mixing = compile([&](const Tensor& in) { return softmax(relu(net.first(in)), 0); }, {.freeze = true});
  const Tensor x = randn({30, 3, 112, 112});
  EXPECT_LT(worst(mixing(x), softmax(relu(net.first(x)), 0)), 1e-5);
  for (const PlanNode& n : mixing.explain(1, x)) EXPECT_EQ(n.parts, 1) << n.op;
}

}  // namespace
}  // namespace fovea
