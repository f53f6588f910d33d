// Ranges of numbers: 8 bits, and the normalised planes that a network takes.
#include <algorithm>
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

Tensor to_computable(const Tensor& image) {
  const DType d = image.dtype();
  return d == u8 || d == u16 || d == f32 ? image : image.to(f32);
}

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
