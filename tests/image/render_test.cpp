// What an eye sees of tables that no screen can hold: windows, palettes, channels, Lab; and limits of the
// limits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "fovea/image.h"

namespace fovea::image {
namespace {

std::vector<int> bytes_of(const Tensor& t) { return {t.data<uint8_t>(), t.data<uint8_t>() + t.numel()}; }

/// The first channel of each pixel.
std::vector<int> grays(const Tensor& rgb) {
  std::vector<int> out;
  for (int64_t i = 0; i < rgb.numel(); i += 3) out.push_back(rgb.data<uint8_t>()[i]);
  return out;
}

TEST(Render, WindowsSpreadValuesFromBlackToWhite) {
  Image ct(tensor({0, 900, 1000, 1100, 4000}, {1, 5}, i16));
  ct.slope = 2, ct.intercept = -1000;  // -1000, 800, 1000, 1200, 7000
  EXPECT_EQ(grays(render(ct, {.window = Window{1000, 400}})), (std::vector<int>{0, 0, 128, 255, 255}));
  ct.window = Window{1000, 400};
  EXPECT_EQ(grays(render(ct)), (std::vector<int>{0, 0, 128, 255, 255}));
  ct.inverted = true;
  EXPECT_EQ(grays(render(ct)), (std::vector<int>{255, 255, 128, 0, 0}));
  EXPECT_THROW(render(ct, {.window = Window{0, 0}}), Error);
}

TEST(Render, WithoutAWindowTheRangeIsShown) {
  const float nothing = std::nanf("");
  const Image field(tensor({-2, 0, 2, nothing, INFINITY}, {1, 5}, f32));
  EXPECT_EQ(grays(render(field)), (std::vector<int>{0, 128, 255, 0, 255}));
  EXPECT_EQ(grays(render(Image(full({1, 2}, 7, u16)))), (std::vector<int>{128, 128}));
}

TEST(Render, PercentilesLeaveOutliersOut) {
  Tensor numbers = Tensor::empty({1, 101}, f32);
  for (int i = 0; i < 101; ++i) numbers.data<float>()[i] = float(i);
  numbers.data<float>()[100] = 1e6f;
  const Image field(numbers);
  const RenderOptions options{.percentiles = std::array{10., 90.}};
  const auto window = shown_window(field, options);
  ASSERT_TRUE(window.has_value());
  EXPECT_EQ(window->center, 50);
  EXPECT_EQ(window->width, 80);
  const auto seen = grays(render(field, options));
  EXPECT_EQ(seen[10], 0);
  EXPECT_EQ(seen[50], 128);
  EXPECT_EQ(seen[90], 255);
  EXPECT_EQ(shown_window(field)->width, 1e6);  // without: the whole range
  EXPECT_FALSE(shown_window(Image(full({2, 2, 3}, 7, u8))).has_value());
  EXPECT_THROW(render(field, {.percentiles = std::array{90., 10.}}), Error);
}

TEST(ContactSheet, ScalesPicturesIntoTheirCells) {
  const Cell red{full({10, 20, 3}, 200, u8), "a"}, wide{full({100, 1000, 3}, 90, u8), "b"};
  const Tensor sheet = contact_sheet(std::vector<Cell>{red, wide, red}, 400);
  EXPECT_LE(sheet.size(1), 400);
  const uint8_t* p = sheet.data<uint8_t>();
  EXPECT_GT(std::count(p, p + sheet.numel(), 200), 3 * 2 * 10 * 20 * 4);  // grown by a whole factor
  EXPECT_GT(std::count(p, p + sheet.numel(), 90), 1000);
  EXPECT_EQ(shrink_to(wide.picture, 100).shape(), (Dims{10, 100, 3}));
  EXPECT_EQ(shrink_to(red.picture, 100).shape(), red.picture.shape());
  EXPECT_THROW(contact_sheet({}, 400), Error);
}

TEST(Render, EightBitsStayAsTheyAre) {
  const Image rgb(tensor({1, 2, 3, 200, 100, 50}, {1, 2, 3}, u8));
  EXPECT_TRUE(same_bits(render(rgb), rgb.pixels));
  EXPECT_EQ(grays(render(Image(tensor({3, 77}, {1, 2}, u8)))), (std::vector<int>{3, 77}));
}

TEST(Render, PalettesColourOneChannel) {
  const Image ramp(tensor({0, 255}, {1, 2}, u8));
  EXPECT_EQ(bytes_of(render(ramp, {.palette = "viridis"})), (std::vector<int>{68, 1, 84, 253, 231, 37}));
  EXPECT_EQ(bytes_of(render(ramp, {.palette = "hot"})), (std::vector<int>{0, 0, 0, 255, 255, 255}));
  for (const char* name : palette_names())
    EXPECT_EQ(render(ramp, {.palette = name}).shape(), (Dims{1, 2, 3}));
  EXPECT_THROW(render(ramp, {.palette = "mauve"}), Error);
}

TEST(Render, ManyChannelsShowThreeOrTheOneChosen) {
  const Image bands(tensor({10, 20, 30, 40, 50}, {1, 1, 5}, u8));
  EXPECT_EQ(bytes_of(render(bands)), (std::vector<int>{10, 20, 30}));
  EXPECT_EQ(bytes_of(render(bands, {.channel = 4})), (std::vector<int>{50, 50, 50}));
  EXPECT_EQ(bytes_of(render(bands, {.bands = {4, 0, 2}})), (std::vector<int>{50, 10, 30}));
  EXPECT_THROW(render(bands, {.bands = {0, 1, 5}}), Error);
  EXPECT_THROW(render(bands, {.bands = {0, 1}}), Error);
  EXPECT_THROW(render(bands, {.channel = 5}), Error);
  EXPECT_THROW(to_rgb(bands), Error);
  EXPECT_THROW(to_gray(bands), Error);
}

/// As many channels as a camera has: from file to network and to the eye.
TEST(Multispectral, ChannelsStayApart) {
  for (const DType dtype : {u8, u16, f32}) {
    const Tensor cube = arange(0, 6 * 5 * 11, 1, f32).reshape({6, 5, 11}).to(dtype);
    const Image image(cube);
    EXPECT_EQ(image.color, ColorModel::many);
    for (const Format& f : formats())
      if (f.writes && (f.name == "npy" || f.name == "tiff" || (f.name == "pnm" && dtype != f32))) {
        EXPECT_TRUE(same_bits(decode(encode(image, f.name)).pixels, cube)) << f.name << name_of(dtype);
      }
    const Tensor small = resize(flip_horizontal(crop(cube, 1, 0, 4, 5)), 2, 3), chw = to_float_chw(small);
    EXPECT_EQ(chw.shape(), (Dims{11, 2, 3}));
    for (int64_t c = 0; c < 11; ++c) {
      const Tensor alone = cube.select(2, c);
      const Tensor one = resize(flip_horizontal(crop(alone, 1, 0, 4, 5)), 2, 3);
      EXPECT_TRUE(same_bits(chw.select(0, c), to_float_chw(one).select(0, 0)));
    }
    EXPECT_EQ(render(image, {.bands = {10, 3, 7}}).shape(), (Dims{6, 5, 3}));
  }
}

/// The primaries of sRGB under D50 (brucelindbloom.com, Bradford).
TEST(Lab, PrimariesOfTheScreen) {
  const std::vector<std::vector<double>> lab{
      {54.29, 80.81, 69.89}, {87.82, -79.27, 80.99}, {29.57, 68.30, -112.03}, {100, 0, 0}, {0, 0, 0}};
  const std::vector<std::vector<int>> rgb{{255, 0, 0}, {0, 255, 0}, {0, 0, 255}, {255, 255, 255}, {0, 0, 0}};
  for (size_t i = 0; i < lab.size(); ++i) {
    const Tensor deep = tensor({lab[i][0], lab[i][1], lab[i][2]}, {1, 1, 3}, f32);
    const std::vector<int> seen = bytes_of(to_u8(to_rgb(deep, ColorModel::lab)));
    const Tensor words = tensor({std::round(lab[i][0] * 655.35), std::round(lab[i][1] * 256 + 32768),
                                 std::round(lab[i][2] * 256 + 32768)},
                                {1, 1, 3}, i32);
    const std::vector<int> of_words = bytes_of(to_u8(to_rgb(words.to(u16), ColorModel::lab)));
    for (size_t c = 0; c < 3; ++c) {
      EXPECT_NEAR(seen[c], rgb[i][c], 1) << i;
      EXPECT_NEAR(of_words[c], rgb[i][c], 1) << i;
    }
  }
}

TEST(Statistics, AreThoseOfTheValues) {
  Image t(tensor({0, 10, 20, 30}, {2, 2}, i16));
  t.slope = 0.5, t.intercept = 1, t.unit = "HU";
  EXPECT_EQ(statistics_text(t), "gray       min 1  mean 8.5  max 16  std 5.59017 HU\n");
  EXPECT_EQ(statistics_text(Image(tensor({1, INFINITY, 3}, {1, 3}, f32))),
            "gray       min 1  mean 2  max 3  std 1  1 not finite\n");
  EXPECT_EQ(pixel_table(Image(tensor({-5, 1234}, {1, 2}, i16))), "  -5 1234\n");
  EXPECT_EQ(pixel_table(Image(tensor({0.5, -1.25}, {1, 2}, f32))), "  0.5 -1.25\n");
}

}  // namespace
}  // namespace fovea::image
