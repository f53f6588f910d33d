// split, chunk and unbind, and what the messages of indexing ops say.
#include "fovea/functional.h"

#include <gtest/gtest.h>

#include "../files.h"
#include "fovea/autograd.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

using test::error_of;

std::vector<int64_t> sizes(const std::vector<Tensor>& parts, int dim) {
  std::vector<int64_t> s;
  for (const Tensor& p : parts) s.push_back(p.size(dim));
  return s;
}

TEST(Functional, SplitsIntoPiecesThatJoinAgain) {
  const Tensor x = arange(0, 35).reshape({5, 7});
  EXPECT_EQ(sizes(split(x, 3, 1), 1), (std::vector<int64_t>{3, 3, 1}));
  EXPECT_EQ(sizes(split(x, 2), 0), (std::vector<int64_t>{2, 2, 1}));
  EXPECT_EQ(sizes(split(x, {4, 0, 3}, -1), 1), (std::vector<int64_t>{4, 0, 3}));
  EXPECT_EQ(sizes(chunk(x, 3), 0), (std::vector<int64_t>{2, 2, 1}));
  EXPECT_EQ(sizes(chunk(x, 4, 1), 1), (std::vector<int64_t>{2, 2, 2, 1}));
  EXPECT_TRUE(same_bits(concat(split(x, {4, 0, 3}, 1), 1), x));
  EXPECT_TRUE(same_bits(stack(unbind(x, 1), 1), x));
}

TEST(Functional, SplitIsDifferentiable) {
  const Tensor x = arange(0, 6, 1, f64).set_requires_grad();
  const auto parts = split(x, 4);
  const Tensor dx = grad(add(sum(parts[0]), sum(mul(parts[1], parts[1]))), {x})[0];
  EXPECT_EQ(dx.to_vector<double>(), (std::vector<double>{1, 1, 1, 1, 8, 10}));
}

TEST(Functional, RefusesWhatDoesNotFit) {
  const Tensor x = zeros({5, 7});
  EXPECT_NE(error_of([&] { split(x, 0); }).find("size 0"), std::string::npos);
  EXPECT_NE(error_of([&] { split(x, {4, 4}, 1); }).find("(5,7)"), std::string::npos);
  EXPECT_NE(error_of([&] { split(x, {4, 2}, 1); }).find("(5,7)"), std::string::npos);
  EXPECT_NE(error_of([&] { chunk(x, 0); }).find("(5,7)"), std::string::npos);
}

TEST(Functional, IndexErrorsTellPositionAndBound) {
  const Tensor index = tensor({0, 1, 2, 1, 7, 0}, {2, 3}, i64);
  const std::string text = error_of([&] { gather(zeros({2, 4}), index, 1); });
  EXPECT_NE(text.find("[gather] index 7 at (1,1) is outside of 0 .. 3"), std::string::npos) << text;
}

TEST(Functional, TiesAndNotANumbersAreOrdered) {
  const Tensor x = tensor({2, NAN, 1, 2, NAN, 1});
  EXPECT_EQ(argmax(x).item(), 1);
  EXPECT_EQ(argmin(x).item(), 1);
  EXPECT_EQ(argsort(x).to_vector<int64_t>(), (std::vector<int64_t>{2, 5, 0, 3, 1, 4}));
  EXPECT_EQ(argsort(x, -1, true).to_vector<int64_t>(), (std::vector<int64_t>{1, 4, 0, 3, 2, 5}));
  EXPECT_EQ(std::get<1>(topk(x, 3)).to_vector<int64_t>(), (std::vector<int64_t>{1, 4, 0}));
}

}  // namespace
}  // namespace fovea
