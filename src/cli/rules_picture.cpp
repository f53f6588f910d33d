#include "cli/rules_picture.h"

#include <algorithm>

#include "image/plot_style.h"

namespace fovea::cli {
namespace {

using image::Canvas;

constexpr int64_t cell = 150, gap = 20, left = 40, top = 150, line = 32;

/// Scaled to fill the cell; small pictures stay crisp.
Tensor fitted(const Tensor& rgb) {
  const double scale = double(cell) / double(std::max(rgb.size(0), rgb.size(1)));
  const auto scaled = [&](int64_t n) {
    return std::clamp<int64_t>(int64_t(double(n) * scale + 0.5), 1, cell);
  };
  return image::resize(rgb, scaled(rgb.size(0)), scaled(rgb.size(1)),
                       scale > 1 ? image::Filter::nearest : image::Filter::bilinear);
}

void paste(const Canvas& canvas, const Tensor& rgb, int64_t x, int64_t y) {
  canvas.pixels().narrow(0, y, rgb.size(0)).narrow(1, x, rgb.size(1)).copy_from(rgb);
}

}  // namespace

image::Image draw_rules(const std::string& title, const std::string& subtitle,
                        const std::vector<std::string>& columns, const std::vector<std::vector<View>>& rows,
                        const image::Image& bars) {
  const int64_t wide = std::max(left + int64_t(columns.size()) * (cell + gap) + left - gap, bars.width());
  const int64_t rows_end = top + int64_t(rows.size()) * (cell + line);
  Canvas canvas(int(wide), int(rows_end + bars.height()), image::white);
  canvas.text({double(left), 54}, title, image::title_size, image::ink);
  canvas.text({double(left), 88}, subtitle, image::tick_size, image::faint);
  for (size_t c = 0; c < columns.size(); ++c)
    canvas.text({double(left + int64_t(c) * (cell + gap) + cell / 2), double(top - 14)}, columns[c],
                image::label_size, image::ink, image::Align::center);
  for (size_t r = 0; r < rows.size(); ++r)
    for (size_t c = 0; c < rows[r].size(); ++c) {
      const View& view = rows[r][c];
      const int64_t x = left + int64_t(c) * (cell + gap), y = top + int64_t(r) * (cell + line);
      const Tensor rgb = fitted(view.rgb);
      paste(canvas, rgb, x + (cell - rgb.size(1)) / 2, y + (cell - rgb.size(0)) / 2);
      canvas.text({double(x + cell / 2), double(y + cell + 22)}, view.caption, image::tick_size,
                  view.right ? image::faint : image::palette[3], image::Align::center);
    }
  paste(canvas, bars.pixels, (wide - bars.width()) / 2, rows_end);
  return image::Image(canvas.pixels());
}

}  // namespace fovea::cli
