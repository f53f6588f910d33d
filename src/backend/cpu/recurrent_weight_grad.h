// The gradients of the weights and the bias of a recurrent layer: the sums over all steps and rows of
// d^T h_{t-1}, d^T x_t and d are one product d^T [h | x] and a sum, with d the gradient of the gates. The
// kernel of the steps leaves d in panels of 32 columns, [panel][row][32], so that nothing of it is copied; h
// and x are packed once in tiles of 8, [piece of the rows][tile][row][8]. A thread takes some panels and sums
// them over pieces of the rows that stay in the caches, always in the same order.
//   const WeightGradient w{.inputs = I, .hidden = H, .columns = 4 * H, .steps = T, .batch = N};
//   w.put(row, d, panels);  ...  w.run(panels, sizes, x, y, h0, scratch, dweight_ih, dweight_hh, dbias);
#pragma once
#include "backend/cpu/recurrent.h"

namespace fovea::recurrent {

struct WeightGradient {
  static constexpr int64_t panel = paired::width, tile_rows = paired::block, task_panels = 2,
                           task_columns = task_panels * panel;
  static constexpr int64_t piece = 8 * paired::group;  // rows summed at a time
  int64_t inputs, hidden, columns;                     // columns of d
  int64_t steps, batch;
  bool paired;

  int64_t rows() const { return steps * batch; }
  int64_t pieces() const { return blocks_of(rows(), piece); }
  int64_t piece_rows(int64_t p) const { return std::min(piece, paired::padded(rows()) - p * piece); }
  int64_t panels() const { return blocks_of(columns, panel); }
  /// From one panel of d to the next: off the powers of two, so that the pieces of a row do not meet in one
  /// set of the cache.
  int64_t panel_step() const { return (paired::padded(rows()) + 1) * panel; }
  int64_t panel_floats() const { return panels() * panel_step(); }
  int64_t factors() const { return hidden + inputs; }
  int64_t tiles() const { return blocks_of(factors(), tile_rows); }
  int64_t tile_floats() const { return paired::Rows::floats(piece); }
  int64_t task_floats() const { return (tiles() * tile_rows + 1) * task_columns; }
  /// Floats of the scratch of run().
  int64_t scratch() const {
    return pieces() * tiles() * tile_floats() + blocks_of(panels(), task_panels) * task_floats();
  }

  /// Puts row `row` of d, padded with zeros to whole panels, into its places.
  FOVEA_SIMD_INLINE void put(int64_t row, const float* d, float* to) const {
    to += row * panel;
    for (int64_t i = 0; i < panels(); ++i, d += panel, to += panel_step())
#pragma GCC unroll 4
      for (int64_t l = 0; l < panel; l += lanes) simd::store(to + l, simd::load(d + l));
  }

  /// Asks for the places of row `row`.
  FV_INLINE void ask(int64_t row, const float* to) const {
    for (int64_t i = 0; i < panels(); ++i, to += panel_step()) {
      __builtin_prefetch(to + row * panel, 1, 2);
      __builtin_prefetch(to + row * panel + 16, 1, 2);
    }
  }

  /// d as put() left it, and the largest value of each of its rows.
  void run(float* d, const float* sizes, const float* x, const float* y, const float* h0, float* scratch,
           float* dweight_ih, float* dweight_hh, float* dbias) const {
    for (int64_t i = 0; i < panels(); ++i)
      std::fill_n(d + i * panel_step() + rows() * panel, (paired::padded(rows()) - rows()) * panel, 0.0f);
    parallel_for(pieces(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t p = begin; p < end; ++p) pack(p, sizes, x, y, h0, scratch);
    });
    parallel_for(panels(), task_panels, [&](int64_t first, int64_t last) {
      float* c = scratch + pieces() * tiles() * tile_floats() + first / task_panels * task_floats();
      multiply(scratch, d, first, last, c);
      for (int64_t j = first * panel; j < std::min(columns, last * panel); j += lanes)
        unpack(c + (j - first * panel), j, dweight_ih, dweight_hh, dbias);
    });
  }

