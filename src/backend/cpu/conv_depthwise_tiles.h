// Depthwise convolution of planes of 8 channels. A row of 8 results stays in registers; every column of the
// source under it is loaded once per window row and added to all results it belongs to. Columns and rows
// outside the image are left out, so no border is copied.
#pragma once
#include <algorithm>
#include <utility>

#include "backend/cpu/conv_depthwise.h"
#include "backend/cpu/epilogue.h"

namespace fovea::depthwise {

using simd::load;
using simd::store;
using Vec = simd::V<float>;

inline constexpr int ahead = 8;  // tiles of a source with strides are asked for so early
inline constexpr int tile = 8;   // results of a row in registers

/// The columns under a tile: window column k over source column j (from the tile's first) belongs to the
/// result of the tile that `result` gives, or to none (-1). The gradient of the input spreads where forward
/// gathers.
template <int K, int S, bool spread>
struct Columns {
  static constexpr int before = spread ? (K - 1) / S : 0;
  static constexpr int count = spread ? before + (tile - 1) / S + 1 : (tile - 1) * S + K;
  static constexpr int result(int j, int k) {
    const int at = spread ? S * (j - before) + k : j - k;
    if (at < 0 || (!spread && at % S != 0)) return -1;
    const int i = spread ? at : at / S;
    return i < tile ? i : -1;
  }
};

/// The rows of the source under one row of results, and the weights [window column][8] of each.
struct Rows {
  const float *x, *weights;
  int64_t count, x_step, weights_step;
};

/// Rows of a plane of the source, from `first` on.
struct Source {
  const float* x;
  int64_t first;
};

/// Everything one call needs: results that sum a window of a source.
struct Run {
  int64_t images, blocks, height, width;  // the source
  int64_t rows, columns;                  // results
  int64_t k[2], stride, top, left;
  const float* weights;  // [block][window row][window column][8]
  Epilogue epilogue;
  float* y;

  int64_t taps() const { return k[0] * k[1]; }
  int64_t packed_floats() const { return blocks * taps() * 8; }

  Rows gathered(const Source& x, int64_t plane, int64_t y) const {
    const int64_t begin = std::max<int64_t>(0, top - y * stride),
                  end = std::min(k[0], height + top - y * stride);
    return rows_from(x, plane, y * stride - top + begin, 1, begin, 1, end - begin);
  }
  Rows spread(const Source& x, int64_t plane, int64_t y) const {
    const int64_t begin = std::max((y + top) % stride, y + top - stride * (height - 1)),
                  end = std::min(k[0], y + top + 1);
    return rows_from(x, plane, (y + top - begin) / stride, -1, begin, stride,
                     (end - begin + stride - 1) / stride);
  }

 private:
  Rows rows_from(const Source& s, int64_t plane, int64_t row, int64_t step, int64_t tap, int64_t tap_step,
                 int64_t count) const {
    return {s.x + (row - s.first) * width * 8, weights + (plane % blocks * k[0] + tap) * k[1] * 8, count,
            step * width * 8, tap_step * k[1] * 8};
  }
};

/// Asks for the rows that come `ahead` tiles later: with strides the processor does not foresee them.
template <int columns>
FOVEA_SIMD_INLINE void prefetch(const float* newest) {
#pragma GCC unroll 16
  for (int j = 0; j < columns; j += 2) __builtin_prefetch(newest + (ahead * columns + j) * 8);
}

inline constexpr int clipped = -1;  // at a tile's edges: what is missing is known at run time only

/// Adds the rows to a tile's results; `first` is its first source column. The first L and last R columns lie
/// outside of the source, or any are `clipped`.
template <class C, int K, int L, int R>
FOVEA_SIMD_INLINE void add_rows(const Rows& r, int64_t first, int64_t width, Vec (&acc)[tile]) {
  const float *x = r.x + first * 8, *weights = r.weights;
  for (int64_t row = 0; row < r.count; ++row, x += r.x_step, weights += r.weights_step) {
    Vec w[K];
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) w[k] = load(weights + k * 8);
#pragma GCC unroll 24
    for (int j = 0; j < C::count; ++j) {
      if (L == clipped ? uint64_t(first + j) >= uint64_t(width) : j < L || j >= C::count - R) continue;
      const Vec value = load(x + j * 8);
#pragma GCC unroll 8
      for (int k = 0; k < K; ++k)
        if (C::result(j, k) >= 0) acc[C::result(j, k)] += value * w[k];
    }
  }
}

