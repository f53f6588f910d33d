// The steps of an LSTM forwards and backwards: product, gates and states of a unit while they are at hand.
#include "backend/cpu/recurrent_weight_grad.h"

namespace fovea {
namespace {

using recurrent::ColumnPanels;
using recurrent::for_rows;
using recurrent::lanes;
using recurrent::load;
using recurrent::quick_sigmoid;
using recurrent::quick_tanh;
using recurrent::rows_per_task;
using recurrent::store;
using recurrent::WeightGradient;
using V = simd::V<float>;

constexpr int gates_of_unit = 4;
using Panels = recurrent::UnitPanels<gates_of_unit>;

struct Forward {
  explicit Forward(const Call& c)
      : steps(c.in(0).size(0)),
        batch(c.in(0).size(1)),
        hidden(c.in(2).size(1)),
        inputs(c.in(0).size(2)),
        x(c.in(0).ptr<float>()),
        h0(c.in(4).ptr<float>()),
        c0(c.in(5).ptr<float>()),
        y(c.out(0).ptr<float>()),
        cells(c.out(1).ptr<float>()),
        gates(c.out(2).ptr<float>()) {}

  /// The gates and the cells of up to 8 units of one row. `sums` holds the products of the four gates,
  /// `before` the cells of the step before.
  FOVEA_SIMD_INLINE void gate(const float* sums, const float* bias, int64_t row, const float* before,
                              int64_t u, int64_t n) const {
    const int64_t H = hidden;
    float* out = gates + row * gates_of_unit * H + u;
    const V i = quick_sigmoid(simd::load(sums) + simd::load(bias)),
            f = quick_sigmoid(simd::load(sums + lanes) + simd::load(bias + lanes)),
            g = quick_tanh(simd::load(sums + 2 * lanes) + simd::load(bias + 2 * lanes)),
            o = quick_sigmoid(simd::load(sums + 3 * lanes) + simd::load(bias + 3 * lanes));
    store(out, i, n), store(out + H, f, n), store(out + 2 * H, g, n), store(out + 3 * H, o, n);
    store(cells + row * H + u, f * load(before, n) + i * g, n);
  }
  FOVEA_SIMD_INLINE void state(int64_t row, int64_t u, int64_t n) const {
    const float* o = gates + (row * gates_of_unit + 3) * hidden + u;
    store(y + row * hidden + u, load(o, n) * quick_tanh(load(cells + row * hidden + u, n)), n);
  }

  /// n <= 8 units from u of some rows of step t: all cells before the states, so that no chain of operations
  /// is as long as both.
  FOVEA_SIMD_INLINE void units(const float* sums, const float* bias, int64_t t, int64_t row, int64_t rows,
                               int64_t u, int64_t n) const {
    static constexpr float zeros[lanes] = {};
    const float* before = t ? cells + (t - 1) * batch * hidden : c0;
    for (int64_t r = 0; r < rows; ++r)
      gate(sums + r * Panels::width, bias, t * batch + row + r,
           before ? before + (row + r) * hidden + u : zeros, u, n);
    for (int64_t r = 0; r < rows; ++r) state(t * batch + row + r, u, n);
  }

  /// Asks for the places of the results of the unit u: the products before them hide the way to memory.
  FV_INLINE void ask(int64_t row, int64_t n, int64_t u) const {
    for (int64_t r = row; r < row + n; ++r) {
      for (int64_t g = 0; g < gates_of_unit; ++g)
        __builtin_prefetch(gates + (r * gates_of_unit + g) * hidden + u, 1, 2);
      __builtin_prefetch(cells + r * hidden + u, 1, 2);
      __builtin_prefetch(y + r * hidden + u, 1, 2);
    }
  }

  /// Panel i of the rows [row, row + n) of step t.
  FOVEA_SIMD void panel(const float* packed, float* sums, int64_t t, int64_t row, int64_t n,
                        int64_t i) const {
    const int64_t u = i * lanes;
    const float *h = t ? y + (t - 1) * batch * hidden : h0, *weights = panels().panel(packed, i),
                *bias = panels().bias(packed, i);
    ask(t * batch + row, n, u);
    recurrent::multiply<gates_of_unit>(n, x + (t * batch + row) * inputs, inputs, weights, inputs, false,
                                       sums, Panels::width);
    if (h)
      recurrent::multiply<gates_of_unit>(n, h + row * hidden, hidden, weights + inputs * Panels::width,
                                         hidden, true, sums, Panels::width);
    if (u + lanes <= hidden) units(sums, bias, t, row, n, u, lanes);
    else units(sums, bias, t, row, n, u, hidden - u);
  }

