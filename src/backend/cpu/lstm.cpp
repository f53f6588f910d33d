// The steps of an LSTM forwards and backwards: product, gates and states of a unit while they are at hand.
#include "backend/cpu/recurrent_weight_grad.h"

namespace fovea {
namespace {

using recurrent::Factor;
using recurrent::for_rows;
using recurrent::lanes;
using recurrent::load;
using recurrent::Panels;
using recurrent::quick_sigmoid;
using recurrent::quick_tanh;
using recurrent::rows_per_task;
using recurrent::store;
using recurrent::WeightGradient;
using V = simd::V<float>;

constexpr int gates_of_unit = 4;

struct Forward {
  Forward(const Call& c, bool paired)
      : paired(paired),
        steps(c.in(0).size(0)),
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
      gate(sums + r * width, bias, t * batch + row + r, before ? before + (row + r) * hidden + u : zeros, u,
           n);
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

  /// Panel i of the rows of x and h, `row` the first, of step t.
  FOVEA_SIMD void panel(const Factor& x_rows, const Factor* h_rows, float* sums, int64_t t, int64_t row,
                        int64_t i) const {
    const int64_t u = i * lanes, n = x_rows.rows;
    ask(t * batch + row, n, u);
    inputs_panels().multiply(x_rows, packed_ih, i, false, sums, width);
    if (h_rows) state_panels().multiply(*h_rows, packed_hh, i, true, sums, width);
    units(sums, packed_bias + i * width, t, row, n, u, std::min<int64_t>(lanes, hidden - u));
  }

  Panels inputs_panels() const { return {gates_of_unit * hidden, inputs}; }
  Panels state_panels() const { return {gates_of_unit * hidden, hidden}; }

  /// Lays out the scratch from `at` on, if that is not null; returns its size in floats.
  int64_t lay_out(float* at) {
    recurrent::Scratch s{at};
    packed_ih = s.take(inputs_panels().floats());
    packed_hh = s.take(state_panels().floats());
    packed_bias = s.take(inputs_panels().padded());
    x_blocks = s.take(paired ? Factor::floats(batch, inputs) : 0);
    h_blocks = s.take(paired ? Factor::floats(batch, hidden) : 0);
    return s.used;
  }

  /// A null bias stands for zeros.
  void pack(const float* weight_ih, const float* weight_hh, const float* bias) const {
    inputs_panels().pack_rows<gates_of_unit>(weight_ih, packed_ih);
    state_panels().pack_rows<gates_of_unit>(weight_hh, packed_hh);
    for (int64_t i = 0; i < inputs_panels().padded(); ++i) {
      const int64_t unit = i / width * lanes + i % lanes, gate = i % width / lanes;
      packed_bias[i] = bias && unit < hidden ? bias[gate * hidden + unit] : 0;
    }
  }

  void run(int64_t row, int64_t n) const {
    alignas(64) float sums[rows_per_task * width];
    float *to_x = paired ? x_blocks + Factor::floats(row, inputs) : nullptr,
          *to_h = paired ? h_blocks + Factor::floats(row, hidden) : nullptr;
    const float x_size = inputs_panels().size(packed_ih), h_size = state_panels().size(packed_hh);
    for (int64_t t = 0; t < steps; ++t) {
      const float* h = t ? y + (t - 1) * batch * hidden : h0;
      const Factor x_rows(x + (t * batch + row) * inputs, inputs, n, inputs, x_size, to_x),
          h_rows(h ? h + row * hidden : nullptr, hidden, h ? n : 0, hidden, h_size, to_h);
      for (int64_t i = 0; i < state_panels().count(); ++i)
        panel(x_rows, h ? &h_rows : nullptr, sums, t, row, i);
    }
  }

