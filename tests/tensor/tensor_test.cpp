#include <gtest/gtest.h>

#include <cmath>

#include "base/arena.h"
#include "fovea/tensor.h"

namespace fovea {
namespace {

TEST(Tensor, KeepsShapeAndElements) {
  const Tensor t = tensor({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(t.at<float>({1, 2}), 6);
  EXPECT_EQ(t.permute({1, 0}).at<float>({2, 1}), 6);
  EXPECT_EQ(t.narrow(1, 1, 2).contiguous().to_vector<float>(), (std::vector<float>{2, 3, 5, 6}));
  EXPECT_EQ(t.select(0, 1).to_vector<float>(), (std::vector<float>{4, 5, 6}));
  EXPECT_EQ(t.reshape({3, -1}).shape(), (Dims{3, 2}));
  EXPECT_EQ(t.select(0, 0).expand({2, 3}).to_vector<float>(), (std::vector<float>{1, 2, 3, 1, 2, 3}));
}

TEST(Tensor, BlockedLayoutHoldsTheSameElements) {
  const Tensor x = arange(0, 2 * 16 * 3 * 5).reshape({2, 16, 3, 5});
  const Tensor blocked = x.to(Layout::blocked8);
  EXPECT_EQ(blocked.data<float>()[1], x.at<float>({0, 1, 0, 0}));
  EXPECT_EQ(blocked.data<float>()[8], x.at<float>({0, 0, 0, 1}));
  EXPECT_TRUE(same_bits(blocked, x));
  EXPECT_TRUE(same_bits(blocked.narrow(0, 1, 1), x.narrow(0, 1, 1)));
  EXPECT_THROW(zeros({2, 9, 3, 3}).to(Layout::blocked8), Error);
}

TEST(Tensor, ConvertsWithSaturation) {
  const Tensor x = tensor({-3.7, 0.2, 255.9, 1e20, NAN}, {}, f64);
  EXPECT_EQ(x.to(u8).to_vector<uint8_t>(), (std::vector<uint8_t>{0, 0, 255, 255, 0}));
  EXPECT_EQ(x.to(i32).at<int32_t>({3}), INT32_MAX);
  EXPECT_EQ(x.to(boolean).to(f32).to_vector<float>(), (std::vector<float>{1, 1, 1, 1, 1}));
}

TEST(Tensor, HalfAndBrainRoundToNearestEven) {
  for (uint32_t h = 0; h < 65536; ++h) {
    const float f = f32_from_f16(uint16_t(h)), b = f32_from_bf16(uint16_t(h));
    if (!std::isnan(f)) {
      EXPECT_EQ(f16_from_f32(f), h);
    }
    if (!std::isnan(b)) {
      EXPECT_EQ(bf16_from_f32(b), h);
    }
  }
  EXPECT_EQ(f32_from_f16(f16_from_f32(2049)), 2048);
  EXPECT_EQ(f32_from_f16(f16_from_f32(2051)), 2052);
  EXPECT_TRUE(std::isinf(f32_from_f16(f16_from_f32(65520))));
  EXPECT_TRUE(std::isnan(f32_from_f16(f16_from_f32(NAN))));
}

TEST(Tensor, RefusesWhatDoesNotFit) {
  EXPECT_THROW(zeros({2, 3}).reshape({4}), Error);
  EXPECT_THROW(zeros({2, 3}).narrow(1, 2, 2), Error);
  EXPECT_THROW(zeros({2, 3}).select(0, 2), Error);
  EXPECT_THROW(Tensor::empty({int64_t{1} << 40, int64_t{1} << 40}), Error);
  EXPECT_EQ(Tensor::empty({0, int64_t{1} << 40, int64_t{1} << 40}).numel(), 0);
  EXPECT_THROW(Tensor().shape(), Error);
  EXPECT_THROW(zeros({2}).data<double>(), Error);
}

TEST(Arena, SteadyStateAsksTheSystemForNothing) {
  auto step = [] {
    for (int i = 1; i < 20; ++i) zeros({i * 1000, 7}).to(f64);
  };
  step();
  const auto before = arena::stats();
  for (int k = 0; k < 10; ++k) step();
  EXPECT_EQ(arena::stats().system_calls, before.system_calls);
  EXPECT_EQ(arena::stats().live_bytes, before.live_bytes);
}

}  // namespace
}  // namespace fovea
