// Products of few rows of A with a B that lies transposed: dot products, for which nothing is packed.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>

#include "backend/cpu/gemm_tiles.h"
#include "base/parallel.h"

namespace fovea::gemm {

inline constexpr int64_t most_dot_rows = 12;

/// Whether B is not packed at all.
template <class T>
bool by_dots(const Gemm<T>& g) {
  return g.m <= most_dot_rows && g.a_column == 1 && g.b_row == 1 && g.k >= 4 * simd::lanes<T>;
}

/// The sums of v[0], v[1] ... side by side.
template <class T, int N>
FOVEA_SIMD_INLINE void sums(const V<T> (&v)[N], T* to) {
  if constexpr (std::is_same_v<T, float> && N % 4 == 0) {
    using Mask = V<int32_t>;
    constexpr Mask even{0, 2, 8, 10, 4, 6, 12, 14}, odd{1, 3, 9, 11, 5, 7, 13, 15};
#pragma GCC unroll 2
    for (int c = 0; c < N; c += 4) {
      const V<T> a = __builtin_shuffle(v[c], v[c + 1], even) + __builtin_shuffle(v[c], v[c + 1], odd),
                 b = __builtin_shuffle(v[c + 2], v[c + 3], even) + __builtin_shuffle(v[c + 2], v[c + 3], odd),
                 s = __builtin_shuffle(a, b, even) + __builtin_shuffle(a, b, odd);
      for (int i = 0; i < 4; ++i) to[c + i] = s[i] + s[i + 4];
    }
  } else {
    for (int c = 0; c < N; ++c) to[c] = simd::sum<T>(v[c]);
  }
}

/// Results in row i from column j on, of which v holds the sums of `steps` steps.
template <class T, int N>
FOVEA_SIMD_INLINE void finish_dots(const Gemm<T>& g, int64_t i, int64_t j, int64_t steps,
                                   const V<T> (&v)[N]) {
  const Finish<T> finish(g);
  const T *a = g.a + i * g.a_row, *b = g.b + j * g.b_column;
  T sum[N];
  sums<T, N>(v, sum);
  for (int c = 0; c < N; ++c) {
    for (int64_t q = steps; q < g.k; ++q) sum[c] = std::fma(a[q], b[c * g.b_column + q], sum[c]);
    g.c[i * g.n + j + c] = finish(sum[c], j + c);
  }
}

/// M x N results as dot products of rows of A with rows of B transposed, nothing packed: for few rows of A.
template <class T, int M, int N>
FOVEA_SIMD void dots(const Gemm<T>& g, int64_t i, int64_t j) {
  constexpr int L = simd::lanes<T>;
  const T *a = g.a + i * g.a_row, *b = g.b + j * g.b_column;
  V<T> acc[M][N];
#pragma GCC unroll 4
  for (int r = 0; r < M; ++r)
#pragma GCC unroll 8
    for (int c = 0; c < N; ++c) acc[r][c] = V<T>{};
  int64_t p = 0;
  for (; p + L <= g.k; p += L) {
    V<T> x[M];
#pragma GCC unroll 4
    for (int r = 0; r < M; ++r) x[r] = simd::load(a + r * g.a_row + p);
#pragma GCC unroll 8
    for (int c = 0; c < N; ++c) {
      const V<T> y = simd::load(b + c * g.b_column + p);
#pragma GCC unroll 4
      for (int r = 0; r < M; ++r) acc[r][c] += x[r] * y;
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < M; ++r) finish_dots<T, N>(g, i + r, j, p, acc[r]);
}

/// The same for R rows of A and 4 of B, two of these in each register.
struct WideDots {
  template <int R>
  FOVEA_WIDE static void run(const Gemm<float>& g, int64_t j) {
    const float *a = g.a, *b0 = g.b + j * g.b_column, *b1 = b0 + 2 * g.b_column;
    const int64_t row = g.a_row, column = g.b_column, end = g.k & ~int64_t{7};
    wide::Vec acc[R][2];
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = wide::Vec{};
    for (int64_t p = 0; p < end; p += 8) {
      const wide::Vec y0 = wide::join(simd::load(b0 + p), simd::load(b0 + column + p)),
                      y1 = wide::join(simd::load(b1 + p), simd::load(b1 + column + p));
#pragma GCC unroll 12
      for (int r = 0; r < R; ++r) {
        const wide::Vec x = wide::twice(a + r * row + p);
        acc[r][0] += x * y0;
        acc[r][1] += x * y1;
      }
    }
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r)
      finish_dots<float, 4>(
          g, r, j, end,
          {wide::low(acc[r][0]), wide::high(acc[r][0]), wide::low(acc[r][1]), wide::high(acc[r][1])});
  }
};

template <class T, int N>
void dot_rows(const Gemm<T>& g, int64_t j) {
  int64_t i = 0;
  for (; i + 3 <= g.m; i += 3) dots<T, 3, N>(g, i, j);
  if (g.m - i == 2) dots<T, 2, N>(g, i, j);
  if (g.m - i == 1) dots<T, 1, N>(g, i, j);
}

template <class T>
void run_dots(const Gemm<T>& g) {
  // A power of two, so that threads often have equal parts.
  const auto most = uint64_t(std::max<int64_t>(8, 32768 / std::max<int64_t>(1, g.m * g.k)));
  parallel_for(g.n, int64_t(std::bit_floor(most)), [&](int64_t begin, int64_t end) {
    int64_t j = begin;
    if (g.m == 1)
      for (; j + 8 <= end; j += 8) dots<T, 1, 8>(g, 0, j);
    if constexpr (std::is_same_v<T, float>)
      if (cpu_has_avx512() && g.m > 1)
        for (; j + 4 <= end; j += 4) wide::tiles_of<WideDots, most_dot_rows>[size_t(g.m - 1)](g, j);
    for (; j + 4 <= end; j += 4) dot_rows<T, 4>(g, j);
    for (; j < end; ++j) dot_rows<T, 1>(g, j);
  });
}

}  // namespace fovea::gemm
