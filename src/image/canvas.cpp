#include "image/canvas.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "fovea/image.h"
#include "image/font.h"

namespace fovea::image {
namespace {

/// The next character of `text` from `at` on, which moves; damaged UTF-8 gives U+FFFD.
char32_t next_code(std::string_view text, size_t& at) {
  const auto byte = uint8_t(text[at++]);
  if (byte < 0x80) return byte;
  const int more = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : byte >= 0xc0 ? 1 : -1;
  char32_t code = more < 0 ? 0xfffd : char32_t(byte & (0x3f >> more));
  for (int i = 0; i < more; ++i) {
    if (at >= text.size() || (uint8_t(text[at]) & 0xc0) != 0x80) return 0xfffd;
    code = code << 6 | (uint8_t(text[at++]) & 0x3f);
  }
  return code;
}

std::string hex(Color c) { return fmt::format("#{:02x}{:02x}{:02x}", c.r, c.g, c.b); }

std::string opacity_text(double opacity) {
  return opacity < 1 ? fmt::format(" opacity=\"{:.3g}\"", opacity) : "";
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c == '&') out += "&amp;";
    else if (c == '<') out += "&lt;";
    else if (c == '>') out += "&gt;";
    else out += c;
  return out;
}

double distance_to_segment(double x, double y, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y, square = dx * dx + dy * dy;
  const double t = square > 0 ? std::clamp(((x - a.x) * dx + (y - a.y) * dy) / square, 0.0, 1.0) : 0.0;
  return std::hypot(x - a.x - t * dx, y - a.y - t * dy);
}

}  // namespace

Canvas::Canvas(int width, int height, Color ground)
    : width_(width), height_(height), left_(width), top_(height), right_(0), bottom_(0) {
  check(width > 0 && height > 0 && width <= 16384 && height <= 16384,
        "a canvas of {} x {} pixels is outside of 1..16384", width, height);
  pixels_ = Tensor::empty({height, width, 3}, u8);
  uint8_t* p = pixels_.data<uint8_t>();
  for (int64_t i = 0; i < int64_t(width) * height; ++i, p += 3)
    p[0] = ground.r, p[1] = ground.g, p[2] = ground.b;
  coverage_.assign(size_t(width + 2) * size_t(height), 0.0f);
  shapes_ = fmt::format("<rect width=\"{}\" height=\"{}\" fill=\"{}\"/>\n", width, height, hex(ground));
}

std::string Canvas::svg() const {
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {} {}\" "
      "font-family=\"sans-serif\">\n{}</svg>\n",
      width_, height_, shapes_);
}

void Canvas::write(const std::string& path) const {
  if (path.ends_with(".svg")) write_file(path, svg());
  else image::write(path, Image(pixels_));
}

void Canvas::check_finite(std::initializer_list<double> values) {
  for (const double v : values) check(std::isfinite(v), "a canvas cannot draw at {}", v);
}

void Canvas::grow_box(double left, double top, double right, double bottom) {
  const auto whole = [](double v, int most) { return int(std::clamp(v, 0.0, double(most))); };
  left_ = std::min(left_, whole(std::floor(left), width_));
  top_ = std::min(top_, whole(std::floor(top), height_));
  right_ = std::max(right_, whole(std::ceil(right), width_));
  bottom_ = std::max(bottom_, whole(std::ceil(bottom), height_));
}

void Canvas::blend(Color color, double opacity) {
  const float paint[] = {float(color.r), float(color.g), float(color.b)};
  for (int y = top_; y < bottom_; ++y) {
    float* const row = &coverage_[size_t(y) * size_t(width_ + 2)];
    uint8_t* p = pixels_.data<uint8_t>() + (int64_t(y) * width_ + left_) * 3;
    for (int x = left_; x < right_; ++x, p += 3) {
      const float part = std::min(std::abs(row[x]), 1.0f) * float(opacity);
      for (int c = 0; c < 3; ++c) p[c] = uint8_t(float(p[c]) + (paint[c] - float(p[c])) * part + 0.5f);
    }
    std::fill(row + left_, row + right_ + 2, 0.0f);
  }
  left_ = width_, top_ = height_, right_ = bottom_ = 0;
}

void Canvas::rectangle(double x, double y, double width, double height, Color color, double opacity) {
  check_finite({x, y, width, height});
  const auto overlap = [](double low, double high, int cell) {
    return std::max(0.0, std::min(high, cell + 1.0) - std::max(low, double(cell)));
  };
  shapes_ +=
      fmt::format("<rect x=\"{:.5g}\" y=\"{:.5g}\" width=\"{:.5g}\" height=\"{:.5g}\" fill=\"{}\"{}/>\n", x,
                  y, width, height, hex(color), opacity_text(opacity));
  grow_box(x, y, x + width, y + height);
  for (int row = top_; row < bottom_; ++row)
    for (int column = left_; column < right_; ++column)
      coverage_[size_t(row) * size_t(width_ + 2) + size_t(column)] =
          float(overlap(x, x + width, column) * overlap(y, y + height, row));
  blend(color, opacity);
}

