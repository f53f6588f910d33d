// Long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al. 2000).
#include <algorithm>
#include <cmath>
#include <vector>

#include "base/parallel.h"
#include "ops/recurrent.h"

namespace fovea {
namespace {

using recurrent::check_inputs;
using recurrent::check_sequence;
using recurrent::check_steps;
using recurrent::sigmoid_of;
using recurrent::Sizes;

template <class real>
void forward(const Call& c) {
  const Sizes s(c, c.in(2));
  const int64_t H = s.hidden, I = c.in(1).size(1);
  const real *x = c.in(0).ptr<real>(), *w_x = c.in(1).ptr<real>(), *w = c.in(2).ptr<real>(), *bias = c.in(3).ptr<real>(),
             *h0 = c.in(4).ptr<real>(), *c0 = c.in(5).ptr<real>();
  real *y = c.out(0).ptr<real>(), *cells = c.out(1).ptr<real>(), *gates = c.out(2).ptr<real>();
  parallel_for(s.batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n)
      for (int64_t t = 0; t < s.steps; ++t) {
        const int64_t row = t * s.batch + n;
        const real* h = recurrent::before<real>(y, h0, t, n, s.batch, H);
        const real* before = recurrent::before<real>(cells, c0, t, n, s.batch, H);
        const auto sum = [&](int64_t gate) {
          real z = bias ? bias[gate] : 0;
          for (int64_t k = 0; k < I; ++k) z += w_x[gate * I + k] * x[row * I + k];
          for (int64_t k = 0; h && k < H; ++k) z += w[gate * H + k] * h[k];
          return z;
        };
        for (int64_t u = 0; u < H; ++u) {
          const real i = sigmoid_of(sum(u)), f = sigmoid_of(sum(H + u)), g = std::tanh(sum(2 * H + u)),
                     o = sigmoid_of(sum(3 * H + u));
          const real cell = (before ? f * before[u] : 0) + i * g;
          real* out = gates + row * 4 * H + u;
          out[0] = i, out[H] = f, out[2 * H] = g, out[3 * H] = o;
          cells[row * H + u] = cell;
          y[row * H + u] = o * std::tanh(cell);
        }
      }
  });
}

/// The gradients of row n of the batch: of the gates before their nonlinearities, d (T,N,4H), and of the running states, dh and dc
/// (H), which those of the first states are left in.
template <class real>
void row_backward(const Call& c, int64_t n, real* d, real* dh, real* dc) {
  const Sizes s(c, c.in(2));
  const int64_t H = s.hidden;
  const real *w = c.in(2).ptr<real>(), *c0 = c.in(4).ptr<real>(), *cells = c.in(6).ptr<real>(), *gates = c.in(7).ptr<real>(),
             *dy = c.in(8).ptr<real>(), *dcells = c.in(9).ptr<real>(), *dgates = c.in(10).ptr<real>();
  for (int64_t t = s.steps; t-- > 0;) {
    const int64_t row = t * s.batch + n;
    const real* before = recurrent::before<real>(cells, c0, t, n, s.batch, H);
    const auto at = [&](const real* p, int64_t offset) { return p ? p[offset] : real(0); };
    for (int64_t u = 0; u < H; ++u) {
      const int64_t k = row * 4 * H + u;
      const real i = gates[k], f = gates[k + H], g = gates[k + 2 * H], o = gates[k + 3 * H];
      const real squashed = std::tanh(cells[row * H + u]), dh_u = dh[u] + at(dy, row * H + u);
      const real dc_u = dc[u] + at(dcells, row * H + u) + dh_u * o * (1 - squashed * squashed);
      d[k] = (dc_u * g + at(dgates, k)) * i * (1 - i);
      d[k + H] = (dc_u * at(before, u) + at(dgates, k + H)) * f * (1 - f);
      d[k + 2 * H] = (dc_u * i + at(dgates, k + 2 * H)) * (1 - g * g);
      d[k + 3 * H] = (dh_u * squashed + at(dgates, k + 3 * H)) * o * (1 - o);
      dc[u] = dc_u * f;
    }
    std::fill(dh, dh + H, real(0));
    for (int64_t j = 0; j < 4 * H; ++j)
      for (int64_t u = 0; u < H; ++u) dh[u] += d[row * 4 * H + j] * w[j * H + u];
  }
}

