// Gated recurrent unit (Cho et al. 2014), with the reset gate behind the recurrent product as in cuDNN and PyTorch.
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "ops/recurrent.h"

namespace fovea {
namespace {

using recurrent::check_sequence;
using recurrent::check_steps;
using recurrent::sigmoid_of;
using recurrent::Sizes;

template <class real>
void forward(const Call& c) {
  const Sizes s(c, c.in(1));
  const int64_t H = s.hidden;
  const real *x = c.in(0).ptr<real>(), *w = c.in(1).ptr<real>(), *bias = c.in(2).ptr<real>(), *h0 = c.in(3).ptr<real>();
  real *y = c.out(0).ptr<real>(), *gates = c.out(1).ptr<real>();
  parallel_for(s.batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n)
      for (int64_t t = 0; t < s.steps; ++t) {
        const int64_t row = t * s.batch + n;
        const real* h = recurrent::before<real>(y, h0, t, n, s.batch, H);
        const auto hidden = [&](int64_t gate) {
          real z = bias ? bias[gate] : 0;
          for (int64_t k = 0; h && k < H; ++k) z += w[gate * H + k] * h[k];
          return z;
        };
        const real* projected = x + row * 3 * H;
        for (int64_t u = 0; u < H; ++u) {
          const real r = sigmoid_of(projected[u] + hidden(u)), z = sigmoid_of(projected[H + u] + hidden(H + u));
          const real inner = hidden(2 * H + u), m = std::tanh(projected[2 * H + u] + r * inner);
          real* out = gates + row * 4 * H + u;
          out[0] = r, out[H] = z, out[2 * H] = m, out[3 * H] = inner;
          y[row * H + u] = (1 - z) * m + (h ? z * h[u] : 0);
        }
      }
  });
}

/// dh0 holds the gradient of the running state.
template <class real>
void backward(const Call& c) {
  const Sizes s(c, c.in(2));
  const int64_t H = s.hidden;
  const real *gates = c.in(0).ptr<real>(), *y = c.in(1).ptr<real>(), *w = c.in(2).ptr<real>(), *h0 = c.in(3).ptr<real>(),
             *dy = c.in(4).ptr<real>(), *dgates = c.in(5).ptr<real>();
  real *dx = c.out(0).ptr<real>(), *dhidden = c.out(1).ptr<real>();
  parallel_for(s.batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      real* dh = c.out(2).ptr<real>() + n * H;
      std::fill(dh, dh + H, real(0));
      for (int64_t t = s.steps; t-- > 0;) {
        const int64_t row = t * s.batch + n;
        const real* h = recurrent::before<real>(y, h0, t, n, s.batch, H);
        const auto at = [&](const real* p, int64_t offset) { return p ? p[offset] : real(0); };
        for (int64_t u = 0; u < H; ++u) {
          const int64_t k = row * 4 * H + u;
          const real r = gates[k], z = gates[k + H], m = gates[k + 2 * H], inner = gates[k + 3 * H];
          const real dh_u = dh[u] + at(dy, row * H + u);
          const real dm = (dh_u * (1 - z) + at(dgates, k + 2 * H)) * (1 - m * m);
          const real dz = (dh_u * (at(h, u) - m) + at(dgates, k + H)) * z * (1 - z);
          const real dr = (dm * inner + at(dgates, k)) * r * (1 - r);
          real *to_x = dx + row * 3 * H + u, *to_hidden = dhidden + row * 3 * H + u;
          to_x[0] = to_hidden[0] = dr, to_x[H] = to_hidden[H] = dz;
          to_x[2 * H] = dm, to_hidden[2 * H] = dm * r + at(dgates, k + 3 * H);
          dh[u] = dh_u * z;
        }
        for (int64_t j = 0; j < 3 * H; ++j)
          for (int64_t u = 0; u < H; ++u) dh[u] += dhidden[row * 3 * H + j] * w[j * H + u];
      }
    }
  });
}

