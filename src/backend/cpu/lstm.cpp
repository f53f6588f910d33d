// The steps of an LSTM forwards and backwards: product, gates and states of a unit while they are at hand.
#include "backend/cpu/recurrent.h"

namespace fovea {
namespace {

using recurrent::ColumnPanels;
using recurrent::for_rows;
using recurrent::lanes;
using recurrent::rows_per_task;

constexpr int gates_of_unit = 4;
using Panels = recurrent::UnitPanels<gates_of_unit>;

struct Forward {
  explicit Forward(const Call& c)
      : steps(c.in(0).size(0)),
        batch(c.in(0).size(1)),
        hidden(c.in(1).size(1)),
        x(c.in(0).ptr<float>()),
        h0(c.in(2).ptr<float>()),
        c0(c.in(3).ptr<float>()),
        y(c.out(0).ptr<float>()),
        cells(c.out(1).ptr<float>()),
        gates(c.out(2).ptr<float>()) {}

  /// Up to 8 units of one row. `sums` holds the four products of the state.
  FOVEA_SIMD_INLINE void unit(const float* sums, int64_t row, const float* before, int64_t u,
                              int64_t n) const {
    const int64_t at = row * gates_of_unit * hidden + u;
    const float* in = x + at;
    float *out = gates + at, *cell = cells + row * hidden + u, *h = y + row * hidden + u;
    const int64_t H = hidden;
#pragma omp simd
    for (int64_t l = 0; l < n; ++l) {
      const float i = recurrent::quick_sigmoid(sums[l] + in[l]),
                  f = recurrent::quick_sigmoid(sums[lanes + l] + in[H + l]),
                  g = recurrent::quick_tanh(sums[2 * lanes + l] + in[2 * H + l]),
                  o = recurrent::quick_sigmoid(sums[3 * lanes + l] + in[3 * H + l]);
      const float now = f * before[l] + i * g;
      out[l] = i, out[H + l] = f, out[2 * H + l] = g, out[3 * H + l] = o;
      cell[l] = now;
      h[l] = o * recurrent::quick_tanh(now);
    }
  }

  /// Units u ... of the rows [row, row + n) of step t.
  FOVEA_SIMD void units(const float* sums, int64_t t, int64_t row, int64_t n, int64_t u) const {
    static constexpr float zeros[lanes] = {};
    const int64_t width = std::min(lanes, hidden - u);
    const float* before = t ? cells + (t - 1) * batch * hidden : c0;
    for (int64_t r = 0; r < n; ++r, sums += gates_of_unit * lanes) {
      const float* cell = before ? before + (row + r) * hidden + u : zeros;
      if (width == lanes) unit(sums, t * batch + row + r, cell, u, lanes);
      else unit(sums, t * batch + row + r, cell, u, width);
    }
  }

  void run(const float* packed, int64_t row, int64_t n) const {
    alignas(64) float sums[rows_per_task * gates_of_unit * lanes];
    const Panels panels{hidden};
    for (int64_t t = 0; t < steps; ++t) {
      const float* h = t ? y + (t - 1) * batch * hidden : h0;
      for (int64_t i = 0; i < panels.count(); ++i) {
        recurrent::multiply<gates_of_unit>(n, h + row * hidden, hidden, panels.panel(packed, i),
                                           h ? hidden : 0, sums, gates_of_unit * lanes);
        units(sums, t, row, n, i * lanes);
      }
    }
  }

  int64_t steps, batch, hidden;
  const float *x, *h0, *c0;
  float *y, *cells, *gates;
};

void forward(const Call& c) {
  const Forward f(c);
  float* packed = reinterpret_cast<float*>(c.scratch);
  Panels{f.hidden}.pack(c.in(1).ptr<float>(), packed);
  for_rows(f.batch, [&](int64_t row, int64_t n) { f.run(packed, row, n); });
}

struct Backward {
  explicit Backward(const Call& c)
      : steps(c.in(0).size(0)),
        batch(c.in(0).size(1)),
        hidden(c.in(2).size(1)),
        gates(c.in(0).ptr<float>()),
        cells(c.in(1).ptr<float>()),
        c0(c.in(3).ptr<float>()),
        dy(c.in(4).ptr<float>()),
        dcells(c.in(5).ptr<float>()),
        d(c.out(0).ptr<float>()),
        dc(c.out(2).ptr<float>()) {}

