// Resampling by a map of places: homographies and displacement fields.
#include <cmath>
#include <numbers>
#include <utility>

#include "data/functional/planes.h"

namespace fovea::data::functional {
namespace {

/// A row of places in the image, in pixels from its upper left corner.
struct Row {
  explicit Row(int64_t width) : x(static_cast<size_t>(width)), y(x.size()), index(x.size()) {}
  std::vector<float> x, y;
  std::vector<int32_t> index;
};

struct PlacesOfHomography {
  static FOVEA_IMAGE_INLINE void run(Homography h, float y, int64_t n, float* px, float* py) {
    float m[9];
    for (int i = 0; i < 9; ++i) m[i] = float(h.m[size_t(i)]);
    const float cx = m[1] * y + m[2], cy = m[4] * y + m[5], cw = m[7] * y + m[8];
    if (m[6] == 0 && m[7] == 0 && m[8] == 1) {
      for (int32_t i = 0; i < int32_t(n); ++i) {
        const float x = float(i) + 0.5f;
        px[i] = m[0] * x + cx, py[i] = m[3] * x + cy;
      }
      return;
    }
    for (int32_t i = 0; i < int32_t(n); ++i) {
      const float x = float(i) + 0.5f, w = m[6] * x + cw;
      px[i] = (m[0] * x + cx) / w, py[i] = (m[3] * x + cy) / w;
    }
  }
};

struct PlacesOfDisplacement {
  static FOVEA_IMAGE_INLINE void run(const float* dx, const float* dy, float y, int64_t n, float* px,
                                     float* py) {
    for (int32_t i = 0; i < int32_t(n); ++i) px[i] = float(i) + 0.5f + dx[i], py[i] = y + dy[i];
  }
};

/// Index of the pixel under each place, or -1 outside. A place that is no number lies outside.
struct Nearest {
  static FOVEA_IMAGE_INLINE void run(const float* px, const float* py, int64_t n, int32_t height,
                                     int32_t width, int32_t* index) {
    const float h = float(height), w = float(width);
    for (int64_t i = 0; i < n; ++i) {
      const bool inside = (px[i] >= 0.f) & (px[i] < w) & (py[i] >= 0.f) & (py[i] < h);
      const float x = inside ? px[i] : 0.f, y = inside ? py[i] : 0.f;
      const int32_t at = int32_t(y) * width + int32_t(x);
      index[i] = inside ? at : -1;
    }
  }
};

template <class T>
void gather(const T* in, T* out, const std::vector<int32_t>& index, T fill) {
  for (size_t i = 0; i < index.size(); ++i) out[i] = index[i] < 0 ? fill : in[index[i]];
}

/// One row by bilinear interpolation between pixel centres; pixels outside have the colour `fill`.
template <class T>
void bilinear_row(const T* in, T* out, const Row& row, int32_t height, int32_t width, float fill) {
  const auto pixel = [&](int32_t y, int32_t x) {
    return y >= 0 && y < height && x >= 0 && x < width ? float(in[int64_t(y) * width + x]) : fill;
  };
  for (size_t i = 0; i < row.x.size(); ++i) {
    const float x = row.x[i] - 0.5f, y = row.y[i] - 0.5f;
    if (!(x > -1 && x < float(width) && y > -1 && y < float(height))) {
      out[i] = T(fill);
      continue;
    }
    const int32_t x0 = int32_t(x + 1) - 1, y0 = int32_t(y + 1) - 1;  // rounds down: x > -1
    const float u = x - float(x0), v = y - float(y0);
    float a, b, c, d;
    if (x0 >= 0 && x0 < width - 1 && y0 >= 0 && y0 < height - 1) {
      const T* const p = in + int64_t(y0) * width + x0;
      a = p[0], b = p[1], c = p[width], d = p[width + 1];
    } else {
      a = pixel(y0, x0), b = pixel(y0, x0 + 1), c = pixel(y0 + 1, x0), d = pixel(y0 + 1, x0 + 1);
    }
    out[i] = rounded<T>((1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * d));
  }
}

/// The image at the places that `places(y, x*, y*)` writes for each row of the result.
template <class F>
Tensor sample(const char* who, const Tensor& image, Filter filter, const Fill& fill, const F& places) {
  check(filter != Filter::bicubic, "[{}] interpolation is nearest or bilinear", who);
  check_fill(who, fill, image);
  const int64_t channels = image.size(0), height = image.size(1), width = image.size(2);
  check(height * width < (int64_t{1} << 31), "[{}] an image {} is too large", who, image.shape());
  const Tensor out = like(image);
  Row row(width);
  for (int64_t y = 0; y < height; ++y) {
    places(y, row.x.data(), row.y.data());
    if (filter == Filter::nearest)
      run_fast<Nearest>(static_cast<const float*>(row.x.data()), static_cast<const float*>(row.y.data()),
                        width, int32_t(height), int32_t(width), row.index.data());
    for_type(image.dtype(), [&](auto zero) {
      using T = decltype(zero);
      for (int64_t c = 0; c < channels; ++c) {
        const T* const in = image.data<T>() + c * height * width;
        T* const to = out.data<T>() + (c * height + y) * width;
        if (filter == Filter::nearest) gather(in, to, row.index, colour<T>(fill.of(c)));
        else bilinear_row(in, to, row, int32_t(height), int32_t(width), float(colour<T>(fill.of(c))));
      }
    });
  }
  return out;
}

}  // namespace

std::array<double, 2> Homography::operator()(double x, double y) const {
  const double w = m[6] * x + m[7] * y + m[8];
  return {(m[0] * x + m[1] * y + m[2]) / w, (m[3] * x + m[4] * y + m[5]) / w};
}

Homography Homography::inverse() const {
  const auto& a = m;
  Homography r;
  r.m = {a[4] * a[8] - a[5] * a[7], a[2] * a[7] - a[1] * a[8], a[1] * a[5] - a[2] * a[4],
         a[5] * a[6] - a[3] * a[8], a[0] * a[8] - a[2] * a[6], a[2] * a[3] - a[0] * a[5],
         a[3] * a[7] - a[4] * a[6], a[1] * a[6] - a[0] * a[7], a[0] * a[4] - a[1] * a[3]};
  const double determinant = a[0] * r.m[0] + a[1] * r.m[3] + a[2] * r.m[6];
  check(std::abs(determinant) > 1e-12, "[warp] the map has no inverse: it folds the image into a line");
  for (double& v : r.m) v /= determinant;
  return r;
}

Homography affine_map(Size size, const Affine& affine) {
  return affine_map(size, affine, {double(size.width) / 2, double(size.height) / 2});
}

Homography affine_map(Size, const Affine& t, std::array<double, 2> center) {
  check(t.scale > 0, "[affine] scale {} is not above 0", t.scale);
  constexpr double degree = std::numbers::pi / 180;
  const double angle = t.angle * degree, sx = t.shear[0] * degree, sy = t.shear[1] * degree;
  // Turn, scale and shear; its determinant without the scale is 1 (torchvision, _get_inverse_affine_matrix).
  const double a = std::cos(angle - sy) / std::cos(sy), b = -(a * std::tan(sx) + std::sin(angle));
  const double c = std::sin(angle - sy) / std::cos(sy), d = std::cos(angle) - c * std::tan(sx);
  const double x = center[0] + t.translate[0], y = center[1] + t.translate[1];
  Homography h;
  h.m[0] = d / t.scale, h.m[1] = -b / t.scale, h.m[3] = -c / t.scale, h.m[4] = a / t.scale;
  h.m[2] = center[0] - h.m[0] * x - h.m[1] * y;
  h.m[5] = center[1] - h.m[3] * x - h.m[4] * y;
  return h;
}

Homography perspective_map(const std::array<std::array<double, 2>, 4>& from,
                           const std::array<std::array<double, 2>, 4>& to) {
  double rows[8][9];  // the coefficients' equations, right side last
  for (int i = 0; i < 4; ++i) {
    const auto [x, y] = to[size_t(i)];
    const auto [u, v] = from[size_t(i)];
    const double first[9] = {x, y, 1, 0, 0, 0, -u * x, -u * y, u},
                 second[9] = {0, 0, 0, x, y, 1, -v * x, -v * y, v};
    std::copy_n(first, 9, rows[2 * i]), std::copy_n(second, 9, rows[2 * i + 1]);
  }
  for (int k = 0; k < 8; ++k) {  // Gauss-Jordan with pivots
    int best = k;
    for (int i = k + 1; i < 8; ++i)
      if (std::abs(rows[i][k]) > std::abs(rows[best][k])) best = i;
    check(std::abs(rows[best][k]) > 1e-9, "[perspective] three of the four points lie on a line");
    std::swap_ranges(rows[k], rows[k] + 9, rows[best]);
    for (int i = 0; i < 8; ++i) {
      const double f = i == k ? 0 : rows[i][k] / rows[k][k];
      for (int j = k; j < 9; ++j) rows[i][j] -= f * rows[k][j];
    }
  }
  Homography h;
  for (int k = 0; k < 8; ++k) h.m[size_t(k)] = rows[k][8] / rows[k][k];
  return h;
}

Tensor warp(const Tensor& image, const Homography& map, Filter filter, const Fill& fill) {
  const Tensor x = planes_of(image, "warp");
  return sample("warp", x, filter, fill, [&](int64_t y, float* px, float* py) {
    run_fast<PlacesOfHomography>(map, float(y) + 0.5f, x.size(2), px, py);
  });
}

Tensor elastic(const Tensor& image, const Tensor& displacement, Filter filter, const Fill& fill) {
  const Tensor x = planes_of(image, "elastic");
  const Dims wanted{2, x.size(1), x.size(2)};
  check(displacement.dtype() == f32 && displacement.shape() == wanted && displacement.is_contiguous(),
        "[elastic] an image {} wants a displacement f32 {}, not {}", x.shape(), wanted,
        displacement.describe());
  const float* const dx = displacement.data<float>();
  const float* const dy = dx + x.size(1) * x.size(2);
  return sample("elastic", x, filter, fill, [&](int64_t y, float* px, float* py) {
    const int64_t at = y * x.size(2);
    run_fast<PlacesOfDisplacement>(dx + at, dy + at, float(y) + 0.5f, x.size(2), px, py);
  });
}

}  // namespace fovea::data::functional
