// Colour models and ranges: gray, RGB, 8 bits, and the normalised planes that a network takes.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "image/pixels.h"

namespace fovea::image {
namespace {

/// The value of full intensity: 255, 65535, 1.
template <class T>
constexpr T full_of() {
  if constexpr (std::is_floating_point_v<T>) return T(1);
  else return std::numeric_limits<T>::max();
}

template <class T>
T luma(T r, T g, T b) {
  if constexpr (std::is_floating_point_v<T>) return 0.299f * r + 0.587f * g + 0.114f * b;
  else return T((uint32_t(r) * 19595 + uint32_t(g) * 38470 + uint32_t(b) * 7471 + 0x8000) >> 16);
}

/// (1 - ink)(1 - black)
template <class T>
T light(T ink, T black) {
  if constexpr (std::is_floating_point_v<T>) {
    return (1 - ink) * (1 - black);
  } else {
    constexpr uint64_t full = full_of<T>();
    const uint64_t left = full - black;
    return T(left - (ink * left + full / 2) / full);
  }
}

/// out = f(pixel) for each pixel of the table, where f writes `channels` elements.
template <class F>
Tensor map_pixels(const Table& t, int64_t channels, F&& f) {
  const Tensor out = Tensor::empty({t.height, t.width, channels}, t.dtype());
  for_type(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = t.tensor.data<T>();
    T* to = out.data<T>();
    for (int64_t i = 0; i < t.height * t.width; ++i, from += t.channels, to += channels) f(from, to);
  });
  return out;
}

Table colored(const Tensor& image, ColorModel color, const char* who) {
  const Table t = table_of(image, who);
  check(color != ColorModel::many, "[{}] {} channels have no colour: choose some, or render() them", who,
        t.channels);
  check(t.channels == channels_of(color), "[{}] {} has {} channels, but the image is {}", who, name_of(color),
        channels_of(color), image.describe());
  return t;
}

/// L*a*b* of a pixel in its usual units; see ColorModel::lab for how integers hold it.
template <class T>
std::array<float, 3> lab_of(const T* p) {
  if constexpr (sizeof(T) == 1) return {float(p[0]) / 2.55f, float(p[1]) - 128, float(p[2]) - 128};
  else if constexpr (sizeof(T) == 2)
    return {float(p[0]) / 655.35f, float(p[1]) / 256 - 128, float(p[2]) / 256 - 128};
  else return {p[0], p[1], p[2]};
}

/// CIE L*a*b* under D50 to sRGB 0..1, which may leave that range where sRGB lacks the colour. The matrix is
/// Bradford's adaptation to D65 times that of IEC 61966-2-1 (B. Lindbloom, brucelindbloom.com).
std::array<float, 3> srgb_of(const std::array<float, 3>& lab) {
  const float fy = (lab[0] + 16) / 116, fx = fy + lab[1] / 500, fz = fy - lab[2] / 200;
  const auto inverse = [](float f) { return f > 6.0f / 29 ? f * f * f : (f - 4.0f / 29) * (108.0f / 841); };
  const float x = 0.96422f * inverse(fx), y = inverse(fy), z = 0.82521f * inverse(fz);
  const auto companded = [](float v) {
    return v <= 0.0031308f ? 12.92f * v : 1.055f * std::pow(v, 1 / 2.4f) - 0.055f;
  };
  return {companded(3.1338561f * x - 1.6168667f * y - 0.4906146f * z),
          companded(-0.9787684f * x + 1.9161415f * y + 0.0334540f * z),
          companded(0.0719453f * x - 0.2289914f * y + 1.4052427f * z)};
}

template <class T>
void put_rgb(const T* from, T* to) {
  const auto rgb = srgb_of(lab_of(from));
  for (size_t c = 0; c < 3; ++c) {
    if constexpr (std::is_floating_point_v<T>) to[c] = rgb[c];
    else to[c] = T(std::clamp(rgb[c], 0.0f, 1.0f) * float(full_of<T>()) + 0.5f);
  }
}

/// The entry of `numbers` for channel `c`: one each, one for all, or `otherwise`.
float entry(std::span<const float> numbers, int64_t c, float otherwise) {
  if (numbers.empty()) return otherwise;
  return numbers.size() == 1 ? numbers[0] : numbers[size_t(c)];
}

/// One channel as a plane of floats. u8 goes through a table of its 256 results.
template <class T>
void to_plane(const T* from, int64_t n, int64_t stride, float mean, float std, float* to) {
  const auto normal = [&](T x) { return (float(x) / float(full_of<T>()) - mean) / std; };
  if constexpr (sizeof(T) == 1) {
    if (n < 256) {
      for (int64_t i = 0; i < n; ++i) to[i] = normal(from[i * stride]);
      return;
    }
    float table[256];
    for (int i = 0; i < 256; ++i) table[i] = normal(T(i));
    for (int64_t i = 0; i < n; ++i) to[i] = table[from[i * stride]];
  } else {
    for (int64_t i = 0; i < n; ++i) to[i] = normal(from[i * stride]);
  }
}

}  // namespace

