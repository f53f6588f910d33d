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
  Sample sample{.image = x};
  transform.apply(sample, random);
  EXPECT_EQ(sample.image.shape(), transform.output_shape(x.shape())) << transform.describe();
  return sample.image;
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
  for (const Padding mode : {Padding::constant, Padding::reflect}) {
    const Tensor x = coordinates(5, 6);
    const auto source = [&](int64_t at, int64_t n) {  // where position `at` of the padded line comes from
      const int64_t p = at - 2;
      if (p >= 0 && p < n) return p;
      if (mode == Padding::constant) return int64_t{-1};
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
  Sample sample{.image = Tensor::empty({2, n, n}, f32)};
  for (int64_t r = 0; r < n; ++r)
    for (int64_t c = 0; c < n; ++c)
      sample.image.at<float>({0, r, c}) = float(c) + 0.5f,
                                    sample.image.at<float>({1, r, c}) = float(r) + 0.5f;
  Generator random(5), twin(5);
  const RandomAffine affine(30, 0.1f, {0.8f, 1.25f}, 0, 0, Filter::bilinear);
  for (int i = 0; i < 20; ++i) {
    Sample y = sample;
    y.points = tensor({11, 19, 20, 20, 16, 10}, {3, 2});
    affine.apply(y, random);
    const double angle = (2 * twin.uniform() - 1) * 30 * std::numbers::pi / 180;
    const double dx = std::nearbyint((2 * twin.uniform() - 1) * 3.2),
                 dy = std::nearbyint((2 * twin.uniform() - 1) * 3.2);
    const double scale = 0.8 + 0.45 * twin.uniform();
    twin.next(), twin.next();  // no shear
    for (int64_t k = 0; k < 3; ++k) {
      const double u = std::array{-5., 4., 0.}[size_t(k)], v = std::array{3., 4., -6.}[size_t(k)];
      const double px = n / 2 + scale * (std::cos(angle) * u - std::sin(angle) * v) + dx;
      const double py = n / 2 + scale * (std::sin(angle) * u + std::cos(angle) * v) + dy;
      EXPECT_NEAR(y.points.at<float>({k, 0}), px, 1e-4);
      EXPECT_NEAR(y.points.at<float>({k, 1}), py, 1e-4);
      const int64_t ix = int64_t(std::floor(px - 0.5)), iy = int64_t(std::floor(py - 0.5));
      const double fx = px - 0.5 - double(ix), fy = py - 0.5 - double(iy);
      for (int64_t c = 0; c < 2; ++c) {
        const auto at = [&](int64_t row, int64_t column) {
          return double(y.image.at<float>({c, row, column}));
        };
        const double value = (1 - fy) * ((1 - fx) * at(iy, ix) + fx * at(iy, ix + 1)) +
                             fy * ((1 - fx) * at(iy + 1, ix) + fx * at(iy + 1, ix + 1));
        EXPECT_NEAR(value, n / 2 + (c == 0 ? u : v), 1e-3);
      }
    }
  }
  EXPECT_THROW(RandomAffine(Angle(5, -5)), Error);
  EXPECT_THROW(RandomAffine(0, 0, {1.2f, 1.1f}), Error);
}

TEST(RandomResizedCrop, DrawsAreasAndRatiosInTheirRanges) {
  const Tensor x = Tensor::empty({2, 60, 80}, f32);  // each pixel holds its place
  for (int64_t r = 0; r < 60; ++r)
    for (int64_t c = 0; c < 80; ++c)
      x.at<float>({0, r, c}) = float(c) + 0.5f, x.at<float>({1, r, c}) = float(r) + 0.5f;
  Generator random(6);
  double smallest = 1, largest = 0;
  for (int i = 0; i < 300; ++i) {
    const Tensor y = apply(RandomResizedCrop({8, 8}, {0.25f, 0.5f}, {0.8f, 1.25f}), x, random);
    const double width = (y.at<float>({0, 4, 4}) - y.at<float>({0, 4, 3})) * 8;  // between two centres
    const double height = (y.at<float>({1, 4, 4}) - y.at<float>({1, 3, 4})) * 8;
    const double area = width * height / 4800, ratio = width / height;
    smallest = std::min(smallest, area), largest = std::max(largest, area);
    EXPECT_GE(ratio, 0.8 * 0.96);
    EXPECT_LE(ratio, 1.25 * 1.04);
  }
  EXPECT_NEAR(smallest, 0.25, 0.015);
  EXPECT_NEAR(largest, 0.5, 0.015);
  // Nothing fits: the largest window of the nearest ratio, in the middle.
  const Tensor whole = apply(RandomResizedCrop({1, 1}, {1, 1}, {4, 5}), x, random);
  EXPECT_NEAR(whole.at<float>({0, 0, 0}), 40, 1e-3);
  EXPECT_NEAR(whole.at<float>({1, 0, 0}), 30, 1e-3);
}

TEST(Resize, ScalesTheShorterSideOrBoth) {
  EXPECT_EQ(Resize(32).output_shape({3, 64, 101}), (Dims{3, 32, 50}));
  EXPECT_EQ(Resize(32).output_shape({3, 101, 64}), (Dims{3, 50, 32}));
  EXPECT_EQ(Resize({32, 32}).output_shape({3, 64, 101}), (Dims{3, 32, 32}));
  EXPECT_THROW(Resize(0), Error);
}

TEST(Letterbox, KeepsProportionsAndFills) {
  Generator none;
  Sample s{.image = full({3, 20, 40}, 9, u8), .boxes = tensor({10, 5, 40, 20}, {1, 4})};
  Letterbox({16, 16}, {1, 2, 3}).apply(s, none);
  EXPECT_EQ(s.image.shape(), (Dims{3, 16, 16}));
  EXPECT_EQ(s.image.at<uint8_t>({1, 3, 0}), 2);
  EXPECT_EQ(s.image.at<uint8_t>({1, 4, 0}), 9);
  EXPECT_EQ(s.image.at<uint8_t>({1, 11, 15}), 9);
  EXPECT_EQ(s.image.at<uint8_t>({2, 12, 15}), 3);
  EXPECT_EQ(s.boxes.to_vector<int>(), (std::vector<int>{4, 6, 16, 12}));
}

TEST(Cover, FillsTheSizeAndTakesTheCentre) {
  Generator none;
  const Tensor x = coordinates(4, 9);
  EXPECT_TRUE(same_bits(apply(Cover({4, 9}), x, none), x));
  const Tensor y = apply(Cover({4, 4}), x, none);  // columns 2 to 5
  EXPECT_EQ(y.at<uint8_t>({1, 2, 0}), 122);
  EXPECT_EQ(apply(Cover(8), coordinates(9, 4), none).shape(), (Dims{2, 8, 8}));
}

TEST(RandomErasing, FillsARectangle) {
  Generator random(7);
  double erased = 0;
  for (int i = 0; i < 200; ++i) {
    const Tensor y =
        apply(RandomErasing(1, {0.1f, 0.2f}, {0.5f, 2}, {50, 60}), full({2, 40, 40}, 7, u8), random);
    int64_t left = 40, right = 0, top = 40, bottom = 0, count = 0;
    for (int64_t r = 0; r < 40; ++r)
      for (int64_t c = 0; c < 40; ++c) {
        if (y.at<uint8_t>({0, r, c}) == 7) continue;
        EXPECT_EQ(y.at<uint8_t>({0, r, c}), 50);
        EXPECT_EQ(y.at<uint8_t>({1, r, c}), 60);
        left = std::min(left, c), right = std::max(right, c), top = std::min(top, r),
        bottom = std::max(bottom, r);
        ++count;
      }
    EXPECT_EQ(count, (right - left + 1) * (bottom - top + 1));
    EXPECT_NEAR(double(count) / 1600, 0.15, 0.06);
    erased += double(count) / 1600;
  }
  EXPECT_NEAR(erased / 200, 0.15, 0.01);
  const Tensor noise =
      apply(RandomErasing(1, {0.3f, 0.3f}, {1, 1}, 0, true), full({1, 100, 100}, 0, u16), random);
  double sum = 0;
  for (const double v : noise.to_vector<double>()) sum += v;
  EXPECT_NEAR(sum / 3000, 32767, 1500);
}

TEST(ColorJitter, DrawsFactorsInAnyOrder) {
  Generator random(8);
  const Tensor x = full({3, 2, 2}, 0.5, f32);
  double low = 1, high = 0;
  for (int i = 0; i < 500; ++i) {
    const float v = apply(ColorJitter(0.4f), x, random).at<float>({0, 0, 0});
    low = std::min(low, double(v)), high = std::max(high, double(v));
  }
  EXPECT_NEAR(low, 0.3, 0.005);
  EXPECT_NEAR(high, 0.7, 0.005);
  // Brightness before contrast or after it gives different colours: both come.
  const Tensor two = tensor({0.2, 0.6, 0.2, 0.6, 0.2, 0.6}, {3, 1, 2});
  std::set<int64_t> seen;
  for (int i = 0; i < 50; ++i)
    seen.insert(
        std::lround(apply(ColorJitter({2, 2}, {0.5f, 0.5f}), two, random).at<float>({0, 0, 1}) * 1e4));
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_THROW(ColorJitter(0, 0, 0, 0.6f), Error);
}

TEST(ElasticTransform, MovesAsFarAsAlphaSays) {
  Generator random(9);
  Sample s{.image = Tensor::empty({2, 48, 64}, f32), .points = tensor({32, 24}, {1, 2})};
  for (int64_t r = 0; r < 48; ++r)
    for (int64_t c = 0; c < 64; ++c)
      s.image.at<float>({0, r, c}) = float(c) + 0.5f, s.image.at<float>({1, r, c}) = float(r) + 0.5f;
  const Tensor before = s.image;
  ElasticTransform(60, 4).apply(s, random);
  double sum = 0, worst = 0;
  for (int64_t r = 10; r < 38; ++r)
    for (int64_t c = 10; c < 54; ++c) {
      const double d = double(s.image.at<float>({0, r, c})) - double(before.at<float>({0, r, c}));
      sum += d * d, worst = std::max(worst, std::abs(d));
    }
  // Uniform noise of variance 1/3, averaged by a Gaussian of sigma 4, times alpha / 2.
  const double expected = 30 * std::sqrt(1.0 / 3 / (4 * std::numbers::pi * 16));
  EXPECT_NEAR(std::sqrt(sum / (28 * 44)), expected, 0.4 * expected);
  EXPECT_LT(worst, 5 * expected);
  // The image shows at p what was at p + d, so the point goes to p - d.
  const double moved = 32 - double(s.points.at<float>({0, 0}));
  EXPECT_NEAR(moved, double(s.image.at<float>({0, 24, 32})) - 32.5, 1e-3);
}

TEST(Policies, ChooseEveryChangeAndKeepTheType) {
  Generator random(10);
  for (const DType dtype : {u8, u16, f32})
    for (const int64_t channels : {1, 3, 5}) {
      Tensor x = Tensor::empty({channels, 20, 24}, f32);
      for (int64_t i = 0; i < x.numel(); ++i)
        x.data<float>()[i] = random.uniform() * (dtype == f32 ? 1 : 255);
      x = x.to(dtype);
      for (const char* text : {"RandAugment(2)", "TrivialAugmentWide", "AugMix(3)"}) {
        const Compose policy = parse_transforms(text);
        std::set<std::vector<double>> results;
        for (int i = 0; i < 12; ++i) {
          Sample s{.image = x};
          policy.apply(s, 1, 0, i);
          EXPECT_EQ(s.image.dtype(), dtype);
          EXPECT_EQ(s.image.shape(), x.shape());
          results.insert(s.image.to_vector<double>());
        }
        EXPECT_GT(results.size(), 5u) << text << ' ' << channels;
      }
    }
}

TEST(AugMix, IsAConvexMixture) {
  // Chains of changes that keep black and white leave a mixture between them.
  Generator random(11);
  double sum = 0;
  for (int i = 0; i < 100; ++i) {
    const Tensor y = apply(AugMix(1, 3, 1), full({3, 8, 8}, 200, u8), random);
    for (const double v : y.to_vector<double>()) EXPECT_LE(v, 255);
    sum += double(y.at<uint8_t>({0, 4, 4}));
  }
  EXPECT_GT(sum / 100, 120);
}

TEST(Transforms, DependOnSeedEpochAndExampleAlone) {
  const Compose all = parse_transforms(
      "RandomResizedCrop(16), RandomHorizontalFlip, ElasticTransform(20, sigma=1), ColorJitter(0.4, 0.4, "
      "0.4, 0.1), "
      "RandomErasing(1, random=true)");
  const auto run = [&](uint64_t seed, int64_t epoch, int64_t index) {
    Sample s{.image = coordinates(20, 24).narrow(0, 0, 1).expand({3, 20, 24}).contiguous()};
    all.apply(s, seed, epoch, index);
    return s.image;
  };
  const Tensor first = run(1, 2, 3);
  EXPECT_TRUE(same_bits(first, run(1, 2, 3)));
  EXPECT_FALSE(same_bits(first, run(2, 2, 3)));
  EXPECT_FALSE(same_bits(first, run(1, 3, 3)));
  EXPECT_FALSE(same_bits(first, run(1, 2, 4)));
}

TEST(Compose, ChainsShapesAndNames) {
  const Compose both(RandomCrop(30, 1), CenterCrop(20));
  EXPECT_EQ(both.output_shape({3, 32, 32}), (Dims{3, 20, 20}));
  EXPECT_EQ(both.describe(), "RandomCrop(30, padding=1), CenterCrop(20)");
  EXPECT_EQ(Compose().describe(), "none");
  EXPECT_FALSE(both.fixed_shape(3));  // wants 28 rows at least
  EXPECT_EQ(Compose(Resize(24), CenterCrop(20)).fixed_shape(3), (Dims{3, 20, 20}));
  EXPECT_EQ(Compose(RandomHorizontalFlip(), RandomResizedCrop({20, 30})).fixed_shape(1), (Dims{1, 20, 30}));
  EXPECT_FALSE(Compose(Resize(24)).fixed_shape(3));
}

TEST(Text, RoundTrips) {
  for (const std::string text :
       {"none", "RandomResizedCrop(224), RandomHorizontalFlip(0.5)", "RandomResizedCrop(224, scale=0.2..1)",
        "Resize(256), CenterCrop(224x200)", "Resize(256x256, interpolation=bicubic)",
        "RandomCrop(32, padding=4, padding_mode=reflect)", "Pad(1/2/3/4, fill=124/116/104)",
        "RandomRotation(-5..20, interpolation=bilinear)",
        "RandomAffine(10, translate=0.1, scale=0.9..1.1, shear=5)",
        "ColorJitter(0.4, contrast=0.4, saturation=0.2, hue=0.1)", "ColorJitter(0.5..2)",
        "RandAugment(2, magnitude=5)", "RandomErasing(0.25, value=10/20/30, random=true)",
        "Normalize(0.485/0.456/0.406, std=0.229/0.224/0.225)"})
    EXPECT_EQ(parse_transforms(text).describe(), text);
  for (const std::string& name : transform_names()) {
    if (name == "Resize" || name == "Letterbox" || name == "Cover" || name.ends_with("Crop"))
      continue;  // want a size
    const std::string text = parse_transforms(name).describe();
    EXPECT_TRUE(text.starts_with(name + "(")) << text;
    EXPECT_EQ(parse_transforms(text).describe(), text);
  }
  EXPECT_EQ(parse_transforms(" randomcrop( size = 8 ,padding=2/1 ) ,RANDOMINVERT").describe(),
            "RandomCrop(8, padding=2/1), RandomInvert(0.5)");
  EXPECT_TRUE(parse_transforms("").empty());
}

TEST(Text, ErrorsNameTheTransformAndTheNearest) {
  const auto error = [](const std::string& text) -> std::string {
    try {
      parse_transforms(text);
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_NE(error("RandomCrup(3)").find("Did you mean RandomCrop?"), std::string::npos);
  EXPECT_NE(error("RandomCrop(3, pading=2)").find("Did you mean padding?"), std::string::npos);
  EXPECT_NE(error("RandomCrop(three)").find("[RandomCrop] size=three is not a size"), std::string::npos);
  EXPECT_NE(error("RandomCrop(8, padding_mode=mirror)").find("reflect"), std::string::npos);
  EXPECT_NE(error("RandomCrop").find("0 x 0"), std::string::npos);
  EXPECT_NE(error("RandomCrop(8").find("not closed"), std::string::npos);
  EXPECT_NE(error("RandomCrop(8, padding=1, padding=2)").find("twice"), std::string::npos);
  EXPECT_NE(error("RandomCrop(8, padding=1, edge)").find("wants its own"), std::string::npos);
  EXPECT_NE(error("RandomHorizontalFlip(0.5, 0.6)").find("no room for 0.6"), std::string::npos);
  EXPECT_NE(error("RandomHorizontalFlip(nan)").find("not a number"), std::string::npos);
  EXPECT_NE(error("RandomHorizontalFlip(2)").find("probability"), std::string::npos);
  EXPECT_NE(error("RandomInvert,,RandomInvert").find("two commas"), std::string::npos);
}

}  // namespace
}  // namespace fovea::data
