// The functional kernels against torchvision and OpenCV (reference/make_reference.py), against the same
// kernels at other depths, and against what they promise.
#include "fovea/transforms/functional.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <map>

#include "fovea/random.h"
#include "fovea/safetensors.h"
#include "fovea/transforms.h"

namespace fovea::data {
namespace {

namespace f = functional;
using Kernel = std::function<void(Sample&)>;

const std::map<std::string, Tensor>& references() {
  static const auto all = [] {
    std::map<std::string, Tensor> m;
    for (const auto& [name, t] :
         load_safetensors(FOVEA_SOURCE_DIR "/tests/data/reference/transforms.safetensors"))
      m[name] = t;
    return m;
  }();
  return all;
}
const Tensor& reference(const std::string& name) { return references().at(name); }

/// A kernel of images alone as one of samples.
Kernel of_image(std::function<Tensor(const Tensor&)> kernel) {
  return [=](Sample& s) { s.image = kernel(s.image); };
}
Kernel change(Change what, double magnitude) {
  return [=](Sample& s) { f::apply(s, what, magnitude); };
}

const f::Affine moved{.angle = 17, .translate = {3, -2}, .scale = 1.2, .shear = {8, -5}};
constexpr double right = 25, bottom = 18;
const std::array<std::array<double, 2>, 4> corners{{{0, 0}, {right, 0}, {right, bottom}, {0, bottom}}},
    bent{{{3, 1}, {21, 2}, {24, 15}, {2, 16}}};

Kernel affine(const f::Affine& t, Filter filter = Filter::nearest, const Fill& fill = 0) {
  return [=](Sample& s) { f::warp(s, f::affine_map({s.image.size(1), s.image.size(2)}, t), filter, fill); };
}

/// How far a result may lie from the reference, in 255ths of white.
struct Case {
  Kernel kernel;
  double u8 = 0, f32 = 1e-3;  // largest difference
  double pixels = 0;          // part of the pixels that may differ by more: on the edge between two sources
};

const std::map<std::string, Case>& cases() {
  static const std::map<std::string, Case> all{
      {"brightness", {of_image([](auto& x) { return f::adjust_brightness(x, 1.3f); })}},
      {"contrast", {of_image([](auto& x) { return f::adjust_contrast(x, 1.6f); }), 1}},
      {"contrast_low", {of_image([](auto& x) { return f::adjust_contrast(x, 0.4f); }), 1}},
      {"saturation", {of_image([](auto& x) { return f::adjust_saturation(x, 1.7f); }), 1}},
      {"saturation_low", {of_image([](auto& x) { return f::adjust_saturation(x, 0.3f); }), 1}},
      {"hue", {of_image([](auto& x) { return f::adjust_hue(x, 0.17f); }), 1}},
      {"hue_back", {of_image([](auto& x) { return f::adjust_hue(x, -0.45f); }), 1}},
      {"gray", {of_image([](auto& x) { return f::rgb_to_grayscale(x); }), 1}},
      {"posterize", {of_image([](auto& x) { return f::posterize(x, 3); })}},
      {"solarize", {of_image([](auto& x) { return f::solarize(x, 0.6); })}},
      {"invert", {of_image(f::invert)}},
      {"autocontrast", {of_image(f::autocontrast), 1}},
      {"equalize", {of_image(f::equalize)}},
      {"sharpness", {of_image([](auto& x) { return f::adjust_sharpness(x, 2.2f); }), 1}},
      {"blur_edges", {of_image([](auto& x) { return f::adjust_sharpness(x, 0); })}},
      {"gaussian_blur", {of_image([](auto& x) {
         return f::gaussian_blur(x, {5, 7}, 1.3);
       })}},
      {"crop_beyond", {[](Sample& s) { f::crop(s, -3, 5, 12, 30); }}},
      {"pad_edge", {[](Sample& s) { f::crop(s, -2, -3, 25, 30, Padding::edge); }}},
      {"pad_reflect", {[](Sample& s) { f::crop(s, -2, -3, 25, 30, Padding::reflect); }}},
      {"pad_symmetric", {[](Sample& s) { f::crop(s, -2, -3, 25, 30, Padding::symmetric); }}},
      {"pad_fill", {[](Sample& s) {
         f::crop(s, -2, -3, 25, 30, Padding::constant, {10, 20, 30});
       }}},
      {"center_crop", {[](Sample& s) {
         Generator none;
         CenterCrop({9, 13}).apply(s, none);
       }}},
      {"horizontal_flip", {[](Sample& s) { f::horizontal_flip(s); }}},
      {"vertical_flip", {[](Sample& s) { f::vertical_flip(s); }}},
      {"smaller", {[](Sample& s) { f::resize(s, 11, 9); }, 1}},
      {"larger", {[](Sample& s) { f::resize(s, 31, 40); }, 1}},
      {"bicubic", {[](Sample& s) { f::resize(s, 11, 40, Filter::bicubic); }, 1}},
      {"resized_crop", {[](Sample& s) { f::crop(s, 3, 4, 12, 17), f::resize(s, 8, 21); }, 1}},
      {"affine", {affine(moved), 0, 1e-3, 0.002}},
      {"affine_bilinear", {affine(moved, Filter::bilinear), 1, 0.02}},
      {"affine_center",
       {[](Sample& s) {
          f::warp(s, f::affine_map({19, 26}, moved, {4, 5}), Filter::bilinear);
        },
        1, 0.02}},
      {"affine_fill", {affine(moved, Filter::nearest, {9, 8, 7}), 0, 1e-3, 0.002}},
      {"rotate", {affine({.angle = -33}), 0, 1e-3, 0.002}},
      {"rotate_bilinear", {affine({.angle = 71}, Filter::bilinear), 1, 0.02}},
      {"perspective",
       {[](Sample& s) { f::warp(s, f::perspective_map(corners, bent), Filter::bilinear); }, 1, 0.02}},
      {"perspective_nearest",
       {[](Sample& s) { f::warp(s, f::perspective_map(corners, bent)); }, 0, 1e-3, 0.003}},
      {"elastic", {[](Sample& s) { f::elastic(s, reference("displacement")); }, 1, 0.02}},
      {"elastic_nearest",
       {[](Sample& s) { f::elastic(s, reference("displacement"), Filter::nearest); }, 0, 1e-3, 0.002}},
      {"clahe",
       {of_image([](auto& x) {
          return f::clahe(x, x.dtype() == u16 ? 900 : 2.5, {4, 3});
        }),
        1}},
      {"change_ShearX", {change(Change::shear_x, -0.23), 0, 0, 0.002}},
      {"change_ShearY", {change(Change::shear_y, 0.3), 0, 0, 0.002}},
      {"change_TranslateX", {change(Change::translate_x, 6.9)}},
      {"change_TranslateY", {change(Change::translate_y, -4.2)}},
      {"change_Rotate", {change(Change::rotate, 21), 0, 0, 0.002}},
      {"change_Brightness", {change(Change::brightness, -0.4)}},
      {"change_Color", {change(Change::color, 0.5), 1}},
      {"change_Contrast", {change(Change::contrast, 0.6), 1}},
      {"change_Sharpness", {change(Change::sharpness, -0.7), 1}},
      {"change_Posterize", {change(Change::posterize, 4)}},
      {"change_Solarize", {change(Change::solarize, 0.4)}},
      {"change_AutoContrast", {change(Change::autocontrast, 0), 1}},
      {"change_Equalize", {change(Change::equalize, 0)}},
  };
  return all;
}

Sample sample_of(const Tensor& image) {
  return {
      .image = image, .boxes = reference("boxes"), .masks = reference("mask"), .points = reference("points")};
}

/// Expects `a` and `b` within `tolerance` but for a part `pixels` of them.
void expect_near(const std::string& what, const Tensor& a, const Tensor& b, double tolerance,
                 double pixels = 0) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  ASSERT_EQ(a.dtype(), b.dtype()) << what;
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  size_t beyond = 0;
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double difference = std::isfinite(x[i]) ? std::abs(x[i] - y[i]) : INFINITY;
    beyond += difference > tolerance, worst = std::max(worst, difference);
  }
  EXPECT_LE(double(beyond), pixels * double(x.size())) << what << ": differs by up to " << worst;
}

