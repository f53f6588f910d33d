#include "fovea/plot.h"

#include <algorithm>
#include <cmath>

#include "image/plot_style.h"
#include "image/ticks.h"

namespace fovea::image {
namespace {

constexpr int small_width = 330, small_height = 270;
constexpr int panel_width = 800, figure_height = 620;

struct Box {
  double left, top, right, bottom;
};

struct Line {
  const Series* series;
  Color color;
};

struct Panel {
  std::string axis;
  std::vector<Line> lines;
};

/// Finite, and small enough that the span of two values is finite too.
bool drawable(double v) { return std::abs(v) < 1e300; }

/// The points of a series between interruptions.
std::vector<std::vector<Point>> runs_of(const Series& s) {
  std::vector<std::vector<Point>> runs(1);
  for (size_t i = 0; i < s.x.size(); ++i) {
    if (drawable(s.x[i]) && drawable(s.y[i])) runs.back().push_back({s.x[i], s.y[i]});
    else if (!runs.back().empty()) runs.emplace_back();
  }
  if (runs.back().empty()) runs.pop_back();
  return runs;
}

/// One colour per name, the same in all panels.
Color color_of(const Series& wanted, const std::vector<Series>& all) {
  std::vector<std::string_view> names;
  for (const Series& s : all) {
    if (s.name == wanted.name) break;
    if (std::find(names.begin(), names.end(), s.name) == names.end()) names.push_back(s.name);
  }
  return palette[names.size() % std::size(palette)];
}

std::vector<Panel> panels_of(const std::vector<Series>& series) {
  std::vector<Panel> panels;
  for (const Series& s : series) {
    check(s.x.size() == s.y.size(), "[plot_curves] series '{}' has {} x and {} y", s.name, s.x.size(),
          s.y.size());
    const auto same = [&](const Panel& p) { return p.axis == s.axis; };
    auto found = std::find_if(panels.begin(), panels.end(), same);
    if (found == panels.end()) found = panels.insert(panels.end(), Panel{s.axis, {}});
    found->lines.push_back({&s, color_of(s, series)});
  }
  check(!panels.empty(), "[plot_curves] there is no series to draw");
  return panels;
}

class PanelPlot {
 public:
  /// A small one has thin lines, few ticks and no labels at its ends.
  PanelPlot(Canvas& canvas, const Panel& panel, Box box, const std::string& x_label, bool small = false)
      : canvas_(canvas), panel_(panel), box_(box), x_label_(x_label), small_(small) {
    Range x, y;
    bool whole = true;
    for (const Line& line : panel.lines)
      for (const auto& run : runs_of(*line.series))
        for (const Point& p : run) x.add(p.x), y.add(p.y), whole = whole && p.x == std::floor(p.x);
    empty_ = x.empty();
    if (empty_) return;
    x_ticks_ = ticks_within(x, small ? 4 : 8, whole);
    y_ticks_ = ticks_around(y, small ? 3 : 6);
    x_range_ = widened(x);
    y_range_ = {y_ticks_.first(), y_ticks_.last()};
  }

  void draw() {
    canvas_.text({box_.left, box_.top - (small_ ? 10 : 24)}, panel_.axis, small_ ? tick_size : label_size,
                 ink);
    if (!small_) legend();
    if (empty_)
      return canvas_.text({middle(), (box_.top + box_.bottom) / 2}, "no values", label_size, faint,
                          Align::center);
    frame();
    for (const Line& line : panel_.lines) curve(line);
    if (!small_) last_values();
  }

 private:
  double middle() const { return (box_.left + box_.right) / 2; }

  Point place(Point p) const {
    return {box_.left + (p.x - x_range_.low) / (x_range_.high - x_range_.low) * (box_.right - box_.left),
            box_.bottom - (p.y - y_range_.low) / (y_range_.high - y_range_.low) * (box_.bottom - box_.top)};
  }

  /// Names of the series, right-aligned above the panel, each behind a sample of its line.
  void legend() {
    double x = box_.right;
    for (size_t i = panel_.lines.size(); i-- > 0;) {
      const std::string& name = panel_.lines[i].series->name;
      x -= Canvas::text_width(name, tick_size);
      canvas_.text({x, box_.top - 24}, name, tick_size, ink);
      canvas_.line({{x - 38, box_.top - 30}, {x - 12, box_.top - 30}}, 4, panel_.lines[i].color);
      x -= 62;
    }
  }

