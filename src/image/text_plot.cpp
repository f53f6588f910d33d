// Plots made of characters.
#include <algorithm>
#include <cmath>

#include "fovea/plot.h"
#include "image/ticks.h"

namespace fovea::image {
namespace {

/// A picture of dots, two by four in each braille character (U+2800 to U+28FF).
class Dots {
 public:
  Dots(int columns, int rows) : columns_(columns), cells_(size_t(columns * rows), 0) {}

  void set(int x, int y) {
    constexpr uint8_t bits[4][2]{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    cells_[size_t(y / 4 * columns_ + x / 2)] |= bits[y % 4][x % 2];
  }
  std::string row(int r) const {
    std::string out;
    for (int c = 0; c < columns_; ++c) {
      const int code = 0x2800 + cells_[size_t(r * columns_ + c)];
      out += {char(0xe0 | code >> 12), char(0x80 | (code >> 6 & 0x3f)), char(0x80 | (code & 0x3f))};
    }
    return out;
  }

 private:
  int columns_;
  std::vector<uint8_t> cells_;
};

}  // namespace

std::string text_curve(const Series& series, int columns, int rows) {
  check(columns >= 8 && rows >= 2, "[text_curve] {} x {} characters are too few", columns, rows);
  check(series.x.size() == series.y.size(), "[text_curve] series '{}' has {} x and {} y", series.name,
        series.x.size(), series.y.size());
  Range x, y;
  for (size_t i = 0; i < series.x.size(); ++i)
    if (std::isfinite(series.x[i]) && std::isfinite(series.y[i])) x.add(series.x[i]), y.add(series.y[i]);
  if (x.empty()) return series.name + ": no values\n";
  const Range wide = widened(x), tall = widened(y);
  Dots dots(columns, rows);
  const auto place = [](double v, Range r, int count) {
    return int(std::lround((v - r.low) / (r.high - r.low) * (count - 1)));
  };
  bool drawn = false;  // the point before, from where a line goes to this one
  for (size_t i = 0, from_x = 0, from_y = 0; i < series.x.size(); ++i) {
    const bool there = std::isfinite(series.x[i]) && std::isfinite(series.y[i]);
    if (there) {
      const int to_x = place(series.x[i], wide, 2 * columns);
      const int to_y = 4 * rows - 1 - place(series.y[i], tall, 4 * rows);
      const int dx = drawn ? to_x - int(from_x) : 0, dy = drawn ? to_y - int(from_y) : 0;
      const int steps = std::max({std::abs(dx), std::abs(dy), 1});
      for (int k = 0; k <= steps; ++k) dots.set(to_x - dx * k / steps, to_y - dy * k / steps);
      from_x = size_t(to_x), from_y = size_t(to_y);
    }
    drawn = there;
  }
  const std::string high = fmt::format("{:.4g}", tall.high), low = fmt::format("{:.4g}", tall.low);
  const size_t margin = std::max(high.size(), low.size());
  std::string out = fmt::format("{:{}}  {}\n", "", margin, series.name);
  for (int r = 0; r < rows; ++r)
    out += fmt::format("{:>{}} |{}\n", r == 0 ? high : r + 1 == rows ? low : "", margin, dots.row(r));
  const std::string right = fmt::format("{:.4g}", wide.high);
  return out + fmt::format("{:{}}  {:<{}.4g}{}\n", "", margin, wide.low, columns - int(right.size()), right);
}

}  // namespace fovea::image
