// Which class a network takes each point of a plane for.
#include <algorithm>
#include <cmath>

#include "fovea/plot.h"
#include "image/plot_style.h"
#include "image/ticks.h"

namespace fovea::image {
namespace {

constexpr double frame_left = 90, frame_top = 90, frame_side = 560, head = 54;

void check_regions(const Regions& r, const char* who) {
  check(r.classes.defined() && r.classes.rank() == 2 && r.classes.dtype() == i64 && r.classes.numel() > 0,
        "[{}] classes i64 (rows, columns) are wanted, not {}", who, r.classes.describe());
  check(r.left < r.right && r.bottom < r.top, "[{}] borders {} to {} and {} to {} hold no plane", who, r.left,
        r.right, r.bottom, r.top);
  check(r.points.rank() == 2 && r.points.size(1) == 2 && r.points.size(0) == int64_t(r.labels.size()),
        "[{}] points {} and {} labels do not match", who, r.points.describe(), r.labels.size());
}

const Color& color_of(int64_t label) {
  return palette[size_t(std::max<int64_t>(label, 0)) % std::size(palette)];
}

/// Each example with where it lies, 0 to 1 from the left and from the top; those outside are left out.
template <class Draw>
void for_each_inside(const Regions& r, const Draw& draw) {
  const auto values = r.points.to_vector<double>();
  for (size_t i = 0; i < r.labels.size(); ++i) {
    const double x = (values[2 * i] - r.left) / (r.right - r.left),
                 y = (r.top - values[2 * i + 1]) / (r.top - r.bottom);
    if (x >= 0 && x <= 1 && y >= 0 && y <= 1) draw(x, y, r.labels[i]);
  }
}

/// Neighbours of one class in a row are one rectangle.
void tint(Canvas& canvas, const Tensor& classes) {
  const int64_t rows = classes.size(0), columns = classes.size(1);
  const double wide = frame_side / double(columns), tall = frame_side / double(rows);
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0, end = 0; c < columns; c = end) {
      const int64_t label = classes.at<int64_t>({r, c});
      while (end < columns && classes.at<int64_t>({r, end}) == label) ++end;
      canvas.rectangle(frame_left + double(c) * wide, frame_top + double(r) * tall, double(end - c) * wide,
                       tall, color_of(label), 0.28);
    }
}

void axes(Canvas& canvas, const Regions& r) {
  const double bottom = frame_top + frame_side;
  const Ticks x = ticks_within({r.left, r.right}, 6, false), y = ticks_within({r.bottom, r.top}, 6, false);
  for (int i = 0; i < x.count; ++i) {
    const double at = frame_left + (x.at(i) - r.left) / (r.right - r.left) * frame_side;
    canvas.rectangle(std::round(at) - 0.5, bottom, 1, 7, axis_line);
    canvas.text({at, bottom + 30}, x.label(i), tick_size, faint, Align::center);
  }
  for (int i = 0; i < y.count; ++i) {
    const double at = frame_top + (r.top - y.at(i)) / (r.top - r.bottom) * frame_side;
    canvas.rectangle(frame_left - 7, std::round(at) - 0.5, 7, 1, axis_line);
    canvas.text({frame_left - 14, at + 7}, y.label(i), tick_size, faint, Align::right);
  }
}

char letter_of(int64_t label) {
  constexpr std::string_view letters = "0123456789abcdefghijklmnopqrstuvwxyz";
  return letters[size_t(std::max<int64_t>(label, 0)) % letters.size()];
}

}  // namespace

void plot_regions(const std::string& path, const std::string& title, const Regions& regions) {
  check_regions(regions, "plot_regions");
  Canvas canvas(int(frame_left + frame_side + 40), int(frame_top + frame_side + 60), white);
  canvas.text({frame_left, head}, title, label_size, ink);
  tint(canvas, regions.classes);
  axes(canvas, regions);
  const double radius = regions.labels.size() > 200 ? 3.5 : regions.labels.size() > 20 ? 5 : 10;
  for_each_inside(regions, [&](double x, double y, int64_t label) {
    const Point at{frame_left + x * frame_side, frame_top + y * frame_side};
    canvas.disc(at, radius + 1.5, white);
    canvas.disc(at, radius, color_of(label));
  });
  canvas.write(path);
}

std::string text_regions(const Regions& regions) {
  check_regions(regions, "text_regions");
  constexpr std::string_view shades = ".:#%+*=~";
  const int64_t rows = regions.classes.size(0), columns = regions.classes.size(1);
  std::vector<std::string> lines;
  for (int64_t r = 0; r < rows; ++r) {
    lines.emplace_back();
    for (int64_t c = 0; c < columns; ++c)
      lines.back() +=
          shades[size_t(std::max<int64_t>(regions.classes.at<int64_t>({r, c}), 0)) % shades.size()];
  }
  for_each_inside(regions, [&](double x, double y, int64_t label) {
    const auto cell = [](double part, int64_t count) {
      return size_t(std::min(int64_t(part * double(count)), count - 1));
    };
    lines[cell(y, rows)][cell(x, columns)] = letter_of(label);
  });
  std::string out;
  for (const std::string& line : lines) out += "  " + line + '\n';
  return out;
}

}  // namespace fovea::image
