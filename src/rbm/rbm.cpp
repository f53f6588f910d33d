#include <fmt/format.h>

#include "fovea/autograd.h"
#include "fovea/init.h"
#include "fovea/operators.h"
#include "rbm/units.h"

namespace fovea::rbm {

RBM::RBM(int64_t visible, int64_t hidden, RBMOptions options)
    : EnergyModel(options.visible, options.hidden), visible_shape_{visible} {
  check(visible > 0 && hidden > 0, "[rbm] an RBM has 1 unit or more on each side, not {} and {}", visible,
        hidden);
  weight_ = register_parameter("weight", init::normal_(zeros({hidden, visible}), 0, options.std));
  visible_bias_ = register_parameter("visible_bias", zeros({visible}));
  hidden_bias_ = register_parameter("hidden_bias", zeros({hidden}));
}

std::string RBM::describe() const {
  const bool usual = visible_units() == Units::bernoulli && hidden_units() == Units::bernoulli;
  return fmt::format(
      "RBM({}, {}{})", weight_.size(1), weight_.size(0),
      usual ? "" : fmt::format(", visible={}, hidden={}", name_of(visible_units()), name_of(hidden_units())));
}

Tensor RBM::hidden_input(const Tensor& v) const { return linear(v, weight_, hidden_bias_); }
Tensor RBM::mean_of_hidden(const Tensor& input) const { return mean_of(hidden_units(), input); }
Tensor RBM::sample_of_hidden(const Tensor& input) const { return sample_of(hidden_units(), input); }
Tensor RBM::visible_input(const Tensor& h) const { return matmul(h, weight_) + visible_bias_; }
Tensor RBM::visible_energy(const Tensor& v) const {
  return per_example(own_energy(visible_units(), v, visible_bias_));
}
Tensor RBM::hidden_reward(const Tensor& input) const {
  return per_example(reward_of(hidden_units(), input, hidden_bias_));
}

Tensor RBM::energy(const Tensor& v, const Tensor& h) const {
  const Tensor x = checked(v);
  check(h.rank() == 2 && h.size(0) == x.size(0) && h.size(1) == weight_.size(0),
        "[rbm] the energy of {} examples wants h ({}, {}), not {}", x.size(0), x.size(0), weight_.size(0),
        h.describe());
  return visible_energy(x) + per_example(own_energy(hidden_units(), h, hidden_bias_)) -
         per_example(linear(x, weight_) * h);
}

void RBM::wants_bits(const char* what) const {
  check(visible_units() == Units::bernoulli,
        "[rbm] the {} is that of bernoulli visible units, not of {} ones", what, name_of(visible_units()));
}

Tensor RBM::pseudo_likelihood(const Tensor& v) const {
  wants_bits("pseudo-likelihood");
  const NoGrad guard;
  const Tensor x = checked(v);
  const int64_t bits = x.size(1);
  const Tensor which = one_hot(randint({x.size(0)}, 0, bits), bits, x.dtype());
  const Tensor flipped = x + which * (1 - 2 * x);
  const auto free = [&](const Tensor& u) { return visible_energy(u) - hidden_reward(hidden_input(u)); };
  return softplus(free(x) - free(flipped)) * -double(bits);
}

Tensor RBM::exact_pseudo_likelihood(const Tensor& v) const {
  wants_bits("pseudo-likelihood");
  const NoGrad guard;
  const Tensor x = checked(v), input = hidden_input(x), reward = hidden_reward(input);
  const Tensor change = 1 - 2 * x;
  Tensor total = zeros({x.size(0)}, x.dtype());
  for (int64_t i = 0; i < x.size(1); ++i) {
    const Tensor delta = slice(change, 1, i, i + 1);  // (N,1)
    const Tensor moved = input + delta * slice(transpose(weight_), 0, i, i + 1);
    // F(v) - F(v with bit i turned)
    const Tensor gain =
        hidden_reward(moved) - reward + reshape(delta, {-1}) * slice(visible_bias_, 0, i, i + 1);
    total = total - softplus(gain);
  }
  return total;
}

void RBM::set_visible_bias(const Tensor& mean) const {
  check(mean.numel() == visible_bias_.numel(), "[rbm] {} takes the means of {} visible units, not {}",
        describe(), visible_bias_.numel(), mean.describe());
  const NoGrad guard;
  visible_bias_.detach().copy_from(bias_for(visible_units(), mean.reshape({-1})));
}

/// The matrix product over both phases at once: one pass over the weights.
void RBM::add_gradients(const Tensor& v, const Tensor& h, const Tensor& v_model,
                        const Tensor& h_model) const {
  const double n = double(v.size(0)), m = double(v_model.size(0));
  const Tensor hidden = concat({h * (-1 / n), h_model * (1 / m)}, 0), seen = concat({v, v_model}, 0);
  add_gradient(weight_, matmul(transpose(hidden), seen));
  add_gradient(visible_bias_, mean(v_model, {0}) - mean(v, {0}));
  add_gradient(hidden_bias_, sum(hidden, {0}));
}

void RBM::add_sparsity(const Tensor& v, const Tensor& h, double target, double cost) const {
  const Tensor excess = (mean(h, {0}) - target) * cost;
  add_gradient(hidden_bias_, excess);
  add_gradient(weight_, reshape(excess, {-1, 1}) * mean(v, {0}));
}

}  // namespace fovea::rbm
