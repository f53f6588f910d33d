// The register tiles of gemm.h: rows of C for one panel of B, 6 x 16 in f32 on AVX2; for two panels, 12 x 32,
// on AVX-512.
#pragma once
#include "backend/cpu/gemm.h"
#include "backend/cpu/tiles.h"
#include "backend/cpu/wide.h"
#include "fovea/device.h"

namespace fovea::gemm {

using simd::V;

inline constexpr int tile_rows = 6;
template <class T>
inline constexpr int panel = 2 * simd::lanes<T>;  // columns of a register tile

/// What is done to sums: bias and clamp. A copy, so that no store can change it for the compiler.
template <class T>
struct Finish {
  const T* bias;
  T low, high;
  explicit Finish(const Gemm<T>& g) : bias(g.bias), low(g.low), high(g.high) {}

  /// A result in column j.
  FOVEA_SIMD_INLINE T operator()(T sum, int64_t j) const {
    if (bias) sum += bias[j];
    return sum < low ? low : sum > high ? high : sum;
  }
  FOVEA_SIMD_INLINE V<T> operator()(V<T> sum, int64_t j) const {
    if (bias) sum += simd::load(bias + j);
    return simd::clamp(sum, V<T>{} + low, V<T>{} + high);
  }
  /// In `count` columns from j on.
  FOVEA_WIDE_INLINE wide::Vec operator()(wide::Vec sum, int64_t j, int64_t count) const {
    if (bias) sum += wide::load_first(bias + j, count);
    return wide::clamp(sum, wide::Vec{} + low, wide::Vec{} + high);
  }
};

/// Rows of a panel of B, b_step apart.
template <class T>
struct Rows {
  const T* b;
  int64_t b_step;
};

/// A piece of the sums of a register tile: `depth` rows of a panel for columns [j, j + width) of C.
template <class T>
struct Piece : Rows<T> {
  int64_t k, j, width;
  bool first, last;  // starts the sums, or adds to C; finishes them
};

/// R rows of C.
template <class T, int R>
FOVEA_SIMD_INLINE void tile(const Gemm<T>& g, const Piece<T>& piece, const T* a, T* c) {
  constexpr int P = panel<T>, L = P / 2;
  const T* b = piece.b;
  V<T> acc[R][2];
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = V<T>{};
  for (int64_t p = 0; p < piece.k; ++p, b += piece.b_step, a += g.a_column) {
    const V<T> b0 = simd::load(b), b1 = simd::load(b + L);
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
      const T value = a[r * g.a_row];
      acc[r][0] += value * b0;
      acc[r][1] += value * b1;
    }
  }
  const Finish<T> finish(g);
  const Piece<T> at = piece;
  const int64_t n = g.n;
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) {
    T* row = c + r * n;
    if (at.width == P) {
      V<T> low = acc[r][0], high = acc[r][1];
      if (!at.first) low += simd::load(row), high += simd::load(row + L);
      if (at.last) low = finish(low, at.j), high = finish(high, at.j + L);
      simd::store(row, low);
      simd::store(row + L, high);
    } else {
      T values[P];
      simd::store(values, acc[r][0]);
      simd::store(values + L, acc[r][1]);
      for (int64_t i = 0; i < at.width; ++i) {
        const T sum = values[i] + (at.first ? T(0) : row[i]);
        row[i] = at.last ? finish(sum, at.j + i) : sum;
      }
    }
  }
}

/// Of 7, 8 or 9 rows left half: a tile of 1, 2 or 3 rows waits for its own sums.
inline int64_t next_tile(int64_t left) {
  if (left >= tile_rows + 4) return tile_rows;
  return left <= tile_rows ? left : (left + 1) / 2;
}

/// Rows [row, row_end) of C.
template <class T>
FOVEA_SIMD void tiles(const Gemm<T>& g, const Piece<T>& piece, const T* a, int64_t row, int64_t row_end) {
  a += row * g.a_row;
  T* c = g.c + row * g.n + piece.j;
  while (row < row_end) {
    const int64_t left = row_end - row, rows = next_tile(left);
    switch (rows) {
      case 6:
        tile<T, 6>(g, piece, a, c);
        break;
      case 5:
        tile<T, 5>(g, piece, a, c);
        break;
      case 4:
        tile<T, 4>(g, piece, a, c);
        break;
      case 3:
        tile<T, 3>(g, piece, a, c);
        break;
      case 2:
        tile<T, 2>(g, piece, a, c);
        break;
      default:
        tile<T, 1>(g, piece, a, c);
    }
    row += rows, a += rows * g.a_row, c += rows * g.n;
  }
}

/// R rows of two panels next to each other, the right one perhaps short, each column vector one register.
struct WidePanels {
  template <int R>
  FOVEA_WIDE static void run(const Gemm<float>& g, const Piece<float>& left, const Piece<float>& right,
                             const float* a, float* c) {
    const float* b[]{left.b, right.b};
    wide::Vec acc[R][2];
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = wide::Vec{};
    wide::multiply(acc, a, g.a_row, g.a_column, b, {left.b_step, right.b_step}, left.k);
    const Finish<float> finish(g);
    const bool first = left.first, last = left.last;
    const int64_t n = g.n, j = left.j, width = right.width;
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r, c += n)
#pragma GCC unroll 2
      for (int v = 0; v < 2; ++v) {
        const int64_t count = v == 0 ? 16 : width;
        wide::Vec sum = acc[r][v];
        if (!first) sum += wide::load_first(c + v * 16, count);
        wide::store_first(c + v * 16, count, last ? finish(sum, j + v * 16, count) : sum);
      }
  }
};

inline void wide_tiles(const Gemm<float>& g, const Piece<float>& left, const Piece<float>& right,
                       const float* a, int64_t row, int64_t row_end) {
  for_tiles(row_end - row, 12, [&](int64_t i, int64_t rows) {
    wide::tiles_of<WidePanels, 12>[size_t(rows - 1)](g, left, right, a + (row + i) * g.a_row,
                                                     g.c + (row + i) * g.n + left.j);
  });
}

/// Rows [row, row_end) of C in the panels [from, to), piece(j) of each.
template <class T, class PieceOf>
void all_tiles(const Gemm<T>& g, int64_t from, int64_t to, const T* a, int64_t row, int64_t row_end,
               const PieceOf& piece) {
  for (int64_t j = from; j < to; ++j) {
    if constexpr (std::is_same_v<T, float>)
      if (cpu_has_avx512() && j + 1 < to) {
        wide_tiles(g, piece(j), piece(j + 1), a, row, row_end);
        ++j;
        continue;
      }
    tiles(g, piece(j), a, row, row_end);
  }
}

}  // namespace fovea::gemm
