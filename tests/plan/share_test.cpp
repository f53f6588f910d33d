// What a compiled step computes twice.
#include <gtest/gtest.h>

#include <algorithm>

#include "fovea/fovea.h"
#include "tensor/recorder.h"

namespace fovea {
namespace {

/// How often the plan of a step runs an op, after its results were held to those of the step itself.
template <class F>
int64_t times(const char* op, const F& step, const Tensor& x) {
  const NoGrad guard;
  auto compiled = compile(step);
  for (int i = 0; i < 2; ++i) {
    manual_seed(7);
    const Tensor planned = compiled(x.clone());
    manual_seed(7);
    EXPECT_EQ(max(abs(planned - step(x.clone()))).item(), 0);
  }
  const auto nodes = compiled.explain(1, x);
  return std::count_if(nodes.begin(), nodes.end(), [&](const PlanNode& n) { return n.op == op; });
}

TEST(Share, ComputesOnceWhatIsTheSame) {
  manual_seed(1);
  const Tensor x = rand({6, 40}), w = rand({40, 40});
  const auto product = [&](const Tensor& x) { return matmul(softmax(x, 1), w); };
  EXPECT_EQ(times(
                "matmul", [&](const Tensor& x) { return sigmoid(product(x)) + relu(product(x)); }, x),
            1);
  EXPECT_EQ(times(
                "softmax", [&](const Tensor& x) { return sigmoid(product(x)) + relu(product(x)); }, x),
            1);
}

TEST(Share, KeepsWhatDiffers) {
  manual_seed(1);
  const Tensor x = rand({6, 40});
  EXPECT_EQ(times(
                "softmax", [](const Tensor& x) { return softmax(x, 1) + softmax(x, 0); }, x),
            2);
  const auto changed = [](const Tensor& x) {
    const Tensor before = softmax(x, 1), state = x * 1;
    const Tensor first = softmax(state, 1);
    copy_in_place(state, before);
    return first + softmax(state, 1);
  };
  EXPECT_EQ(times("softmax", changed, x), 3);
  EXPECT_EQ(times(
                "sample_bernoulli_at",
                [](const Tensor& x) { return sample_bernoulli(x) - sample_bernoulli(x); }, x),
            2);
}

TEST(Share, KeepsWhatTheHostChanges) {
  const NoGrad guard;
  const Tensor state = zeros({2, 3});
  const auto step = [&](const Tensor& x) {
    const Tensor before = softmax(state, 1);
    repeat([state] { *state.data<float>() += 1; });
    return before - softmax(state, 1) + x;
  };
  auto compiled = compile(step);
  const Tensor x = zeros({2, 3});
  for (int i = 0; i < 2; ++i) {
    state.fill(0);
    const Tensor planned = compiled(x).clone();
    state.fill(0);
    EXPECT_EQ(max(abs(planned - step(x))).item(), 0);
    EXPECT_GT(max(abs(planned)).item(), 0.1);
  }
}

}  // namespace
}  // namespace fovea
