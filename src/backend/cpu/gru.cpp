// The steps of gated recurrent units forwards and backwards.
#include "backend/cpu/recurrent_steps.h"

namespace fovea {
namespace {

using recurrent::BackRow;
using recurrent::load;
using recurrent::quick_sigmoid;
using recurrent::quick_tanh;
using recurrent::Row;
using recurrent::store;
using V = simd::V<float>;

struct Forward {
  static constexpr int gates = 3;
  explicit Forward(const Call& c)
      : steps(c.in(0).size(0)),
        batch(c.in(0).size(1)),
        hidden(c.in(1).size(1)),
        x(c.in(0).ptr<float>()),
        weight(c.in(1).ptr<float>()),
        bias(c.in(2).ptr<float>()),
        h0(c.in(3).ptr<float>()),
        y(c.out(0).ptr<float>()),
        saved(c.out(1).ptr<float>()) {}

  FOVEA_SIMD_INLINE V projected(const Row& row, int64_t at, int64_t n) const {
    return bias ? load(row.sums + at, n) + load(bias + at, n) : load(row.sums + at, n);
  }
  FOVEA_SIMD_INLINE void units(const Row& row, int64_t u, int64_t n) const {
    const int64_t H = hidden;
    const float* in = x + row.at * gates * H + u;
    float* out = saved + row.at * (gates + 1) * H + u;
    const V r = quick_sigmoid(load(in, n) + projected(row, u, n)),
            z = quick_sigmoid(load(in + H, n) + projected(row, H + u, n)),
            inner = projected(row, 2 * H + u, n), m = quick_tanh(load(in + 2 * H, n) + r * inner);
    store(out, r, n), store(out + H, z, n), store(out + 2 * H, m, n), store(out + 3 * H, inner, n);
    store(y + row.at * H + u, m + z * (load(row.h + u, n) - m), n);
  }

  int64_t steps, batch, hidden;
  const float *x, *weight, *bias, *h0;
  float *y, *saved;
};

struct Backward {
  static constexpr int gates = 3;
  explicit Backward(const Call& c)
      : steps(c.in(0).size(0)),
        batch(c.in(0).size(1)),
        hidden(c.in(2).size(1)),
        saved(c.in(0).ptr<float>()),
        y(c.in(1).ptr<float>()),
        weight(c.in(2).ptr<float>()),
        h0(c.in(3).ptr<float>()),
        dy(c.in(4).ptr<float>()),
        dx(c.out(0).ptr<float>()),
        d(c.out(1).ptr<float>()),
        dh0(c.out(2).ptr<float>()) {}

  FOVEA_SIMD_INLINE void units(const BackRow& row, int64_t u, int64_t n) const {
    const int64_t H = hidden;
    const float* gate = saved + row.at * (gates + 1) * H + u;
    float *to_x = dx + row.at * gates * H + u, *to_sums = d + row.at * gates * H + u;
    const V r = load(gate, n), z = load(gate + H, n), m = load(gate + 2 * H, n),
            inner = load(gate + 3 * H, n);
    V dh = load(row.dh + u, n) + load(row.carried + u, n);
    if (dy) dh += load(dy + row.at * H + u, n);
    const V dm = dh * (1.0f - z) * (1.0f - m * m), dz = dh * (load(row.h + u, n) - m) * z * (1.0f - z),
            dr = dm * inner * r * (1.0f - r);
    store(to_x, dr, n), store(to_x + H, dz, n), store(to_x + 2 * H, dm, n);
    store(to_sums, dr, n), store(to_sums + H, dz, n), store(to_sums + 2 * H, dm * r, n);
    store(row.carried + u, dh * z, n);
  }

  int64_t steps, batch, hidden;
  const float *saved, *y, *weight, *h0, *dy;
  float *dx, *d, *dh0;
};

const char* takes_gates(const Call& c) { return c.in(5) ? "it takes no gradient of the gates" : nullptr; }

const RegisterKernel forward_in_rows("gru_sequence",
                                     recurrent::in_rows<recurrent::StepsForward<Forward, false>>());
const RegisterKernel forward_in_pairs("gru_sequence",
                                      recurrent::in_pairs<recurrent::StepsForward<Forward, true>>());
const RegisterKernel backward_in_rows(
    "gru_sequence_backward", recurrent::in_rows<recurrent::StepsBackward<Backward, false>, takes_gates>());
const RegisterKernel backward_in_pairs(
    "gru_sequence_backward", recurrent::in_pairs<recurrent::StepsBackward<Backward, true>, takes_gates>());

}  // namespace
}  // namespace fovea