/// A row of results.
struct Target {
  Epilogue epilogue;
  Vec bias;
  float* y;
  int64_t at, columns;
};

/// Those of a tile that exist, from column `result` on.
template <class C, int K, int L, int R>
FOVEA_SIMD_INLINE void compute_tile(const Rows& r, int64_t first, int64_t width, const Target& to,
                                    int64_t result) {
  Vec acc[tile];
#pragma GCC unroll 8
  for (int i = 0; i < tile; ++i) acc[i] = to.bias;
  add_rows<C, K, L, R>(r, first, width, acc);
#pragma GCC unroll 8
  for (int i = 0; i < tile; ++i) {
    const int64_t at = to.at + (result + i) * 8;
    if (L != clipped || uint64_t(result + i) < uint64_t(to.columns))
      store(to.y + at, to.epilogue(acc[i], at));
  }
}

/// One row of results. The last tile begins earlier if it would leave the row and may compute results again.
template <int K, int S, bool spread>
FOVEA_SIMD_INLINE void compute_row(const Run& r, const Rows& rows, Target to) {
  using C = Columns<K, S, spread>;
  constexpr int step = spread ? tile / S : tile * S, edge = K / 2;
  const bool again = (S == 1 || !spread) && r.columns >= tile && !to.epilogue.add && !to.epilogue.gate;
  const float* newest = spread ? rows.x : rows.x + (rows.count - 1) * rows.x_step;
  // The first source column of the first tile, whose first result may lie before the row.
  int64_t result = spread ? -(r.left % S) : 0, first = spread ? r.left / S - C::before : -r.left;
  for (; result < r.columns; result += tile, first += step) {
    if (S > 1 && !spread) prefetch<S * S * tile>(newest + S * first * 8);
#pragma GCC unroll 4
    for (int line = 0; line < tile / 2; ++line)  // of the next row
      simd::ask_to_write(to.y + to.at + (r.columns + result + line * 2) * 8);
    if (const int64_t back = result + tile - r.columns; again && back > 0) result -= back, first -= back * S;
    const int64_t left = std::max<int64_t>(0, -first),
                  right = std::max<int64_t>(0, first + C::count - r.width);
    const bool whole = result >= 0 && result + tile <= r.columns && (left == 0 || left == edge) &&
                       (right == 0 || right == edge);
    if (!whole) compute_tile<C, K, clipped, clipped>(rows, first, r.width, to, result);
    else if (left > 0 && right > 0) compute_tile<C, K, edge, edge>(rows, first, r.width, to, result);
    else if (left > 0) compute_tile<C, K, edge, 0>(rows, first, r.width, to, result);
    else if (right > 0) compute_tile<C, K, 0, edge>(rows, first, r.width, to, result);
    else compute_tile<C, K, 0, 0>(rows, first, r.width, to, result);
  }
}

/// Result rows [begin, end) of a plane, whose source is `x`.
template <int K, int S, bool spread>
FOVEA_SIMD void compute_plane(const Run& r, const Source& x, int64_t plane, int64_t begin, int64_t end) {
  Target to{r.epilogue, Vec{}, r.y, 0, r.columns};
  if (r.epilogue.bias) to.bias = load(r.epilogue.bias + plane % r.blocks * 8);
  for (int64_t i = begin; i < end; ++i) {
    to.at = (plane * r.rows + i) * r.columns * 8;
    compute_row<K, S, spread>(r, spread ? r.spread(x, plane, i) : r.gathered(x, plane, i), to);
  }
}

using ComputePlane = void (*)(const Run&, const Source&, int64_t, int64_t, int64_t);
template <bool spread, int... K>
ComputePlane compute_for(const Run& r, std::integer_sequence<int, K...>) {
  constexpr ComputePlane planes[][2] = {
      {compute_plane<K + 1, 1, spread>, compute_plane<K + 1, 2, spread>}...};
  return planes[r.k[1] - 1][r.stride - 1];
}
template <bool spread>
ComputePlane compute_for(const Run& r) {
  return compute_for<spread>(r, std::make_integer_sequence<int, max_depthwise_window>());
}

/// Of a weight (C, 1, KH, KW).
inline void pack(const Run& r, const float* weight, float* packed) {
  const int64_t taps = r.taps();
  for (int64_t b = 0; b < r.blocks; ++b, weight += taps * 8)
    for (int64_t t = 0; t < taps; ++t)
      for (int64_t c = 0; c < 8; ++c) *packed++ = weight[c * taps + t];
}

}  // namespace fovea::depthwise
