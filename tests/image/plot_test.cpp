#include "fovea/plot.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>
#include <filesystem>

#include "image/canvas.h"
#include "image/font.h"
#include "image/ticks.h"

namespace fovea::image {
namespace {

/// Covered pixels of black on white, parts counted as parts.
double area_of(const Canvas& canvas) {
  double sum = 0;
  for (int64_t i = 0; i < canvas.pixels().numel(); i += 3)
    sum += 1 - canvas.pixels().data<uint8_t>()[i] / 255.0;
  return sum;
}

constexpr Color white{255, 255, 255}, black{0, 0, 0};

TEST(Canvas, CoversExactAreas) {
  Canvas c(100, 80, white);
  c.rectangle(10.25, 20.5, 30.5, 7.25, black);
  EXPECT_NEAR(area_of(c), 30.5 * 7.25, 0.2);
  EXPECT_EQ(c.pixels().at<uint8_t>({24, 20, 0}), 0);
  EXPECT_EQ(c.pixels().at<uint8_t>({20, 20, 0}), 128);

  Canvas line(100, 80, white);
  line.line({{20, 20}, {70, 60}}, 4, black);
  EXPECT_NEAR(area_of(line), std::hypot(50, 40) * 4 + M_PI * 4, 4);

  Canvas disc(100, 80, white);
  disc.disc({50, 40}, 20, black);
  EXPECT_NEAR(area_of(disc), M_PI * 400, 8);
}

TEST(Canvas, BlendsAndClips) {
  Canvas c(10, 10, white);
  c.rectangle(-5, -5, 8, 30, {255, 0, 0}, 0.5);
  EXPECT_EQ(c.pixels().at<uint8_t>({9, 2, 1}), 128);
  EXPECT_EQ(c.pixels().at<uint8_t>({9, 3, 1}), 255);
  c.line({{-1e9, 5}, {1e9, 5}}, 2, black);
  c.text({-40, 8}, "clipped at every side", 30, black, Align::left, 30);
  c.disc({100, 100}, 20, black);
  EXPECT_EQ(c.pixels().at<uint8_t>({5, 9, 1}), 0);
  EXPECT_THROW(Canvas(0, 10, white), Error);
  EXPECT_THROW(c.line({{0, 0}, {std::nan(""), 5}}, 2, black), Error);
  EXPECT_THROW(c.text({HUGE_VAL, 8}, "far", 30, black), Error);
}

/// Area inside of the glyph's outline, by the shoelace formula.
double outline_area(char32_t code, double size) {
  const int16_t* g = glyph_of(code) + 1;
  double sum = 0;
  for (int contours = *g++; contours > 0; --contours) {
    const int n = *g++;
    for (int i = 0; i < n; ++i) {
      const int16_t *a = g + 2 * i, *b = g + 2 * ((i + 1) % n);
      sum += (double(a[0]) * b[1] - double(b[0]) * a[1]) / 2;
    }
    g += 2 * n;
  }
  return std::abs(sum) * (size / font_em) * (size / font_em);
}

TEST(Canvas, TextCoversTheAreaOfItsOutlines) {
  for (const char letter : {'H', 'g', 'o', '%', '8', '-', '&'})
    for (const double angle : {0.0, 33.0, 90.0}) {
      Canvas c(80, 80, white);
      c.text({40, 40}, std::string(1, letter), 31, black, Align::center, angle);
      EXPECT_NEAR(area_of(c), outline_area(char32_t(letter), 31), 2) << letter << " at " << angle;
    }
}

TEST(Canvas, TextMeasuresUtf8) {
  EXPECT_DOUBLE_EQ(Canvas::text_width("aa", 20), 2 * Canvas::text_width("a", 20));
  EXPECT_DOUBLE_EQ(Canvas::text_width("ä", 20), Canvas::text_width("?", 20));
  EXPECT_GT(Canvas::text_width("…", 20), Canvas::text_width(".", 20) * 2);
  EXPECT_DOUBLE_EQ(Canvas::text_width("\xc3", 20), Canvas::text_width("?", 20));
  EXPECT_EQ(Canvas::text_width("", 20), 0);
}

std::string labels(const Ticks& t) {
  std::string out;
  for (int i = 0; i < t.count; ++i) out += t.label(i) + " ";
  return out;
}

TEST(Ticks, AreRound) {
  EXPECT_EQ(labels(ticks_around({0.03, 0.21}, 6)), "0.00 0.05 0.10 0.15 0.20 0.25 ");
  EXPECT_EQ(labels(ticks_around({98.1, 99.1}, 6)), "98.0 98.2 98.4 98.6 98.8 99.0 99.2 ");
  EXPECT_EQ(labels(ticks_around({-1, 1}, 4)), "-1.0 -0.5 0.0 0.5 1.0 ");
  EXPECT_EQ(labels(ticks_around({0, 0}, 4)), "-0.5 0.0 0.5 ");
  EXPECT_EQ(labels(ticks_within({1, 5}, 8, true)), "1 2 3 4 5 ");
  EXPECT_EQ(labels(ticks_within({1, 90}, 8, true)), "20 40 60 80 ");
  EXPECT_EQ(labels(ticks_within({3, 3}, 8, true)), "3 ");
  EXPECT_EQ(labels(ticks_within({0, 4e7}, 4, true)), "0 1e+07 2e+07 3e+07 4e+07 ");
}

bool holds(const Image& image, Color c, double share) {
  int64_t found = 0;
  const uint8_t* p = image.pixels.data<uint8_t>();
  for (int64_t i = 0; i < image.width() * image.height(); ++i, p += 3)
    found += p[0] == c.r && p[1] == c.g && p[2] == c.b;
  return double(found) >= share * double(image.width() * image.height());
}

TEST(Curves, DrawOnePanelPerAxis) {
  const Series train{"train", {1, 2, 3}, {3, 2, 1}, "loss"}, val{"val", {1, 2, 3}, {3, 2.5, 2}, "loss"};
  const Series top{"val", {1, 2, 3}, {0.1, 0.5, 0.6}, "accuracy"};
  const Image one = draw_curves("one", "epoch", {train, val}),
              two = draw_curves("two", "epoch", {train, val, top});
  EXPECT_EQ(two.width(), 2 * one.width());
  const Color first{36, 104, 180}, second{222, 112, 38};
  EXPECT_TRUE(holds(one, first, 1e-4) && holds(one, second, 1e-4));
  // a name keeps its colour in every panel
  const Image right(crop(two.pixels, 0, one.width(), one.height(), one.width()));
  EXPECT_TRUE(holds(right, second, 1e-4));
  EXPECT_FALSE(holds(right, first, 1e-9));
}

TEST(Curves, SurviveOddValues) {
  const double nan = std::nan(""), inf = HUGE_VAL;
  EXPECT_NO_THROW(draw_curves(
      "", "", {{"none", {}, {}, "a"}, {"nan", {1, 2}, {nan, inf}, "b"}, {"point", {1}, {7}, "c"}}));
  EXPECT_NO_THROW(draw_curves("", "",
                              {{"gap", {1, 2, 3, 4}, {1, nan, -inf, 1}, "a"},
                               {"big", {1, 2}, {9e299, -9e299}, "b"},
                               {"least", {0, 5e-324}, {0, 5e-324}, "c"},
                               {"most", {1, 2}, {1.7e308, -1.7e308}, "d"}}));
  EXPECT_NO_THROW(draw_curves(
      "", "", {{"tiny", {1e-300, 2e-300}, {1e-300, 2e-300}, "a"}, {"far", {1e15, 1e15 + 1}, {5, 5}, "b"}}));
  EXPECT_THROW(draw_curves("", "", {}), Error);
  EXPECT_THROW(draw_curves("", "", {{"uneven", {1, 2}, {1}, "a"}}), Error);
}

TEST(Confusion, ShadesByShareOfTheRow) {
  const Tensor counts = tensor({8, 0, 0, 4}, {2, 2}, i64);
  const Image image = draw_confusion(counts, {"cat", "dog"});
  const double cell = 110.0 * 110.0 / double(image.width() * image.height());
  EXPECT_TRUE(holds(image, {8, 48, 107}, 2 * cell * 0.85));  // two full cells but for their text
  EXPECT_TRUE(same_bits(draw_confusion(counts.to(f32), {"cat", "dog"}).pixels, image.pixels));
}

TEST(Confusion, TakesAnyNumberOfClasses) {
  for (const int64_t n : {1, 10, 20, 21, 100, 1000}) {
    const std::vector<std::string> names(size_t(n), "a class with a long name");
    const Image image = draw_confusion(zeros({n, n}, i64), names);
    EXPECT_GE(image.width(), n);
    EXPECT_LE(image.width(), 1600);
  }
  EXPECT_THROW(draw_confusion(zeros({2, 3}, i64), {"a", "b"}), Error);
  EXPECT_THROW(draw_confusion(zeros({2, 2}, i64), {"a"}), Error);
  EXPECT_THROW(draw_confusion(full({2, 2}, -1, i64), {"a", "b"}), Error);
}

TEST(Bars, AreAsHighAsTheirValues) {
  const Image image = draw_bars("error", "%", {"a", "b", "c"}, {10, 5, NAN});
  const auto blue = [&](int64_t column) {  // pixels of the bar in the middle of a third of the plot
    const int64_t x = 110 + 75 + 150 * column;
    int64_t count = 0;
    for (int64_t y = 0; y < image.height(); ++y)
      count += image.pixels.at<uint8_t>({y, x, 0}) == 36 && image.pixels.at<uint8_t>({y, x, 2}) == 180;
    return count;
  };
  EXPECT_NEAR(double(blue(0)), 2 * double(blue(1)), 2);
  EXPECT_GT(blue(1), 100);
  EXPECT_EQ(blue(2), 0);
  EXPECT_THROW(draw_bars("", "", {"a"}, {1, 2}), Error);
  EXPECT_THROW(draw_bars("", "", {}, {}), Error);
  EXPECT_THROW(draw_bars("", "", {"a"}, {-1}), Error);
}

TEST(Plots, AreWrittenAsPng) {
  const auto path =
      (std::filesystem::temp_directory_path() / fmt::format("fovea_plot_{}.png", ::getpid())).string();
  plot_curves(path, "title", "epoch", {{"train", {1, 2}, {1, 2}, "loss"}});
  EXPECT_EQ(read(path).format, "png");
  plot_confusion(path, zeros({3, 3}, i64), {"a", "b", "c"});
  EXPECT_EQ(read(path).color, ColorModel::rgb);
  std::filesystem::remove(path);
}

TEST(Canvas, IsSvgToo) {
  Canvas c(30, 20, white);
  c.rectangle(1, 2, 3.5, 4, {255, 0, 16}, 0.5);
  c.line({{1, 2}, {3, 4}}, 2, black);
  c.text({5, 6}, "a < b & c", 10, black, Align::center, 90);
  EXPECT_EQ(c.svg(),
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 30 20\" font-family=\"sans-serif\">\n"
            "<rect width=\"30\" height=\"20\" fill=\"#ffffff\"/>\n"
            "<rect x=\"1\" y=\"2\" width=\"3.5\" height=\"4\" fill=\"#ff0010\" opacity=\"0.5\"/>\n"
            "<polyline points=\"1,2 3,4\" fill=\"none\" stroke=\"#000000\" stroke-width=\"2\" "
            "stroke-linecap=\"round\" stroke-linejoin=\"round\"/>\n"
            "<text x=\"5\" y=\"6\" font-size=\"10\" fill=\"#000000\" text-anchor=\"middle\" "
            "transform=\"rotate(-90 5 6)\">a &lt; b &amp; c</text>\n</svg>\n");
}

TEST(Plots, CurvesAsText) {
  const Series line{"line", {0, 1, 2, NAN, 3}, {0, 1, 2, 7, 3}, ""};
  EXPECT_EQ(text_curve(line, 8, 2),
            "   line\n"
            "3 |\u2800\u2800\u2800\u2880\u2860\u2804\u2800\u2808\n"
            "0 |\u2860\u2814\u2812\u2801\u2800\u2800\u2800\u2800\n"
            "   0      3\n");
  EXPECT_EQ(text_curve({"none", {NAN}, {1}, ""}), "none: no values\n");
  EXPECT_THROW(text_curve(line, 2, 2), Error);
  EXPECT_THROW(text_curve({"odd", {1, 2}, {1}, ""}), Error);
}

Regions quarters() {
  const Tensor classes = zeros({4, 4}, i64);
  for (int64_t r = 0; r < 2; ++r)
    for (int64_t c = 2; c < 4; ++c) classes.at<int64_t>({r, c}) = 1;
  return {0, 4, 0, 4, classes, tensor({0.5, 0.5, 3.5, 3.5, 9, 9}, {3, 2}, f64), {0, 1, 1}};
}

TEST(Plots, RegionsAsTextAndPictures) {
  EXPECT_EQ(text_regions(quarters()), "  ..:1\n  ..::\n  ....\n  0...\n");
  const auto path =
      (std::filesystem::temp_directory_path() / fmt::format("fovea_regions_{}.png", ::getpid())).string();
  plot_regions(path, "quarters", quarters());
  const Image picture = read(path);
  std::filesystem::remove(path);
  const auto at = [&](int64_t y, int64_t x) {
    return picture.pixels.select(0, y).select(0, x).to_vector<uint8_t>();
  };
  const auto blue = at(400, 400), orange = at(180, 480);  // tints of the lower half and of the upper right
  EXPECT_GT(blue[2], blue[0]);
  EXPECT_GT(orange[0], orange[2]);
  Regions odd = quarters();
  odd.labels.pop_back();
  EXPECT_THROW(text_regions(odd), Error);
  odd = quarters(), odd.right = odd.left;
  EXPECT_THROW(text_regions(odd), Error);
}

TEST(Plots, PanelsFillRows) {
  const auto path =
      (std::filesystem::temp_directory_path() / fmt::format("fovea_panels_{}.png", ::getpid())).string();
  std::vector<Series> series;
  for (int i = 0; i < 10; ++i) series.push_back({"f", {0, 1}, {0, double(i)}, std::to_string(i)});
  plot_panels(path, "ten", series, 4);
  const Image three_rows = read(path);
  plot_panels(path, "ten", series, 5);
  EXPECT_GT(three_rows.height(), read(path).height());
  EXPECT_LT(three_rows.width(), read(path).width());
  std::filesystem::remove(path);
  EXPECT_THROW(plot_panels(path, "", series, 0), Error);
}

}  // namespace
}  // namespace fovea::image
