// What looks at neighbours: Gaussian blur, sharpness; and erasing.
#include <cmath>
#include <cstring>

#include "data/functional/planes.h"

namespace fovea::data::functional {
namespace {

/// Weights of a Gaussian at whole distances, their sum 1.
std::vector<float> gaussian(int64_t size, double sigma) {
  std::vector<float> w(static_cast<size_t>(size));
  double sum = 0;
  const auto weight = [&](int64_t i) {
    const double x = double(i) - double(size - 1) / 2;
    return std::exp(-x * x / (2 * sigma * sigma));
  };
  for (int64_t i = 0; i < size; ++i) sum += weight(i);
  for (int64_t i = 0; i < size; ++i) w[size_t(i)] = float(weight(i) / sum);
  return w;
}

int64_t mirrored(int64_t i, int64_t n) { return i < 0 ? -i : i >= n ? 2 * (n - 1) - i : i; }

template <class T>
struct AddRow {
  static FOVEA_IMAGE_INLINE void run(const T* in, float weight, float* sum, int64_t n) {
    for (int64_t i = 0; i < n; ++i) sum[i] += float(in[i]) * weight;
  }
};

template <class T>
struct RoundRow {
  static FOVEA_IMAGE_INLINE void run(const float* in, T* out, int64_t n) {
    for (int64_t i = 0; i < n; ++i) out[i] = rounded<T>(in[i]);
  }
};

/// Columns first: whole rows are summed into one line, which is then blurred along itself.
template <class T>
void blur_plane(const T* in, T* out, int64_t height, int64_t width, const std::vector<float>& wy,
                const std::vector<float>& wx) {
  const int64_t ry = int64_t(wy.size()) / 2, rx = int64_t(wx.size()) / 2;
  std::vector<float> line(size_t(width + 2 * rx)), sum(static_cast<size_t>(width));
  for (int64_t y = 0; y < height; ++y, out += width) {
    std::fill(line.begin(), line.end(), 0.f);
    for (int64_t k = -ry; k <= ry; ++k)
      run_fast<AddRow<T>>(in + mirrored(y + k, height) * width, wy[size_t(k + ry)], line.data() + rx, width);
    for (int64_t i = 1; i <= rx; ++i)
      line[size_t(rx - i)] = line[size_t(rx + i)],
                       line[size_t(rx + width - 1 + i)] = line[size_t(rx + width - 1 - i)];
    std::fill(sum.begin(), sum.end(), 0.f);
    for (size_t k = 0; k < wx.size(); ++k)
      run_fast<AddRow<float>>(static_cast<const float*>(line.data() + k), wx[k], sum.data(), width);
    run_fast<RoundRow<T>>(static_cast<const float*>(sum.data()), out, width);
  }
}

/// One row between its neighbours; the first and last pixel are the caller's.
template <class T>
struct SharpenRow {
  static FOVEA_IMAGE_INLINE void run(const T* in, T* out, int64_t width, float rest) {
    constexpr float a = 1.f / 13, b = 5.f / 13;
    const T *up = in - width, *down = in + width;
    for (int64_t x = 1; x < width - 1; ++x) {
      const float around = float(up[x - 1]) + float(up[x]) + float(up[x + 1]) + float(in[x - 1]) +
                           float(in[x + 1]) + float(down[x - 1]) + float(down[x]) + float(down[x + 1]);
      float blurred = around * a + float(in[x]) * b;
      if constexpr (std::is_integral_v<T>) blurred = (blurred + 12582912.f) - 12582912.f;
      out[x] = clamped<T>(float(in[x]) + rest * (blurred - float(in[x])));
    }
  }
};

}  // namespace

Tensor gaussian_blur(const Tensor& image, Size kernel, double sigma) {
  const Tensor x = planes_of(image, "gaussian_blur"), out = like(x);
  check(kernel.height % 2 == 1 && kernel.width % 2 == 1 && kernel.height > 0 && kernel.width > 0,
        "[gaussian_blur] a kernel of {} x {} has no middle: its sides are odd", kernel.height, kernel.width);
  check(sigma > 0, "[gaussian_blur] sigma {} is not above 0", sigma);
  check(kernel.height / 2 < x.size(1) && kernel.width / 2 < x.size(2),
        "[gaussian_blur] a kernel of {} x {} reaches over an image {}", kernel.height, kernel.width,
        x.shape());
  const auto wy = gaussian(kernel.height, sigma), wx = gaussian(kernel.width, sigma);
  const int64_t n = x.size(1) * x.size(2);
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t c = 0; c < x.size(0); ++c)
      blur_plane(x.data<T>() + c * n, out.data<T>() + c * n, x.size(1), x.size(2), wy, wx);
  });
  return out;
}

Tensor adjust_sharpness(const Tensor& image, float factor) {
  check(factor >= 0, "[adjust_sharpness] factor {} is below 0", factor);
  const Tensor x = planes_of(image, "adjust_sharpness");
  const int64_t height = x.size(1), width = x.size(2);
  if (height <= 2 || width <= 2) return x;
  const Tensor out = like(x);
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t row = 0; row < x.size(0) * height; ++row) {
      const T* const in = x.data<T>() + row * width;
      T* const to = out.data<T>() + row * width;
      const int64_t y = row % height;
      const bool border = y == 0 || y == height - 1;
      if (border) std::copy_n(in, width, to);
      else to[0] = in[0], to[width - 1] = in[width - 1], run_fast<SharpenRow<T>>(in, to, width, 1 - factor);
    }
  });
  return out;
}

Tensor erase(const Tensor& image, int64_t top, int64_t left, const Tensor& patch) {
  const Tensor x = planes_of(image, "erase"), p = planes_of(patch, "erase"), out = x.clone();
  check(p.dtype() == x.dtype() && p.size(0) == x.size(0) && top >= 0 && left >= 0 &&
            top + p.size(1) <= x.size(1) && left + p.size(2) <= x.size(2),
        "[erase] a patch {} at row {}, column {} does not fit the image {}", patch.describe(), top, left,
        image.describe());
  const int64_t pixel = size_of(x.dtype()), bytes = p.size(2) * pixel;
  for (int64_t c = 0; c < p.size(0); ++c)
    for (int64_t y = 0; y < p.size(1); ++y)
      std::memcpy(static_cast<char*>(out.raw()) + ((c * x.size(1) + top + y) * x.size(2) + left) * pixel,
                  static_cast<const char*>(p.raw()) + (c * p.size(1) + y) * bytes, size_t(bytes));
  return out;
}

}  // namespace fovea::data::functional