Tensor to_gray(const Tensor& image, ColorModel color) {
  if (color == ColorModel::cmyk || color == ColorModel::lab)
    return to_gray(to_rgb(image, color), ColorModel::rgb);
  const Table t = colored(image, color, "to_gray");
  if (color == ColorModel::gray) return t.tensor.reshape({t.height, t.width, 1});
  if (color == ColorModel::gray_alpha)
    return map_pixels(t, 1, [](const auto* from, auto* to) { to[0] = from[0]; });
  return map_pixels(t, 1, [](const auto* from, auto* to) { to[0] = luma(from[0], from[1], from[2]); });
}

Tensor to_rgb(const Tensor& image, ColorModel color) {
  const Table t = colored(image, color, "to_rgb");
  switch (color) {
    case ColorModel::rgb:
      return t.tensor;
    case ColorModel::rgba:
      return map_pixels(
          t, 3, [](const auto* from, auto* to) { to[0] = from[0], to[1] = from[1], to[2] = from[2]; });
    case ColorModel::cmyk:
      return map_pixels(t, 3, [](const auto* from, auto* to) {
        for (int c = 0; c < 3; ++c) to[c] = light(from[c], from[3]);
      });
    case ColorModel::lab:
      return map_pixels(t, 3, [](const auto* from, auto* to) { put_rgb(from, to); });
    default:
      return map_pixels(t, 3, [](const auto* from, auto* to) { to[0] = to[1] = to[2] = from[0]; });
  }
}

Tensor to_computable(const Tensor& image) {
  const DType d = image.dtype();
  return d == u8 || d == u16 || d == f32 ? image : image.to(f32);
}

Tensor to_gray(const Image& image) { return to_gray(to_computable(image.pixels), image.color); }

Tensor to_rgb(const Image& image) { return to_rgb(to_computable(image.pixels), image.color); }

Tensor to_u8(const Tensor& image) {
  const Table t = table_of(image, "to_u8");
  if (t.dtype() == u8) return t.tensor;
  const Tensor out = Tensor::empty(t.tensor.shape(), u8);
  uint8_t* const to = out.data<uint8_t>();
  const int64_t n = t.tensor.numel();
  if (t.dtype() == u16) {
    const uint16_t* const from = t.tensor.data<uint16_t>();
    for (int64_t i = 0; i < n; ++i) to[i] = uint8_t((from[i] * 255u + 32767u) / 65535u);
  } else {
    const float* const from = t.tensor.data<float>();
    for (int64_t i = 0; i < n; ++i)
      to[i] = from[i] > 0 ? uint8_t(std::min(from[i], 1.0f) * 255 + 0.5f) : uint8_t{0};
  }
  return out;
}

void to_float_chw_into(const Tensor& out, const Tensor& image, std::span<const float> mean,
                       std::span<const float> std) {
  const Table t = table_of(image, "to_float_chw");
  check(out.shape() == Dims{t.channels, t.height, t.width} && out.dtype() == f32 && out.is_contiguous(),
        "[to_float_chw] an image {} goes into a contiguous f32 ({},{},{}), not into {}", image.shape(),
        t.channels, t.height, t.width, out.describe());
  for (const auto numbers : {mean, std})
    check(numbers.size() <= 1 || int64_t(numbers.size()) == t.channels,
          "[to_float_chw] mean and std want 0, 1 or {} numbers, not {}", t.channels, numbers.size());
  for (const float s : std) check(s > 0, "[to_float_chw] std holds {}, it must be positive", s);
  const int64_t n = t.height * t.width;
  for_type(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t c = 0; c < t.channels; ++c)
      to_plane(t.tensor.data<T>() + c, n, t.channels, entry(mean, c, 0), entry(std, c, 1),
               out.data<float>() + c * n);
  });
}

Tensor to_float_chw(const Tensor& image, std::span<const float> mean, std::span<const float> std) {
  const Table t = table_of(image, "to_float_chw");
  const Tensor out = Tensor::empty({t.channels, t.height, t.width}, f32);
  to_float_chw_into(out, t.tensor, mean, std);
  return out;
}

Tensor to_float_chw(const Tensor& image, std::initializer_list<float> mean,
                    std::initializer_list<float> std) {
  return to_float_chw(image, std::span(mean.begin(), mean.size()), std::span(std.begin(), std.size()));
}

}  // namespace fovea::image