TEST(Functional, EqualsTorchvision) {
  std::map<std::string, int> compared;
  for (const auto& [full, expected] : references()) {
    const size_t dot = full.find('.');
    if (dot == full.npos) continue;
    const std::string name = full.substr(0, dot), kind = full.substr(dot + 1);
    ASSERT_TRUE(cases().contains(name)) << name;
    const Case& c = cases().at(name);
    const bool is_float = kind == "f32";
    Tensor image = reference(is_float || kind == "u16" ? "f32" : "u8");
    if (kind == "u16") {
      const Tensor deep = Tensor::empty(image.shape(), u16);
      for (int64_t i = 0; i < image.numel(); ++i)
        deep.data<uint16_t>()[i] = uint16_t(std::lround(image.data<float>()[i] * 65535));
      image = deep;
    }
    Sample s = sample_of(image);
    c.kernel(s);
    ++compared[kind];
    if (kind == "boxes") expect_near(full, s.boxes, expected, 1e-4);
    else if (kind == "points") expect_near(full, s.points, expected, 1e-4);
    else if (kind == "mask") expect_near(full, s.masks, expected, 0, 0.002);
    else expect_near(full, s.image, expected, is_float ? c.f32 / 255 : c.u8, c.pixels);
  }
  EXPECT_EQ(compared["u8"] + compared["f32"], 81);
  EXPECT_EQ(compared["boxes"], 8);
  EXPECT_EQ(compared["points"], 6);
}

