// A video at one glance: its header in words, and a sheet of frames.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/text.h"
#include "image/canvas.h"
#include "video/stream.h"

namespace fovea::video {
namespace {

using image::Canvas;
using image::Color;

constexpr Color ground{24, 24, 24}, ink{235, 235, 235};
constexpr double text_size = 14;
constexpr int gap = 6, label = 20;

/// 83.25 seconds as "1:23.25".
std::string clock_text(double seconds) {
  const auto minutes = int64_t(seconds / 60);
  return fmt::format("{}:{:05.2f}", minutes, seconds - double(minutes) * 60);
}

/// Rows of cells that fill `width`.
struct Grid {
  int columns = 1, rows = 1, cell_width = 1, cell_height = 1;

  Grid(const Header& header, int64_t n, int64_t width) {
    const double shape = double(header.height) / double(header.width);
    // Near a square of cells that look like 4 by 3.
    columns = std::clamp(int(std::ceil(std::sqrt(double(n) * std::clamp(shape, 0.25, 4.0)))), 1, int(n));
    rows = int((n + columns - 1) / columns);
    cell_width = std::max<int>(1, (int(width) - gap * (columns + 1)) / columns);
    cell_height = std::clamp(int(std::lround(cell_width * shape)), 1, 4 * cell_width);
  }
  int left(int64_t i) const { return gap + int(i % columns) * (cell_width + gap); }
  int top(int64_t i) const { return gap + int(i / columns) * (cell_height + label + gap); }
  int width() const { return gap + columns * (cell_width + gap); }
  int height() const { return gap + rows * (cell_height + label + gap); }
};

void paste(const Canvas& canvas, const Tensor& rgb, int left, int top) {
  for (int64_t y = 0; y < rgb.size(0); ++y)
    std::memcpy(canvas.pixels().data<uint8_t>() + ((top + y) * canvas.width() + left) * 3,
                rgb.data<uint8_t>() + y * rgb.size(1) * 3, size_t(rgb.size(1) * 3));
}

}  // namespace

std::string header_text(const Header& header) {
  std::vector<std::pair<std::string, std::string>> lines;
  lines.emplace_back("video", header.file_bytes > 0
                                  ? fmt::format("{}, {} bytes", header.name, thousands(header.file_bytes))
                                  : header.name);
  lines.emplace_back("format", fmt::format("{}, codec {}, pixels {} of {} bits", header.container,
                                           header.codec, header.pixel_format, header.depth));
  lines.emplace_back("size", fmt::format("{} x {} pixels (width x height)", header.width, header.height));
  lines.emplace_back("frames", fmt::format("{}, each {} {}",
                                           header.frames < 0 ? "not known"
                                                             : (header.frames_exact ? "" : "about ") +
                                                                   thousands(header.frames),
                                           fovea::name_of(header.dtype), header.frame_shape()));
  std::string time =
      header.rate.num > 0 ? fmt::format("{} frames in a second", header.rate.str()) : "rate not known";
  if (header.rate.den != 1) time += fmt::format(" ({:.4g})", header.rate.value());
  if (header.duration > 0) time += fmt::format(", {}", clock_text(header.duration));
  lines.emplace_back("time", time);
  lines.insert(lines.end(), header.entries.begin(), header.entries.end());
  size_t widest = 0;
  for (const auto& line : lines) widest = std::max(widest, line.first.size());
  std::string out;
  for (const auto& [key, value] : lines) out += fmt::format("{:<{}}  {}\n", key, widest, value);
  return out;
}

image::Image contact_sheet(Reader& reader, int64_t n, int64_t width) {
  check(n > 0 && n <= 1000, "[contact_sheet] {} frames: 1 to 1000 make a sheet", n);
  check(width >= 64 && width <= 16384, "[contact_sheet] width={} is outside of 64..16384", width);
  const std::vector<int64_t> indices = uniform_frames(reader.count(), std::min(n, reader.count()));
  const Grid grid(reader.header(), int64_t(indices.size()), width);
  Canvas canvas(grid.width(), grid.height(), ground);
  for (size_t i = 0; i < indices.size(); ++i) {
    const Frame frame = reader.frame(indices[i]);
    const Tensor rgb = image::render(image::Image(frame.pixels, reader.header().color));
    const int left = grid.left(int64_t(i)), top = grid.top(int64_t(i));
    paste(canvas, image::resize(rgb, grid.cell_height, grid.cell_width), left, top);
    const std::string text = fmt::format("{}  {}", frame.index, clock_text(frame.time));
    if (Canvas::text_width(text, text_size) <= grid.cell_width)
      canvas.text({double(left), double(top + grid.cell_height + label - 6)}, text, text_size, ink);
  }
  return image::Image(canvas.pixels(), image::ColorModel::rgb);
}

}  // namespace fovea::video
