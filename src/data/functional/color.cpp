// Colour of single pixels. Integers are rounded down after the arithmetic, as torchvision does.
#include <cmath>
#include <numeric>

#include "data/functional/planes.h"

namespace fovea::data::functional {
namespace {

int64_t plane_of(const Tensor& x) { return x.size(1) * x.size(2); }

template <class T>
struct Scaled {
  float factor;
  FOVEA_IMAGE_INLINE T operator()(T x) const { return clamped<T>(float(x) * factor); }
};

/// x * factor + other * (1 - factor), the second product already made.
template <class T>
struct Blended {
  float factor, rest;
  FOVEA_IMAGE_INLINE T operator()(T x) const { return clamped<T>(float(x) * factor + rest); }
};

/// f32 keeps fractions of a luma; integers round it down.
template <class T>
FOVEA_IMAGE_INLINE float luma(T r, T g, T b) {
  const float y = float(r) * 0.2989f + float(g) * 0.587f + float(b) * 0.114f;
  if constexpr (std::is_integral_v<T>) return float(int32_t(y));
  else return y;
}

template <class T>
struct Luma {
  static FOVEA_IMAGE_INLINE void run(const T* r, const T* g, const T* b, T* out, int64_t n) {
    for (int64_t i = 0; i < n; ++i) out[i] = T(luma(r[i], g[i], b[i]));
  }
};

template <class T>
struct Saturate {
  static FOVEA_IMAGE_INLINE void run(const T* in, T* out, int64_t n, float factor, float rest) {
    for (int64_t i = 0; i < n; ++i) {
      const float gray = luma(in[i], in[n + i], in[2 * n + i]) * rest;
      out[i] = clamped<T>(float(in[i]) * factor + gray);
      out[n + i] = clamped<T>(float(in[n + i]) * factor + gray);
      out[2 * n + i] = clamped<T>(float(in[2 * n + i]) * factor + gray);
    }
  }
};

/// From 0..1 to the type: 8 bits as torchvision (x * 255.999 rounded down), 16 to the nearest.
template <class T>
FOVEA_IMAGE_INLINE T from_unit(float x) {
  if constexpr (std::is_same_v<T, uint8_t>) return clamped<T>(x * 255.999f);
  else if constexpr (std::is_same_v<T, uint16_t>) return rounded<T>(x * 65535.f);
  else return x;
}

/// Red, green or blue at the hue 6h + offset: v where the hue is near, v (1 - s) where it is far.
FOVEA_IMAGE_INLINE float channel(float h6, float offset, float s, float v) {
  float k = h6 + offset;
  k = k >= 6.f ? k - 6.f : k;
  float m = k < 4.f - k ? k : 4.f - k;
  m = m < 1.f ? m : 1.f;
  m = m > 0.f ? m : 0.f;
  return v - v * s * m;
}

template <class T>
struct TurnHue {
  static FOVEA_IMAGE_INLINE void run(const T* in, T* out, int64_t n, float turns) {
    constexpr float to_unit = 1.f / bound_of<T>();
    for (int64_t i = 0; i < n; ++i) {
      const float r = float(in[i]) * to_unit, g = float(in[n + i]) * to_unit,
                  b = float(in[2 * n + i]) * to_unit;
      const float gb = g > b ? g : b, v = r > gb ? r : gb;
      const float low = g < b ? g : b, range = v - (r < low ? r : low);
      const float safe = range > 0.f ? range : 1.f;
      const float hue = v == r ? (g - b) / safe : v == g ? 2.f + (b - r) / safe : 4.f + (r - g) / safe;
      float h6 = hue + 6.f * turns;  // -4..8
      h6 = h6 < 0.f ? h6 + 6.f : h6;
      h6 = h6 >= 6.f ? h6 - 6.f : h6;
      const float s = range / (v > 0.f ? v : 1.f);
      out[i] = from_unit<T>(channel(h6, 5.f, s, v));
      out[n + i] = from_unit<T>(channel(h6, 3.f, s, v));
      out[2 * n + i] = from_unit<T>(channel(h6, 1.f, s, v));
    }
  }
};

template <class T>
struct Mask {
  T mask;
  FOVEA_IMAGE_INLINE T operator()(T x) const { return T(x & mask); }
};

struct Levels {
  float levels;
  FOVEA_IMAGE_INLINE float operator()(float x) const {
    float level = float(int32_t(x * levels));
    level = level < 0.f ? 0.f : level;
    return (level > levels - 1.f ? levels - 1.f : level) * (1.f / levels);
  }
};

template <class T>
FOVEA_IMAGE_INLINE T inverse(T x) {
  if constexpr (std::is_integral_v<T>) return T(~x);
  else return 1.f - x;
}

template <class T>
struct Invert {
  FOVEA_IMAGE_INLINE T operator()(T x) const { return inverse(x); }
};

template <class T>
struct Solarize {
  float threshold;
  FOVEA_IMAGE_INLINE T operator()(T x) const { return float(x) >= threshold ? inverse(x) : x; }
};

template <class T>
struct Blend {
  static FOVEA_IMAGE_INLINE void run(const T* a, const T* b, T* out, int64_t n, float weight, float rest) {
    for (int64_t i = 0; i < n; ++i) out[i] = clamped<T>(float(a[i]) * weight + float(b[i]) * rest);
  }
};

/// `image` through F<T>(arguments...) element by element.
template <template <class> class F, class... A>
Tensor mapped(const Tensor& x, A... arguments) {
  const Tensor out = like(x);
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    each(x.data<T>(), out.data<T>(), x.numel(), F<T>{arguments...});
  });
  return out;
}

