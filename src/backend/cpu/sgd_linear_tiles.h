// Register tiles of a fully connected layer's weight, on AVX-512: the gradient of 12 x 32 elements is summed
// up in registers and used up there.
#pragma once
#include <algorithm>

#include "backend/cpu/tiles.h"
#include "backend/cpu/wide.h"
#include "op/sgd.h"

namespace fovea::sgd_linear {

inline constexpr int64_t tile_rows = 12, tile_columns = 32;

/// Some rows of a weight, of its velocity (null if there is none), and what their gradient is made of:
/// columns of g as tiles, [rows / 12][examples][12], and those of x that are at work, [examples][32].
struct Rows {
  float *weight, *velocity;
  const float *g, *x;
  int64_t examples, columns;
};

/// The R rows from `row` on, V vectors of columns, the last of them with `last` columns.
template <int V>
struct Tile {
  template <int R>
  FOVEA_WIDE static void run(SgdRule<float> rule, const Rows& s, int64_t row, int64_t column, int64_t last) {
    const int64_t step = s.columns;
    float *weight = s.weight + row * step + column, *velocity = s.velocity;
    if (velocity) velocity += row * step + column;
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) simd::ask_to_write(weight + r * step + v * 16);
    wide::Vec grad[R][V];
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) grad[r][v] = wide::Vec{};
    const float* columns[V];
    int64_t steps[V];
#pragma GCC unroll 2
    for (int v = 0; v < V; ++v) columns[v] = s.x + v * 16, steps[v] = tile_columns;
    wide::multiply(grad, s.g + row * s.examples, 1, R, columns, steps, s.examples);
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r, weight += step)
#pragma GCC unroll 2
      for (int v = 0; v < V; ++v) {
        const int64_t count = v + 1 < V ? 16 : last;
        wide::Vec w = wide::load_first(weight + v * 16, count);
        if (velocity) {
          float* at = velocity + r * step + v * 16;
          wide::Vec moving = wide::load_first(at, count);
          rule(w, moving, grad[r][v]);
          wide::store_first(at, count, moving);
        } else {
          rule(w, grad[r][v]);
        }
        wide::store_first(weight + v * 16, count, w);
      }
  }
};

/// `count` <= 16 columns of (examples, width) as [examples][step].
FOVEA_WIDE inline void pack(const float* from, int64_t examples, int64_t width, int64_t count, int64_t step,
                            float* to) {
  for (int64_t n = 0; n < examples; ++n, from += width, to += step)
    wide::store_first(to, count, wide::load_first(from, count));
}

/// Elements of scratch for update() of so many rows.
inline int64_t scratch(int64_t rows, int64_t examples) { return examples * (rows + tile_columns); }

/// Rows [begin, end) of the weight (height, columns) by g (examples, height) and x (examples, columns).
inline void update(const SgdRule<float>& rule, Rows s, const float* g, const float* x, int64_t height,
                   int64_t begin, int64_t end, float* scratch) {
  float* near = scratch + s.examples * (end - begin);
  for_tiles(end - begin, tile_rows, [&](int64_t row, int64_t count) {
    pack(g + begin + row, s.examples, height, count, count, scratch + row * s.examples);
  });
  s.g = scratch, s.x = near;
  for (int64_t j = 0; j < s.columns; j += tile_columns) {
    const int64_t width = std::min(tile_columns, s.columns - j);
    for (int64_t i = 0; i < width; i += 16)
      pack(x + j + i, s.examples, s.columns, std::min<int64_t>(16, width - i), tile_columns, near + i);
    for_tiles(end - begin, tile_rows, [&](int64_t row, int64_t count) {
      if (width > 16) wide::tiles_of<Tile<2>, tile_rows>[size_t(count - 1)](rule, s, row, j, width - 16);
      else wide::tiles_of<Tile<1>, tile_rows>[size_t(count - 1)](rule, s, row, j, width);
    });
  }
}

}  // namespace fovea::sgd_linear
