#include "fovea/transforms.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <set>

namespace fovea::data {
namespace {

/// Two channels whose pixel (y, x) holds 100 c + 10 y + x.
Tensor coordinates(int64_t height, int64_t width, DType dtype = u8) {
  Tensor t = Tensor::empty({2, height, width}, f32);
  for (int64_t c = 0; c < 2; ++c)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t x = 0; x < width; ++x) t.at<float>({c, y, x}) = float(100 * c + 10 * y + x);
  return t.to(dtype);
}

Tensor apply(const Transform& transform, const Tensor& x, Generator& random) {
  Tensor y = Tensor::empty(transform.output_shape(x.shape()), x.dtype());
  transform.apply(x, y, random);
  return y;
}

TEST(RandomHorizontalFlip, MirrorsRowsHalfOfTheTime) {
  Generator random(1);
  int flipped = 0;
  for (const DType dtype : {u8, u16, f32}) {
    const Tensor x = coordinates(3, 4, dtype);
    for (int i = 0; i < 200; ++i) {
      const auto y = apply(RandomHorizontalFlip(), x, random).to_vector<double>();
      const bool mirrored = y[0] == 3;
      EXPECT_EQ(y[23], mirrored ? 120 : 123);
      flipped += mirrored;
    }
  }
  EXPECT_NEAR(flipped, 300, 50);
  EXPECT_TRUE(same_bits(apply(RandomHorizontalFlip(0), coordinates(3, 4), random), coordinates(3, 4)));
  EXPECT_THROW(RandomHorizontalFlip(1.5f), Error);
}

TEST(RandomCrop, TakesEveryWindowOfThePaddedImage) {
  Generator random(2);
  for (const Padding mode : {Padding::zero, Padding::reflect}) {
    const Tensor x = coordinates(5, 6);
    const auto source = [&](int64_t at, int64_t n) {  // where position `at` of the padded line comes from
      const int64_t p = at - 2;
      if (p >= 0 && p < n) return p;
      if (mode == Padding::zero) return int64_t{-1};
      return p < 0 ? -p : 2 * n - 2 - p;
    };
    std::set<std::pair<int64_t, int64_t>> corners;
    for (int i = 0; i < 2000; ++i) {
      const Tensor y = apply(RandomCrop(4, 2, mode), x, random);
      int matches = 0;
      for (int64_t top = 0; top <= 5; ++top)
        for (int64_t left = 0; left <= 6; ++left) {
          bool same = true;
          for (int64_t c = 0; c < 2 && same; ++c)
            for (int64_t r = 0; r < 4 && same; ++r)
              for (int64_t k = 0; k < 4 && same; ++k) {
                const int64_t sy = source(top + r, 5), sx = source(left + k, 6);
                same = y.at<uint8_t>({c, r, k}) == (sy < 0 || sx < 0 ? 0 : 100 * c + 10 * sy + sx);
              }
          if (same) ++matches, corners.insert({top, left});
        }
      EXPECT_EQ(matches, 1);
    }
    EXPECT_EQ(corners.size(), 42u);
  }
  EXPECT_THROW(RandomCrop(10, 2).output_shape({1, 5, 6}), Error);
  EXPECT_THROW(RandomCrop(4, 5, Padding::reflect).output_shape({1, 5, 6}), Error);
  EXPECT_THROW(RandomCrop(4).output_shape({6}), Error);
  EXPECT_THROW(RandomCrop(0), Error);
}

TEST(CenterCrop, RoundsAsTorchvision) {
  Generator random;
  // torchvision: int(round((n - size) / 2.0)), halves to even
  EXPECT_EQ(apply(CenterCrop(4), coordinates(4, 5), random).at<uint8_t>({0, 0, 0}), 0);
  EXPECT_EQ(apply(CenterCrop(2), coordinates(5, 7), random).at<uint8_t>({1, 0, 0}), 100 + 20 + 2);
  EXPECT_EQ(apply(CenterCrop(4), coordinates(6, 8), random).at<uint8_t>({0, 3, 3}), 40 + 5);
  EXPECT_THROW(CenterCrop(5).output_shape({1, 4, 9}), Error);
}

TEST(RandomAffine, IsNothingByDefault) {
  Generator random(4);
  for (const DType dtype : {u8, u16, f32})
    EXPECT_TRUE(
        same_bits(apply(RandomAffine(0), coordinates(7, 9, dtype), random), coordinates(7, 9, dtype)));
}

TEST(RandomAffine, TurnsShiftsAndScalesAroundTheCentre) {
  // Bilinear interpolation reproduces a plane exactly, so each inner pixel tells where it came from.
  constexpr int64_t n = 32;
  Tensor x = Tensor::empty({2, n, n}, f32);
  for (int64_t r = 0; r < n; ++r)
    for (int64_t c = 0; c < n; ++c) x.at<float>({0, r, c}) = float(c), x.at<float>({1, r, c}) = float(r);
  Generator random(5), twin(5);
  for (int i = 0; i < 20; ++i) {
    const Tensor y = apply(RandomAffine(30, 0.1f, 0.8f, 1.25f), x, random);
    const double angle = (2 * twin.uniform() - 1) * 30 * std::numbers::pi / 180;
    const double dx = (2 * twin.uniform() - 1) * 3.2, dy = (2 * twin.uniform() - 1) * 3.2;
    const double scale = 0.8 + 0.45 * twin.uniform(), centre = (n - 1) / 2.;
    for (const auto& [u, v] : {std::pair{-5., 3.}, {4., 4.}, {0., -6.}}) {
      // Forward: the point (centre + (u, v)) of x appears turned, scaled and shifted in y.
      const double px = centre + scale * (std::cos(angle) * u - std::sin(angle) * v) + dx;
      const double py = centre + scale * (std::sin(angle) * u + std::cos(angle) * v) + dy;
      const int64_t ix = int64_t(std::floor(px)), iy = int64_t(std::floor(py));
      const double fx = px - double(ix), fy = py - double(iy);
      for (int64_t k = 0; k < 2; ++k) {
        const double value =
            (1 - fy) * ((1 - fx) * y.at<float>({k, iy, ix}) + fx * y.at<float>({k, iy, ix + 1})) +
            fy * ((1 - fx) * y.at<float>({k, iy + 1, ix}) + fx * y.at<float>({k, iy + 1, ix + 1}));
        EXPECT_NEAR(value, centre + (k == 0 ? u : v), 1e-3);
      }
    }
  }
  EXPECT_THROW(RandomAffine(-1), Error);
  EXPECT_THROW(RandomAffine(0, 0, 1.2f, 1.1f), Error);
}

TEST(Compose, ChainsShapesAndNames) {
  const Compose both(RandomCrop(30, 1), CenterCrop(20));
  EXPECT_EQ(both.output_shape({3, 32, 32}), (Dims{3, 20, 20}));
  EXPECT_EQ(both.describe(), "RandomCrop(30, padding=1 zero), CenterCrop(20)");
  EXPECT_EQ(Compose().describe(), "none");
}

}  // namespace
}  // namespace fovea::data
