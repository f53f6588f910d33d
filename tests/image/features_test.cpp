// Features made by hand, against OpenCV and scikit-image (tests/image/features/make_features.py), and against
// pictures whose lines are known.
#include "fovea/features.h"

#include <cmath>

#include "../files.h"
#include "fovea/image.h"
#include "fovea/npy.h"

namespace fovea::image {
namespace {

using test::error_of;

std::string file(const std::string& name) {
  return std::string(FOVEA_SOURCE_DIR) + "/tests/image/features/" + name;
}
Tensor picture(const std::string& name) { return read(file(name)).pixels; }

void expect_near(const Tensor& ours, const Tensor& theirs, double tolerance) {
  const auto a = ours.to_vector<double>(), b = theirs.to_vector<double>();
  ASSERT_EQ(a.size(), b.size());
  for (size_t i = 0; i < a.size(); ++i) ASSERT_NEAR(a[i], b[i], tolerance) << i;
}

TEST(Features, SobelIsOpenCVs) {
  const Slopes s = sobel(picture("coins.png"));
  const Tensor start = load_npy(file("sobel.npy")), end = load_npy(file("sobel_corner.npy"));
  int64_t which = 0;
  for (const Tensor& ours : {s.x, s.y}) {
    expect_near(ours.narrow(0, 0, 24).narrow(1, 0, 32).contiguous(), start.select(0, which), 0);
    expect_near(ours.narrow(0, 56, 8).narrow(1, 72, 8).contiguous(), end.select(0, which++), 0);
  }
}

TEST(Features, CannyIsOpenCVs) {
  EXPECT_TRUE(same_bits(canny(picture("coins.png"), 80, 160), picture("canny.png").reshape({64, 80})));
  EXPECT_TRUE(same_bits(canny(picture("coins.png"), 30, 200), picture("canny_low.png").reshape({64, 80})));
}

TEST(Features, CannyFollowsOneEdgeThatFades) {
  const Tensor step = zeros({9, 40});
  for (int64_t c = 0; c < 40; ++c)
    for (int64_t r = 4; r < 9; ++r) step.at<float>({r, c}) = float(100 - 2 * c);  // fades to the right
  const Tensor all = canny(step, 100, 300), strong = canny(step, 300, 300);
  const auto count = [](const Tensor& t) {
    int64_t n = 0;
    for (const int v : t.to_vector<int>()) n += v > 0;
    return n;
  };
  EXPECT_NEAR(double(count(strong)), 12, 1);  // 4 (100 - 2 c) > 300
  EXPECT_NEAR(double(count(all)), 37, 1);     // 4 (100 - 2 c) > 100
  EXPECT_EQ(count(canny(step, 100, 500)), 0);
}

TEST(Features, HogIsScikitImages) {
  const Tensor coins = picture("coins.png");
  expect_near(hog(coins, {.block = 3}), load_npy(file("hog.npy")), 2e-6);
  const Tensor part = coins.narrow(0, 0, 33).narrow(1, 0, 38).contiguous();
  expect_near(hog(part, {.cell = 5, .orientations = 6}), load_npy(file("hog_small.npy")), 2e-6);
  expect_near(hog(picture("colours.png")), load_npy(file("hog_colours.npy")), 2e-6);
}

TEST(Features, HogPointsAcrossTheEdge) {
  const Tensor ramp = zeros({16, 16}, f32);
  for (int64_t r = 0; r < 16; ++r)
    for (int64_t c = 0; c < 16; ++c) ramp.at<float>({r, c}) = float(c);
  const Tensor cells = hog_cells(ramp);
  ASSERT_EQ(cells.shape(), Dims({2, 2, 9}));
  EXPECT_FLOAT_EQ(cells.at<float>({0, 0, 0}), 2 * 7. / 8);  // no slope in the column at the border
  EXPECT_EQ(cells.at<float>({0, 0, 4}), 0);
  const Tensor star = draw_hog(cells, 16);
  ASSERT_EQ(star.shape(), Dims({32, 32}));
  EXPECT_GT(star.at<uint8_t>({3, 8}), 100);  // the stroke runs along the edge, about upright
  EXPECT_EQ(star.at<uint8_t>({8, 2}), 0);
}

TEST(Features, TemplatesMatchAsInOpenCV) {
  const Tensor coins = picture("coins.png");
  const Tensor part = coins.narrow(0, 10, 30).narrow(1, 20, 40).contiguous();
  const Tensor found = match_template(coins, part);
  expect_near(found, load_npy(file("match.npy")), 1e-4);
  EXPECT_NEAR((found.at<float>({10, 20})), 1, 1e-6);
  const Tensor two = Tensor::empty({2, 30, 40}, u8);
  two.select(0, 0).copy_from(coins.narrow(0, 0, 30).narrow(1, 0, 40).reshape({30, 40}));
  two.select(0, 1).copy_from(part.reshape({30, 40}));
  const Tensor both = match_templates(coins, two);
  EXPECT_TRUE(same_bits(both.select(0, 1).contiguous(), found.contiguous()));
  EXPECT_NEAR((both.at<float>({0, 0, 0})), 1, 1e-6);
  EXPECT_EQ(match_template(full({8, 8}, 7, u8), part.narrow(0, 0, 4).narrow(1, 0, 4).contiguous())
                .at<float>({2, 2}),
            0);  // flat
}

void expect_lines(const std::vector<HoughLine>& ours, const Tensor& theirs) {
  ASSERT_EQ(int64_t(ours.size()), theirs.size(0));
  for (size_t i = 0; i < ours.size(); ++i) {
    EXPECT_NEAR(ours[i].rho, theirs.at<float>({int64_t(i), 0}), 1e-4) << i;
    EXPECT_NEAR(ours[i].theta, theirs.at<float>({int64_t(i), 1}), 1e-5) << i;
    EXPECT_EQ(double(ours[i].votes), theirs.at<float>({int64_t(i), 2})) << i;
  }
}

TEST(Features, LinesAreOpenCVs) {
  expect_lines(hough_lines(picture("lines.png").reshape({90, 120}), {.threshold = 40}),
               load_npy(file("hough.npy")));
  expect_lines(
      hough_lines(canny(picture("coins.png"), 80, 160), {.rho = 0.5, .theta = M_PI / 360, .threshold = 17}),
      load_npy(file("hough_fine.npy")));
}

TEST(Features, LinesAreDrawnWhereTheyAre) {
  const Tensor drawn = draw_lines(full({50, 50, 3}, 255, u8), {{20, M_PI / 2, 9}});  // y = 20
  EXPECT_LT((drawn.at<uint8_t>({20, 5, 1})), 100);
  EXPECT_LT((drawn.at<uint8_t>({20, 45, 1})), 100);
  EXPECT_EQ((drawn.at<uint8_t>({25, 25, 1})), 255);
}

TEST(Features, IllusionsAreParallelHoweverTheyLook) {
  for (const char* name : {"zoellner", "cafe_wall"}) {
    const Parallels straight = parallel_lines(illusion(name, 360)),
                    turned = parallel_lines(illusion(name, 360, 4));
    EXPECT_TRUE(straight.parallel) << name << " " << straight.spread;
    EXPECT_GE(straight.lines.size(), 7u) << name;
    EXPECT_FALSE(turned.parallel) << name << " " << turned.spread;
    EXPECT_NEAR(turned.spread, 4, 1.01) << name;
    EXPECT_TRUE(parallel_lines(illusion(name, 360, 4), 6).parallel);
  }
}

TEST(Features, SayWhatTheyCannotTake) {
  const Tensor gray = full({16, 16}, 9, u8), rgb = full({16, 16, 3}, 9, u8);
  const auto says = [](const auto& f, const char* part) {
    const std::string error = error_of(f);
    EXPECT_NE(error.find(part), std::string::npos) << error;
  };
  says([&] { canny(gray, 5, 3); }, "0 <= low <= high");
  says([&] { canny(rgb, 1, 3); }, "wants one channel");
  says([&] { sobel(zeros({4, 4}, i64)); }, "u8, u16 or f32");
  says([&] { hog(gray, {.cell = 17}); }, "16 x 16 is smaller than a cell of 17");
  says([&] { hog(gray, {.cell = 16}); }, "1 x 1 cells are fewer than the 2 x 2 of a block");
  says([&] { hog(gray, {.cell = 0}); }, "cell=0");
  says([&] { draw_hog(gray); }, "cells f32");
  says([&] { match_template(gray, full({17, 4}, 1, u8)); }, "smaller than the pattern, 17 x 4");
  says([&] { match_templates(gray, gray); }, "patterns are (K,h,w)");
  says([&] { hough_lines(rgb); }, "edges are u8 (H,W)");
  says([&] { hough_lines(gray, {.theta = 0}); }, "theta=0");
  says([&] { draw_lines(gray, {}); }, "u8 RGB");
  says([&] { parallel_lines(gray); }, "no lines");
  says([&] { illusion("zollner"); }, "did you mean zoellner?");
  says([&] { illusion("zoellner", 3); }, "side=3");
}

}  // namespace
}  // namespace fovea::image
