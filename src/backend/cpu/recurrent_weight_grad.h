// The gradients of the weights and the bias of a recurrent layer: the sums over all steps and rows of
// d^T h_{t-1}, d^T x_t and d are one product d^T [h | x | 1], with d the gradient of the gates. The kernel of
// the steps leaves d in panels of 16 columns, [panel][row][16], so that nothing of it is copied; h, x and 1
// are packed once in tiles of 6. A thread takes some panels and sums them over blocks of rows that stay in
// the caches, always in the same order.
//   const WeightGradient w{.inputs = I, .hidden = H, .columns = 4 * H, .steps = T, .batch = N};
//   w.put(row, d, panels);  ...  w.run(panels, x, y, h0, scratch, dweight_ih, dweight_hh, dbias);
#pragma once
#include "backend/cpu/recurrent.h"

namespace fovea::recurrent {

struct WeightGradient {
  static constexpr int tile_rows = 6, vectors = 2;
  static constexpr int64_t panel = vectors * lanes, task_panels = 4, task_columns = task_panels * panel;
  static constexpr int64_t block = 256;  // rows summed at a time
  int64_t inputs, hidden, columns;       // columns of d
  int64_t steps, batch;

  int64_t rows() const { return steps * batch; }
  int64_t panels() const { return blocks_of(columns, panel); }
  /// From one panel of d to the next: off the powers of two, so that the pieces of a row do not meet in one
  /// set of the cache.
  int64_t panel_step() const { return (rows() + 1) * panel; }
  int64_t panel_floats() const { return panels() * panel_step(); }
  int64_t factors() const { return hidden + inputs + 1; }
  int64_t tiles() const { return blocks_of(factors(), tile_rows); }
  /// Floats of the scratch of run().
  int64_t scratch() const {
    return tiles() * tile_rows * (rows() + blocks_of(panels(), task_panels) * task_columns);
  }

  /// Puts row `row` of d, padded with zeros to whole panels, into its places.
  FOVEA_SIMD_INLINE void put(int64_t row, const float* d, float* to) const {
    to += row * panel;
    for (int64_t i = 0; i < panels(); ++i, d += panel, to += panel_step()) {
      simd::store(to, simd::load(d));
      simd::store(to + lanes, simd::load(d + lanes));
    }
  }

  /// Asks for the places of row `row`.
  FV_INLINE void ask(int64_t row, const float* to) const {
    for (int64_t i = 0; i < panels(); ++i) __builtin_prefetch(to + i * panel_step() + row * panel, 1, 2);
  }

  void run(const float* d, const float* x, const float* y, const float* h0, float* scratch, float* dweight_ih,
           float* dweight_hh, float* dbias) const {
    parallel_for(rows(), 64, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) pack(row, x, y, h0, scratch);
    });
    float* sums = scratch + tiles() * tile_rows * rows();
    parallel_for(panels(), task_panels, [&](int64_t first, int64_t last) {
      float* c = sums + first * panel * tiles() * tile_rows;
      multiply(scratch, d, first, last, c);
      for (int64_t j = first * panel; j < std::min(columns, last * panel); j += lanes)
        unpack(c + (j - first * panel), j, dweight_ih, dweight_hh, dbias);
    });
  }

 private:
  /// Row `row` of [h | x | 1], as [tile][row][6].
  void pack(int64_t row, const float* x, const float* y, const float* h0, float* to) const {
    const float *h = row >= batch ? y + (row - batch) * hidden
                     : h0         ? h0 + row * hidden
                                  : nullptr,
                *in = x + row * inputs - hidden;
    to += row * tile_rows;
    for (int64_t i = 0; i < tiles() * tile_rows; i += tile_rows, to += rows() * tile_rows) {
      const int64_t end = i + tile_rows;
      if (h && end <= hidden) std::memcpy(to, h + i, tile_rows * sizeof(float));
      else if (i >= hidden && end <= hidden + inputs) std::memcpy(to, in + i, tile_rows * sizeof(float));
      else
        for (int64_t k = i; k < end; ++k)
          to[k - i] = k < hidden ? (h ? h[k] : 0) : k < hidden + inputs ? in[k] : k == hidden + inputs;
    }
  }

  /// Asks for lines [line, line + n) behind p.
  static FV_INLINE void ask_lines(const float* p, int64_t line, int64_t n) {
    for (int64_t i = line; i < line + n; ++i) __builtin_prefetch(p + i * 16, 0, 2);
  }

  /// The panels [first, last): c (factors, task_columns). Each tile asks for a share of the piece of d that
  /// comes next, and those of the last panel for their own factors in the next block.
  FOVEA_SIMD void multiply(const float* a, const float* d, int64_t first, int64_t last, float* c) const {
    const int64_t share = blocks_of(block, tiles());
    for (int64_t p = 0; p < rows(); p += block) {
      const int64_t depth = std::min(block, rows() - p);
      for (int64_t j = first; j < last; ++j) {
        const float *piece = d + j * panel_step() + p * panel,
                    *next =
                        j + 1 < last ? piece + panel_step() : d + first * panel_step() + (p + block) * panel;
        for (int64_t i = 0; i < tiles(); ++i) {
          const float* factors = a + (i * rows() + p) * tile_rows;
          ask_lines(next, i * share, share);
          if (j + 1 == last) ask_lines(factors + block * tile_rows, 0, block * tile_rows / 16);
          tile<tile_rows, vectors>(factors, 1, tile_rows, piece, depth, p > 0,
                                   c + i * tile_rows * task_columns + (j - first) * panel, task_columns);
        }
      }
    }
  }

  /// Columns [j, j + 8) of the sums become rows of the gradients.
  FOVEA_SIMD void unpack(const float* c, int64_t j, float* dweight_ih, float* dweight_hh,
                         float* dbias) const {
    const int64_t n = std::min(lanes, columns - j);
    turn(c, hidden, n, dweight_hh + j * hidden);
    turn(c + hidden * task_columns, inputs, n, dweight_ih + j * inputs);
    std::copy_n(c + (hidden + inputs) * task_columns, n, dbias + j);
  }
  static FOVEA_SIMD void turn(const float* c, int64_t count, int64_t n, float* to) {
    int64_t i = 0;
    for (; n == lanes && i + 8 <= count; i += 8)
      simd::transpose8(c + i * task_columns, task_columns, to + i, count);
    for (; i < count; ++i)
      for (int64_t l = 0; l < n; ++l) to[l * count + i] = c[i * task_columns + l];
  }
};

}  // namespace fovea::recurrent
