// Vectors of 32 bytes by the compiler's own vector types: arithmetic operators, no intrinsics. Code that uses
// them stands in functions marked FOVEA_SIMD or FOVEA_SIMD_INLINE (compiled for AVX2 and FMA) and runs only
// where cpu_has_avx2().
#pragma once
#include <cstdint>
#include <cstring>

#include "fovea/pointwise.h"

#define FOVEA_SIMD FOVEA_TARGET_AVX2
#define FOVEA_SIMD_INLINE FOVEA_TARGET_AVX2 inline __attribute__((always_inline))

namespace fovea::simd {

template <class T>
struct vector_of {
  typedef T type __attribute__((vector_size(32)));
  typedef T unaligned __attribute__((vector_size(32), aligned(sizeof(T)), may_alias));
};
template <class T>
using V = typename vector_of<T>::type;
template <class T>
inline constexpr int lanes = 32 / int(sizeof(T));

template <class T>
FOVEA_SIMD_INLINE V<T> load(const T* p) {
  return *reinterpret_cast<const typename vector_of<T>::unaligned*>(p);
}
template <class T>
FOVEA_SIMD_INLINE void store(T* p, V<T> v) {
  *reinterpret_cast<typename vector_of<T>::unaligned*>(p) = v;
}
/// v in a register: the compiler would load it anew for every use.
template <class T>
FOVEA_SIMD_INLINE V<T> in_register(V<T> v) {
  asm("" : "+x"(v));
  return v;
}
/// Asks for the line of p to write to: what another core holds of it is given up meanwhile.
FOVEA_SIMD_INLINE void ask_to_write(const float* p) {
#if defined(__x86_64__)
  asm volatile("prefetchw %0"
               :
               : "m"(*p));  // the compiler's own reads only, unless all code may use this one
#else
  __builtin_prefetch(p, 1);
#endif
}
/// v where it lies between low and high, else the nearer of them; NaN stays.
template <class Vec>
FOVEA_SIMD_INLINE Vec clamp(Vec v, Vec low, Vec high) {
#if defined(__x86_64__)
  if constexpr (std::is_same_v<Vec, V<float>>)  // one instruction each, with just this meaning
    return __builtin_ia32_minps256(high, __builtin_ia32_maxps256(low, v));
#endif
  v = low > v ? low : v;
  return high < v ? high : v;
}
FOVEA_SIMD_INLINE V<float> magnitude(V<float> v) { return (V<float>)((V<int32_t>)v & 0x7fffffff); }
/// The larger of each two; where v is NaN, so is it of `than`.
FOVEA_SIMD_INLINE V<float> larger(V<float> v, V<float> than) { return v > than ? v : than; }
FOVEA_SIMD_INLINE float largest(V<float> v) {
  float most = v[0];
  for (int i = 1; i < lanes<float>; ++i) most = v[i] > most ? v[i] : most;
  return most;
}
template <class T>
FOVEA_SIMD_INLINE T sum(V<T> v) {
  T s = 0;
  for (int i = 0; i < lanes<T>; ++i) s += v[i];
  return s;
}

/// to[c * step + r] = from[r * row + c] for r, c < 8.
FOVEA_SIMD_INLINE void transpose8(const float* from, int64_t row, float* to, int64_t step) {
  using Mask = V<int32_t>;
  constexpr Mask low{0, 8, 1, 9, 4, 12, 5, 13}, high{2, 10, 3, 11, 6, 14, 7, 15},
      low2{0, 1, 8, 9, 4, 5, 12, 13}, high2{2, 3, 10, 11, 6, 7, 14, 15}, low4{0, 1, 2, 3, 8, 9, 10, 11},
      high4{4, 5, 6, 7, 12, 13, 14, 15};
  V<float> r[8], t[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) r[i] = load(from + i * row);
#pragma GCC unroll 4
  for (int i = 0; i < 8; i += 2)
    t[i] = __builtin_shuffle(r[i], r[i + 1], low), t[i + 1] = __builtin_shuffle(r[i], r[i + 1], high);
#pragma GCC unroll 2
  for (int i = 0; i < 8; i += 4) {
    r[i] = __builtin_shuffle(t[i], t[i + 2], low2), r[i + 1] = __builtin_shuffle(t[i], t[i + 2], high2);
    r[i + 2] = __builtin_shuffle(t[i + 1], t[i + 3], low2),
          r[i + 3] = __builtin_shuffle(t[i + 1], t[i + 3], high2);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    store(to + i * step, __builtin_shuffle(r[i], r[i + 4], low4));
    store(to + (i + 4) * step, __builtin_shuffle(r[i], r[i + 4], high4));
  }
}

}  // namespace fovea::simd