  Panels panels() const { return {inputs, hidden}; }

  void run(const float* packed, int64_t row, int64_t n) const {
    alignas(64) float sums[rows_per_task * Panels::width];
    for (int64_t t = 0; t < steps; ++t)
      for (int64_t i = 0; i < panels().count(); ++i) panel(packed, sums, t, row, n, i);
  }

  int64_t steps, batch, hidden, inputs;
  const float *x, *h0, *c0;
  float *y, *cells, *gates;
};

size_t forward_scratch(const Call& c) {
  return size_t(Panels{c.in(0).size(2), c.in(2).size(1)}.floats()) * sizeof(float);
}

void forward(const Call& c) {
  const Forward f(c);
  float* packed = reinterpret_cast<float*>(c.scratch);
  f.panels().pack(c.in(1).ptr<float>(), c.in(2).ptr<float>(), c.in(3).ptr<float>(), packed);
  for_rows(f.batch, [&](int64_t row, int64_t n) { f.run(packed, row, n); });
}

struct Backward {
  explicit Backward(const Call& c)
      : steps(c.in(0).size(0)),
        batch(c.in(0).size(1)),
        hidden(c.in(2).size(1)),
        inputs(c.in(0).size(2)),
        input_grad(c.b("input_grad")),
        state_grad(c.in(3)),
        c0(c.in(4).ptr<float>()),
        cells(c.in(6).ptr<float>()),
        gates(c.in(7).ptr<float>()),
        dy(c.in(8).ptr<float>()),
        dcells(c.in(9).ptr<float>()) {}

  ColumnPanels to_state() const { return {gates_of_unit * hidden, hidden}; }
  ColumnPanels to_input() const { return {gates_of_unit * hidden, inputs}; }
  WeightGradient weights() const { return {inputs, hidden, gates_of_unit * hidden, steps, batch}; }
  /// From one row of d to the next: with zeros that fill the last panel, and off the powers of two, so that
  /// rows do not meet in one set of the cache.
  int64_t d_row() const { return weights().panels() * WeightGradient::panel + WeightGradient::panel; }

  /// Lays out the scratch from `at` on, if that is not null; returns its size in floats.
  int64_t lay_out(float* at) {
    int64_t used = 0;
    const auto take = [&](int64_t floats) {
      float* p = at ? at + used : nullptr;
      used += recurrent::blocks_of(floats, 16) * 16;
      return p;
    };
    packed_hh = take(to_state().floats());
    packed_ih = take(input_grad ? to_input().floats() : 0);
    zeros = take(hidden);
    d = take(batch * d_row());
    dh = take(batch * to_state().padded());
    dc = take(batch * hidden);
    dx = take(input_grad ? batch * to_input().padded() : 0);
    panels = take(weights().panel_floats());
    products = take(weights().scratch());
    return used;
  }

  /// Pointers into one row of step t.
  struct Row {
    const float *gates, *cells, *before, *dy, *dcells, *dh;
    float *d, *dc;
  };

  /// The gradient of the gates of up to 8 units, from that of the state; leaves dc for the step before.
  FOVEA_SIMD_INLINE void unit(const Row& row, int64_t u, int64_t n) const {
    const int64_t H = hidden;
    const float* gate = row.gates + u;
    float* out = row.d + u;
    const V i = load(gate, n), f = load(gate + H, n), g = load(gate + 2 * H, n), o = load(gate + 3 * H, n),
            squashed = quick_tanh(load(row.cells + u, n)), to_h = load(row.dh + u, n) + load(row.dy + u, n),
            to_cell = load(row.dc + u, n) + load(row.dcells + u, n) + to_h * o * (1.0f - squashed * squashed);
    store(out, to_cell * g * i * (1.0f - i), n);
    store(out + H, to_cell * load(row.before + u, n) * f * (1.0f - f), n);
    store(out + 2 * H, to_cell * i * (1.0f - g * g), n);
    store(out + 3 * H, to_h * squashed * o * (1.0f - o), n);
    store(row.dc + u, to_cell * f, n);
  }

