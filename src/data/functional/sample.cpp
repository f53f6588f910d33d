// Whole examples: what a change of geometry does to boxes, masks and points.
#include <cmath>

#include "data/functional/planes.h"

namespace fovea::data::functional {
namespace {

struct Canvas {
  float height, width;
};

Canvas canvas_of(const Tensor& image) { return {float(image.size(1)), float(image.size(2))}; }

/// Checks the annotations of a sample once, so that the loops need not.
void check_annotations(const Sample& s) {
  const auto fits = [](const Tensor& t, DType dtype, int64_t columns) {
    return !t || (t.dtype() == dtype && t.rank() == 2 && t.size(1) == columns && t.is_contiguous());
  };
  check(fits(s.boxes, f32, 4), "boxes are f32 (n,4), not {}", s.boxes ? s.boxes.describe() : "");
  check(fits(s.points, f32, 2), "key points are f32 (n,2), not {}", s.points ? s.points.describe() : "");
  check(!s.masks ||
            (s.masks.rank() == 3 && s.masks.size(1) == s.image.size(1) && s.masks.size(2) == s.image.size(2)),
        "masks (n,H,W) have the size of their image {}, not {}", s.image.shape(),
        s.masks ? s.masks.describe() : "");
}

/// `move(x, y)` for every point of a (n,2).
template <class F>
Tensor moved_points(const Tensor& points, const F& move) {
  if (!points) return points;
  const Tensor out = points.clone();
  float* p = out.data<float>();
  for (int64_t i = 0; i < out.size(0); ++i, p += 2) {
    const auto [x, y] = move(p[0], p[1]);
    p[0] = float(x), p[1] = float(y);
  }
  return out;
}

/// The upright boxes around the moved corners, cut at the canvas.
template <class F>
Tensor moved_boxes(const Tensor& boxes, const Canvas& canvas, const F& move) {
  if (!boxes) return boxes;
  const Tensor out = boxes.clone();
  float* b = out.data<float>();
  for (int64_t i = 0; i < out.size(0); ++i, b += 4) {
    float low[2] = {INFINITY, INFINITY}, high[2] = {-INFINITY, -INFINITY};
    for (int corner = 0; corner < 4; ++corner) {
      const auto [x, y] = move(b[corner & 1 ? 2 : 0], b[corner & 2 ? 3 : 1]);
      low[0] = std::min(low[0], float(x)), low[1] = std::min(low[1], float(y));
      high[0] = std::max(high[0], float(x)), high[1] = std::max(high[1], float(y));
    }
    b[0] = std::clamp(low[0], 0.f, canvas.width), b[1] = std::clamp(low[1], 0.f, canvas.height);
    b[2] = std::clamp(high[0], 0.f, canvas.width), b[3] = std::clamp(high[1], 0.f, canvas.height);
  }
  return out;
}

/// Moves what is drawn on `image` (which has its new size already).
template <class F>
void move_annotations(Sample& s, const F& move) {
  s.boxes = moved_boxes(s.boxes, canvas_of(s.image), move);
  s.points = moved_points(s.points, move);
}

using Place = std::array<float, 2>;

/// Rows of `t` whose index is kept.
Tensor kept_rows(const Tensor& t, const std::vector<int64_t>& keep) {
  Dims shape = t.shape();
  shape[0] = int64_t(keep.size());
  const Tensor out = Tensor::empty(shape, t.dtype());
  for (size_t i = 0; i < keep.size(); ++i) out.select(0, int64_t(i)).copy_from(t.select(0, keep[i]));
  return out;
}

}  // namespace

void crop(Sample& s, int64_t top, int64_t left, int64_t height, int64_t width, Padding mode,
          const Fill& fill) {
  check_annotations(s);
  s.image = crop(s.image, top, left, height, width, mode, fill);
  if (s.masks) s.masks = crop(s.masks, top, left, height, width, mode);
  move_annotations(s, [&](float x, float y) { return Place{x - float(left), y - float(top)}; });
}

void horizontal_flip(Sample& s) {
  check_annotations(s);
  s.image = horizontal_flip(s.image);
  if (s.masks) s.masks = horizontal_flip(s.masks);
  const float width = canvas_of(s.image).width;
  move_annotations(s, [&](float x, float y) { return Place{width - x, y}; });
}

void vertical_flip(Sample& s) {
  check_annotations(s);
  s.image = vertical_flip(s.image);
  if (s.masks) s.masks = vertical_flip(s.masks);
  const float height = canvas_of(s.image).height;
  move_annotations(s, [&](float x, float y) { return Place{x, height - y}; });
}

void resize(Sample& s, int64_t height, int64_t width, Filter filter) {
  check_annotations(s);
  const float sy = float(height) / float(s.image.size(1)), sx = float(width) / float(s.image.size(2));
  s.image = functional::resize(s.image, height, width, filter);
  if (s.masks) s.masks = functional::resize(s.masks, height, width, Filter::nearest);
  move_annotations(s, [&](float x, float y) { return Place{x * sx, y * sy}; });
}

void warp(Sample& s, const Homography& map, Filter filter, const Fill& fill) {
  check_annotations(s);
  s.image = warp(s.image, map, filter, fill);
  if (s.masks) s.masks = warp(s.masks, map, Filter::nearest);
  if (!s.boxes && !s.points) return;
  const Homography forward = map.inverse();
  move_annotations(s, [&](float x, float y) { return forward(x, y); });
}

void elastic(Sample& s, const Tensor& displacement, Filter filter, const Fill& fill) {
  check_annotations(s);
  s.image = elastic(s.image, displacement, filter, fill);
  if (s.masks) s.masks = elastic(s.masks, displacement, Filter::nearest);
  const int64_t height = s.image.size(1), width = s.image.size(2);
  const float* const dx = displacement.data<float>();
  move_annotations(s, [&](float x, float y) {
    const int64_t column = std::clamp<int64_t>(int64_t(std::floor(x)), 0, width - 1);
    const int64_t row = std::clamp<int64_t>(int64_t(std::floor(y)), 0, height - 1);
    const float* const d = dx + row * width + column;
    return Place{x - d[0], y - d[height * width]};
  });
}

void sanitize_boxes(Sample& s, float min_size, float min_area) {
  check_annotations(s);
  if (!s.boxes) return;
  const int64_t n = s.boxes.size(0);
  check(!s.box_labels || (s.box_labels.rank() == 1 && s.box_labels.size(0) == n),
        "{} boxes want as many labels, not {}", n, s.box_labels ? s.box_labels.describe() : "");
  std::vector<int64_t> keep;
  const float* b = s.boxes.data<float>();
  for (int64_t i = 0; i < n; ++i, b += 4) {
    const float width = b[2] - b[0], height = b[3] - b[1];
    if (width >= min_size && height >= min_size && width * height >= min_area) keep.push_back(i);
  }
  if (int64_t(keep.size()) == n) return;
  s.boxes = kept_rows(s.boxes, keep);
  if (s.box_labels) s.box_labels = kept_rows(s.box_labels, keep);
  if (s.masks && s.masks.size(0) == n) s.masks = kept_rows(s.masks, keep);
}

}  // namespace fovea::data::functional
