// Many pictures at one glance.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "fovea/image.h"
#include "image/canvas.h"

namespace fovea::image {
namespace {

constexpr Color ground{24, 24, 24}, ink{235, 235, 235};
constexpr int tile_ground = 48;
constexpr double text_size = 13;
constexpr int gap = 6, line = 18;

/// Rows of equal cells that fill `width`, about as wide as high in all.
struct Grid {
  int columns = 1, rows = 1, cell_width = 1, cell_height = 1;

  Grid(std::span<const Cell> cells, int64_t width) {
    double tallest = 0.2;  // height / width
    for (const Cell& cell : cells)
      tallest = std::max(tallest, double(cell.picture.size(0)) / double(cell.picture.size(1)));
    tallest = std::min(tallest, 3.0);
    const auto n = int(cells.size());
    columns = std::clamp(int(std::ceil(std::sqrt(double(n) * std::max(tallest, 0.5)))), 1, n);
    rows = (n + columns - 1) / columns;
    cell_width = std::max(1, (int(width) - gap * (columns + 1)) / columns);
    cell_height = std::max(1, int(std::lround(cell_width * tallest)));
  }
  int left(int i) const { return gap + i % columns * (cell_width + gap); }
  int top(int i) const { return gap + i / columns * (cell_height + line + gap); }
  int width() const { return gap + columns * (cell_width + gap); }
  int height() const { return gap + rows * (cell_height + line + gap); }
};

/// Scaled to fit; small pictures grow by a whole factor and stay crisp.
Tensor fitted(const Tensor& rgb, int width, int height) {
  const int64_t h = rgb.size(0), w = rgb.size(1), factor = std::min(width / w, height / h);
  if (factor >= 2) return resize(rgb, h * factor, w * factor, Filter::nearest);
  const double scale = std::min(double(width) / double(w), double(height) / double(h));
  const auto scaled = [&](int64_t n) { return std::max<int64_t>(1, int64_t(double(n) * scale + 1e-9)); };
  return resize(rgb, scaled(h), scaled(w));
}

void paste(const Canvas& canvas, const Tensor& rgb, int64_t left, int64_t top) {
  for (int64_t y = 0; y < rgb.size(0); ++y)
    std::memcpy(canvas.pixels().data<uint8_t>() + ((top + y) * canvas.width() + left) * 3,
                rgb.data<uint8_t>() + y * rgb.size(1) * 3, size_t(rgb.size(1) * 3));
}

}  // namespace

Tensor shrink_to(const Tensor& image, int64_t side) {
  const int64_t h = image.size(0), w = image.size(1), longest = std::max(h, w);
  check(side > 0, "[shrink_to] {} is no length of a side", side);
  if (longest <= side) return image;
  const auto scaled = [&](int64_t n) { return std::max<int64_t>(1, (n * side + longest / 2) / longest); };
  return resize(image, scaled(h), scaled(w));
}

Tensor contact_sheet(std::span<const Cell> cells, int64_t width) {
  check(!cells.empty() && cells.size() <= 1000, "[contact_sheet] {} pictures: 1 to 1000 make a sheet",
        cells.size());
  check(width >= 64 && width <= 16384, "[contact_sheet] width={} is outside of 64..16384", width);
  for (const Cell& cell : cells)
    check(cell.picture.rank() == 3 && cell.picture.size(2) == 3 && cell.picture.dtype() == u8,
          "[contact_sheet] pictures are u8 RGB (H,W,3), not {}", cell.picture.describe());
  const Grid grid(cells, width);
  Canvas canvas(grid.width(), grid.height(), ground);
  for (int i = 0; i < int(cells.size()); ++i) {
    const Tensor picture = fitted(cells[size_t(i)].picture, grid.cell_width, grid.cell_height);
    paste(canvas, picture, grid.left(i) + (grid.cell_width - picture.size(1)) / 2,
          grid.top(i) + (grid.cell_height - picture.size(0)) / 2);
    std::string caption = cells[size_t(i)].caption;
    while (!caption.empty() && Canvas::text_width(caption, text_size) > grid.cell_width) caption.pop_back();
    canvas.text({grid.left(i) + grid.cell_width / 2., grid.top(i) + grid.cell_height + line - 5.}, caption,
                text_size, ink, Align::center);
  }
  return canvas.pixels();
}

Tensor tiles(const Tensor& pictures, int64_t columns, int64_t scale, int64_t gap) {
  check(pictures.rank() == 4 && pictures.dtype() == u8 && pictures.numel() > 0,
        "[tiles] pictures are u8 (N,H,W,C), not {}", pictures.describe());
  check(columns > 0 && scale > 0 && gap >= 0, "[tiles] columns={}, scale={}, gap={}: 1, 1 and 0 at least",
        columns, scale, gap);
  const int64_t n = pictures.size(0), rows = (n + columns - 1) / columns;
  const int64_t high = pictures.size(1) * scale, wide = pictures.size(2) * scale, channels = pictures.size(3);
  const Tensor out =
      full({gap + rows * (high + gap), gap + columns * (wide + gap), channels}, tile_ground, u8);
  for (int64_t i = 0; i < n; ++i) {
    const Tensor picture = resize(pictures.select(0, i).contiguous(), high, wide, Filter::nearest);
    out.narrow(0, gap + i / columns * (high + gap), high)
        .narrow(1, gap + i % columns * (wide + gap), wide)
        .copy_from(picture);
  }
  return out;
}

}  // namespace fovea::image