template <class real>
void backward(const Call& c) {
  const Sizes s(c, c.in(2));
  const int64_t H = s.hidden, G = 4 * H;
  const real *w_x = c.in(1).ptr<real>(), *h0 = c.in(3).ptr<real>();
  std::vector<real> d(size_t(s.steps * s.batch * G));
  parallel_for(s.batch, 1, [&](int64_t begin, int64_t end) {
    std::vector<real> state;
    for (int64_t n = begin; n < end; ++n) {
      state.assign(size_t(2 * H), 0);
      row_backward(c, n, d.data(), state.data(), state.data() + H);
      if (h0) std::copy_n(state.data(), H, c.out(4).ptr<real>() + n * H);
      if (c.in(4)) std::copy_n(state.data() + H, H, c.out(5).ptr<real>() + n * H);
    }
  });
  recurrent::input_gradient(c.b("input_grad"), d.data(), w_x, c.out(0).ptr<real>(), s.steps * s.batch, G, c.in(1).size(1));
  recurrent::weight_gradients<real>(d.data(), G, c.in(0), c.in(5), h0, c.out(1).ptr<real>(), c.out(2).ptr<real>(),
                                    c.out(3).ptr<real>());
}

FOVEA_OP(lstm_sequence){
    .signature = "lstm_sequence(x, weight_ih, weight_hh, bias?, h0?, c0?) -> (y, cells, gates)",
    .doc = "The steps of `lstm` with one bias (4H): the states y and cells (T,N,H) and the gates i, f, g, o (T,N,4H) after their "
           "nonlinearities.",
    .require = {[](const Call& c) {
      check_sequence(c, 2, 4, {4, 5});
      check_inputs(c, 1, 2, 3);
    }},
    .shape = [](const Call& c) {
      const Dims& x = c.in(0).shape;
      const int64_t hidden = c.in(2).size(1);
      const Spec states{{x[0], x[1], hidden}, c.dtype()};
      return Specs{states, states, {{x[0], x[1], 4 * hidden}, c.dtype()}};
    },
    .reference = FOVEA_FLOATS(forward),
    .vjp = [](const Vjp& v) {
      const Tensor &y = v.out(0), &cells = v.out(1), &gates = v.out(2);
      const auto d = apply(find_op("lstm_sequence_backward"),
                           {v.in(0), v.in(1), v.in(2), v.in(4), v.in(5), y, cells, gates, v.g(0), v.g(1), v.g(2)}, {v.needs(0)});
      Grads g(6);
      for (int i = 0; i < 6; ++i)
        if (v.needs(i)) g[size_t(i)] = d[size_t(i)];
      return g;
    },
    .saves = {{"x", "weight_ih", "weight_hh", "h0", "c0", "y", "cells", "gates"}},
    .samples = {{{f({3, 4, 6}), f({32, 6}, -1, 1), f({32, 8}, -0.5, 0.5), f({32}), f({4, 8}), f({4, 8})}},
                {{f({4, 1, 3}), f({20, 3}), f({20, 5}), none(), none(), none()}},
                {{f({1, 3, 1}), f({12, 1}), f({12, 3}), f({12}), none(), f({3, 3})}},
                {{f({2, 37, 9}), f({44, 9}, -0.5, 0.5), f({44, 11}, -0.5, 0.5), none(), f({37, 11}), none()}}},
    .bad = {{{f({3, 4, 6}), f({32, 6}), f({32, 7}), none(), none(), none()}},
            {{f({3, 4, 6}), f({32, 5}), f({32, 8}), none(), none(), none()}},
            {{f({3, 4, 6}), f({28, 6}), f({32, 8}), none(), none(), none()}},
            {{f({3, 4, 6}), f({32, 6}), f({32, 8}), f({8}), none(), none()}},
            {{f({3, 4, 6}), f({32, 6}), f({32, 8}), none(), f({3, 8}), none()}},
            {{f({0, 4, 6}), f({32, 6}), f({32, 8}), none(), none(), none()}},
            {{f({4, 6}), f({32, 6}), f({32, 8}), none(), none(), none()}}},
    .internal = true,
};