  /// All units of row n of step t.
  FOVEA_SIMD void row(int64_t t, int64_t n) const {
    const int64_t H = hidden, at = (t * batch + n) * H;
    const Row row{gates + gates_of_unit * at,
                  cells + at,
                  t    ? cells + at - batch * H
                  : c0 ? c0 + n * H
                       : zeros,
                  dy ? dy + at : zeros,
                  dcells ? dcells + at : zeros,
                  dh + n * to_state().padded(),
                  d + n * d_row(),
                  dc + n * H};
    int64_t u = 0;
    for (; u + lanes <= H; u += lanes) unit(row, u, lanes);
    if (u < H) unit(row, u, H - u);
    weights().put(t * batch + n, row.d, panels);
  }

  /// Asks for what row(t, n) reads and writes: the products before it hide the way to memory.
  FV_INLINE void ask(int64_t t, int64_t n) const {
    constexpr int64_t line = 16;
    const int64_t at = (t * batch + n) * hidden;
    for (int64_t u = 0; u < gates_of_unit * hidden; u += line)
      __builtin_prefetch(gates + gates_of_unit * at + u, 0, 2);
    for (int64_t u = 0; u < hidden; u += line) __builtin_prefetch(cells + at + u, 0, 2);
    for (int64_t u = 0; dy && u < hidden; u += line) __builtin_prefetch(dy + at + u, 0, 2);
    weights().ask(t * batch + n, panels);
  }

  /// All steps of the rows [first, first + n); dx_out is null or (steps, batch, inputs).
  void run(int64_t first, int64_t n, float* dx_out) const {
    const int64_t state_row = to_state().padded(), input_row = to_input().padded();
    const float* near = d + first * d_row();
    std::fill_n(d + first * d_row(), n * d_row(), 0.0f);
    std::fill_n(dh + first * state_row, n * state_row, 0.0f);
    std::fill_n(dc + first * hidden, n * hidden, 0.0f);
    for (int64_t t = steps; t-- > 0;) {
      for (int64_t r = first; r < first + n; ++r) row(t, r);
      for (int64_t r = first; t > 0 && r < first + n; ++r) ask(t - 1, r);
      if (t > 0 || state_grad) to_state().multiply(n, near, d_row(), packed_hh, dh + first * state_row);
      if (!input_grad) continue;
      to_input().multiply(n, near, d_row(), packed_ih, dx + first * input_row);
      for (int64_t r = first; r < first + n; ++r)
        std::copy_n(dx + r * input_row, inputs, dx_out + (t * batch + r) * inputs);
    }
  }

  int64_t steps, batch, hidden, inputs;
  bool input_grad, state_grad;
  const float *c0, *cells, *gates, *dy, *dcells;
  // Scratch: weights, zeros (H), then of one step: the gradients of the gates, states, cells, inputs.
  float *packed_hh, *packed_ih, *zeros, *d, *dh, *dc, *dx, *panels, *products;
};

size_t backward_scratch(const Call& c) { return size_t(Backward(c).lay_out(nullptr)) * sizeof(float); }

void backward(const Call& c) {
  Backward b(c);
  b.lay_out(reinterpret_cast<float*>(c.scratch));
  b.to_state().pack(c.in(2).ptr<float>(), b.packed_hh);
  if (b.input_grad) b.to_input().pack(c.in(1).ptr<float>(), b.packed_ih);
  std::fill_n(b.zeros, b.hidden, 0.0f);
  for_rows(b.batch, [&](int64_t row, int64_t n) {
    b.run(row, n, c.out(0).ptr<float>());
    const int64_t H = b.hidden;
    for (int64_t r = row; b.state_grad && r < row + n; ++r)
      std::copy_n(b.dh + r * b.to_state().padded(), H, c.out(4).ptr<float>() + r * H);
    if (b.c0) std::copy_n(b.dc + row * H, n * H, c.out(5).ptr<float>() + row * H);
  });
  b.weights().run(b.panels, c.in(0).ptr<float>(), c.in(5).ptr<float>(), c.in(3).ptr<float>(), b.products,
                  c.out(1).ptr<float>(), c.out(2).ptr<float>(), c.out(3).ptr<float>());
}

const char* refuse_backward(const Call& c) {
  if (c.in(10)) return "it takes no gradient of the gates";
  return recurrent::refuse(c);
}

const RegisterKernel forward_kernel("lstm_sequence", {.name = "cpu:rows",
                                                      .rank = 10,
                                                      .refuse = recurrent::refuse,
                                                      .scratch = forward_scratch,
                                                      .run = forward});
const RegisterKernel backward_kernel("lstm_sequence_backward", {.name = "cpu:rows",
                                                                .rank = 10,
                                                                .refuse = refuse_backward,
                                                                .scratch = backward_scratch,
                                                                .run = backward});

}  // namespace
}  // namespace fovea