  /// The gradient of the gates of one row, from that of its state; leaves dc for the step before.
  FOVEA_SIMD void row(int64_t t, int64_t n, const float* dh, const float* zeros) const {
    const int64_t H = hidden, at = (t * batch + n) * H;
    const float *gate = gates + gates_of_unit * at, *cell = cells + at, *g_y = dy ? dy + at : zeros,
                *g_cell = dcells ? dcells + at : zeros,
                *before = t    ? cell - batch * H
                          : c0 ? c0 + n * H
                               : zeros;
    float *out = d + gates_of_unit * at, *carry = dc + n * H;
#pragma omp simd
    for (int64_t u = 0; u < H; ++u) {
      const float i = gate[u], f = gate[H + u], g = gate[2 * H + u], o = gate[3 * H + u];
      const float squashed = recurrent::quick_tanh(cell[u]), to_h = dh[u] + g_y[u];
      const float to_cell = carry[u] + g_cell[u] + to_h * o * (1.0f - squashed * squashed);
      out[u] = to_cell * g * i * (1.0f - i);
      out[H + u] = to_cell * before[u] * f * (1.0f - f);
      out[2 * H + u] = to_cell * i * (1.0f - g * g);
      out[3 * H + u] = to_h * squashed * o * (1.0f - o);
      carry[u] = to_cell * f;
    }
  }

  ColumnPanels panels() const { return {gates_of_unit * hidden, hidden}; }

  void run(const float* packed, const float* zeros, float* dh, int64_t first, int64_t n) const {
    const ColumnPanels p = panels();
    std::fill(dh, dh + n * p.padded(), 0.0f);
    std::fill(dc + first * hidden, dc + (first + n) * hidden, 0.0f);
    for (int64_t t = steps; t-- > 0;) {
      for (int64_t r = 0; r < n; ++r) row(t, first + r, dh + r * p.padded(), zeros);
      p.multiply(n, d + (t * batch + first) * gates_of_unit * hidden, packed, dh);
    }
  }

  int64_t steps, batch, hidden;
  const float *gates, *cells, *c0, *dy, *dcells;
  float *d, *dc;
};

void backward(const Call& c) {
  const Backward b(c);
  const ColumnPanels panels = b.panels();
  float* packed = reinterpret_cast<float*>(c.scratch);
  float *zeros = packed + panels.floats(), *states = zeros + b.hidden;
  std::fill(zeros, states, 0.0f);
  panels.pack(c.in(2).ptr<float>(), packed);
  for_rows(b.batch, [&](int64_t row, int64_t n) {
    float* dh = states + row * panels.padded();
    b.run(packed, zeros, dh, row, n);
    for (int64_t r = 0; r < n; ++r)
      std::copy_n(dh + r * panels.padded(), b.hidden, c.out(1).ptr<float>() + (row + r) * b.hidden);
  });
}

const char* refuse_backward(const Call& c) {
  if (c.in(6)) return "it takes no gradient of the gates";
  return recurrent::refuse(c);
}

const RegisterKernel forward_kernel(
    "lstm_sequence",
    {.name = "cpu:rows",
     .rank = 10,
     .refuse = recurrent::refuse,
     .scratch = [](const Call& c) { return size_t(Panels{c.in(1).size(1)}.floats()) * sizeof(float); },
     .run = forward});
const RegisterKernel backward_kernel("lstm_sequence_backward",
                                     {.name = "cpu:rows",
                                      .rank = 10,
                                      .refuse = refuse_backward,
                                      .scratch =
                                          [](const Call& c) {
                                            const int64_t hidden = c.in(2).size(1);
                                            const ColumnPanels p{gates_of_unit * hidden, hidden};
                                            return size_t(p.floats() + hidden +
                                                          c.in(0).size(1) * p.padded()) *
                                                   sizeof(float);
                                          },
                                      .run = backward});

}  // namespace
}  // namespace fovea