  static constexpr int64_t width = Panels::width;
  bool paired;
  int64_t steps, batch, hidden, inputs;
  const float *x, *h0, *c0;
  float *y, *cells, *gates;
  float *packed_ih, *packed_hh, *packed_bias, *x_blocks, *h_blocks;
};

template <bool paired>
struct ForwardKernel {
  static size_t scratch(const Call& c) { return size_t(Forward(c, paired).lay_out(nullptr)) * sizeof(float); }
  static void run(const Call& c) {
    Forward f(c, paired);
    f.lay_out(reinterpret_cast<float*>(c.scratch));
    f.pack(c.in(1).ptr<float>(), c.in(2).ptr<float>(), c.in(3).ptr<float>());
    for_rows(f.batch, [&](int64_t row, int64_t n) { f.run(row, n); });
  }
};

struct Backward {
  Backward(const Call& c, bool paired)
      : paired(paired),
        steps(c.in(0).size(0)),
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

  Panels to_state() const { return {hidden, gates_of_unit * hidden}; }
  Panels to_input() const { return {inputs, gates_of_unit * hidden}; }
  WeightGradient weights() const { return {inputs, hidden, gates_of_unit * hidden, steps, batch, paired}; }
  /// From one row of d to the next: with zeros that fill the last panel, and off the powers of two, so that
  /// rows do not meet in one set of the cache.
  int64_t d_row() const { return weights().panels() * WeightGradient::panel + WeightGradient::panel; }

  /// Lays out the scratch from `at` on, if that is not null; returns its size in floats.
  int64_t lay_out(float* at) {
    recurrent::Scratch s{at};
    packed_hh = s.take(to_state().floats());
    packed_ih = s.take(input_grad ? to_input().floats() : 0);
    zeros = s.take(hidden);
    d = s.take(batch * d_row());
    d_blocks = s.take(paired ? Factor::floats(batch, gates_of_unit * hidden) : 0);
    dh = s.take(batch * to_state().padded());
    dc = s.take(batch * hidden);
    dx = s.take(input_grad ? batch * to_input().padded() : 0);
    panels = s.take(weights().panel_floats());
    sizes = s.take(weights().rows());
    products = s.take(weights().scratch());
    return s.used;
  }

  /// Pointers into one row of step t.
  struct Row {
    const float *gates, *cells, *before, *dy, *dcells, *dh;
    float *d, *dc;
  };

  /// The gradient of the gates of up to 8 units, from that of the state; leaves dc for the step before.
  /// Returns the largest values.
  FOVEA_SIMD_INLINE V unit(const Row& row, int64_t u, int64_t n) const {
    const int64_t H = hidden;
    const float* gate = row.gates + u;
    float* out = row.d + u;
    const V i = load(gate, n), f = load(gate + H, n), g = load(gate + 2 * H, n), o = load(gate + 3 * H, n),
            squashed = quick_tanh(load(row.cells + u, n)), to_h = load(row.dh + u, n) + load(row.dy + u, n),
            to_cell = load(row.dc + u, n) + load(row.dcells + u, n) + to_h * o * (1.0f - squashed * squashed);
    const V di = to_cell * g * i * (1.0f - i), df = to_cell * load(row.before + u, n) * f * (1.0f - f),
            dg = to_cell * i * (1.0f - g * g), d_o = to_h * squashed * o * (1.0f - o);
    store(out, di, n), store(out + H, df, n), store(out + 2 * H, dg, n), store(out + 3 * H, d_o, n);
    store(row.dc + u, to_cell * f, n);
    return simd::larger(simd::larger(simd::magnitude(di), simd::magnitude(df)),
                        simd::larger(simd::magnitude(dg), simd::magnitude(d_o)));
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
    V size{};
    for (; u + lanes <= H; u += lanes) size = simd::larger(unit(row, u, lanes), size);
    if (u < H) size = simd::larger(unit(row, u, H - u), size);
    sizes[t * batch + n] = simd::largest(size);
    weights().put(t * batch + n, row.d, panels);
  }

  /// Asks for what row(t, n) reads and writes: the products before it hide the way to memory.
  FV_INLINE void ask(int64_t t, int64_t n) const {
    constexpr int64_t line = 16;
    const int64_t at = (t * batch + n) * hidden;
    for (int64_t u = 0; u < gates_of_unit * hidden; u += line)
      __builtin_prefetch(gates + gates_of_unit * at + u, 0, 3);
    for (int64_t u = 0; u < hidden; u += line) __builtin_prefetch(cells + at + u, 0, 3);
    for (int64_t u = 0; dy && u < hidden; u += line) __builtin_prefetch(dy + at + u, 0, 3);
    weights().ask(t * batch + n, panels);
  }