 private:
  /// Piece p of [h | x].
  void pack(int64_t p, const float* sizes, const float* x, const float* y, const float* h0, float* to) const {
    to += p * tiles() * tile_floats();
    for (int64_t k = 0; k < piece_rows(p); ++k) pack_row(p * piece + k, x, y, h0, to + k * tile_rows);
    if (!paired) return;
    const float size = paired::largest(sizes + p * piece, std::min(piece, rows() - p * piece));
    for (int64_t i = 0; i < tiles(); ++i)
      paired::take_columns(piece_rows(p), size, *reinterpret_cast<paired::Rows*>(to + i * tile_floats()));
  }
  void pack_row(int64_t row, const float* x, const float* y, const float* h0, float* to) const {
    const bool is_row = row < rows();
    const float *h = !is_row        ? nullptr
                     : row >= batch ? y + (row - batch) * hidden
                     : h0           ? h0 + row * hidden
                                    : nullptr,
                *in = is_row ? x + row * inputs - hidden : nullptr;
    for (int64_t i = 0; i < tiles(); ++i, to += tile_floats()) {
      const int64_t k = i * tile_rows, end = k + tile_rows;
      float* out = to + 2 * paired::block;
      if (h && end <= hidden) std::memcpy(out, h + k, tile_rows * sizeof(float));
      else if (in && k >= hidden && end <= factors()) std::memcpy(out, in + k, tile_rows * sizeof(float));
      else
        for (int64_t j = k; j < end; ++j)
          out[j - k] = j < hidden ? (h ? h[j] : 0) : in && j < factors() ? in[j] : 0;
    }
  }

  /// Asks for lines [line, line + n) behind p.
  static FV_INLINE void ask_lines(const float* p, int64_t line, int64_t n) {
    for (int64_t i = line; i < line + n; ++i) __builtin_prefetch(p + i * 16, 0, 2);
  }

  /// The panels [first, last): c (factors, task_columns), a row of sums of d behind them. Each tile asks for
  /// a share of the piece of d that comes next, and those of the last panel for their own factors in the next
  /// piece.
  FOVEA_SIMD void multiply(const float* a, const float* d, int64_t first, int64_t last, float* c) const {
    const int64_t share = blocks_of(2 * piece, tiles());
    for (int64_t p = 0; p < pieces(); ++p)
      for (int64_t j = first; j < last; ++j) {
        const int64_t depth = piece_rows(p), column = (j - first) * panel;
        const float *b = d + j * panel_step() + p * piece * panel,
                    *next =
                        j + 1 < last ? b + panel_step() : d + first * panel_step() + (p + 1) * piece * panel;
        float sums[panel];
        add_rows(b, depth, p > 0, c + tiles() * tile_rows * task_columns + column);
        if (paired) paired::pair_sums<float>(b, depth, sums);
        for (int64_t i = 0; i < tiles(); ++i) {
          const auto& rows = *reinterpret_cast<const paired::Rows*>(a + (p * tiles() + i) * tile_floats());
          ask_lines(next, i * share, share);
          float* out = c + i * tile_rows * task_columns + column;
          if (paired)
            paired::multiply<paired::Order::columns>(tile_rows, rows, sums, b, depth, p > 0, out,
                                                     task_columns);
          else tiles_of_8(rows.blocks(), b, depth, p > 0, out);
        }
      }
  }
  static FOVEA_SIMD void tiles_of_8(const float* a, const float* b, int64_t depth, bool add, float* c) {
    if (cpu_has_avx512()) return WideTile::run<8>(a, 1, tile_rows, b, depth, add, c, task_columns);
    tile<3, 4>(a, 1, tile_rows, b, depth, add, c, task_columns);
    tile<3, 4>(a + 3, 1, tile_rows, b, depth, add, c + 3 * task_columns, task_columns);
    tile<2, 4>(a + 6, 1, tile_rows, b, depth, add, c + 6 * task_columns, task_columns);
  }
  static FOVEA_SIMD void add_rows(const float* b, int64_t depth, bool add, float* c) {
    V<float> sum[4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) sum[j] = add ? simd::load(c + j * lanes) : V<float>{};
    for (int64_t k = 0; k < depth; ++k, b += panel)
#pragma GCC unroll 4
      for (int j = 0; j < 4; ++j) sum[j] += simd::load(b + j * lanes);
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) simd::store(c + j * lanes, sum[j]);
  }

  /// Columns [j, j + 8) of the sums become rows of the gradients.
  FOVEA_SIMD void unpack(const float* c, int64_t j, float* dweight_ih, float* dweight_hh,
                         float* dbias) const {
    const int64_t n = std::min(lanes, columns - j);
    turn(c, hidden, n, dweight_hh + j * hidden);
    turn(c + hidden * task_columns, inputs, n, dweight_ih + j * inputs);
    std::copy_n(c + tiles() * tile_rows * task_columns, n, dbias + j);
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
