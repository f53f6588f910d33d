// What the tape promises beyond right gradients: clear errors, nothing lost, any depth.
#include <gtest/gtest.h>

#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

template <class F>
std::string message(F&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(Tape, AccumulatesIntoLeaves) {
  Tensor w = tensor({2, 3}).set_requires_grad();
  sum(square(w)).backward();
  sum(w).backward();
  EXPECT_EQ(w.grad().to_vector<float>(), (std::vector<float>{5, 7}));
}

TEST(Tape, TwoLeavesNeverShareOneGradient) {
  Tensor a = tensor({1, 2}).set_requires_grad(), b = tensor({3, 4}).set_requires_grad();
  sum(a + b).backward();
  a.grad().fill(9);
  EXPECT_EQ(b.grad().to_vector<float>(), (std::vector<float>{1, 1}));
}

TEST(Tape, GivesThirdDerivatives) {
  Tensor x = scalar(2, f64).set_requires_grad();
  const Tensor y = x * x * x * x;
  const Tensor first = grad(y, {x}, {.create_graph = true})[0];
  const Tensor second = grad(first, {x}, {.create_graph = true})[0];
  const Tensor third = grad(second, {x})[0];
  EXPECT_EQ(first.item(), 32);
  EXPECT_EQ(second.item(), 48);
  EXPECT_EQ(third.item(), 48);
}

TEST(Tape, NoticesValuesChangedInPlace) {
  Tensor x = tensor({1, 2}).set_requires_grad();
  const Tensor hidden = x * 2.0, loss = sum(square(hidden));
  hidden.detach().fill(0);
  EXPECT_NE(message([&] { loss.backward(); }).find("changed in place"), std::string::npos);
}

TEST(Tape, RefusesASecondWalkUnlessRetained) {
  Tensor x = tensor({1, 2}).set_requires_grad();
  const Tensor loss = sum(square(x));
  backward(loss, {.retain_graph = true});
  loss.backward();
  EXPECT_NE(message([&] { loss.backward(); }).find("retain_graph"), std::string::npos);
}

TEST(Tape, RawViewsOfRecordedTensorsThrow) {
  Tensor x = zeros({2, 3}).set_requires_grad();
  EXPECT_NE(message([&] { x.reshape({3, 2}); }).find("detach"), std::string::npos);
  EXPECT_NO_THROW(reshape(x, {3, 2}));
  EXPECT_NO_THROW(x.detach().reshape({3, 2}));
}

TEST(Tape, RefusesWritesIntoRecordedTensors) {
  Tensor x = zeros({2}).set_requires_grad();
  EXPECT_THROW(call("fill_in_place", {x}, {{"value", 1.0}}), Error);
  const NoGrad guard;
  EXPECT_NO_THROW(call("fill_in_place", {x}, {{"value", 1.0}}));
}

TEST(Tape, WantsAScalarLossThatDependsOnSomething) {
  Tensor x = zeros({2}).set_requires_grad();
  EXPECT_NE(message([&] { (x * 2.0).backward(); }).find("one element"), std::string::npos);
  EXPECT_NE(message([&] { sum(zeros({2})).backward(); }).find("requires a gradient"), std::string::npos);
}

TEST(Tape, LongChainsNeedNoStack) {
  Tensor x = scalar(1).set_requires_grad();
  Tensor y = x;
  for (int i = 0; i < 200000; ++i) y = y + 1e-6;
  y.backward();
  EXPECT_EQ(x.grad().item(), 1);
}

TEST(Tape, ObserversSeeEveryOp) {
  std::vector<std::string> seen;
  {
    const Observe observe(
        [&](const Op& op, const auto&, const auto&, const auto&) { seen.push_back(op.name()); });
    relu(zeros({2}) + 1.0);
  }
  relu(zeros({2}));
  EXPECT_EQ(seen, (std::vector<std::string>{"affine", "relu"}));
}

}  // namespace
}  // namespace fovea
