#include "fovea/transforms/batch.h"

#include <algorithm>
#include <cmath>

#include "data/transforms/distributions.h"

namespace fovea::data {
namespace {

void check_batch(const char* who, const Tensor& images, const Tensor& labels) {
  check(images.dtype() == f32 && images.rank() == 4 && labels.dtype() == f32 && labels.rank() == 2 &&
            images.size(0) == labels.size(0) && images.numel() > 0,
        "[{}] wants images f32 (N,C,H,W) and labels f32 (N,classes), not {} and {}", who, images.describe(),
        labels.describe());
}

/// Rows times lambda plus the row before times 1 - lambda.
Tensor mixed(const Tensor& rows, float lambda) {
  const Tensor x = rows.contiguous(), out = Tensor::empty(x.shape());
  const int64_t n = x.size(0), length = x.numel() / n;
  for (int64_t i = 0; i < n; ++i) {
    const float* a = x.data<float>() + i * length;
    const float* b = x.data<float>() + (i + n - 1) % n * length;
    float* to = out.data<float>() + i * length;
    for (int64_t k = 0; k < length; ++k) to[k] = b[k] * (1 - lambda) + a[k] * lambda;
  }
  return out;
}

/// Sample `s` drawn into `canvas` with its upper left corner at (left, top), inside of `part`.
void place(const Sample& s, const Sample& canvas, const Rectangle& part, int64_t left, int64_t top) {
  const int64_t height = part.bottom - part.top, width = part.right - part.left;
  if (height <= 0 || width <= 0) return;
  const auto draw = [&](const Tensor& from, const Tensor& to) {
    to.narrow(1, part.top, height)
        .narrow(2, part.left, width)
        .copy_from(functional::crop(from, part.top - top, part.left - left, height, width));
  };
  draw(s.image, canvas.image);
  if (canvas.masks) draw(s.masks, canvas.masks);
}

/// Rows of `t`, (n,2) or (n,4) of x and y, moved and cut at `part` if they are boxes; appended to `all`.
void append_moved(std::vector<float>& all, const Tensor& t, int64_t left, int64_t top, const Rectangle& part,
                  bool boxes) {
  if (!t) return;
  const std::vector<float> values = t.to_vector<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    const bool is_x = i % 2 == 0;
    const float v = values[i] + float(is_x ? left : top);
    const float low = float(is_x ? part.left : part.top), high = float(is_x ? part.right : part.bottom);
    all.push_back(boxes ? std::clamp(v, low, std::max(low, high)) : v);
  }
}

}  // namespace

Tensor soft_labels(const Tensor& labels, int64_t classes) {
  check(labels.dtype() == i64 && labels.rank() == 1, "[soft_labels] wants labels i64 (N), not {}",
        labels.describe());
  const Tensor out = zeros({labels.size(0), classes});
  for (int64_t i = 0; i < labels.size(0); ++i) {
    const int64_t label = labels.at<int64_t>({i});
    check(label >= 0 && label < classes, "[soft_labels] label {} of example {} is outside of 0..{}", label, i,
          classes - 1);
    out.at<float>({i, label}) = 1;
  }
  return out;
}

SoftBatch mixup(const Tensor& images, const Tensor& labels, float lambda) {
  check_batch("mixup", images, labels);
  check(lambda >= 0 && lambda <= 1, "[mixup] lambda {} is not in 0..1", lambda);
  return {mixed(images, lambda), mixed(labels, lambda)};
}

SoftBatch cutmix(const Tensor& images, const Tensor& labels, const Rectangle& b) {
  check_batch("cutmix", images, labels);
  const int64_t n = images.size(0), height = images.size(2), width = images.size(3);
  check(0 <= b.left && b.left <= b.right && b.right <= width && 0 <= b.top && b.top <= b.bottom &&
            b.bottom <= height,
        "[cutmix] the box {},{} to {},{} is not inside of {} x {}", b.left, b.top, b.right, b.bottom, height,
        width);
  const Tensor out = images.clone();
  const int64_t rows = b.bottom - b.top, columns = b.right - b.left;
  const auto inside = [&](const Tensor& t, int64_t i) {
    return t.select(0, i).narrow(1, b.top, rows).narrow(2, b.left, columns);
  };
  if (rows > 0 && columns > 0)
    for (int64_t i = 0; i < n; ++i) inside(out, i).copy_from(inside(images, (i + n - 1) % n));
  return {out, mixed(labels, float(1 - double(rows * columns) / double(height * width)))};
}

float draw_mixup(float alpha, Generator& random) {
  check(alpha > 0, "[mixup] alpha {} is not above 0", alpha);
  return float(beta(double(alpha), double(alpha), random));
}