FOVEA_OP(lstm_sequence_backward){
    .signature = "lstm_sequence_backward(x, weight_ih, weight_hh, h0?, c0?, y, cells, gates, dy?, dcells?, dgates?, input_grad=true) -> "
                 "(dx, dweight_ih, dweight_hh, dbias, dh0, dc0)",
    .doc = "Gradients of lstm_sequence: of x (empty unless input_grad), the weights, the bias, and those of the first states that are "
           "given (else empty).",
    .require = {[](const Call& c) {
      check_sequence(c, 2, 4, {3, 4});
      check_inputs(c, 1, 2, -1);
      const int64_t hidden = c.in(2).size(1);
      check_steps(c, 7, 4 * hidden), check_steps(c, 10, 4 * hidden);
      for (const int i : {5, 6, 8, 9}) check_steps(c, i, hidden);
    }},
    .shape = [](const Call& c) {
      const auto if_wanted = [&](bool wanted, const Dims& shape) { return Spec{wanted ? shape : Dims{0}, c.dtype()}; };
      const Dims &w_x = c.in(1).shape, &w = c.in(2).shape, state{c.in(0).size(1), w[1]};
      return Specs{if_wanted(c.b("input_grad"), c.in(0).shape), {w_x, c.dtype()},          {w, c.dtype()}, {{w[0]}, c.dtype()},
                   if_wanted(bool(c.in(3)), state),             if_wanted(bool(c.in(4)), state)};
    },
    .reference = FOVEA_FLOATS(backward),
    .vjp = not_provided(),
    .samples = {{{f({3, 4, 6}), f({32, 6}, -1, 1), f({32, 8}, -0.5, 0.5), f({4, 8}), f({4, 8}), f({3, 4, 8}), f({3, 4, 8}),
                  f({3, 4, 32}, 0, 1), f({3, 4, 8}), f({3, 4, 8}), none()}},
                {{f({4, 1, 3}), f({20, 3}), f({20, 5}, -0.5, 0.5), none(), none(), f({4, 1, 5}), f({4, 1, 5}), f({4, 1, 20}, 0, 1),
                  f({4, 1, 5}), none(), none()}, {{"input_grad", false}}},
                {{f({1, 3, 1}), f({12, 1}), f({12, 3}), none(), f({3, 3}), f({1, 3, 3}), f({1, 3, 3}), f({1, 3, 12}, 0, 1), none(),
                  f({1, 3, 3}), f({1, 3, 12})}},
                {{f({2, 37, 9}), f({44, 9}, -0.5, 0.5), f({44, 11}, -0.5, 0.5), f({37, 11}), none(), f({2, 37, 11}), f({2, 37, 11}),
                  f({2, 37, 44}, 0, 1), f({2, 37, 11}), f({2, 37, 11}), none()}}},
    .bad = {{{f({3, 4, 6}), f({32, 6}), f({32, 7}), none(), none(), f({3, 4, 8}), f({3, 4, 8}), f({3, 4, 32}), none(), none(), none()}},
            {{f({3, 4, 6}), f({32, 6}), f({32, 8}), none(), none(), f({3, 4, 8}), f({3, 4, 7}), f({3, 4, 32}), none(), none(), none()}},
            {{f({3, 4, 6}), f({32, 6}), f({32, 8}), none(), none(), f({3, 4, 8}), f({3, 4, 8}), f({3, 4, 32}), f({3, 3, 8}), none(),
              none()}}},
    .internal = true,
};

FOVEA_OP(lstm){
    .signature = "lstm(x, weight_ih, weight_hh, bias_ih?, bias_hh?, h0?, c0?) -> (y, h, c)",
    .doc = "One layer of long short-term memory (Hochreiter and Schmidhuber 1997; forget gate: Gers et al. 2000) over x (T,N,I): with "
           "the rows of weight_ih (4H,I), weight_hh (4H,H) and of the biases (4H) in the order i, f, g, o, "
           "z = x_t weight_ih^T + bias_ih + h weight_hh^T + bias_hh, c = sigmoid(f) c + sigmoid(i) tanh(g), h = sigmoid(o) tanh(c). "
           "h0 and c0 (N,H) are zeros if left out. Gives h of every step, y (T,N,H), and the last h and c (N,H). Weights and order are "
           "PyTorch's.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor bias = recurrent::sum_of(a.in(3), a.in(4));
      const auto out = apply(find_op("lstm_sequence"), {a.in(0), a.in(1), a.in(2), bias, a.in(5), a.in(6)});
      const int64_t last = out[0].size(0) - 1;
      return {out[0], recurrent::step_of(out[0], last), recurrent::step_of(out[1], last)};
    },
    .samples = {{{f({3, 4, 6}), f({32, 6}), f({32, 8}, -0.5, 0.5), f({32}), f({32}), f({4, 8}), f({4, 8})}},
                {{f({4, 1, 3}), f({20, 3}), f({20, 5}), none(), none(), none(), none()}}},
    .bad = {{{f({3, 4, 6}), f({32, 5}), f({32, 8}), none(), none(), none(), none()}},
            {{f({3, 4, 6}), f({28, 6}), f({32, 8}), none(), none(), none(), none()}},
            {{f({4, 6}), f({32, 6}), f({32, 8}), none(), none(), none(), none()}}},
};

}  // namespace
}  // namespace fovea
