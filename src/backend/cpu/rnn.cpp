// The steps of simple recurrent networks forwards and backwards.
#include "backend/cpu/recurrent_steps.h"

namespace fovea {
namespace {

using recurrent::BackRow;
using recurrent::load;
using recurrent::quick_tanh;
using recurrent::Row;
using recurrent::store;
using V = simd::V<float>;

struct Forward {
  static constexpr int gates = 1;
  explicit Forward(const Call& c)
      : steps(c.in(0).size(0)),
        batch(c.in(0).size(1)),
        hidden(c.in(1).size(1)),
        relu(c.s("activation") == "relu"),
        x(c.in(0).ptr<float>()),
        weight(c.in(1).ptr<float>()),
        h0(c.in(2).ptr<float>()),
        y(c.out().ptr<float>()) {}

  FOVEA_SIMD_INLINE void units(const Row& row, int64_t u, int64_t n) const {
    const int64_t at = row.at * hidden + u;
    const V sum = load(x + at, n) + load(row.sums + u, n);
    store(y + at, relu ? (sum < 0.0f ? V{} : sum) : quick_tanh(sum), n);
  }

  int64_t steps, batch, hidden;
  bool relu;
  const float *x, *weight, *h0;
  float* y;
};

struct Backward {
  static constexpr int gates = 1;
  explicit Backward(const Call& c)
      : steps(c.in(0).size(0)),
        batch(c.in(0).size(1)),
        hidden(c.in(1).size(1)),
        relu(c.s("activation") == "relu"),
        y(c.in(0).ptr<float>()),
        weight(c.in(1).ptr<float>()),
        dy(c.in(2).ptr<float>()),
        d(c.out(0).ptr<float>()),
        dh0(c.out(1).ptr<float>()) {}

  FOVEA_SIMD_INLINE void units(const BackRow& row, int64_t u, int64_t n) const {
    const int64_t at = row.at * hidden + u;
    const V out = load(y + at, n), dh = load(row.dh + u, n) + load(dy + at, n);
    store(d + at, dh * (relu ? (out > 0.0f ? V{} + 1.0f : V{}) : 1.0f - out * out), n);
  }

  int64_t steps, batch, hidden;
  bool relu;
  const float *y, *weight, *dy, *h0 = nullptr;
  float *d, *dh0;
};

const RegisterKernel forward_in_rows("rnn_sequence",
                                     recurrent::in_rows<recurrent::StepsForward<Forward, false>>());
const RegisterKernel forward_in_pairs("rnn_sequence",
                                      recurrent::in_pairs<recurrent::StepsForward<Forward, true>>());
const RegisterKernel backward_in_rows("rnn_sequence_backward",
                                      recurrent::in_rows<recurrent::StepsBackward<Backward, false>>());
const RegisterKernel backward_in_pairs("rnn_sequence_backward",
                                       recurrent::in_pairs<recurrent::StepsBackward<Backward, true>>());

}  // namespace
}  // namespace fovea