Rectangle draw_cutmix(float alpha, int64_t height, int64_t width, Generator& random) {
  const double half = 0.5 * std::sqrt(1 - double(draw_mixup(alpha, random)));
  const int64_t x = int64_t(random.below(uint64_t(width))), y = int64_t(random.below(uint64_t(height)));
  const int64_t dx = int64_t(half * double(width)), dy = int64_t(half * double(height));
  return {std::max<int64_t>(x - dx, 0), std::max<int64_t>(y - dy, 0), std::min(x + dx, width),
          std::min(y + dy, height)};
}

Sample mosaic(std::span<const Sample> four, Size size, int64_t x, int64_t y, const Fill& fill) {
  check(four.size() == 4, "[mosaic] wants four samples, not {}", four.size());
  check(x >= 0 && x <= size.width && y >= 0 && y <= size.height,
        "[mosaic] {},{} is not on a canvas of {} x {}", x, y, size.height, size.width);
  const Tensor& first = four[0].image;
  for (const Sample& s : four)
    check(s.image.rank() == 3 && s.image.size(0) == first.size(0) && s.image.dtype() == first.dtype(),
          "[mosaic] wants images of equal channels and type, not {} beside {}", s.image.describe(),
          first.describe());
  const bool masks = std::all_of(four.begin(), four.end(), [&](const Sample& s) {
    return s.masks && s.masks.size(0) == four[0].masks.size(0) && s.masks.dtype() == four[0].masks.dtype();
  });
  Sample all{.image = Tensor::empty({first.size(0), size.height, size.width}, first.dtype()),
             .label = four[0].label};
  for (int64_t c = 0; c < first.size(0); ++c) all.image.narrow(0, c, 1).fill(double(fill.of(c)));
  if (masks) all.masks = zeros({four[0].masks.size(0), size.height, size.width}, four[0].masks.dtype());
  std::vector<float> boxes, points;
  std::vector<int64_t> labels;
  for (size_t i = 0; i < 4; ++i) {
    const Sample& s = four[i];
    const int64_t height = s.image.size(1), width = s.image.size(2);
    const int64_t left = i % 2 ? x : x - width, top = i / 2 ? y : y - height;
    const Rectangle part{std::max<int64_t>(left, 0), std::max<int64_t>(top, 0),
                         std::min(left + width, size.width), std::min(top + height, size.height)};
    place(s, all, part, left, top);
    append_moved(boxes, s.boxes, left, top, part, true);
    append_moved(points, s.points, left, top, part, false);
    const int64_t count = s.boxes ? s.boxes.size(0) : 0;
    check(!s.box_labels || s.box_labels.numel() == count, "[mosaic] {} boxes have {} labels", count,
          s.box_labels ? s.box_labels.numel() : 0);
    for (int64_t k = 0; k < count; ++k)
      labels.push_back(s.box_labels ? s.box_labels.at<int64_t>({k}) : s.label);
  }
  const auto rows = [](const auto& v, int64_t columns) {
    return Tensor::of(std::span(v.data(), v.size()), Dims{int64_t(v.size()) / columns, columns});
  };
  if (!points.empty()) all.points = rows(points, 2);
  if (boxes.empty()) return all;
  all.boxes = rows(boxes, 4), all.box_labels = Tensor::of(std::span<const int64_t>(labels));
  functional::sanitize_boxes(all);
  return all;
}

Sample mosaic(std::span<const Sample> four, Size size, Generator& random, const Fill& fill) {
  const auto middle = [&](int64_t n) { return n / 4 + int64_t(random.below(uint64_t(n / 2 + 1))); };
  const int64_t x = middle(size.width);
  return mosaic(four, size, x, middle(size.height), fill);
}

std::vector<Tensor> five_crop(const Tensor& image, Size size) {
  const int64_t bottom = image.size(1) - size.height, right = image.size(2) - size.width;
  check(size.height > 0 && size.width > 0 && bottom >= 0 && right >= 0,
        "[five_crop] {} x {} is not a part of the image {}", size.height, size.width, image.shape());
  const auto window = [&](int64_t top, int64_t left) {
    return functional::crop(image, top, left, size.height, size.width);
  };
  return {window(0, 0), window(0, right), window(bottom, 0), window(bottom, right),
          window(std::lrint(double(bottom) / 2), std::lrint(double(right) / 2))};
}

std::vector<Tensor> ten_crop(const Tensor& image, Size size) {
  std::vector<Tensor> all = five_crop(image, size);
  for (const Tensor& mirrored : five_crop(functional::horizontal_flip(image), size)) all.push_back(mirrored);
  return all;
}

}  // namespace fovea::data
