// Resampling as Pillow does it: separable, antialiased; u8 in 22-bit fixed point with a rounded u8 image
// between the passes, so that results equal Pillow's to the bit; u16 and f32 in float.
#include <algorithm>
#include <cmath>

#include "image/pixels.h"
#include "image/taps.h"

namespace fovea::image {
namespace {

/// The filter's weight at distance x, in pixels of the coarser image.
double weight(Filter filter, double x) {
  x = std::abs(x);
  if (filter == Filter::bilinear) return x < 1 ? 1 - x : 0;
  constexpr double a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

/// Fixed point for integers, plain for float.
template <class W>
W stored(double w) {
  if constexpr (std::is_integral_v<W>) return W(std::lround(w * (1 << fraction_bits)));
  else return W(w);
}

template <class W>
Taps<W> make_taps(int64_t in, int64_t out, Filter filter) {
  const double scale = double(in) / double(out), stretch = std::max(scale, 1.0);
  const double support = (filter == Filter::bilinear ? 1.0 : 2.0) * stretch;
  Taps<W> taps;
  taps.most = int64_t(std::ceil(support)) * 2 + 1;
  taps.weights.resize(size_t(out * taps.most));
  std::vector<double> w(static_cast<size_t>(taps.most));
  for (int64_t o = 0; o < out; ++o) {
    const double center = (double(o) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(int64_t(center - support + 0.5), 0);
    const int64_t count = std::min<int64_t>(int64_t(center + support + 0.5), in) - first;
    double sum = 0;
    for (int64_t i = 0; i < count; ++i)
      sum += w[size_t(i)] = weight(filter, (double(first + i) - center + 0.5) / stretch);
    for (int64_t i = 0; i < count; ++i)
      taps.weights[size_t(o * taps.most + i)] = stored<W>(w[size_t(i)] / sum);
    taps.first.push_back(first);
    taps.count.push_back(count);
  }
  return taps;
}

template <class T>
using WeightOf = std::conditional_t<sizeof(T) == 1, int32_t, float>;

/// What rounds the sum when it is shifted or truncated.
template <class T>
constexpr WeightOf<T> half() {
  if constexpr (sizeof(T) == 1) return 1 << (fraction_bits - 1);
  else return std::is_integral_v<T> ? 0.5f : 0.0f;
}

template <class T>
T rounded(WeightOf<T> sum) {
  if constexpr (sizeof(T) == 1) return T(std::clamp(sum >> fraction_bits, 0, 255));
  else if constexpr (std::is_integral_v<T>) return T(std::clamp(sum, 0.0f, 65535.0f));
  else return sum;
}

/// One row; C channels (0: `channels`, known only at run time).
template <int C, class T>
void row_pass(const T* from, T* to, const Taps<WeightOf<T>>& taps, int64_t channels) {
  const int64_t n = C ? C : channels;
  for (size_t o = 0; o < taps.first.size(); ++o) {
    const auto* const w = &taps.weights[o * size_t(taps.most)];
    const T* const source = from + taps.first[o] * n;
    for (int64_t c0 = 0; c0 < n; c0 += 4) {
      const int64_t lanes = C ? C : std::min<int64_t>(4, n - c0);
      WeightOf<T> sum[4] = {half<T>(), half<T>(), half<T>(), half<T>()};
      for (int64_t i = 0; i < taps.count[o]; ++i)
        for (int64_t c = 0; c < lanes; ++c) sum[c] += source[i * n + c0 + c] * w[i];
      for (int64_t c = 0; c < lanes; ++c) to[int64_t(o) * n + c0 + c] = rounded<T>(sum[c]);
    }
  }
}

template <class T>
void horizontal(const Table& t, const Tensor& out, Filter filter) {
  const int64_t width = out.size(1);
  const auto taps = make_taps<WeightOf<T>>(t.width, width, filter);
  int64_t done = 0;
  if constexpr (sizeof(T) == 1)
    if ((t.channels == 3 || t.channels == 4) && cpu_has_avx2())
      done = resize_rows_avx2(t.tensor.data<T>(), out.data<T>(), taps, t.height, t.width, int(t.channels));
  for (int64_t y = done; y < t.height; ++y) {
    const T* const from = t.tensor.data<T>() + y * t.width * t.channels;
    T* const to = out.data<T>() + y * width * t.channels;
    if (t.channels == 1) row_pass<1>(from, to, taps, 1);
    else if (t.channels == 3) row_pass<3>(from, to, taps, 3);
    else row_pass<0>(from, to, taps, t.channels);
  }
}

template <class T>
void vertical(const Table& t, const Tensor& out, Filter filter) {
  const auto taps = make_taps<WeightOf<T>>(t.height, out.size(0), filter);
  const int64_t n = t.width * t.channels;
  std::vector<WeightOf<T>> sums(static_cast<size_t>(n));
  const bool avx2 = cpu_has_avx2();
  for (int64_t y = 0; y < out.size(0); ++y) {
    const T* const from = t.tensor.data<T>() + taps.first[size_t(y)] * n;
    const auto* const w = &taps.weights[size_t(y * taps.most)];
    T* const to = out.data<T>() + y * n;
    if constexpr (sizeof(T) == 1)
      if (avx2) {
        mix_rows_avx2(from, taps.count[size_t(y)], n, w, sums.data(), to);
        continue;
      }
    std::fill(sums.begin(), sums.end(), half<T>());
    for (int64_t i = 0; i < taps.count[size_t(y)]; ++i)
      for (int64_t x = 0; x < n; ++x) sums[size_t(x)] += from[i * n + x] * w[i];
    for (int64_t x = 0; x < n; ++x) to[x] = rounded<T>(sums[size_t(x)]);
  }
}

/// The nearest input position for each output position, summed up as Pillow does, so that ties fall alike.
std::vector<int64_t> nearest(int64_t in, int64_t out) {
  const double scale = double(in) / double(out);
  double at = scale * 0.5;
  std::vector<int64_t> positions;
  for (int64_t o = 0; o < out; ++o, at += scale) positions.push_back(std::min(int64_t(at), in - 1));
  return positions;
}

}  // namespace

Tensor resize(const Tensor& image, int64_t height, int64_t width, Filter filter) {
  constexpr int64_t largest = int64_t{1} << 30;
  Table t = table_of(image, "resize");
  check(height > 0 && width > 0 && height <= largest / width,
        "[resize] {} x {} is not a size between 1 and {} pixels", height, width, largest);
  if (filter == Filter::nearest) return gather(t, nearest(t.height, height), nearest(t.width, width));
  if (width != t.width) {
    const Tensor out = Tensor::empty(t.shape(t.height, width), t.dtype());
    for_type(t.dtype(), [&](auto zero) { horizontal<decltype(zero)>(t, out, filter); });
    t = {out, t.height, width, t.channels};
  }
  if (height == t.height) return t.tensor;
  const Tensor out = Tensor::empty(t.shape(height, width), t.dtype());
  for_type(t.dtype(), [&](auto zero) { vertical<decltype(zero)>(t, out, filter); });
  return out;
}

Tensor resize_center(const Tensor& image, int64_t short_side, int64_t height, int64_t width, Filter filter) {
  const Table t = table_of(image, "resize_center");
  check(short_side > 0, "[resize_center] the shorter side cannot become {}", short_side);
  const bool portrait = t.width <= t.height;
  const int64_t long_side = short_side * std::max(t.height, t.width) / std::min(t.height, t.width);
  return center_crop(
      resize(image, portrait ? long_side : short_side, portrait ? short_side : long_side, filter), height,
      width);
}

}  // namespace fovea::image
