#include <gtest/gtest.h>

#include <cmath>

#include "fovea/image.h"
#include "fovea/random.h"

namespace fovea::image {
namespace {

const std::string folder = FOVEA_SOURCE_DIR "/tests/image/data/";

Tensor bytes(std::initializer_list<double> values, const Dims& shape) { return tensor(values, shape, u8); }

std::vector<int> numbers(const Tensor& t) {
  const auto v = t.to(i32).to_vector<int32_t>();
  return {v.begin(), v.end()};
}

int largest_difference(const Tensor& a, const Tensor& b) {
  EXPECT_EQ(a.shape(), b.shape());
  int largest = 0;
  for (int64_t i = 0; i < a.numel(); ++i)
    largest = std::max(largest, std::abs(a.data<uint8_t>()[i] - b.data<uint8_t>()[i]));
  return largest;
}

struct Case {
  Filter filter;
  const char* name;
};
const Case cases[] = {
    {Filter::nearest, "nearest"}, {Filter::bilinear, "bilinear"}, {Filter::bicubic, "bicubic"}};

TEST(Resize, EqualsPillowToTheBit) {
  const Tensor photo = read(folder + "testorig.jpg").pixels,
               patch = read(folder + "resize_patch_20x30.png").pixels;
  for (const auto& [filter, name] : cases) {
    const Tensor small = read(fmt::format("{}resize_{}_20x31.png", folder, name)).pixels;
    const Tensor large = read(fmt::format("{}resize_{}_47x41.png", folder, name)).pixels;
    EXPECT_EQ(largest_difference(resize(photo, 20, 31, filter), small), 0) << name;
    EXPECT_EQ(largest_difference(resize(patch, 47, 41, filter), large), 0) << name;
  }
  const Tensor gray = read(folder + "testorig_gray.png").pixels;
  EXPECT_EQ(largest_difference(resize(gray, 100, 48), read(folder + "resize_gray_100x48.png").pixels), 0);
}

TEST(Resize, OtherTypesAgreeWithBytes) {
  const Tensor photo = read(folder + "testorig.jpg").pixels, deep = Tensor::empty(photo.shape(), u16);
  for (int64_t i = 0; i < photo.numel(); ++i)
    deep.data<uint16_t>()[i] = uint16_t(photo.data<uint8_t>()[i] * 257);
  for (const auto& [filter, name] : cases) {
    const Tensor expected = resize(photo, 50, 260, filter);
    EXPECT_LE(largest_difference(to_u8(resize(deep, 50, 260, filter)), expected), 1) << name;
    const double rounding = filter == Filter::bicubic ? 3 : 1.01;  // bytes clip between the passes
    const Tensor floats = resize(photo.to(f32), 50, 260, filter);
    for (int64_t i = 0; i < floats.numel(); ++i)
      ASSERT_NEAR(std::clamp(floats.data<float>()[i], 0.0f, 255.0f), expected.data<uint8_t>()[i], rounding)
          << name;
  }
}

TEST(Resize, TreatsChannelsAlikeWhateverTheirNumber) {
  Generator random(3);
  for (const Filter filter : {Filter::bilinear, Filter::bicubic})
    for (int64_t channels = 2; channels <= 6; ++channels) {
      const Tensor noise = Tensor::empty({23, 37, channels}, u8);
      for (int64_t i = 0; i < noise.numel(); ++i)
        noise.data<uint8_t>()[i] = random.next() % 3 ? uint8_t(random.next()) : 255;
      for (const auto& [height, width] : {std::pair<int64_t, int64_t>{11, 17}, {60, 7}, {1, 90}, {47, 53}}) {
        const Tensor whole = resize(noise, height, width, filter);
        for (int64_t c = 0; c < channels; ++c)
          EXPECT_TRUE(same_bits(whole.select(2, c), resize(noise.select(2, c), height, width, filter)))
              << channels;
      }
    }
}

TEST(Resize, KeepsFlatImagesAndSizes) {
  for (const auto& [filter, name] : cases)
    for (int64_t channels = 1; channels <= 5; ++channels) {
      const Tensor flat = full({9, 7, channels}, 201, u8);
      EXPECT_TRUE(same_bits(resize(flat, 31, 2, filter), full({31, 2, channels}, 201, u8))) << name;
    }
  const Tensor photo = read(folder + "resize_patch_20x30.png").pixels;
  EXPECT_TRUE(same_bits(resize(photo, 20, 30), photo));
  EXPECT_EQ(resize(zeros({4, 6}, u8), 2, 3).shape(), (Dims{2, 3}));
}

TEST(Resize, CenterFollowsTorchvision) {
  const Tensor photo = read(folder + "testorig.jpg").pixels;  // 149 x 227
  const Tensor expected = center_crop(resize(photo, 64, 64 * 227 / 149), 56, 56);
  EXPECT_TRUE(same_bits(resize_center(photo, 64, 56, 56), expected));
  // rounded half to even: (5 - 2) / 2 = 1.5 -> 2, (3 - 2) / 2 = 0.5 -> 0
  EXPECT_EQ(numbers(center_crop(arange(0, 15, 1, u8).reshape({5, 3}), 2, 2)),
            (std::vector<int>{6, 7, 9, 10}));
}

TEST(Geometry, CropsPadsAndFlips) {
  const Tensor x = bytes({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_EQ(numbers(crop(x, 1, 1, 1, 2)), (std::vector<int>{5, 6}));
  EXPECT_EQ(numbers(flip_horizontal(x)), (std::vector<int>{3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(numbers(flip_vertical(x)), (std::vector<int>{4, 5, 6, 1, 2, 3}));
  EXPECT_EQ(numbers(pad(x, 1, 0, 0, 2, PadMode::constant, 9)),
            (std::vector<int>{9, 9, 9, 9, 9, 1, 2, 3, 9, 9, 4, 5, 6, 9, 9}));
  EXPECT_EQ(numbers(pad(x, 0, 2, 1, 0, PadMode::edge)),
            (std::vector<int>{1, 1, 1, 2, 3, 4, 4, 4, 5, 6, 4, 4, 4, 5, 6}));
  EXPECT_EQ(numbers(pad(x, 1, 2, 0, 1, PadMode::reflect)),
            (std::vector<int>{6, 5, 4, 5, 6, 5, 3, 2, 1, 2, 3, 2, 6, 5, 4, 5, 6, 5}));
}

TEST(Geometry, MovesWholePixelsOfEveryType) {
  for (const DType dtype : {u8, u16, f32})
    for (int64_t channels = 1; channels <= 5; ++channels) {
      const Tensor x = arange(0, double(4 * 5 * channels), 1, dtype).reshape({4, 5, channels});
      EXPECT_TRUE(same_bits(flip_horizontal(flip_horizontal(x)), x));
      EXPECT_TRUE(same_bits(flip_vertical(x).select(0, 0), x.select(0, 3)));
      EXPECT_TRUE(same_bits(flip_horizontal(x).select(1, 0), x.select(1, 4)));
      EXPECT_TRUE(same_bits(crop(pad(x, 2, 3, 1, 1), 2, 3, 4, 5), x));
      EXPECT_TRUE(same_bits(crop(pad(x, 2, 3, 1, 1, PadMode::reflect), 2, 3, 4, 5), x));
    }
}

TEST(Geometry, UprightFollowsExif) {
  Image image(bytes({1, 2, 3, 4, 5, 6}, {2, 3}));
  const std::vector<int> upright_as[] = {{1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4}, {6, 5, 4, 3, 2, 1},
                                         {4, 5, 6, 1, 2, 3}, {1, 4, 2, 5, 3, 6}, {4, 1, 5, 2, 6, 3},
                                         {6, 3, 5, 2, 4, 1}, {3, 6, 2, 5, 1, 4}};
  for (image.orientation = 1; image.orientation <= 8; ++image.orientation) {
    EXPECT_EQ(numbers(upright(image)), upright_as[image.orientation - 1]) << image.orientation;
    EXPECT_EQ(upright(image).size(0), image.orientation < 5 ? 2 : 3);
  }
}

TEST(Geometry, RefusesWhatDoesNotFit) {
  const Tensor x = zeros({4, 5, 3}, u8);
  EXPECT_THROW(crop(x, 0, 0, 5, 5), Error);
  EXPECT_THROW(crop(x, 3, 0, 2, 1), Error);
  EXPECT_THROW(crop(x, -1, 0, 2, 1), Error);
  EXPECT_THROW(crop(x, INT64_MAX, 0, 2, 1), Error);
  EXPECT_THROW(center_crop(x, 5, 5), Error);
  EXPECT_THROW(pad(x, 4, 0, 0, 0, PadMode::reflect), Error);
  EXPECT_THROW(pad(x, -1, 0, 0, 0), Error);
  EXPECT_THROW(pad(x, 1, 0, 0, 0, PadMode::constant, 256), Error);
  EXPECT_THROW(resize(x, 0, 4), Error);
  EXPECT_THROW(resize(x, int64_t{1} << 40, int64_t{1} << 40), Error);
  EXPECT_THROW(resize(zeros({4, 5, 3}, i64), 2, 2), Error);
  EXPECT_THROW(resize(zeros({2, 4, 5, 3}, u8), 2, 2), Error);
  EXPECT_THROW(resize(zeros({0, 5, 3}, u8), 2, 2), Error);
  EXPECT_THROW(to_rgb(x, ColorModel::cmyk), Error);
}

TEST(Color, EqualsPillow) {
  const Image photo = read(folder + "testorig.jpg");
  EXPECT_TRUE(same_bits(to_gray(photo), read(folder + "testorig_gray.png").pixels));
  const Tensor ink = crop(read(folder + "pil_sample_cmyk.jpg").pixels, 30, 20, 30, 40);
  EXPECT_TRUE(same_bits(to_rgb(ink, ColorModel::cmyk), read(folder + "pil_sample_cmyk_as_rgb.png").pixels));
}

TEST(Color, ConvertsEveryModel) {
  EXPECT_EQ(numbers(to_rgb(Image(bytes({7, 9}, {1, 2})))), (std::vector<int>{7, 7, 7, 9, 9, 9}));
  EXPECT_EQ(numbers(to_rgb(Image(bytes({7, 1}, {1, 1, 2})))), (std::vector<int>{7, 7, 7}));
  EXPECT_EQ(numbers(to_rgb(Image(bytes({7, 8, 9, 1}, {1, 1, 4})))), (std::vector<int>{7, 8, 9}));
  EXPECT_EQ(numbers(to_gray(Image(bytes({7, 1}, {1, 1, 2})))), (std::vector<int>{7}));
  EXPECT_EQ(numbers(to_gray(tensor({65535, 65535, 65535}, {1, 1, 3}, u16), ColorModel::rgb)),
            (std::vector<int>{65535}));
  EXPECT_NEAR(to_gray(tensor({0, 1, 0}, {1, 1, 3}), ColorModel::rgb).item(), 0.587, 1e-6);
  EXPECT_EQ(numbers(to_gray(bytes({0, 0, 0, 255}, {1, 1, 4}), ColorModel::cmyk)), (std::vector<int>{0}));
  EXPECT_EQ(numbers(to_u8(tensor({0, 128, 129, 65535}, {2, 2}, u16))), (std::vector<int>{0, 0, 1, 255}));
  EXPECT_EQ(numbers(to_u8(tensor({-1, 0.5, NAN, 9}, {2, 2}))), (std::vector<int>{0, 128, 0, 255}));
}

TEST(FloatChw, NormalisesPerChannel) {
  for (const DType dtype : {u8, u16}) {
    const double full = dtype == u8 ? 255 : 65535;
    const Tensor x = tensor({0, full, full, 0, full / 5, full * 2 / 5}, {1, 2, 3}, dtype);
    const Tensor y = to_float_chw(x, {0.5f, 0, 0.25f}, {0.5f, 1, 2});
    EXPECT_EQ(y.shape(), (Dims{3, 1, 2}));
    const float expected[] = {-1, -1, 1, 0.2f, 0.375f, 0.075f};
    for (int i = 0; i < 6; ++i) EXPECT_NEAR(y.data<float>()[i], expected[i], 1e-6) << name_of(dtype);
  }
  const Tensor photo = read(folder + "testorig.jpg").pixels;  // large enough for the table of results
  const Tensor y = to_float_chw(photo, {0.4f}, {0.2f});
  for (const int64_t at : {0, 5000, 33000})
    EXPECT_EQ(y.data<float>()[2 * 149 * 227 + at],
              (float(photo.data<uint8_t>()[3 * at + 2]) / 255 - 0.4f) / 0.2f);
}

TEST(FloatChw, WritesIntoABatch) {
  const Tensor batch = zeros({2, 1, 2, 2}), x = bytes({0, 51, 102, 255}, {2, 2});
  to_float_chw_into(batch.select(0, 1), x);
  EXPECT_EQ(batch.at<float>({0, 0, 1, 1}), 0);
  EXPECT_EQ(batch.at<float>({1, 0, 1, 1}), 1);
  EXPECT_FLOAT_EQ(batch.at<float>({1, 0, 0, 1}), 0.2f);
  EXPECT_THROW(to_float_chw_into(batch.select(0, 1), zeros({3, 2}, u8)), Error);
  EXPECT_THROW(to_float_chw(zeros({2, 2, 3}, u8), {0.1f, 0.2f}, {1}), Error);
  EXPECT_THROW(to_float_chw(zeros({2, 2, 3}, u8), {0}, {0}), Error);
}

}  // namespace
}  // namespace fovea::image