FOVEA_OP(gru_sequence){
    .signature = "gru_sequence(x_gates, weight_hh, bias_hh?, h0?) -> (y, gates)",
    .doc = "The steps of `gru` for projected inputs x_gates (T,N,3H): the states y (T,N,H) and, for the gradient, the gates r, z, n "
           "and the projected state inside of n (T,N,4H).",
    .require = {[](const Call& c) {
      check_sequence(c, 1, 3, {3});
      const int64_t rows = c.in(1).size(0);
      check_steps(c, 0, rows);
      check(!c.in(2) || c.in(2).shape == Dims{rows}, "[gru_sequence] bias_hh wants shape ({}), not {}", rows, c.in(2).shape);
    }},
    .shape = [](const Call& c) {
      const Dims& x = c.in(0).shape;
      const int64_t hidden = c.in(1).size(1);
      return Specs{{{x[0], x[1], hidden}, c.dtype()}, {{x[0], x[1], 4 * hidden}, c.dtype()}};
    },
    .reference = FOVEA_FLOATS(forward),
    .vjp = [](const Vjp& v) {
      const Tensor &weight = v.in(1), &h0 = v.in(3), &y = v.out(0), &gates = v.out(1);
      const auto d = apply(find_op("gru_sequence_backward"), {gates, y, weight, h0, v.g(0), v.g(1)});
      Grads g{d[0], {}, {}, {}};
      if (v.needs(1)) g[1] = recurrent::hidden_weight_gradient(d[1], y, h0);
      if (v.needs(2)) g[2] = sum(d[1], {0, 1});
      if (v.needs(3)) g[3] = d[2];
      return g;
    },
    .saves = {{"weight_hh", "h0", "y", "gates"}},
    .samples = {{{f({3, 4, 24}), f({24, 8}, -0.5, 0.5), f({24}), f({4, 8})}},
                {{f({4, 1, 15}), f({15, 5}), none(), none()}},
                {{f({1, 3, 9}), f({9, 3}), f({9}), none()}},
                {{f({2, 37, 33}), f({33, 11}, -0.5, 0.5), f({33}), f({37, 11})}}},
    .bad = {{{f({3, 4, 24}), f({24, 7}), none(), none()}}, {{f({3, 4, 21}), f({24, 8}), none(), none()}},
            {{f({3, 4, 24}), f({24, 8}), f({8}), none()}}, {{f({3, 4, 24}), f({24, 8}), none(), f({4, 7})}},
            {{f({0, 4, 24}), f({24, 8}), none(), none()}}},
    .internal = true,
};

FOVEA_OP(gru_sequence_backward){
    .signature = "gru_sequence_backward(gates, y, weight_hh, h0?, dy?, dgates?) -> (dx_gates, dhidden, dh0)",
    .doc = "Gradients of gru_sequence: of the projected inputs, of the projected states (both (T,N,3H)) and of the first state.",
    .require = {[](const Call& c) {
      check_sequence(c, 2, 3, {3});
      const int64_t hidden = c.in(2).size(1);
      check_steps(c, 0, 4 * hidden), check_steps(c, 5, 4 * hidden);
      check_steps(c, 1, hidden), check_steps(c, 4, hidden);
    }},
    .shape = [](const Call& c) {
      const Dims &gates = c.in(0).shape, &w = c.in(2).shape;
      const Spec projected{{gates[0], gates[1], w[0]}, c.dtype()};
      return Specs{projected, projected, {{gates[1], w[1]}, c.dtype()}};
    },
    .reference = FOVEA_FLOATS(backward),
    .vjp = not_provided(),
    .samples = {{{f({3, 4, 32}, 0, 1), f({3, 4, 8}), f({24, 8}, -0.5, 0.5), f({4, 8}), f({3, 4, 8}), none()}},
                {{f({4, 1, 20}, 0, 1), f({4, 1, 5}), f({15, 5}, -0.5, 0.5), none(), f({4, 1, 5}), none()}},
                {{f({1, 3, 12}, 0, 1), f({1, 3, 3}), f({9, 3}), f({3, 3}), none(), f({1, 3, 12})}},
                {{f({2, 37, 44}, 0, 1), f({2, 37, 11}), f({33, 11}, -0.5, 0.5), none(), f({2, 37, 11}), none()}}},
    .bad = {{{f({3, 4, 32}), f({3, 4, 8}), f({24, 7}), none(), none(), none()}},
            {{f({3, 4, 32}), f({3, 4, 7}), f({24, 8}), none(), none(), none()}},
            {{f({3, 4, 32}), f({3, 4, 8}), f({24, 8}), none(), f({3, 3, 8}), none()}}},
    .internal = true,
};

FOVEA_OP(gru){
    .signature = "gru(x, weight_ih, weight_hh, bias_ih?, bias_hh?, h0?) -> (y, h)",
    .doc = "One layer of gated recurrent units (Cho et al. 2014) over x (T,N,I): with the rows of weight_ih (3H,I), weight_hh (3H,H) and "
           "of the biases (3H) in the order r, z, n, a = x_t weight_ih^T + bias_ih and b = h weight_hh^T + bias_hh, "
           "r = sigmoid(a_r + b_r), z = sigmoid(a_z + b_z), n = tanh(a_n + r b_n), h = (1 - z) n + z h. The reset gate acts on the "
           "projected state, bias included, as in PyTorch and cuDNN; in the paper and in older Keras it acts on h before the product. h0 (N,H) "
           "is zeros if left out. Gives h of every step, y (T,N,H), and the last one (N,H).",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const auto out = apply(find_op("gru_sequence"), {recurrent::project(a, a.in(3)), a.in(2), a.in(4), a.in(5)});
      return {out[0], recurrent::step_of(out[0], out[0].size(0) - 1)};
    },
    .samples = {{{f({3, 4, 6}), f({24, 6}), f({24, 8}, -0.5, 0.5), f({24}), f({24}), f({4, 8})}},
                {{f({4, 1, 3}), f({15, 3}), f({15, 5}), none(), none(), none()}}},
    .bad = {{{f({3, 4, 6}), f({24, 5}), f({24, 8}), none(), none(), none()}},
            {{f({3, 4, 6}), f({21, 6}), f({24, 8}), none(), none(), none()}},
            {{f({4, 6}), f({24, 6}), f({24, 8}), none(), none(), none()}}},
};

}  // namespace
}  // namespace fovea
