#include "fovea/draw.h"

#include "../files.h"
#include "fovea/image.h"

namespace fovea::image {
namespace {

using test::error_of;
using Rgb = std::array<int, 3>;

Rgb at(const Tensor& rgb, int64_t y, int64_t x) {
  const uint8_t* p = rgb.data<uint8_t>() + (y * rgb.size(1) + x) * 3;
  return {p[0], p[1], p[2]};
}

/// The table printed by the VOC devkit's VOClabelcolormap(256).
TEST(Draw, ClassColorsAreThoseOfVoc) {
  using Color = std::array<uint8_t, 3>;
  EXPECT_EQ(class_color(0), (Color{0, 0, 0}));
  EXPECT_EQ(class_color(1), (Color{128, 0, 0}));
  EXPECT_EQ(class_color(7), (Color{128, 128, 128}));
  EXPECT_EQ(class_color(8), (Color{64, 0, 0}));
  EXPECT_EQ(class_color(20), (Color{0, 64, 128}));
  EXPECT_EQ(class_color(255), (Color{224, 224, 192}));
  EXPECT_NE(error_of([] { class_color(256); }).find("0..255"), std::string::npos);
}

TEST(Draw, BoxesLeaveTheirInside) {
  const Tensor rgb = full({50, 80, 3}, 10, u8);
  const Tensor boxes = tensor({10, 20, 40, 45}, {1, 4});
  const Tensor out = draw_boxes(rgb, boxes, full({1}, 1, i64), {"cat", "dog"});
  EXPECT_EQ(at(out, 30, 25), (Rgb{10, 10, 10}));
  EXPECT_GT(at(out, 30, 10)[1], 60);              // the left edge, green: class 1
  EXPECT_EQ(at(out, 10, 11), (Rgb{0, 128, 0}));   // the plate of the name above
  EXPECT_EQ(at(rgb, 30, 10), (Rgb{10, 10, 10}));  // the picture itself stays
  EXPECT_NE(error_of([&] { draw_boxes(rgb, boxes.to(f64)); }).find("f32 (n,4)"), std::string::npos);
  EXPECT_NE(error_of([&] { draw_boxes(rgb, boxes, full({2}, 0, i64)); }).find("labels of 1"),
            std::string::npos);
}

TEST(Draw, MasksTintAndOutline) {
  const Tensor rgb = full({9, 9, 3}, 100, u8);
  Tensor mask = full({1, 9, 9}, 0, u8);
  for (int64_t y = 2; y < 7; ++y)
    for (int64_t x = 2; x < 7; ++x) mask.data<uint8_t>()[y * 9 + x] = 1;
  const Tensor out = draw_masks(rgb, mask, {}, 0.5);
  EXPECT_EQ(at(out, 0, 0), (Rgb{100, 100, 100}));
  EXPECT_EQ(at(out, 2, 4), (Rgb{128, 0, 0}));
  EXPECT_EQ(at(out, 4, 4), (Rgb{114, 50, 50}));
  EXPECT_NE(error_of([&] { draw_masks(rgb, full({1, 8, 9}, 0, u8)); }).find("u8 (n,9,9)"), std::string::npos);
}

TEST(Draw, ClassMaps) {
  const Tensor rgb = full({1, 3, 3}, 100, u8);
  Tensor map = full({1, 3}, 0, u8);
  map.data<uint8_t>()[1] = 2, map.data<uint8_t>()[2] = 255;
  const Tensor out = draw_class_map(rgb, map, 1);
  EXPECT_EQ(at(out, 0, 0), (Rgb{100, 100, 100}));
  EXPECT_EQ(at(out, 0, 1), (Rgb{0, 128, 0}));
  EXPECT_EQ(at(out, 0, 2), (Rgb{255, 255, 255}));
}

TEST(Tiles, StandInRowsWithGapsAround) {
  const Tensor pictures = Tensor::empty({3, 1, 2, 1}, u8);
  for (int i = 0; i < 6; ++i) pictures.data<uint8_t>()[i] = uint8_t(100 + i);
  const Tensor t = tiles(pictures, 2, 2, 1);
  EXPECT_EQ(t.shape(), (Dims{7, 11, 1}));
  const auto row = [&](int64_t y) { return t.select(0, y).contiguous().to_vector<int>(); };
  EXPECT_EQ(row(0), std::vector<int>(11, 48));
  EXPECT_EQ(row(1), (std::vector<int>{48, 100, 100, 101, 101, 48, 102, 102, 103, 103, 48}));
  EXPECT_EQ(row(2), row(1));
  EXPECT_EQ(row(5), (std::vector<int>{48, 104, 104, 105, 105, 48, 48, 48, 48, 48, 48}));
  EXPECT_THROW(tiles(zeros({1, 2, 2, 1}), 1), Error);
  EXPECT_THROW(tiles(pictures, 0), Error);
}

}  // namespace
}  // namespace fovea::image