  /// All steps of the rows [first, first + n); dx_out is null or (steps, batch, inputs).
  void run(int64_t first, int64_t n, float* dx_out) const {
    const int64_t state_row = to_state().padded(), input_row = to_input().padded(),
                  G = gates_of_unit * hidden;
    float* blocks = paired ? d_blocks + Factor::floats(first, G) : nullptr;
    const float* near = d + first * d_row();
    std::fill_n(d + first * d_row(), n * d_row(), 0.0f);
    std::fill_n(dh + first * state_row, n * state_row, 0.0f);
    std::fill_n(dc + first * hidden, n * hidden, 0.0f);
    const float state_size = to_state().size(packed_hh),
                input_size = input_grad ? to_input().size(packed_ih) : 0;
    for (int64_t t = steps; t-- > 0;) {
      for (int64_t r = first; r < first + n; ++r) row(t, r);
      for (int64_t r = first; t > 0 && r < first + n; ++r) ask(t - 1, r);
      if (t > 0 || state_grad)
        to_state().multiply({near, d_row(), n, G, state_size, blocks, sizes + t * batch + first}, packed_hh,
                            dh + first * state_row, state_row);
      if (!input_grad) continue;
      to_input().multiply({near, d_row(), n, G, input_size, blocks, sizes + t * batch + first}, packed_ih,
                          dx + first * input_row, input_row);
      for (int64_t r = first; r < first + n; ++r)
        std::copy_n(dx + r * input_row, inputs, dx_out + (t * batch + r) * inputs);
    }
  }

  bool paired;
  int64_t steps, batch, hidden, inputs;
  bool input_grad, state_grad;
  const float *c0, *cells, *gates, *dy, *dcells;
  // Scratch: weights, zeros (H), then of one step: the gradients of the gates, states, cells, inputs.
  float *packed_hh, *packed_ih, *zeros, *d, *d_blocks, *dh, *dc, *dx, *panels, *sizes, *products;
};

void backward(Backward& b, const Call& c) {
  b.lay_out(reinterpret_cast<float*>(c.scratch));
  b.to_state().pack_columns(c.in(2).ptr<float>(), b.packed_hh);
  if (b.input_grad) b.to_input().pack_columns(c.in(1).ptr<float>(), b.packed_ih);
  std::fill_n(b.zeros, b.hidden, 0.0f);
  for_rows(b.batch, [&](int64_t row, int64_t n) {
    b.run(row, n, c.out(0).ptr<float>());
    const int64_t H = b.hidden;
    for (int64_t r = row; b.state_grad && r < row + n; ++r)
      std::copy_n(b.dh + r * b.to_state().padded(), H, c.out(4).ptr<float>() + r * H);
    if (b.c0) std::copy_n(b.dc + row * H, n * H, c.out(5).ptr<float>() + row * H);
  });
  b.weights().run(b.panels, b.sizes, c.in(0).ptr<float>(), c.in(5).ptr<float>(), c.in(3).ptr<float>(),
                  b.products, c.out(1).ptr<float>(), c.out(2).ptr<float>(), c.out(3).ptr<float>());
}

template <bool paired>
struct BackwardKernel {
  static size_t scratch(const Call& c) {
    return size_t(Backward(c, paired).lay_out(nullptr)) * sizeof(float);
  }
  static void run(const Call& c) {
    Backward b(c, paired);
    backward(b, c);
  }
};

const char* takes_gates(const Call& c) { return c.in(10) ? "it takes no gradient of the gates" : nullptr; }

const RegisterKernel forward_in_rows("lstm_sequence", recurrent::in_rows<ForwardKernel<false>>());
const RegisterKernel forward_in_pairs("lstm_sequence", recurrent::in_pairs<ForwardKernel<true>>());
const RegisterKernel backward_in_rows("lstm_sequence_backward",
                                      recurrent::in_rows<BackwardKernel<false>, takes_gates>());
const RegisterKernel backward_in_pairs("lstm_sequence_backward",
                                       recurrent::in_pairs<BackwardKernel<true>, takes_gates>());

}  // namespace
}  // namespace fovea
