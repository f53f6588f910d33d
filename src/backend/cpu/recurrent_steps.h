// The steps of a recurrent layer whose inputs are already projected to its gates, forwards and backwards: the
// product of a step for some rows of the batch, then the functions of a cell row by row.
//
// A cell is made from a call. It knows the sizes (`steps`, `batch`, `hidden`), how many `gates` it has, the
// `weight` (gates * H, H), the first state `h0` (null for zeros) and the states `y`, and has
//   units(row, u, n)   for n <= 8 units from u of one row
// Forwards: y from the sums h weight^T. Backwards: the gradient `d` (T,N,gates * H) of those sums from that
// of y; `dh0` is that of the first state.
#pragma once
#include "backend/cpu/recurrent.h"

namespace fovea::recurrent {

/// One row of one step forwards: row `at` of all steps, its sums (gates * H) and the state before (H).
struct Row {
  int64_t at;
  const float *sums, *h;
};

template <class Cell, class R>
FOVEA_SIMD void all_units(const Cell& cell, const R& row) {
  int64_t u = 0;
  for (; u + lanes <= cell.hidden; u += lanes) cell.units(row, u, lanes);
  if (u < cell.hidden) cell.units(row, u, cell.hidden - u);
}

template <class Cell, bool paired>
struct StepsForward {
  explicit StepsForward(const Call& c) : cell(c) {}
  Panels panels() const { return {Cell::gates * cell.hidden, cell.hidden}; }

  /// Lays out the scratch from `at` on, if that is not null; returns its size in floats.
  int64_t lay_out(float* at) {
    Scratch s{at};
    packed = s.take(panels().floats());
    zeros = s.take(cell.hidden);
    sums = s.take(cell.batch * panels().padded());
    blocks = s.take(paired ? Factor::floats(cell.batch, cell.hidden) : 0);
    return s.used;
  }
  /// All steps of the rows [first, first + n).
  void run(int64_t first, int64_t n) const {
    const int64_t H = cell.hidden, width = panels().padded();
    float *to = sums + first * width, *copy = paired ? blocks + Factor::floats(first, H) : nullptr;
    const float size = panels().size(packed);
    for (int64_t t = 0; t < cell.steps; ++t) {
      const float* h = t ? cell.y + (t - 1) * cell.batch * H : cell.h0;
      if (h) panels().multiply({h + first * H, H, n, H, size, copy}, packed, to, width);
      else std::fill_n(to, n * width, 0.0f);
      for (int64_t r = 0; r < n; ++r)
        all_units(cell, Row{t * cell.batch + first + r, to + r * width, h ? h + (first + r) * H : zeros});
    }
  }
  static size_t scratch(const Call& c) { return size_t(StepsForward(c).lay_out(nullptr)) * sizeof(float); }
  static void run(const Call& c) {
    StepsForward f(c);
    f.lay_out(reinterpret_cast<float*>(c.scratch));
    f.panels().pack_rows(f.cell.weight, f.packed);
    std::fill_n(f.zeros, f.cell.hidden, 0.0f);
    for_rows(f.cell.batch, [&](int64_t first, int64_t n) { f.run(first, n); });
  }

  Cell cell;
  float *packed, *zeros, *sums, *blocks;
};

/// One row of one step backwards. The gradient of the state (H) is `dh` plus the carried one, which the
/// cell replaces by what reaches the state before without the product.
struct BackRow {
  int64_t at;
  const float *h, *dh;
  float* carried;
};

template <class Cell, bool paired>
struct StepsBackward {
  explicit StepsBackward(const Call& c) : cell(c) {}
  Panels panels() const { return {cell.hidden, Cell::gates * cell.hidden}; }

  int64_t lay_out(float* at) {
    Scratch s{at};
    packed = s.take(panels().floats());
    zeros = s.take(cell.hidden);
    dh = s.take(cell.batch * panels().padded());
    blocks = s.take(paired ? Factor::floats(cell.batch, panels().depth) : 0);
    return s.used;
  }
  /// All steps of the rows [first, first + n); their gradients of the first state go to dh0.
  FOVEA_SIMD void run(int64_t first, int64_t n, float* dh0) const {
    const int64_t H = cell.hidden, G = panels().depth, width = panels().padded();
    float *to = dh + first * width, *copy = paired ? blocks + Factor::floats(first, G) : nullptr,
          *carried = dh0 + first * H;
    const float size = panels().size(packed);
    std::fill_n(to, n * width, 0.0f);
    std::fill_n(carried, n * H, 0.0f);
    for (int64_t t = cell.steps; t-- > 0;) {
      const int64_t at = t * cell.batch + first;
      const float* h = t ? cell.y + (at - cell.batch) * H : cell.h0 ? cell.h0 + first * H : nullptr;
      for (int64_t r = 0; r < n; ++r)
        all_units(cell, BackRow{at + r, h ? h + r * H : zeros, to + r * width, carried + r * H});
      panels().multiply({cell.d + at * G, G, n, G, size, copy}, packed, to, width);
    }
    for (int64_t r = 0; r < n; ++r)
      for (int64_t u = 0; u < H; ++u) carried[r * H + u] += to[r * width + u];
  }
  static size_t scratch(const Call& c) { return size_t(StepsBackward(c).lay_out(nullptr)) * sizeof(float); }
  static void run(const Call& c) {
    StepsBackward b(c);
    b.lay_out(reinterpret_cast<float*>(c.scratch));
    b.panels().pack_columns(b.cell.weight, b.packed);
    std::fill_n(b.zeros, b.cell.hidden, 0.0f);
    for_rows(b.cell.batch, [&](int64_t first, int64_t n) { b.run(first, n, b.cell.dh0); });
  }

  Cell cell;
  float *packed, *zeros, *dh, *blocks;
};

}  // namespace fovea::recurrent
