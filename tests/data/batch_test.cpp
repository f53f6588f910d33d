#include "fovea/transforms/batch.h"

#include <gtest/gtest.h>

#include <cmath>

namespace fovea::data {
namespace {

/// Images of one value each.
Tensor numbered(int64_t n, int64_t height, int64_t width) {
  const Tensor t = Tensor::empty({n, 2, height, width});
  for (int64_t i = 0; i < n; ++i) t.select(0, i).fill(double(i + 1));
  return t;
}

TEST(MixUp, MixesNeighboursAndTheirLabels) {
  const Tensor labels = soft_labels(tensor({0, 2, 1}, {3}, i64), 3);
  const SoftBatch b = mixup(numbered(3, 2, 2), labels, 0.75f);
  EXPECT_FLOAT_EQ(b.images.at<float>({0, 1, 1, 1}), 0.75f * 1 + 0.25f * 3);
  EXPECT_FLOAT_EQ(b.images.at<float>({1, 0, 0, 0}), 0.75f * 2 + 0.25f * 1);
  EXPECT_EQ(b.labels.to_vector<float>(),
            (std::vector<float>{0.75f, 0.25f, 0, 0.25f, 0, 0.75f, 0, 0.75f, 0.25f}));
  EXPECT_THROW(soft_labels(tensor({3}, {1}, i64), 3), Error);
  EXPECT_THROW(mixup(numbered(3, 2, 2), labels, 1.5f), Error);
}

TEST(CutMix, PastesABoxAndCountsItsArea) {
  const SoftBatch b = cutmix(numbered(2, 4, 5), soft_labels(tensor({0, 1}, {2}, i64), 2), {1, 2, 4, 4});
  for (int64_t y = 0; y < 4; ++y)
    for (int64_t x = 0; x < 5; ++x)
      EXPECT_EQ(b.images.at<float>({0, 1, y, x}), y >= 2 && x >= 1 && x < 4 ? 2 : 1);
  EXPECT_FLOAT_EQ(b.labels.at<float>({0, 0}), 0.7f);
  EXPECT_FLOAT_EQ(b.labels.at<float>({0, 1}), 0.3f);
  EXPECT_THROW(cutmix(numbered(2, 4, 5), b.labels, {1, 2, 6, 4}), Error);
}

TEST(MixUp, DrawsFromTheBetaDistribution) {
  Generator random(1);
  for (const float alpha : {0.2f, 1.f, 4.f}) {
    double sum = 0, squares = 0;
    constexpr int n = 20000;
    for (int i = 0; i < n; ++i) {
      const double v = double(draw_mixup(alpha, random));
      ASSERT_TRUE(v >= 0 && v <= 1);
      sum += v, squares += v * v;
    }
    EXPECT_NEAR(sum / n, 0.5, 0.015);
    EXPECT_NEAR(squares / n - sum / n * sum / n, 1 / (4 * (2 * double(alpha) + 1)), 0.01);  // of Beta(a, a)
  }
  EXPECT_THROW(draw_mixup(0, random), Error);
  double area = 0;
  for (int i = 0; i < 2000; ++i) {
    const Rectangle b = draw_cutmix(1, 40, 60, random);
    ASSERT_TRUE(b.left >= 0 && b.left <= b.right && b.right <= 60 && b.top >= 0 && b.top <= b.bottom &&
                b.bottom <= 40);
    area += double((b.right - b.left) * (b.bottom - b.top)) / 2400;
  }
  EXPECT_NEAR(area / 2000, 0.32, 0.05);  // half of the image on average, less what lies outside
}

TEST(Mosaic, PutsFourAroundAPoint) {
  std::vector<Sample> four;
  for (int i = 0; i < 4; ++i)
    four.push_back({.image = full({3, 20, 30}, 10 * (i + 1), u8),
                    .boxes = tensor({0, 0, 30, 20}, {1, 4}),
                    .box_labels = tensor({double(i)}, {1}, i64),
                    .masks = full({1, 20, 30}, i + 1, u8),
                    .points = tensor({15, 10}, {1, 2})});
  const Sample s = mosaic(four, {40, 50}, 25, 15, 7);
  EXPECT_EQ(s.image.at<uint8_t>({0, 14, 24}), 10);
  EXPECT_EQ(s.image.at<uint8_t>({1, 14, 25}), 20);
  EXPECT_EQ(s.image.at<uint8_t>({2, 15, 24}), 30);
  EXPECT_EQ(s.image.at<uint8_t>({2, 34, 49}), 40);
  EXPECT_EQ(s.image.at<uint8_t>({2, 35, 49}), 7);
  EXPECT_EQ(s.masks.at<uint8_t>({0, 34, 49}), 4);
  EXPECT_EQ(s.boxes.to_vector<int>(),
            (std::vector<int>{0, 0, 25, 15, 25, 0, 50, 15, 0, 15, 25, 35, 25, 15, 50, 35}));
  EXPECT_EQ(s.box_labels.to_vector<int>(), (std::vector<int>{0, 1, 2, 3}));
  EXPECT_EQ(s.points.to_vector<int>(), (std::vector<int>{10, 5, 40, 5, 10, 25, 40, 25}));
  EXPECT_EQ(mosaic(four, {40, 50}, 50, 15).box_labels.to_vector<int>(),
            (std::vector<int>{0, 2}));  // others are out
  EXPECT_THROW(mosaic(std::span(four).first(3), 40, 20, 20), Error);
  Generator random(2);
  EXPECT_EQ(mosaic(four, 64, random).image.shape(), (Dims{3, 64, 64}));
}

TEST(TenCrop, TakesCornersCentreAndTheirMirrors) {
  const Tensor x = Tensor::empty({1, 6, 9}, u8);
  for (int64_t i = 0; i < 54; ++i) x.data<uint8_t>()[i] = uint8_t(i / 9 * 10 + i % 9);
  const auto views = ten_crop(x, {2, 3});
  ASSERT_EQ(views.size(), 10u);
  const int corners[] = {0, 6, 40, 46, 23, 8, 2, 48, 42, 25};
  for (size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(views[i].shape(), (Dims{1, 2, 3}));
    EXPECT_EQ(views[i].at<uint8_t>({0, 0, 0}), corners[i]) << i;
    EXPECT_EQ(views[i].at<uint8_t>({0, 0, 1}), corners[i] + (i < 5 ? 1 : -1)) << i;
  }
  EXPECT_THROW(five_crop(x, 7), Error);
}

}  // namespace
}  // namespace fovea::data
