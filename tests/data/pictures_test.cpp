// From decoded pictures to batches: the one pass against the same steps one by one.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "../files.h"
#include "data/planes.h"
#include "fovea/image.h"
#include "fovea/loader.h"

namespace fovea::data {
namespace {

using test::TempFolder;

Tensor noise(const Dims& shape, DType dtype, uint64_t seed) {
  Generator random(seed);
  const double most = dtype == u8 ? 255 : dtype == u16 ? 65535 : 1;
  const Tensor t = Tensor::empty(shape, f32);
  for (int64_t i = 0; i < t.numel(); ++i)
    t.data<float>()[i] =
        float(most * (0.5 + 0.3 * std::sin(double(i) / 37) + 0.2 * double(random.uniform())));
  return t.to(dtype);
}

/// Expects |a - b| <= tolerance everywhere.
void expect_near(const Tensor& a, const Tensor& b, double tolerance, const std::string& what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) worst = std::max(worst, std::abs(x[i] - y[i]));
  EXPECT_LE(worst, tolerance) << what;
}

TEST(Resample, EqualsItsStepsInFloat) {
  for (const DType dtype : {u8, u16, f32})
    for (const int64_t channels : {1, 3, 4, 6}) {
      const Tensor table = noise({37, 53, channels}, dtype, 1);
      const std::vector<float> scale(size_t(channels), 1), shift(size_t(channels), 0.25f);
      for (const bool flip : {false, true})
        for (const auto& [height, width] : {std::pair{12, 17}, {60, 80}, {29, 31}}) {
          const functional::Resampling r{.top = 3,
                                         .left = 7,
                                         .height = 29,
                                         .width = 31,
                                         .scaled_height = height,
                                         .scaled_width = width,
                                         .out_top = 2,
                                         .out_left = 5,
                                         .out_height = 10,
                                         .out_width = 9,
                                         .flip = flip};
          const Tensor out = Tensor::empty({channels, 10, 9});
          functional::resample_into(out.data<float>(), table, r, scale, shift);
          Sample s{.image = planes_of_table(table).to(f32)};
          functional::crop(s, 3, 7, 29, 31);
          functional::resize(s, height, width);
          functional::crop(s, 2, 5, 10, 9);
          if (flip) functional::horizontal_flip(s);
          for (int64_t i = 0; i < s.image.numel(); ++i) s.image.data<float>()[i] += 0.25f;
          expect_near(out, s.image,
                      dtype == u16  ? 0.05
                      : dtype == u8 ? 2e-4
                                    : 1e-6,
                      fmt::format("{} {} channels {}x{}", name_of(dtype), channels, height, width));
        }
    }
  const Tensor table = noise({5, 5, 1}, u8, 1);
  const float one[] = {1};
  float out[25];
  EXPECT_THROW(functional::resample_into(out, table, {.height = 6, .width = 5}, one, one), Error);
}

/// A folder of four pictures of different size to train with.
void write_pictures(const TempFolder& root, DType dtype) {
  const auto write = [&](const std::string& folder, int i) {
    std::filesystem::create_directories(root / folder);
    image::write(root / fmt::format("{}/{}.png", folder, i),
                 image::Image(noise({40 + 9 * i, 70 - 5 * i, 3}, dtype, uint64_t(i))));
  };
  for (int i = 0; i < 4; ++i) write(fmt::format("train/{}", i % 2), i);
  write("val/0", 0);
}

/// What the loader should give for example `index`: its steps one by one.
Tensor expected(const Dataset& set, const Compose& transforms, int64_t index, uint64_t seed, int64_t epoch) {
  Sample s{.image = planes_of_table(set.picture(index))};
  transforms.apply(s, seed, epoch, index);
  Generator none;
  Normalize({0.4f, 0.5f, 0.6f}, {0.2f, 0.25f, 0.3f}).apply(s, none);
  return s.image;
}

TEST(Pictures, AreTransformedInTheirOwnSize) {
  const char* const normalize = ", Normalize(0.4/0.5/0.6, std=0.2/0.25/0.3)";
  for (const DType dtype : {u8, u16}) {
    TempFolder root;
    write_pictures(root, dtype);
    const std::shared_ptr<const Dataset> set = open_dataset(root.str(), Split::train);
    for (const std::string text :
         {"RandomResizedCrop(24), RandomHorizontalFlip(0.5)", "Resize(32), CenterCrop(24)",
          "Resize(32), RandomCrop(24), RandomHorizontalFlip(1)",
          "RandomHorizontalFlip(1), RandomResizedCrop(24)",
          "RandomResizedCrop(24), ColorJitter(0.4, 0.4, 0.4, 0.1), RandomHorizontalFlip(0.5)",
          "RandomVerticalFlip(1), RandomResizedCrop(24), RandAugment(2)"}) {
      const Compose steps = parse_transforms(text);
      DataLoader loader(set, {.batch = 4, .seed = 5, .transforms = parse_transforms(text + normalize)});
      DataLoader cached(set, {.batch = 4,
                              .seed = 5,
                              .workers = 2,
                              .cache = Cache::ram,
                              .cache_side = 0,
                              .transforms = parse_transforms(text + normalize)});
      EXPECT_EQ(loader.example_shape(), (Dims{3, 24, 24}));
      const bool one_pass = text.find("Jitter") == text.npos && text.find("Augment") == text.npos;
      // One pass does not round between its steps; what comes after a resampling has the same bits.
      const double tolerance = one_pass ? (dtype == u8 ? 1.01 / 255 : 1.01 / 65535) / 0.2 : 1e-5;
      for (const int64_t epoch : {0, 1}) {
        const Tensor images = (*loader.epoch(epoch).begin()).images;
        for (int64_t i = 0; i < 4; ++i)
          expect_near(images.select(0, i), expected(*set, steps, i, 5, epoch), tolerance, text);
        EXPECT_TRUE(same_bits(images, (*cached.epoch(epoch).begin()).images)) << text;
      }
    }
  }
}

TEST(Pictures, StayAsStoredWhereTheTransformsWantASize) {
  TempFolder root;
  write_pictures(root, u8);
  const std::shared_ptr<const Dataset> set = open_dataset(root.str(), Split::train, {.imgsz = 28});
  DataLoader loader(
      set,
      {.batch = 4, .transforms = Compose(CenterCrop(28)), .normalize = Normalization{{0, 0, 0}, {1, 1, 1}}});
  const Tensor stored = set->example(2).image;  // 32 x 32
  EXPECT_EQ((*loader.epoch(0).begin()).images.at<float>({2, 1, 0, 0}),
            float(stored.at<uint8_t>({1, 2, 2})) / 255);
  const auto message = [&](const char* text) -> std::string {
    try {
      DataLoader bad(set, {.batch = 4, .transforms = parse_transforms(text)});
      bad.epoch(0).begin();
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_NE(message("Normalize(0.5, std=0.5), RandomInvert(1)").find("Normalize comes last"),
            std::string::npos);
  EXPECT_NE(message("CenterCrop(40)").find("[CenterCrop] 40 x 40"), std::string::npos);
}

}  // namespace
}  // namespace fovea::data