/// 16-bit results equal those of f32 to two of 65535: nothing passes through 8 bits.
TEST(Functional, KeepsSixteenBits) {
  const Tensor image = reference("f32"), deep = Tensor::empty(image.shape(), u16);
  for (int64_t i = 0; i < image.numel(); ++i)
    deep.data<uint16_t>()[i] = uint16_t(std::lround(image.data<float>()[i] * 65535));
  for (const auto& [name, c] : cases()) {
    if (name == "clahe" || name == "pad_fill" || name == "affine_fill")
      continue;  // their numbers fit one depth
    Sample a{.image = image}, b{.image = deep};
    c.kernel(a), c.kernel(b);
    const Tensor scaled = b.image.to(f32);
    for (int64_t i = 0; i < scaled.numel(); ++i) scaled.data<float>()[i] /= 65535;
    // f32 posterizes to levels below 1, integers by their bits.
    const bool levels = name == "posterize" || name == "change_Posterize";
    expect_near(name, scaled, a.image, levels ? 1e-4 : name == "bicubic" ? 0.2 : 2.5 / 65535, 0.003);
  }
}

TEST(Functional, TakesAnyNumberOfChannels) {
  Generator random(1);
  for (const DType dtype : {u8, u16, f32}) {
    const Tensor x = Tensor::empty({5, 19, 26});
    for (int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] = random.uniform() * (dtype == f32 ? 1 : 250);
    const Tensor image = x.to(dtype);
    for (const auto& [name, c] : cases()) {
      const bool color = name.starts_with("saturation") || name.starts_with("hue") || name == "gray" ||
                         name == "change_Color";
      const bool own_fill = name == "pad_fill" || name == "affine_fill";
      Sample all{.image = image};
      if (color || own_fill) {
        try {
          c.kernel(all);
          ADD_FAILURE() << name << " took five channels";
        } catch (const Error& e) {
          EXPECT_NE(std::string(e.what()).find(color ? "RGB" : "channels"), std::string::npos) << e.what();
        }
        continue;
      }
      c.kernel(all);
      ASSERT_EQ(all.image.size(0), 5) << name;
      Sample one{.image = image.narrow(0, 3, 1)};
      c.kernel(one);
      EXPECT_TRUE(same_bits(one.image, all.image.narrow(0, 3, 1).contiguous())) << name;
    }
  }
}

TEST(Functional, EqualizesDeepImagesBelowTheNumberOfTheirLevels) {
  const Tensor x = Tensor::empty({1, 1, 5}, u16);
  const uint16_t values[] = {500, 510, 510, 520, 530};
  std::copy_n(values, 5, x.data<uint16_t>());
  // Of the four pixels that are not the brightest: none below 500, one below 510, three below 520, four below
  // 530.
  EXPECT_EQ(f::equalize(x).to_vector<int>(), (std::vector<int>{0, 16384, 16384, 49151, 65535}));
  EXPECT_EQ(f::equalize(full({1, 3, 3}, 7, u16)).to_vector<int>(), std::vector<int>(9, 7));
}

