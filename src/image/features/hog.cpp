// Histograms of oriented gradients.
#include <algorithm>
#include <cmath>

#include "fovea/features.h"
#include "image/canvas.h"
#include "image/features/plane.h"

namespace fovea::image {
namespace {

void check_options(const HogOptions& o) {
  check(o.cell > 0 && o.orientations > 0 && o.block > 0,
        "[hog] cell={}, orientations={}, block={}: 1 at least", o.cell, o.orientations, o.block);
}

struct Slope {
  double x = 0, y = 0, length = 0;
};

/// Differences of neighbours on both sides, 0 at the border; the steepest of the channels.
Slope slope_at(const float* p, int64_t r, int64_t c, const Table& t) {
  const int64_t row = t.width * t.channels;
  Slope best;
  for (int64_t k = 0; k < t.channels; ++k) {
    const float* at = p + r * row + c * t.channels + k;
    const double x = c > 0 && c + 1 < t.width ? double(at[t.channels]) - double(at[-t.channels]) : 0,
                 y = r > 0 && r + 1 < t.height ? double(at[row]) - double(at[-row]) : 0,
                 length = std::sqrt(x * x + y * y);
    if (length > best.length) best = {x, y, length};
  }
  return best;
}

/// L2-Hys: the numbers in place.
void normalise(std::vector<float>& block) {
  constexpr double small = 1e-5, most = 0.2;
  const auto scale = [&] {
    double squares = small * small;
    for (const float v : block) squares += double(v) * v;
    for (float& v : block) v = float(v / std::sqrt(squares));
  };
  scale();
  for (float& v : block) v = std::min(v, float(most));
  scale();
}

}  // namespace

Tensor hog_cells(const Tensor& image, const HogOptions& o) {
  check_options(o);
  const Table t = table_of(image, "hog");
  const int64_t rows = t.height / o.cell, columns = t.width / o.cell;
  check(rows > 0 && columns > 0,
        "[hog] a picture {} x {} is smaller than a cell of {} pixels: a smaller cell may help", t.height,
        t.width, o.cell);
  const Tensor pixels = t.tensor.to(f32), cells = zeros({rows, columns, o.orientations});
  const double share = double(o.orientations) / M_PI, area = double(o.cell * o.cell);
  for (int64_t r = 0; r < rows * o.cell; ++r)
    for (int64_t c = 0; c < columns * o.cell; ++c) {
      const Slope s = slope_at(pixels.data<float>(), r, c, t);
      if (s.length == 0) continue;
      double angle = std::atan2(s.y, s.x);
      if (angle < 0) angle += M_PI;
      const int64_t bin = int64_t(angle * share) % o.orientations;
      cells.data<float>()[((r / o.cell) * columns + c / o.cell) * o.orientations + bin] +=
          float(s.length / area);
    }
  return cells;
}

Tensor hog(const Tensor& image, const HogOptions& o) {
  const Tensor cells = hog_cells(image, o);
  const int64_t rows = cells.size(0) - o.block + 1, columns = cells.size(1) - o.block + 1;
  check(rows > 0 && columns > 0,
        "[hog] {} x {} cells are fewer than the {} x {} of a block: a smaller cell may help", cells.size(0),
        cells.size(1), o.block, o.block);
  const int64_t numbers = o.block * o.block * o.orientations, strip = o.block * o.orientations;
  const Tensor out = Tensor::empty({rows * columns * numbers});
  float* to = out.data<float>();
  std::vector<float> block;
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) {
      block.clear();
      for (int64_t i = 0; i < o.block; ++i) {
        const float* from = cells.data<float>() + ((r + i) * cells.size(1) + c) * o.orientations;
        block.insert(block.end(), from, from + strip);
      }
      normalise(block);
      to = std::copy(block.begin(), block.end(), to);
    }
  return out;
}

Tensor draw_hog(const Tensor& cells, int64_t side) {
  check(cells.rank() == 3 && cells.dtype() == f32 && cells.numel() > 0 && side > 1,
        "[draw_hog] cells f32 (rows, columns, orientations) are wanted, not {}", cells.describe());
  const int64_t rows = cells.size(0), columns = cells.size(1), orientations = cells.size(2);
  Canvas canvas(int(columns * side), int(rows * side), {0, 0, 0});
  const float* p = cells.contiguous().data<float>();
  const float most = std::max(*std::max_element(p, p + cells.numel()), 1e-30f);
  for (int64_t i = 0; i < cells.numel(); ++i) {
    const double angle = (double(i % orientations) + 0.5) * M_PI / double(orientations) + M_PI / 2;
    const int64_t cell = i / orientations;
    const Point middle{(double(cell % columns) + 0.5) * double(side),
                       (double(cell / columns) + 0.5) * double(side)};
    const double x = std::cos(angle) * 0.45 * double(side), y = std::sin(angle) * 0.45 * double(side);
    canvas.line({{middle.x - x, middle.y - y}, {middle.x + x, middle.y + y}}, std::max(1., double(side) / 12),
                {255, 255, 255}, double(p[i] / most));
  }
  return canvas.pixels().select(2, 0).contiguous();
}

}  // namespace fovea::image
