// What the functional kernels share: checked planes, dispatch over the element type, and the same code
// compiled for AVX2 where the processor has it.
#pragma once
#include <algorithm>
#include <type_traits>

#include "fovea/device.h"
#include "fovea/transforms/functional.h"

namespace fovea::data::functional {

/// Checks that `image` is a non-empty (C,H,W) of u8, u16 or f32; returns it contiguous.
inline Tensor planes_of(const Tensor& image, const char* who) {
  const DType d = image.dtype();
  check(image.rank() == 3 && (d == u8 || d == u16 || d == f32) && image.numel() > 0,
        "[{}] wants an image (C,H,W) of u8, u16 or f32, not {}", who, image.describe());
  return image.contiguous();
}

/// Calls f(T{}) with the element type.
template <class F>
void for_type(DType dtype, F&& f) {
  if (dtype == u8) f(uint8_t{});
  else if (dtype == u16) f(uint16_t{});
  else f(float{});
}

/// White.
template <class T>
constexpr float bound_of() {
  return std::is_same_v<T, uint8_t> ? 255.f : std::is_same_v<T, uint16_t> ? 65535.f : 1.f;
}

/// To the nearest number, halves to even. *Requires* |v| < 2^22. (A sum and a difference vectorise; a library
/// call does not.)
template <class T>
inline T rounded(float v) {
  constexpr float shift = 12582912.f;  // 1.5 * 2^23: numbers beside it are whole
  if constexpr (std::is_integral_v<T>) return T(int32_t((v + shift) - shift));
  else return v;
}

template <class T>
inline T clamped(float v) {
  constexpr float bound = bound_of<T>();
  v = v < 0.f ? 0.f : v;
  v = v > bound ? bound : v;
  if constexpr (std::is_integral_v<T>) return T(int32_t(v));
  else return v;
}

/// A colour as a number of the type.
template <class T>
inline T colour(float v) {
  if constexpr (std::is_integral_v<T>) return clamped<T>(v);
  else return v;
}

/// Checks that `fill` has one value, or one for each channel, that fit the image's type.
inline void check_fill(const char* who, const Fill& fill, const Tensor& image) {
  const size_t n = fill.values.size();
  check(n == 1 || int64_t(n) == image.size(0), "[{}] fill has {} values, but the image {} has {} channels",
        who, n, image.shape(), image.size(0));
  const float most = image.dtype() == u8 ? 255 : 65535;
  for (const float v : fill.values)
    check(image.dtype() == f32 || (v >= 0 && v <= most), "[{}] fill {} is outside of 0..{} of {}", who, v,
          most, name_of(image.dtype()));
}

#if defined(__x86_64__)
#define FOVEA_IMAGE_AVX2 __attribute__((target("avx2")))
#else
#define FOVEA_IMAGE_AVX2
#endif
#define FOVEA_IMAGE_INLINE inline __attribute__((always_inline))

/// Runs K::run(args...), an always-inline function, compiled for AVX2 where there is one. Neither form
/// contracts or reorders sums: the bits are the same.
template <class K, class... A>
FOVEA_IMAGE_AVX2 void run_avx2(A... args) {
  K::run(args...);
}
template <class K, class... A>
void run_fast(A... args) {
  cpu_has_avx2() ? run_avx2<K>(args...) : K::run(args...);
}

/// out[i] = f(in[i]), f a struct with an always-inline operator().
template <class T, class F>
struct Each {
  static FOVEA_IMAGE_INLINE void run(const T* in, T* out, int64_t n, F f) {
    for (int64_t i = 0; i < n; ++i) out[i] = f(in[i]);
  }
};
template <class T, class F>
void each(const T* in, T* out, int64_t n, F f) {
  run_fast<Each<T, F>>(in, out, n, f);
}

/// A new tensor like `image`.
inline Tensor like(const Tensor& image) { return Tensor::empty(image.shape(), image.dtype()); }

}  // namespace fovea::data::functional
