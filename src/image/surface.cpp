// Heights over a plane as bands of colour, and ways across them.
#include <algorithm>
#include <cmath>

#include "fovea/plot.h"
#include "image/plot_style.h"
#include "image/ticks.h"

namespace fovea::image {
namespace {

constexpr int bands = 16;
constexpr double side = 460, gap = 100, panels_left = 100, panels_top = 130;
constexpr int64_t fine_cells = 230;  // of a panel, drawn between those that were measured
constexpr Color way_color{255, 255, 255}, way_shadow{30, 30, 30};

void check_surface(const Surface& s, const char* who) {
  check(s.heights.defined() && s.heights.rank() == 2 && s.heights.dtype() == f64 && s.heights.numel() > 0,
        "[{}] heights f64 (rows, columns) are wanted, not {}", who, s.heights.describe());
  check(s.left < s.right && s.bottom < s.top, "[{}] borders {} to {} and {} to {} hold no plane", who, s.left,
        s.right, s.bottom, s.top);
}

void check_way(const Way& way, const char* who) {
  check(!way.points.defined() ||
            (way.points.rank() == 2 && way.points.size(1) == 2 && way.points.dtype() == f64),
        "[{}] the steps of a way are f64 (N, 2), not {}", who, way.points.describe());
}

/// The heights that part the plane into `count` bands, the lower the narrower: i of them hold (i / count)^2
/// of the plane.
std::vector<double> levels(const Tensor& heights, int count) {
  std::vector<double> sorted;
  for (const double h : heights.to_vector<double>())
    if (std::isfinite(h)) sorted.push_back(h);
  check(!sorted.empty(), "no height of the surface is finite");
  std::sort(sorted.begin(), sorted.end());
  std::vector<double> parts;
  for (int i = 1; i < count; ++i)
    parts.push_back(sorted[sorted.size() * size_t(i * i) / size_t(count * count)]);
  return parts;
}

/// From 0 for the lowest; what is not finite is highest.
int band_of(double height, const std::vector<double>& levels) {
  if (!std::isfinite(height)) return int(levels.size());
  return int(std::upper_bound(levels.begin(), levels.end(), height) - levels.begin());
}

/// The height at a part of the width and of the height, straight between the four cells around.
double height_at(const Tensor& heights, double across, double down) {
  const int64_t rows = heights.size(0), columns = heights.size(1);
  const double x = std::clamp(across * double(columns) - 0.5, 0., double(columns - 1)),
               y = std::clamp(down * double(rows) - 0.5, 0., double(rows - 1));
  const auto c = std::min(int64_t(x), std::max<int64_t>(0, columns - 2)),
             r = std::min(int64_t(y), std::max<int64_t>(0, rows - 2));
  const auto at = [&](int64_t row, int64_t column) {
    return heights.at<double>({std::min(row, rows - 1), std::min(column, columns - 1)});
  };
  const double fx = x - double(c), fy = y - double(r);
  const double upper = fx > 0 ? at(r, c) * (1 - fx) + at(r, c + 1) * fx : at(r, c);
  if (fy == 0) return upper;
  return upper * (1 - fy) + (fx > 0 ? at(r + 1, c) * (1 - fx) + at(r + 1, c + 1) * fx : at(r + 1, c)) * fy;
}

std::vector<Color> band_colors() {
  const Tensor ramp = Tensor::empty({1, bands, 1});
  for (int i = 0; i < bands; ++i) ramp.data<float>()[i] = float(i);
  const Tensor rgb = render(Image(ramp), {.palette = "viridis"});
  std::vector<Color> colors;
  for (int i = 0; i < bands; ++i) {
    const uint8_t* c = rgb.data<uint8_t>() + 3 * i;
    colors.push_back({c[0], c[1], c[2]});
  }
  return colors;
}

/// The steps as parts of the plane, from the left and from the top, up to the border that the first step
/// outside crosses.
std::vector<Point> inside(const Surface& s, const Way& way) {
  std::vector<Point> all;
  if (!way.points.defined()) return all;
  const auto values = way.points.to_vector<double>();
  for (size_t i = 0; i + 1 < values.size(); i += 2) {
    const Point p{(values[i] - s.left) / (s.right - s.left), (s.top - values[i + 1]) / (s.top - s.bottom)};
    if (!std::isfinite(p.x) || !std::isfinite(p.y)) return all;
    if (p.x >= 0 && p.x <= 1 && p.y >= 0 && p.y <= 1) {
      all.push_back(p);
      continue;
    }
    if (all.empty()) return all;
    const Point from = all.back();
    double part = 1;
    for (const auto& [a, b] : {std::pair{from.x, p.x}, std::pair{from.y, p.y}})
      if (b < 0 || b > 1) part = std::min(part, ((b < 0 ? 0 : 1) - a) / (b - a));
    all.push_back({from.x + part * (p.x - from.x), from.y + part * (p.y - from.y)});
    return all;
  }
  return all;
}

class Panel {
 public:
  Panel(Canvas& canvas, const Surface& surface, double left) : canvas_(canvas), s_(surface), left_(left) {}

