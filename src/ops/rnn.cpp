// The simple recurrent network (Elman 1990).
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "ops/recurrent.h"

namespace fovea {
namespace {

using recurrent::check_sequence;
using recurrent::check_steps;
using recurrent::Sizes;

void check_activation(const Call& c) {
  const std::string& name = c.s("activation");
  check(name == "tanh" || name == "relu", "[{}] activation is \"tanh\" or \"relu\", not \"{}\" (x {})", c.op().name(), name,
        c.in(0).shape);
}

template <class real>
void forward(const Call& c) {
  const Sizes s(c, c.in(1));
  const int64_t H = s.hidden;
  const bool relu = c.s("activation") == "relu";
  const real *x = c.in(0).ptr<real>(), *w = c.in(1).ptr<real>(), *h0 = c.in(2).ptr<real>();
  real* y = c.out().ptr<real>();
  parallel_for(s.batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n)
      for (int64_t t = 0; t < s.steps; ++t) {
        const int64_t row = t * s.batch + n;
        const real* h = recurrent::before<real>(y, h0, t, n, s.batch, H);
        for (int64_t u = 0; u < H; ++u) {
          real z = x[row * H + u];
          for (int64_t k = 0; h && k < H; ++k) z += w[u * H + k] * h[k];
          y[row * H + u] = relu ? std::max(z, real(0)) : std::tanh(z);
        }
      }
  });
}

/// dh0 holds the gradient of the running state.
template <class real>
void backward(const Call& c) {
  const Sizes s(c, c.in(1));
  const int64_t H = s.hidden;
  const bool relu = c.s("activation") == "relu";
  const real *y = c.in(0).ptr<real>(), *w = c.in(1).ptr<real>(), *dy = c.in(2).ptr<real>();
  real* d = c.out(0).ptr<real>();
  parallel_for(s.batch, 1, [&](int64_t begin, int64_t end) {
    for (int64_t n = begin; n < end; ++n) {
      real* dh = c.out(1).ptr<real>() + n * H;
      std::fill(dh, dh + H, real(0));
      for (int64_t t = s.steps; t-- > 0;) {
        const int64_t row = t * s.batch + n;
        for (int64_t u = 0; u < H; ++u) {
          const real out = y[row * H + u];
          d[row * H + u] = (dh[u] + dy[row * H + u]) * (relu ? real(out > 0) : 1 - out * out);
        }
        std::fill(dh, dh + H, real(0));
        for (int64_t j = 0; j < H; ++j)
          for (int64_t u = 0; u < H; ++u) dh[u] += d[row * H + j] * w[j * H + u];
      }
    }
  });
}

FOVEA_OP(rnn_sequence){
    .signature = "rnn_sequence(x_gates, weight_hh, h0?, activation=\"tanh\") -> y",
    .doc = "The steps of `rnn` for projected inputs x_gates (T,N,H): the states (T,N,H).",
    .require = {check_activation, [](const Call& c) {
      check_sequence(c, 1, 1, {2});
      check_steps(c, 0, c.in(1).size(1));
    }},
    .shape = same_as(0),
    .reference = FOVEA_FLOATS(forward),
    .vjp = [](const Vjp& v) {
      const Tensor &weight = v.in(1), &h0 = v.in(2), &y = v.out();
      const auto d = apply(find_op("rnn_sequence_backward"), {y, weight, v.g()}, {v.s("activation")});
      Grads g{d[0], {}, {}};
      if (v.needs(1)) g[1] = recurrent::hidden_weight_gradient(d[0], y, h0);
      if (v.needs(2)) g[2] = d[1];
      return g;
    },
    .saves = {{"weight_hh", "h0", "y"}},
    .samples = {{{f({3, 4, 8}), f({8, 8}, -0.5, 0.5), f({4, 8})}},
                {{f({4, 1, 5}), f({5, 5}), none()}, {{"activation", "relu"}}},
                {{f({1, 3, 3}), f({3, 3}), none()}},
                {{f({2, 37, 11}), f({11, 11}, -0.5, 0.5), f({37, 11})}, {{"activation", "relu"}}}},
    .bad = {{{f({3, 4, 8}), f({8, 7}), none()}}, {{f({3, 4, 7}), f({8, 8}), none()}},
            {{f({3, 4, 8}), f({8, 8}), f({3, 8})}}, {{f({0, 4, 8}), f({8, 8}), none()}},
            {{f({3, 4, 8}), f({8, 8}), none()}, {{"activation", "sigmoid"}}}},
    .internal = true,
};

FOVEA_OP(rnn_sequence_backward){
    .signature = "rnn_sequence_backward(y, weight_hh, dy, activation=\"tanh\") -> (dx_gates, dh0)",
    .doc = "Gradients of rnn_sequence: of the projected inputs and of the first state.",
    .require = {check_activation, [](const Call& c) {
      check_sequence(c, 1, 1, {});
      const int64_t hidden = c.in(1).size(1);
      check_steps(c, 0, hidden), check_steps(c, 2, hidden);
    }},
    .shape = [](const Call& c) {
      const Dims& y = c.in(0).shape;
      return Specs{{y, c.dtype()}, {{y[1], y[2]}, c.dtype()}};
    },
    .reference = FOVEA_FLOATS(backward),
    .vjp = not_provided(),
    .samples = {{{f({3, 4, 8}, -1, 1), f({8, 8}, -0.5, 0.5), f({3, 4, 8})}},
                {{f({4, 1, 5}), f({5, 5}, -0.5, 0.5), f({4, 1, 5})}, {{"activation", "relu"}}},
                {{f({2, 37, 11}, -1, 1), f({11, 11}, -0.5, 0.5), f({2, 37, 11})}}},
    .bad = {{{f({3, 4, 8}), f({8, 7}), f({3, 4, 8})}}, {{f({3, 4, 8}), f({8, 8}), f({3, 3, 8})}}},
    .internal = true,
};

FOVEA_OP(rnn){
    .signature = "rnn(x, weight_ih, weight_hh, bias_ih?, bias_hh?, h0?, activation=\"tanh\") -> (y, h)",
    .doc = "One layer of a simple recurrent network (Elman 1990) over x (T,N,I): h = act(x_t weight_ih^T + bias_ih + h weight_hh^T + "
           "bias_hh) with weight_ih (H,I), weight_hh (H,H), biases (H) and act tanh or relu. h0 (N,H) is zeros if left out. Gives h of "
           "every step, y (T,N,H), and the last one (N,H).",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor x = recurrent::project(a, recurrent::sum_of(a.in(3), a.in(4)));
      const auto y = apply(find_op("rnn_sequence"), {x, a.in(2), a.in(5)}, {a.s("activation")});
      return {y[0], recurrent::step_of(y[0], y[0].size(0) - 1)};
    },
    .samples = {{{f({3, 4, 6}), f({8, 6}), f({8, 8}, -0.5, 0.5), f({8}), f({8}), f({4, 8})}},
                {{f({4, 1, 3}), f({5, 3}), f({5, 5}), none(), f({5}), none()}, {{"activation", "relu"}}}},
    .bad = {{{f({3, 4, 6}), f({8, 5}), f({8, 8}), none(), none(), none()}},
            {{f({3, 4, 6}), f({7, 6}), f({8, 8}), none(), none(), none()}},
            {{f({3, 4, 6}), f({8, 6}), f({8, 8}), none(), none(), none()}, {{"activation", "gelu"}}}},
};

}  // namespace
}  // namespace fovea
