// Templates.
#include <cmath>

#include "fovea/features.h"
#include "image/features/plane.h"

namespace fovea::image {
namespace {

/// The sums over any rectangle of a picture, from the sums over all that start in its corner.
class Sums {
 public:
  /// Of the numbers, or of their squares.
  Sums(const Tensor& plane, bool squares)
      : width_(plane.size(1) + 1), sums_(size_t((plane.size(0) + 1) * width_)) {
    const float* p = plane.data<float>();
    for (int64_t r = 1; r <= plane.size(0); ++r) {
      double row = 0;
      for (int64_t c = 1; c < width_; ++c, ++p) {
        row += squares ? double(*p) * *p : *p;
        sums_[size_t(r * width_ + c)] = sums_[size_t((r - 1) * width_ + c)] + row;
      }
    }
  }
  double over(int64_t r, int64_t c, int64_t height, int64_t width) const {
    const auto at = [&](int64_t y, int64_t x) { return sums_[size_t(y * width_ + x)]; };
    return at(r + height, c + width) - at(r, c + width) - at(r + height, c) + at(r, c);
  }

 private:
  int64_t width_;
  std::vector<double> sums_;
};

float dot(const float* a, const float* b, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += a[i] * b[i];
  return sum;
}

/// A pattern less its mean.
struct Mask {
  std::vector<float> values;
  double squares = 0;

  explicit Mask(const Tensor& pattern) {
    const float* p = pattern.data<float>();
    double sum = 0;
    for (int64_t i = 0; i < pattern.numel(); ++i) sum += p[i];
    const double mean = sum / double(pattern.numel());
    for (int64_t i = 0; i < pattern.numel(); ++i) {
      const double v = p[i] - mean;
      values.push_back(float(v)), squares += v * v;
    }
  }
};

}  // namespace

Tensor match_templates(const Tensor& gray, const Tensor& patterns) {
  const Tensor plane = gray_plane(gray, "match_template");
  check(patterns.rank() == 3 && patterns.numel() > 0, "[match_template] patterns are (K,h,w), not {}",
        patterns.describe());
  const Tensor all = patterns.to(f32).contiguous();
  const int64_t count = all.size(0), h = all.size(1), w = all.size(2);
  const int64_t height = plane.size(0) - h + 1, width = plane.size(1) - w + 1;
  check(height > 0 && width > 0, "[match_template] a picture {} x {} is smaller than the pattern, {} x {}",
        plane.size(0), plane.size(1), h, w);
  const Sums sums(plane, false), squares(plane, true);
  const Tensor out = Tensor::empty({count, height, width});
  float* to = out.data<float>();
  for (int64_t k = 0; k < count; ++k) {
    const Mask mask(all.select(0, k));
    for (int64_t r = 0; r < height; ++r)
      for (int64_t c = 0; c < width; ++c) {
        double product = 0;
        for (int64_t y = 0; y < h; ++y)
          product += dot(plane.data<float>() + (r + y) * plane.size(1) + c, mask.values.data() + y * w, w);
        const double sum = sums.over(r, c, h, w), energy = squares.over(r, c, h, w),
                     variance = energy - sum * sum / double(h * w);
        const bool flat = variance <= 1e-6 * energy || mask.squares <= 0;
        *to++ = flat ? 0 : float(product / std::sqrt(variance * mask.squares));
      }
  }
  return out;
}

Tensor match_template(const Tensor& gray, const Tensor& pattern) {
  const Tensor plane = gray_plane(pattern, "match_template");
  return match_templates(gray, plane.reshape({1, plane.size(0), plane.size(1)})).select(0, 0);
}

}  // namespace fovea::image