  /// Neighbours of one band in a row are one rectangle.
  void ground(const std::vector<double>& parts, const std::vector<Color>& colors) {
    constexpr double cell = side / double(fine_cells);
    const auto band = [&](int64_t r, int64_t c) {
      return band_of(height_at(s_.heights, (double(c) + 0.5) / fine_cells, (double(r) + 0.5) / fine_cells),
                     parts);
    };
    for (int64_t r = 0; r < fine_cells; ++r)
      for (int64_t c = 0, end = 0; c < fine_cells; c = end) {
        const int now = band(r, c);
        while (end < fine_cells && band(r, end) == now) ++end;
        canvas_.rectangle(left_ + double(c) * cell, panels_top + double(r) * cell, double(end - c) * cell,
                          cell, colors[size_t(now)]);
      }
  }

  void axes(const std::string& name) {
    const double bottom = panels_top + side;
    const Ticks x = ticks_within({s_.left, s_.right}, 5, false),
                y = ticks_within({s_.bottom, s_.top}, 6, false);
    canvas_.text({left_, panels_top - 16}, name, label_size, ink);
    for (int i = 0; i < x.count; ++i) {
      const double at = left_ + (x.at(i) - s_.left) / (s_.right - s_.left) * side;
      canvas_.rectangle(std::round(at) - 0.5, bottom, 1, 7, axis_line);
      canvas_.text({at, bottom + 30}, x.label(i), tick_size, faint, Align::center);
    }
    for (int i = 0; i < y.count; ++i) {
      const double at = panels_top + (s_.top - y.at(i)) / (s_.top - s_.bottom) * side;
      canvas_.rectangle(left_ - 7, std::round(at) - 0.5, 7, 1, axis_line);
      canvas_.text({left_ - 14, at + 7}, y.label(i), tick_size, faint, Align::right);
    }
    canvas_.text({left_ + side / 2, bottom + 62}, s_.x_label, label_size, ink, Align::center);
  }

  void way(const Way& way) {
    std::vector<Point> points;
    for (const Point& p : inside(s_, way)) points.push_back({left_ + p.x * side, panels_top + p.y * side});
    if (points.empty()) return;
    canvas_.line(points, 4, way_shadow, 0.6);
    canvas_.line(points, 2, way_color);
    for (const Point& p : points) canvas_.disc(p, 4, way_shadow), canvas_.disc(p, 3, way_color);
    canvas_.disc(points[0], 8, way_shadow), canvas_.disc(points[0], 6.5, palette[1]);
  }

 private:
  Canvas& canvas_;
  const Surface& s_;
  double left_;
};

/// The colours of the bands, lowest below, with the heights that part them.
void legend(Canvas& canvas, double left, const std::vector<double>& parts, const std::vector<Color>& colors) {
  constexpr double tall = side / bands;
  for (int i = 0; i < bands; ++i)
    canvas.rectangle(left, panels_top + side - (i + 1) * tall, 24, tall, colors[size_t(i)]);
  for (size_t i = 1; i < parts.size(); i += 2)
    canvas.text({left + 34, panels_top + side - double(i + 1) * tall + 7}, fmt::format("{:.3g}", parts[i]),
                tick_size, faint);
}

}  // namespace

void plot_surface(const std::string& path, const std::string& title, const Surface& surface,
                  const std::vector<Way>& ways) {
  check_surface(surface, "plot_surface");
  for (const Way& way : ways) check_way(way, "plot_surface");
  const auto parts = levels(surface.heights, bands);
  const auto colors = band_colors();
  const size_t panels = std::max<size_t>(1, ways.size());
  const double right = panels_left + double(panels) * (side + gap);
  Canvas canvas(int(right + 80), int(panels_top + side + 90), white);
  canvas.text({40, 54}, title, title_size, ink);
  canvas.text({panels_left - 66, panels_top + side / 2 + 40}, surface.y_label, label_size, ink, Align::left,
              90);
  for (size_t i = 0; i < panels; ++i) {
    Panel panel(canvas, surface, panels_left + double(i) * (side + gap));
    panel.ground(parts, colors);
    panel.axes(ways.empty() ? "" : ways[i].name);
    if (!ways.empty()) panel.way(ways[i]);
  }
  legend(canvas, right - gap / 2, parts, colors);
  canvas.write(path);
}

std::string text_surface(const Surface& surface, const Way& way) {
  check_surface(surface, "text_surface");
  check_way(way, "text_surface");
  constexpr std::string_view shades = " .:-=+*#%@";
  constexpr int rows = 20, columns = 48;
  const auto parts = levels(surface.heights, int(shades.size()));
  std::vector<std::string> lines(rows, std::string(columns, ' '));
  for (int r = 0; r < rows; ++r)
    for (int c = 0; c < columns; ++c)
      lines[size_t(r)][size_t(c)] =
          shades[size_t(band_of(height_at(surface.heights, (c + 0.5) / columns, (r + 0.5) / rows), parts))];
  for (const Point& p : inside(surface, way))
    lines[size_t(std::min(int(p.y * rows), rows - 1))][size_t(std::min(int(p.x * columns), columns - 1))] =
        'o';
  std::string out = way.name.empty() ? "" : "  " + way.name + '\n';
  for (const std::string& line : lines) out += "  |" + line + "|\n";
  const std::string right = fmt::format("{:.4g}", surface.right);
  return out + fmt::format("   {:<{}.4g}{}   {}: {:.4g} to {:.4g}\n", surface.left,
                           columns - int(right.size()), right, surface.y_label, surface.bottom, surface.top);
}

}  // namespace fovea::image
