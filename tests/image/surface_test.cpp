// Surfaces as pictures and as text: the low is where it belongs, ways end at the border.
#include <cmath>

#include "../files.h"
#include "fovea/plot.h"

namespace fovea::image {
namespace {

/// A bowl of 20 x 20 cells over -1..1 whose ground lies at (0.5, -0.5).
Surface bowl() {
  const Tensor heights = Tensor::empty({20, 20}, f64);
  for (int64_t r = 0; r < 20; ++r)
    for (int64_t c = 0; c < 20; ++c) {
      const double x = -0.95 + 0.1 * double(c), y = 0.95 - 0.1 * double(r);
      heights.at<double>({r, c}) = std::pow(x - 0.5, 2) + std::pow(y + 0.5, 2);
    }
  return {-1, 1, -1, 1, heights, "w", "b"};
}

const Tensor steps = tensor({-0.88, 0.88, 0, 0, 0.5, -0.5}, {3, 2}, f64);

TEST(PlotSurface, DrawsAPanelForEachWay) {
  test::TempFolder folder;
  plot_surface(folder / "one.png", "Bowl", bowl(), {});
  plot_surface(folder / "two.png", "Bowl", bowl(), {{"there", steps}, {"away", steps}});
  const Image one = read(folder / "one.png"), two = read(folder / "two.png");
  EXPECT_EQ(two.height(), one.height());
  EXPECT_EQ(two.width() - one.width(), 560);
  const auto color = [](const Image& i, int64_t y, int64_t x) {
    const uint8_t* p = i.pixels.data<uint8_t>() + (y * i.width() + x) * i.channels();
    return std::array<int, 3>{p[0], p[1], p[2]};
  };
  // viridis from dark violet to yellow, at (0.5, -0.5) and in the far corner of the panel 460 pixels wide
  EXPECT_LT(color(one, 130 + 345, 100 + 345)[1], 40);
  EXPECT_EQ(color(one, 130 + 2, 100 + 2), (std::array<int, 3>{253, 231, 37}));
  EXPECT_EQ(color(two, 130 + 345, 100 + 345), (std::array<int, 3>{255, 255, 255}));  // the last step
}

TEST(PlotSurface, WritesVectors) {
  test::TempFolder folder;
  plot_surface(folder / "bowl.svg", "Bowl", bowl(), {{"there", steps}});
  const std::string svg = test::slurp(folder / "bowl.svg");
  EXPECT_NE(svg.find("there"), std::string::npos);
  EXPECT_NE(svg.find("#fde725"), std::string::npos);
}

TEST(PlotSurface, IsBlankWhereItIsLow) {
  const std::string text = text_surface(bowl(), {"there", steps});
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 22u);
  EXPECT_EQ(lines[0], "  there");
  EXPECT_EQ(lines[1 + 15].substr(3 + 36 - 2, 4), "  o ");
  EXPECT_EQ(lines[1][3], '@');
  EXPECT_EQ(lines[2][3 + 2], 'o');
  EXPECT_NE(lines[21].find("b: -1 to 1"), std::string::npos);
}

TEST(PlotSurface, EndsWaysAtTheBorder) {
  const Tensor away = tensor({0, 0, 4, 0, -9, 0}, {3, 2}, f64);
  const std::string text = text_surface(bowl(), {"", away});
  EXPECT_EQ(std::count(text.begin(), text.end(), 'o'), 2 + 1);  // the start, the border, and "to"
  EXPECT_NE(text.find("o|"), std::string::npos);
}

TEST(PlotSurface, SaysWhatItCannotDraw) {
  Surface flat = bowl();
  flat.heights = full({4, 4}, NAN, f64);
  EXPECT_NE(test::error_of([&] { text_surface(flat, {}); }).find("no height"), std::string::npos);
  flat.heights = ones({4, 4});
  EXPECT_NE(test::error_of([&] { text_surface(flat, {}); }).find("f64 (rows, columns)"), std::string::npos);
  EXPECT_NE(test::error_of([&] {
              text_surface(bowl(), {"", ones({3, 3}, f64)});
            }).find("f64 (N, 2)"),
            std::string::npos);
}

}  // namespace
}  // namespace fovea::image