  void frame() {
    for (int i = 0; i < y_ticks_.count; ++i) {
      const double y = std::round(place({0, y_ticks_.at(i)}).y) - 0.5;
      canvas_.rectangle(box_.left, y, box_.right - box_.left, 1, i == 0 ? axis_line : grid);
      canvas_.text({box_.left - 12, y + 7}, y_ticks_.label(i), tick_size, faint, Align::right);
    }
    for (int i = 0; i < x_ticks_.count; ++i) {
      const double x = place({x_ticks_.at(i), 0}).x;
      canvas_.rectangle(std::round(x) - 0.5, box_.bottom, 1, 7, axis_line);
      canvas_.text({x, box_.bottom + 30}, x_ticks_.label(i), tick_size, faint, Align::center);
    }
    canvas_.text({middle(), box_.bottom + 62}, x_label_, label_size, ink, Align::center);
  }

  void curve(const Line& line) {
    for (const auto& run : runs_of(*line.series)) {
      std::vector<Point> points;
      for (const Point& p : run) points.push_back(place(p));
      canvas_.line(points, small_ ? 2.4 : points.size() > 400 ? 1.6 : 3, line.color);
      if (points.size() > 25) continue;
      for (const Point& p : points) canvas_.disc(p, 4.5, line.color);
    }
  }

  /// The last value of each series at the right border, pushed apart where they would overlap.
  void last_values() {
    struct Label {
      double y;
      std::string text;
      Color color;
    };
    std::vector<Label> labels;
    for (const Line& line : panel_.lines) {
      const auto runs = runs_of(*line.series);
      if (runs.empty()) continue;
      const Point last = runs.back().back();
      canvas_.disc(place(last), 6, line.color);
      labels.push_back({place(last).y, fmt::format("{:.4g}", last.y), line.color});
    }
    std::sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.y < b.y; });
    for (size_t i = 1; i < labels.size(); ++i)
      labels[i].y = std::max(labels[i].y, labels[i - 1].y + tick_size + 4);
    const double beyond = labels.empty() ? 0 : std::max(0.0, labels.back().y - box_.bottom);
    for (const Label& l : labels)
      canvas_.text({box_.right + 14, l.y - beyond + 7}, l.text, tick_size, l.color);
  }

  Canvas& canvas_;
  const Panel& panel_;
  Box box_;
  const std::string& x_label_;
  bool small_;
  bool empty_ = true;
  Ticks x_ticks_, y_ticks_;
  Range x_range_, y_range_;
};

Canvas curves(const std::string& title, const std::string& x_label, const std::vector<Series>& series) {
  const std::vector<Panel> panels = panels_of(series);
  constexpr size_t most = 8;
  check(panels.size() <= most, "[plot_curves] {} axes do not fit into one figure, at most {} do",
        panels.size(), most);
  Canvas canvas(panel_width * int(panels.size()), figure_height, white);
  canvas.text({40, 54}, title, title_size, ink);
  for (size_t i = 0; i < panels.size(); ++i) {
    const double left = double(i) * panel_width;
    PanelPlot(canvas, panels[i], {left + 110, 140, left + panel_width - 112, figure_height - 90}, x_label)
        .draw();
  }
  return canvas;
}

}  // namespace

Image draw_curves(const std::string& title, const std::string& x_label, const std::vector<Series>& series) {
  return Image(curves(title, x_label, series).pixels());
}

void plot_curves(const std::string& path, const std::string& title, const std::string& x_label,
                 const std::vector<Series>& series) {
  curves(title, x_label, series).write(path);
}

void plot_panels(const std::string& path, const std::string& title, const std::vector<Series>& series,
                 int columns) {
  check(columns >= 1, "[plot_panels] {} columns", columns);
  const std::vector<Panel> panels = panels_of(series);
  const int rows = (int(panels.size()) + columns - 1) / columns, head = 80;
  Canvas canvas(small_width * std::min(columns, int(panels.size())) + 30, head + small_height * rows, white);
  canvas.text({40, 54}, title, title_size, ink);
  for (size_t i = 0; i < panels.size(); ++i) {
    const double left = double(int(i) % columns * small_width),
                 top = double(head + int(i) / columns * small_height);
    PanelPlot(canvas, panels[i], {left + 70, top + 40, left + small_width - 10, top + small_height - 60}, "",
              true)
        .draw();
  }
  canvas.write(path);
}

}  // namespace fovea::image
