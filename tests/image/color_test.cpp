// Every colour model into every other, against colour-science and Little CMS (make_colors.py), in each type.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <sstream>

#include "../files.h"
#include "base/file.h"
#include "fovea/image.h"
#include "fovea/random.h"

namespace fovea::image {
namespace {

const std::string folder = FOVEA_SOURCE_DIR "/tests/image/data/";

constexpr ColorModel models[]{ColorModel::rgb, ColorModel::gray, ColorModel::cmyk, ColorModel::xyz,
                              ColorModel::lab, ColorModel::hsv,  ColorModel::ycbcr};

std::vector<std::vector<double>> rows_of(const std::string& file) {
  return fovea::test::numbers_of(folder + file);
}

/// (1, n, C) f32: the coordinates of all colours of colors.tsv in `model`.
Tensor coordinates(ColorModel model) {
  const auto rows = rows_of("colors.tsv");
  size_t start = 0;
  for (const ColorModel m : models) {
    if (m == model) break;
    start += size_t(channels_of(m));
  }
  const int channels = channels_of(model);
  const Tensor out = Tensor::empty({1, int64_t(rows.size()), channels}, f32);
  float* to = out.data<float>();
  for (const auto& row : rows)
    for (int c = 0; c < channels; ++c) *to++ = float(row.at(start + size_t(c)));
  return out;
}

/// How integers hold the coordinates, in words of image.h's ColorModel, unrounded.
double packed(double v, ColorModel model, int channel, double full) {
  const double middle = (full + 1) / 2;
  if (model == ColorModel::xyz) return v * middle;
  if (model == ColorModel::lab) return channel == 0 ? v * full / 100 : v * (full + 1) / 256 + middle;
  if (model == ColorModel::ycbcr && channel > 0) return (v - 0.5) * full + middle;
  return v * full;
}

/// Largest difference in units of 1/255 of the range of each channel; of HSV, whose hue means nothing where
/// there is no colour, as points of its cone.
double distance(const Tensor& a, const Tensor& b, ColorModel model) {
  EXPECT_EQ(a.shape(), b.shape());
  double largest = 0;
  for (int64_t i = 0; i < a.numel(); ++i) {
    const int channel = int(i % a.size(2));
    double d = std::abs(packed(a.data<float>()[i], model, channel, 255) -
                        packed(b.data<float>()[i], model, channel, 255));
    if (model == ColorModel::hsv && channel == 0)
      d = std::min(d, std::abs(255 - d)) * b.data<float>()[i + 1] * b.data<float>()[i + 2];
    if (model == ColorModel::hsv && channel == 1) d *= b.data<float>()[i + 1];
    largest = std::max(largest, d);
  }
  return largest;
}

TEST(Convert, EveryPairIsThatOfColourScience) {
  for (const ColorModel from : models)
    for (const ColorModel to : models) {
      if (from == ColorModel::gray && to != ColorModel::gray) continue;  // knows no colours any more
      const Tensor got = convert(coordinates(from), from, to);
      const double most =
          to == ColorModel::cmyk ? 0.1 : 0.01;  // ink of the darkest colours divides by little
      EXPECT_LT(distance(got, coordinates(to), to), most) << name_of(from) << " to " << name_of(to);
    }
}

TEST(Convert, IntegersAreTheFloatsRounded) {
  const Tensor colors = coordinates(ColorModel::rgb);
  for (const DType dtype : {u8, u16}) {
    const double full = dtype == u8 ? 255 : 65535;
    const Tensor rgb = Tensor::empty(colors.shape(), dtype);
    for (int64_t i = 0; i < rgb.numel(); ++i) {
      const double v = std::round(colors.data<float>()[i] * full);
      if (dtype == u8) rgb.data<uint8_t>()[i] = uint8_t(v);
      else rgb.data<uint16_t>()[i] = uint16_t(v);
    }
    for (const ColorModel to : models) {
      const Tensor truth = coordinates(to), got = convert(rgb, ColorModel::rgb, to).to(f32);
      const double most = dtype == u8              ? 0.51
                          : to == ColorModel::gray ? 1.01
                                                   : 12;  // 4 digits in the IEC's matrix
      for (int64_t i = 0; i < got.numel(); ++i) {
        const double wanted = packed(truth.data<float>()[i], to, int(i % got.size(2)), full);
        ASSERT_NEAR(got.data<float>()[i], std::clamp(wanted, 0.0, full), most) << name_of(to) << " " << i;
      }
    }
  }
}

/// From any model's integers: what the floats give for the same coordinates, rounded once.
TEST(Convert, EveryPairOfIntegersIsRoundedOnce) {
  Generator random(5);
  for (const ColorModel from : models)
    for (const ColorModel to : models) {
      const int channels = channels_of(from);
      const Tensor bytes = Tensor::empty({7, 90, channels}, u8), real = Tensor::empty({7, 90, channels}, f32);
      for (int64_t i = 0; i < bytes.numel(); ++i) {
        const int c = int(i % channels);
        const uint8_t v = bytes.data<uint8_t>()[i] = uint8_t(random.next());
        const double zero = packed(0, from, c, 255), one = packed(1, from, c, 255);
        real.data<float>()[i] = float((v - zero) / (one - zero));
      }
      const Tensor got = convert(bytes, from, to), truth = convert(real, from, to);
      for (int64_t i = 0; i < got.numel(); ++i) {
        const double wanted = packed(truth.data<float>()[i], to, int(i % got.size(2)), 255);
        ASSERT_NEAR(got.data<uint8_t>()[i], std::clamp(wanted, 0.0, 255.0), 0.51)
            << name_of(from) << " to " << name_of(to) << " " << i;
      }
    }
}

/// What leaves the screen's range comes back from floats, and is cut to it in integers.
TEST(Convert, ColoursBeyondTheScreen) {
  const Tensor lab = tensor({60, -100, 20}, {1, 1, 3});
  const Tensor rgb = convert(lab, ColorModel::lab, ColorModel::rgb);
  EXPECT_LT(rgb.data<float>()[0], 0);
  const Tensor back = convert(rgb, ColorModel::rgb, ColorModel::lab);
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(back.data<float>()[i], lab.data<float>()[i], 2e-3);
  EXPECT_EQ(
      convert(tensor({153, 28, 148}, {1, 1, 3}, u8), ColorModel::lab, ColorModel::rgb).at<uint8_t>({0, 0, 0}),
      0);
  // NaN stays NaN and reads no table out of bounds
  EXPECT_TRUE(
      std::isnan(convert(tensor({NAN, 0, 0}, {1, 1, 3}), ColorModel::xyz, ColorModel::lab).data<float>()[0]));
}

TEST(Convert, AlphaIsKeptDroppedOrFull) {
  const Tensor rgba = tensor({10, 20, 30, 40, 50, 60, 70, 80}, {1, 2, 4}, u8);
  const auto numbers = [](const Tensor& t) { return t.to(i32).to_vector<int32_t>(); };
  EXPECT_EQ(numbers(convert(rgba, ColorModel::rgba, ColorModel::rgb)),
            (std::vector<int32_t>{10, 20, 30, 50, 60, 70}));
  EXPECT_EQ(numbers(convert(rgba, ColorModel::rgba, ColorModel::gray_alpha)),
            (std::vector<int32_t>{18, 40, 58, 80}));
  EXPECT_EQ(numbers(convert(tensor({7, 9}, {1, 1, 2}, u16), ColorModel::gray_alpha, ColorModel::rgba)),
            (std::vector<int32_t>{7, 7, 7, 9}));
  EXPECT_EQ(numbers(convert(tensor({7}, {1, 1}, u16), ColorModel::gray, ColorModel::rgba)),
            (std::vector<int32_t>{7, 7, 7, 65535}));
  EXPECT_TRUE(same_bits(convert(rgba, ColorModel::rgba, ColorModel::rgba), rgba));
  EXPECT_EQ(convert(rgba, ColorModel::rgba, ColorModel::hsv).shape(), (Dims{1, 2, 3}));
}

TEST(Convert, RefusesWhatHasNoColour) {
  EXPECT_THROW(convert(zeros({2, 2, 5}, u8), ColorModel::many, ColorModel::rgb), Error);
  EXPECT_THROW(convert(zeros({2, 2, 3}, u8), ColorModel::rgb, ColorModel::many), Error);
  EXPECT_THROW(convert(zeros({2, 2, 3}, u8), ColorModel::cmyk, ColorModel::rgb), Error);
  EXPECT_THROW(convert(zeros({2, 2, 3}, i64), ColorModel::rgb, ColorModel::lab), Error);
  EXPECT_EQ(color_named("ycbcr"), ColorModel::ycbcr);
  EXPECT_EQ(color_named("gray+alpha"), ColorModel::gray_alpha);
  EXPECT_THROW(color_named("mauve"), Error);
}

TEST(Convert, PicturesKeepTheirHeader) {
  Image photo = read(folder + "testorig.jpg");
  const Image lab = convert(photo, ColorModel::lab);
  EXPECT_EQ(lab.color, ColorModel::lab);
  EXPECT_EQ(lab.shape, lab.pixels.shape());
  EXPECT_EQ(lab.name, photo.name);
  EXPECT_LE(distance(convert(lab, ColorModel::rgb).pixels.to(f32), photo.pixels.to(f32), ColorModel::gray),
            255 * 4);
  EXPECT_EQ(render(lab).shape(), photo.pixels.shape());
}

// ---- Profiles ----

/// All colours of profiles.tsv in one profile, (1, n, C).
struct Profiled {
  std::string profile;
  Tensor pixels, seen, truth;  // u8 in the profile's colours; u8 sRGB by Little CMS; f32 sRGB by the formulas
};

void append(std::vector<double>& to, const std::string& text) {
  std::istringstream fields(text);
  for (double v = 0; fields >> v;) to.push_back(v);
}

Tensor row(const std::vector<double>& values, int64_t count, DType dtype) {
  const Tensor t = Tensor::empty({1, count, int64_t(values.size()) / count}, f32);
  std::copy(values.begin(), values.end(), t.data<float>());
  return t.to(dtype);
}

Profiled profiled(const std::string& wanted) {
  std::vector<double> pixels, seen, truth;
  int64_t count = 0;
  std::ifstream table(folder + "profiles.tsv");
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string column;
    std::getline(fields, column, '\t');
    if (column != wanted) continue;
    ++count;
    for (std::vector<double>* values : {&pixels, &seen, &truth})
      if (std::getline(fields, column, '\t')) append(*values, column);
  }
  return {wanted, row(pixels, count, u8), row(seen, count, u8),
          truth.empty() ? Tensor() : row(truth, count, f32)};
}

Image with_profile(const Tensor& pixels, const std::string& profile) {
  Image image = pixels.size(2) == 4 ? Image(pixels, ColorModel::cmyk) : Image(pixels);
  image.icc = read_file(folder + profile + ".icc");
  return image;
}

Tensor scaled(const Tensor& t, double by, DType dtype) {
  const Tensor out = t.to(f32).clone();
  for (int64_t i = 0; i < out.numel(); ++i) out.data<float>()[i] = float(out.data<float>()[i] * by);
  return out.to(dtype);
}

TEST(Profile, EqualsLittleCmsAndTheFormulas) {
  if (!has_profiles()) GTEST_SKIP() << "this build goes without Little CMS";
  for (const char* const name : {"wide", "gray", "ink"}) {
    const Profiled c = profiled(name);
    ASSERT_GT(c.pixels.size(1), 13) << name;
    const Tensor bytes = apply_profile(with_profile(c.pixels, name)).pixels;
    const Tensor words = apply_profile(with_profile(scaled(c.pixels, 257, u16), name)).pixels;
    const Tensor reals = apply_profile(with_profile(scaled(c.pixels, 1 / 255.0, f32), name)).pixels;
    EXPECT_EQ(bytes.dtype(), u8);
    EXPECT_EQ(words.dtype(), u16);
    EXPECT_EQ(reals.dtype(), f32);
    ASSERT_EQ(reals.shape(), c.seen.shape());
    for (int64_t i = 0; i < c.seen.numel(); ++i) {
      const double seen = c.seen.data<uint8_t>()[i];
      EXPECT_NEAR(bytes.data<uint8_t>()[i], seen, 1) << name;
      EXPECT_NEAR(words.data<uint16_t>()[i] / 257.0, seen, 1) << name;
      EXPECT_NEAR(std::clamp(reals.data<float>()[i] * 255.0, 0.0, 255.0), seen, 1) << name;
      if (!c.truth.defined()) continue;
      const double truth = 255 * c.truth.data<float>()[c.truth.numel() == c.seen.numel() ? i : i / 3];
      EXPECT_NEAR(bytes.data<uint8_t>()[i], std::clamp(truth, 0.0, 255.0), 1) << name;
      if (truth >= 0) {
        EXPECT_NEAR(reals.data<float>()[i] * 255.0, truth, 0.3) << name;
      }
    }
  }
}

TEST(Profile, IsAppliedWhenAConversionNeedsIt) {
  if (!has_profiles()) GTEST_SKIP() << "this build goes without Little CMS";
  Image ink = with_profile(tensor({255, 0, 0, 0}, {1, 1, 4}, u8), "ink");
  EXPECT_EQ(profile_name(ink.icc), "ink test");
  const Image seen = convert(ink, ColorModel::rgb);
  EXPECT_NEAR(seen.pixels.at<uint8_t>({0, 0, 1}), 190, 1);
  EXPECT_TRUE(seen.icc.empty());
  EXPECT_EQ(convert(ink, ColorModel::cmyk).icc, ink.icc);
  EXPECT_TRUE(same_bits(render(ink, {.profile = true}), seen.pixels));
  EXPECT_EQ(render(ink).at<uint8_t>({0, 0, 1}), 255);  // as stored
  EXPECT_EQ(to_rgb(ink).at<uint8_t>({0, 0, 1}), 255);
  ink.icc.clear();
  EXPECT_EQ(convert(ink, ColorModel::rgb).pixels.at<uint8_t>({0, 0, 1}), 255);

  Image wide = with_profile(tensor({100, 180, 120, 33}, {1, 1, 4}, u8), "wide");
  wide.color = ColorModel::rgba;
  const Image screen = convert(wide, ColorModel::rgba);
  EXPECT_EQ(screen.pixels.at<uint8_t>({0, 0, 3}), 33);
  EXPECT_LT(screen.pixels.at<uint8_t>({0, 0, 0}), 80);
}

TEST(Profile, IsReadAndWrittenWithThePicture) {
  const std::string files = FOVEA_SOURCE_DIR "/tests/image/formats/";
  const Bytes wide = read_file(folder + "wide.icc"), ink = read_file(folder + "ink.icc");
  for (const Format& f : formats()) {
    if (!f.reads) continue;
    if (f.name == "png" || f.name == "webp") {
      EXPECT_EQ(read(files + "profile." + f.name).icc, wide) << f.name;
    } else if (f.name == "tiff") {
      EXPECT_EQ(read(files + "profile.tif").icc.size(), 332u);
    } else if (f.name == "jpeg") {
      EXPECT_EQ(read(files + "profile_ink.jpg").icc, ink);
    } else {
      continue;
    }
    Image image(full({4, 5, 3}, 90, u8));
    image.icc = wide;
    if (f.name != "webp") {
      EXPECT_EQ(decode(encode(image, f.name)).icc, wide) << f.name;
    }
  }
}

TEST(Profile, WhatDoesNotFitIsAnError) {
  Image image(zeros({2, 2, 3}, u8));
  EXPECT_THROW(apply_profile(image), Error);
  image.icc = {1, 2, 3};
  EXPECT_THROW(apply_profile(image), Error);
  if (!has_profiles()) return;
  image.icc = read_file(folder + "gray.icc");
  try {
    apply_profile(image);
    FAIL();
  } catch (const Error& e) {
    EXPECT_NE(std::string(e.what()).find("is for 'GRAY', its pixels are RGB"), std::string::npos) << e.what();
  }
  EXPECT_THROW(apply_profile(with_profile(zeros({1, 1, 5}, u8), "wide")), Error);
}

/// Damaged profiles: an Error or a picture, nothing else.
TEST(Profile, RandomDamage) {
  if (!has_profiles()) GTEST_SKIP() << "this build goes without Little CMS";
  int applied = 0;
  for (uint64_t i = 0; i < 100; ++i) {
    Generator random(2026, i);
    const char* const name = i % 3 == 0 ? "wide" : i % 3 == 1 ? "gray" : "ink";
    Image image = with_profile(zeros({1, 2, i % 3 == 0 ? 3 : i % 3 == 1 ? 1 : 4}, u8), name);
    const size_t front = random.below(2) ? 300 : image.icc.size();
    for (uint64_t k = random.below(6) + 1; k > 0; --k)
      image.icc[random.below(std::min(front, image.icc.size()))] = uint8_t(random.next());
    if (random.below(4) == 0) image.icc.resize(random.below(image.icc.size()));
    try {
      applied += apply_profile(image).channels() == 3;
    } catch (const Error&) {
    }
  }
  EXPECT_GT(applied, 20);
  EXPECT_LT(applied, 100);
}

}  // namespace
}  // namespace fovea::image
