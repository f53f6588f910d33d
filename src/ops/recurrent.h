// What the recurrent ops have in common. Time comes first: x (T,N,...), states (N,H). A sequence op takes the inputs already projected
// to the gates of a cell, `x_gates` (T,N,G*H) = x weight_ih^T + bias, so that one large product serves all steps.
#pragma once
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "fovea/op.h"
#include "fovea/ops.h"

namespace fovea::recurrent {

template <class real>
real sigmoid_of(real x) {
  return 1 / (1 + std::exp(-x));
}

/// What comes before step t of row n: y (T,N,H) at the step before, at the first step `first` (N,H), null for zeros.
template <class real>
const real* before(const real* y, const real* first, int64_t t, int64_t n, int64_t batch, int64_t hidden) {
  return t ? y + ((t - 1) * batch + n) * hidden : first ? first + n * hidden : nullptr;
}

/// Sizes of a sequence op with G gates; input 0 is (T,N,...).
struct Sizes {
  Sizes(const Call& c, const View& weight_hh) : steps(c.in(0).size(0)), batch(c.in(0).size(1)), hidden(weight_hh.size(1)) {}
  int64_t steps, batch, hidden;
};

/// Throws unless weight_hh is (gates*H, H), x_gates (T >= 1, N, gates*H) and each of `states` that is given (N, H).
inline void check_sequence(const Call& c, int weight, int gates, std::initializer_list<int> states) {
  const Dims &x = c.in(0).shape, &w = c.in(weight).shape;
  const char* op = c.op().name().c_str();
  check(x.size() == 3 && x[0] >= 1, "[{}] {} wants shape (T, N, ...) with at least one step, not {}", op,
        c.op().parsed.tensors[0].name, x);
  check(w.size() == 2 && w[0] == gates * w[1], "[{}] weight_hh wants shape ({} H, H), not {}", op, gates, w);
  for (const int i : states)
    check(!c.in(i) || c.in(i).shape == Dims{x[1], w[1]}, "[{}] {} wants shape ({},{}), not {}", op,
          c.op().parsed.tensors[size_t(i)].name, x[1], w[1], c.in(i).shape);
}

/// Throws unless input i, if given, is (T, N, width) with T and N of input 0.
inline void check_steps(const Call& c, int i, int64_t width) {
  const Dims want{c.in(0).size(0), c.in(0).size(1), width};
  check(!c.in(i) || c.in(i).shape == want, "[{}] {} wants shape {}, not {}", c.op().name(),
        c.op().parsed.tensors[size_t(i)].name, want, c.in(i).shape);
}

/// Throws unless weight_ih is (rows of weight_hh, features of x) and the bias, if given, (rows).
inline void check_inputs(const Call& c, int weight_ih, int weight_hh, int bias) {
  const Dims &x = c.in(0).shape, &w = c.in(weight_ih).shape;
  const int64_t rows = c.in(weight_hh).size(0);
  check(w == Dims{rows, x[2]}, "[{}] weight_ih wants shape ({},{}), not {} (x {})", c.op().name(), rows, x[2], w, x);
  check(bias < 0 || !c.in(bias) || c.in(bias).shape == Dims{rows}, "[{}] bias wants shape ({}), not {}", c.op().name(), rows,
        c.in(bias).shape);
}

/// dx (rows, inputs) = d (rows, gates) weight_ih (gates, inputs), if wanted.
template <class real>
void input_gradient(bool wanted, const real* d, const real* weight_ih, real* dx, int64_t rows, int64_t gates, int64_t inputs) {
  parallel_for(wanted ? rows : 0, 16, [&](int64_t begin, int64_t end) {
    std::fill(dx + begin * inputs, dx + end * inputs, real(0));
    for (int64_t row = begin; row < end; ++row)
      for (int64_t j = 0; j < gates; ++j)
        for (int64_t k = 0; k < inputs; ++k) dx[row * inputs + k] += d[row * gates + j] * weight_ih[j * inputs + k];
  });
}

/// The sums over all steps and rows of d^T x_t, d^T h_{t-1} and d, with d (T,N,gates), x (T,N,I), the results y (T,N,H) and the first
/// state h0 (N,H), null for zeros.
template <class real>
void weight_gradients(const real* d, int64_t gates, const View& x, const View& y, const real* h0, real* dweight_ih, real* dweight_hh,
                      real* dbias) {
  const int64_t rows = x.size(0) * x.size(1), batch = x.size(1), I = x.size(2), H = y.size(2);
  parallel_for(gates, 8, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin; j < end; ++j) {
      real *to_x = dweight_ih + j * I, *to_h = dweight_hh + j * H, sum = 0;
      std::fill(to_x, to_x + I, real(0)), std::fill(to_h, to_h + H, real(0));
      for (int64_t row = 0; row < rows; ++row) {
        const real g = d[row * gates + j];
        const real* h = row >= batch ? y.ptr<real>() + (row - batch) * H : h0 ? h0 + row * H : nullptr;
        for (int64_t k = 0; k < I; ++k) to_x[k] += g * x.ptr<real>()[row * I + k];
        for (int64_t k = 0; h && k < H; ++k) to_h[k] += g * h[k];
        sum += g;
      }
      dbias[j] = sum;
    }
  });
}

/// The sum of those that are given.
inline Tensor sum_of(const Tensor& a, const Tensor& b) { return a && b ? add(a, b) : a ? a : b; }

/// x weight_ih^T + bias for all steps.
inline Tensor project(const Args& a, const Tensor& bias) {
  const Tensor &x = a.in(0), &w = a.in(1);
  check(x.rank() == 3, "[{}] x wants shape (T, N, features), not {}", a.op().name(), x.shape());
  return linear(x, w, bias);
}

/// Step t of (T,N,...), without the first dimension.
inline Tensor step_of(const Tensor& x, int64_t t) { return reshape(slice(x, 0, t, t + 1), Dims(x.shape().begin() + 1, x.shape().end())); }

/// The gradient of weight_hh: the sum over all steps of d_t^T h_{t-1}, with d (T,N,G*H) that of the projected states, y (T,N,H) the
/// results and h0 the first state (zeros if undefined).
inline Tensor hidden_weight_gradient(const Tensor& d, const Tensor& y, const Tensor& h0) {
  const int64_t steps = y.size(0), hidden = y.size(2), gates = d.size(2);
  const Tensor before = slice(y, 0, 0, steps - 1);
  const Tensor h = h0 ? concat({unsqueeze(h0, 0), before}) : before;
  const Tensor rows = h0 ? d : slice(d, 0, 1, steps);
  return matmul(transpose(reshape(rows, {-1, gates})), reshape(h, {-1, hidden}));
}

}  // namespace fovea::recurrent
