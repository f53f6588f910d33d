// Products in registers of 64 bytes. There are twice as many of these as in AVX2, so a register tile of R
// rows x 16 columns reads less per multiplication, and takes half as many instructions for it: where cores
// are shared with another thread, that is what counts. Every sum is added up in the order of the AVX2 code,
// so the bits are the same. Code that uses them stands in functions marked FOVEA_WIDE or FOVEA_WIDE_INLINE
// and runs only where cpu_has_avx512().
#pragma once
#include <array>
#include <utility>

#include "backend/cpu/simd.h"

#if defined(__x86_64__)
#include <immintrin.h>
#define FOVEA_WIDE __attribute__((target("avx2,fma,f16c,avx512f,avx512dq,avx512vl")))
#else
#define FOVEA_WIDE
#endif
#define FOVEA_WIDE_INLINE FOVEA_WIDE inline __attribute__((always_inline))

namespace fovea::wide {

typedef float Vec __attribute__((vector_size(64)));
typedef float Unaligned __attribute__((vector_size(64), aligned(4), may_alias));
using Half = simd::V<float>;

inline constexpr int most_rows = 28;  // of a tile: the other registers hold columns and a row's value

FOVEA_WIDE_INLINE Vec load(const float* p) { return *reinterpret_cast<const Unaligned*>(p); }
FOVEA_WIDE_INLINE void store(float* p, Vec v) { *reinterpret_cast<Unaligned*>(p) = v; }

/// join() puts two halves together, twice() loads one for both places.
#if defined(__x86_64__)
FOVEA_WIDE_INLINE Vec join(Half low, Half high) {
  return _mm512_insertf32x8(_mm512_castps256_ps512(low), high, 1);
}
FOVEA_WIDE_INLINE Vec twice(const float* p) {
  return _mm512_maskz_broadcast_f32x8(0xffff, _mm256_loadu_ps(p));
}
FOVEA_WIDE_INLINE Half low(Vec v) { return _mm512_maskz_extractf32x8_ps(0xff, v, 0); }
FOVEA_WIDE_INLINE Half high(Vec v) { return _mm512_maskz_extractf32x8_ps(0xff, v, 1); }
/// The first n of 16 numbers, the others 0.
FOVEA_WIDE_INLINE Vec load_first(const float* p, int64_t n) {
  return _mm512_maskz_loadu_ps(__mmask16((1u << n) - 1), p);
}
FOVEA_WIDE_INLINE void store_first(float* p, int64_t n, Vec v) {
  _mm512_mask_storeu_ps(p, __mmask16((1u << n) - 1), v);
}
/// v where it lies between low and high, else the nearer of them; NaN stays.
FOVEA_WIDE_INLINE Vec clamp(Vec v, Vec low, Vec high) {
  return _mm512_maskz_min_ps(0xffff, high, _mm512_maskz_max_ps(0xffff, low, v));
}
#else
inline Vec join(Half low, Half high) {
  Vec v;
  for (int i = 0; i < 8; ++i) v[i] = low[i], v[i + 8] = high[i];
  return v;
}
inline Vec twice(const float* p) { return join(simd::load(p), simd::load(p)); }
inline Vec load_first(const float* p, int64_t n) {
  Vec v{};
  for (int64_t i = 0; i < n; ++i) v[i] = p[i];
  return v;
}
inline void store_first(float* p, int64_t n, Vec v) {
  for (int64_t i = 0; i < n; ++i) p[i] = v[i];
}
inline Half low(Vec v) { return Half{v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]}; }
inline Half high(Vec v) { return Half{v[8], v[9], v[10], v[11], v[12], v[13], v[14], v[15]}; }
inline Vec clamp(Vec v, Vec low, Vec high) { return simd::clamp(v, low, high); }
#endif
/// Both halves.
FOVEA_WIDE_INLINE void store(float* first, float* second, Vec v) {
  simd::store(first, low(v)), simd::store(second, high(v));
}

/// acc[r] += a(r, k) b[k][16] for k < depth, in order, where a lies as [k / 8][row][8] with planes `plane`
/// floats apart. *Requires* depth % 8 == 0.
template <int R>
FOVEA_WIDE_INLINE void multiply(Vec (&acc)[R], const float* a, int64_t plane, const float* b, int64_t depth) {
  for (int64_t k = 0; k < depth; k += 8, a += plane)
    for (int i = 0; i < 8; ++i, b += 16) {
      __builtin_prefetch(b + depth * 16, 0, 2);
      const Vec w = load(b);
#pragma GCC unroll 28
      for (int r = 0; r < R; ++r) acc[r] += a[r * 8 + i] * w;
    }
}

/// acc[r][v] += a(r, p) b_v(p) for p < depth, in order: rows of a lie `row` apart and its columns `column`,
/// the vectors of b_v `step[v]`. Rows of a are read three from one pointer, which is what addresses can
/// express.
template <int R, int V>
FOVEA_WIDE_INLINE void multiply(Vec (&acc)[R][V], const float* a, int64_t row, int64_t column,
                                const float* (&b)[V], const int64_t (&step)[V], int64_t depth) {
  constexpr int third = (R + 2) / 3;
  const float* rows[third];
#pragma GCC unroll 4
  for (int i = 0; i < third; ++i) rows[i] = a + 3 * i * row;
  for (int64_t p = 0; p < depth; ++p) {
    Vec w[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) w[v] = load(b[v]), b[v] += step[v];
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) {
      const float value = rows[r / 3][r % 3 * row];
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) acc[r][v] += value * w[v];
    }
#pragma GCC unroll 4
    for (int i = 0; i < third; ++i) rows[i] += column;
  }
}

/// 16 columns that lie together, or as two planes of blocked8.
struct Columns {
  const float* at;
  FOVEA_WIDE_INLINE Vec operator()(int64_t p) const { return load(at + p * 16); }
};
struct TwoPlanes {
  const float *low, *high;
  FOVEA_WIDE_INLINE Vec operator()(int64_t p) const {
    return join(simd::load(low + p * 8), simd::load(high + p * 8));
  }
};

/// acc[r] += a(r, p) b(p) for p < count, in order, where a lies as [r / 8][p][8] with planes `plane` floats
/// apart. *Requires* R % 8 == 0.
template <int R, class B>
FOVEA_WIDE_INLINE void multiply_transposed(Vec (&acc)[R], const float* a, int64_t plane, const B& b,
                                           int64_t count) {
  static_assert(R % 8 == 0);
  for (int64_t p = 0; p < count; ++p, a += 8) {
    const Vec w = b(p);
#pragma GCC unroll 24
    for (int r = 0; r < R; ++r) acc[r] += a[r / 8 * plane + r % 8] * w;
  }
}

/// The functions run<1>, run<2> ... of Tile, for 1, 2 ... rows.
template <class Tile, int... R>
constexpr auto by_rows(std::integer_sequence<int, R...>) {
  return std::array<decltype(&Tile::template run<1>), sizeof...(R)>{&Tile::template run<R + 1>...};
}
template <class Tile, int most = most_rows>
inline constexpr auto tiles_of = by_rows<Tile>(std::make_integer_sequence<int, most>());

}  // namespace fovea::wide