/// The stroke of a segment, by each pixel's distance; the maximum over segments joins them without seams.
void Canvas::cover_segment(Point a, Point b, double radius) {
  const double reach = radius + 1;
  const auto clip = [](double v, int most) { return int(std::clamp(v, 0.0, double(most))); };
  const int top = clip(std::floor(std::min(a.y, b.y) - reach), height_),
            bottom = clip(std::ceil(std::max(a.y, b.y) + reach), height_);
  const int left = clip(std::floor(std::min(a.x, b.x) - reach), width_),
            right = clip(std::ceil(std::max(a.x, b.x) + reach), width_);
  for (int y = top; y < bottom; ++y)
    for (int x = left; x < right; ++x) {
      const double inside = radius + 0.5 - distance_to_segment(x + 0.5, y + 0.5, a, b);
      float& c = coverage_[size_t(y) * size_t(width_ + 2) + size_t(x)];
      c = std::max(c, float(std::clamp(inside, 0.0, 1.0)));
    }
  grow_box(left, top, right, bottom);
}

void Canvas::line(const std::vector<Point>& points, double width, Color color, double opacity) {
  std::string path;
  for (const Point& p : points) {
    check_finite({p.x, p.y});
    path += fmt::format("{}{:.5g},{:.5g}", path.empty() ? "" : " ", p.x, p.y);
  }
  if (points.size() == 1) path += " " + path;  // a point with round ends is a disc
  shapes_ += fmt::format(
      "<polyline points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"{:.3g}\" "
      "stroke-linecap=\"round\" stroke-linejoin=\"round\"{}/>\n",
      path, hex(color), width, opacity_text(opacity));
  if (points.size() == 1) cover_segment(points[0], points[0], width / 2);
  for (size_t i = 1; i < points.size(); ++i) cover_segment(points[i - 1], points[i], width / 2);
  blend(color, opacity);
}

/// Adds the differences along x of the area to the right of an edge of a polygon; closed contours sum up to
/// their inside.
void Canvas::cover_edge(Point a, Point b) {
  if (a.y == b.y) return;
  const float direction = a.y < b.y ? 1.0f : -1.0f;
  if (a.y > b.y) std::swap(a, b);
  const double slope = (b.x - a.x) / (b.y - a.y);
  const int first = int(std::clamp(std::floor(a.y), 0.0, double(height_)));
  const int end = int(std::clamp(std::ceil(b.y), 0.0, double(height_)));
  for (int y = first; y < end; ++y) {
    const double y0 = std::max(a.y, double(y)), y1 = std::min(b.y, y + 1.0), tall = y1 - y0;
    double x0 = std::clamp(a.x + (y0 - a.y) * slope, 0.0, double(width_));
    double x1 = std::clamp(a.x + (y1 - a.y) * slope, 0.0, double(width_));
    if (x0 > x1) std::swap(x0, x1);
    float* const row = &coverage_[size_t(y) * size_t(width_ + 2)];
    for (int x = int(x0); x <= int(x1); ++x) {
      const double from = std::max(x0, double(x)), to = std::min(x1, x + 1.0), mean = (from + to) / 2;
      const double share = tall * (x1 > x0 ? (to - from) / (x1 - x0) : 1.0);
      row[x] += direction * float(share * (x + 1 - mean));
      row[x + 1] += direction * float(share * (mean - x));
    }
  }
}

void Canvas::text(Point at, std::string_view utf8, double size, Color color, Align align, double angle) {
  check_finite({at.x, at.y, size, angle});
  constexpr const char* anchors[]{"start", "middle", "end"};
  const std::string turned =
      angle == 0 ? "" : fmt::format(" transform=\"rotate({:.5g} {:.5g} {:.5g})\"", -angle, at.x, at.y);
  shapes_ += fmt::format(
      "<text x=\"{:.5g}\" y=\"{:.5g}\" font-size=\"{:.4g}\" fill=\"{}\" text-anchor=\"{}\"{}>{}</text>\n",
      at.x, at.y, size, hex(color), anchors[int(align)], turned, escaped(utf8));
  const double scale = size / font_em, turn = angle * M_PI / 180;
  const double along =
      align == Align::left ? 0 : text_width(utf8, size) * (align == Align::center ? -0.5 : -1);
  double pen = along / scale;
  const auto place = [&](const int16_t* p) {
    const double x = (pen + p[0]) * scale, y = -p[1] * scale;
    return Point{at.x + x * std::cos(turn) + y * std::sin(turn),
                 at.y - x * std::sin(turn) + y * std::cos(turn)};
  };
  for (size_t i = 0; i < utf8.size();) {
    const int16_t* g = glyph_of(next_code(utf8, i));
    const int advance = *g++;
    for (int contours = *g++; contours > 0; --contours) {
      const int n = *g++;
      for (int k = 0; k < n; ++k) {
        const Point a = place(g + 2 * k), b = place(g + 2 * ((k + 1) % n));
        cover_edge(a, b);
        grow_box(a.x, a.y, a.x, a.y);
      }
      g += 2 * n;
    }
    pen += advance;
  }
  for (int y = top_; y < bottom_; ++y) {  // differences to coverage
    float* const row = &coverage_[size_t(y) * size_t(width_ + 2)];
    for (int x = left_ + 1; x < right_; ++x) row[x] += row[x - 1];
  }
  blend(color, 1);
}

double Canvas::text_width(std::string_view utf8, double size) {
  int width = 0;
  for (size_t i = 0; i < utf8.size();) width += *glyph_of(next_code(utf8, i));
  return width * size / font_em;
}

}  // namespace fovea::image