void check_factor(const char* who, float factor) {
  check(factor >= 0, "[{}] factor {} is below 0", who, factor);
}

/// Whether the image has colour: false for one channel; throws for other numbers than 1 and 3.
bool has_color(const Tensor& x, const char* who) {
  check(x.size(0) == 1 || x.size(0) == 3,
        "[{}] wants RGB (3 channels) or gray (1), but the image {} has {}: colour means nothing there", who,
        x.shape(), x.size(0));
  return x.size(0) == 3;
}

template <class T>
double mean_of(const T* in, int64_t n) {
  if constexpr (std::is_integral_v<T>) return double(std::accumulate(in, in + n, uint64_t{0})) / double(n);
  else return std::accumulate(in, in + n, 0.0) / double(n);
}

}  // namespace

Tensor adjust_brightness(const Tensor& image, float factor) {
  check_factor("adjust_brightness", factor);
  return mapped<Scaled>(planes_of(image, "adjust_brightness"), factor);
}

Tensor adjust_contrast(const Tensor& image, float factor) {
  check_factor("adjust_contrast", factor);
  const Tensor x = planes_of(image, "adjust_contrast"), out = like(x);
  const int64_t n = plane_of(x);
  const Tensor gray = x.size(0) == 3 ? rgb_to_grayscale(x) : x;
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    double mean = 0;
    for (int64_t c = 0; c < x.size(0); ++c) {
      if (c < gray.size(0)) mean = mean_of(gray.data<T>() + c * n, n);
      each(x.data<T>() + c * n, out.data<T>() + c * n, n, Blended<T>{factor, float(mean) * (1 - factor)});
    }
  });
  return out;
}

Tensor adjust_saturation(const Tensor& image, float factor) {
  check_factor("adjust_saturation", factor);
  const Tensor x = planes_of(image, "adjust_saturation");
  if (!has_color(x, "adjust_saturation")) return x;
  const Tensor out = like(x);
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    run_fast<Saturate<T>>(static_cast<const T*>(x.data<T>()), out.data<T>(), plane_of(x), factor, 1 - factor);
  });
  return out;
}

Tensor adjust_hue(const Tensor& image, float turns) {
  check(turns >= -0.5f && turns <= 0.5f, "[adjust_hue] {} is not within -0.5..0.5 turns", turns);
  const Tensor x = planes_of(image, "adjust_hue");
  if (!has_color(x, "adjust_hue")) return x;
  const Tensor out = like(x);
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    run_fast<TurnHue<T>>(static_cast<const T*>(x.data<T>()), out.data<T>(), plane_of(x), turns);
  });
  return out;
}

Tensor rgb_to_grayscale(const Tensor& image, int64_t channels) {
  const Tensor x = planes_of(image, "rgb_to_grayscale");
  check(channels == 1 || channels == 3, "[rgb_to_grayscale] makes 1 or 3 channels, not {}", channels);
  const bool color = has_color(x, "rgb_to_grayscale");
  const Tensor out = Tensor::empty({channels, x.size(1), x.size(2)}, x.dtype());
  const int64_t n = plane_of(x);
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* const in = x.data<T>();
    T* const to = out.data<T>();
    if (color) run_fast<Luma<T>>(in, in + n, in + 2 * n, to, n);
    else std::copy_n(in, n, to);
    for (int64_t c = 1; c < channels; ++c) std::copy_n(to, n, to + c * n);
  });
  return out;
}

Tensor posterize(const Tensor& image, int bits) {
  const Tensor x = planes_of(image, "posterize");
  const int most = x.dtype() == u8 ? 8 : 16;
  check(bits >= 0 && bits <= most, "[posterize] {} bits are not 0..{} of {}", bits, most, name_of(x.dtype()));
  const Tensor out = like(x);
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    if constexpr (std::is_integral_v<T>)
      each(x.data<T>(), out.data<T>(), x.numel(), Mask<T>{T(~((1u << (most - bits)) - 1))});
    else each(x.data<T>(), out.data<T>(), x.numel(), Levels{float(1 << bits)});
  });
  return out;
}

Tensor solarize(const Tensor& image, double threshold) {
  check(threshold >= 0 && threshold <= 1, "[solarize] threshold {} is not in 0..1", threshold);
  const Tensor x = planes_of(image, "solarize");
  const double bound = x.dtype() == u8 ? 255 : x.dtype() == u16 ? 65535 : 1;
  return mapped<Solarize>(x, float(threshold * bound));
}

Tensor invert(const Tensor& image) { return mapped<Invert>(planes_of(image, "invert")); }

Tensor blend(const Tensor& a, const Tensor& b, float weight) {
  const Tensor x = planes_of(a, "blend"), y = planes_of(b, "blend"), out = like(x);
  check(x.shape() == y.shape() && x.dtype() == y.dtype(), "[blend] wants equal images, not {} and {}",
        a.describe(), b.describe());
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    run_fast<Blend<T>>(static_cast<const T*>(x.data<T>()), static_cast<const T*>(y.data<T>()), out.data<T>(),
                       x.numel(), weight, 1 - weight);
  });
  return out;
}

}  // namespace fovea::data::functional