TEST(Functional, ClaheOfFloatsEqualsThatOfSixteenBits) {
  const Tensor image = reference("f32"), expected = reference("clahe.u16");
  const Tensor y = f::clahe(image, 900, {4, 3});
  for (int64_t i = 0; i < y.numel(); ++i)
    ASSERT_NEAR(y.data<float>()[i] * 65535, expected.data<uint16_t>()[i], 1);
}

TEST(Functional, ErasesAndBlends) {
  const Tensor x = full({2, 4, 5}, 7, u8), patch = full({2, 2, 1}, 9, u8);
  const Tensor y = f::erase(x, 1, 4, patch);
  int nines = 0;
  for (const int v : y.to_vector<int>()) nines += v == 9;
  EXPECT_EQ(nines, 4);
  EXPECT_EQ(y.at<uint8_t>({1, 2, 4}), 9);
  EXPECT_EQ(x.at<uint8_t>({1, 2, 4}), 7);
  EXPECT_THROW(f::erase(x, 3, 4, patch), Error);
  EXPECT_EQ(f::blend(x, y, 0.25f).at<uint8_t>({1, 2, 4}), 8);  // 8.5 rounded down
  EXPECT_THROW(f::blend(x, x.to(f32), 0.5f), Error);
}

TEST(Functional, DropsBoxesThatAreGone) {
  Sample s{.image = full({1, 10, 10}, 0, u8),
           .boxes = tensor({0, 0, 4, 4, 5, 5, 5.5, 9, 6, 6, 10, 10}, {3, 4}),
           .box_labels = tensor({1, 2, 3}, {3}, i64),
           .masks = full({3, 10, 10}, 1, u8)};
  f::sanitize_boxes(s);
  EXPECT_EQ(s.box_labels.to_vector<int>(), (std::vector<int>{1, 3}));
  EXPECT_EQ(s.boxes.to_vector<int>(), (std::vector<int>{0, 0, 4, 4, 6, 6, 10, 10}));
  EXPECT_EQ(s.masks.shape(), (Dims{2, 10, 10}));
  f::crop(s, 5, 5, 5, 5);
  f::sanitize_boxes(s);
  EXPECT_EQ(s.box_labels.to_vector<int>(), std::vector<int>{3});
}

TEST(Functional, FlipsAndTurnsPointsInOneFrame) {
  // A half turn is two flips, for pixels and for points alike.
  const Tensor image = reference("u8");
  Sample turned = sample_of(image), flipped = turned;
  f::warp(turned, f::affine_map({19, 26}, {.angle = 180}));
  f::horizontal_flip(flipped), f::vertical_flip(flipped);
  EXPECT_TRUE(same_bits(turned.image, flipped.image));
  expect_near("points", turned.points, flipped.points, 1e-4);
  expect_near("boxes", turned.boxes, flipped.boxes, 1e-4);
}

TEST(Functional, RefusesWithReasons) {
  const Tensor x = full({3, 4, 5}, 1, u8);
  const auto error = [](const std::function<void()>& call) -> std::string {
    try {
      call();
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_NE(error([&] { f::adjust_hue(x, 0.6f); }).find("0.6"), std::string::npos);
  EXPECT_NE(error([&] { f::invert(x.to(i64)); }).find("u8, u16 or f32"), std::string::npos);
  EXPECT_NE(error([&] { f::gaussian_blur(x, 4, 1); }).find("odd"), std::string::npos);
  EXPECT_NE(error([&] { f::crop(x, -5, 0, 4, 4, Padding::reflect); }).find("mirrored"), std::string::npos);
  EXPECT_NE(error([&] { f::clahe(x, 2, 8); }).find("8 x 8 tiles"), std::string::npos);
  EXPECT_NE(error([&] { f::warp(x, {}, Filter::bicubic); }).find("nearest or bilinear"), std::string::npos);
  EXPECT_NE(error([&] { f::crop(x, 0, 0, 9, 9, Padding::constant, 300); }).find("300"), std::string::npos);
  EXPECT_NE(error([&] { f::perspective_map({{{0, 0}, {1, 1}, {2, 2}, {3, 3}}}, corners); }), "");
  Sample s{.image = x, .boxes = tensor({1, 2}, {1, 2})};
  EXPECT_NE(error([&] { f::horizontal_flip(s); }).find("(n,4)"), std::string::npos);
}

}  // namespace
}  // namespace fovea::data
