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
/// v where it lies between low and high, else the nearer of them; NaN stays.
template <class Vec>
FOVEA_SIMD_INLINE Vec clamp(Vec v, Vec low, Vec high) {
  v = low > v ? low : v;
  return high < v ? high : v;
}
template <class T>
FOVEA_SIMD_INLINE T sum(V<T> v) {
  T s = 0;
  for (int i = 0; i < lanes<T>; ++i) s += v[i];
  return s;
}

}  // namespace fovea::simd
