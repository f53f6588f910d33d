// log Z: by enumeration, and by annealed importance sampling.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "fovea/autograd.h"
#include "fovea/compile.h"
#include "fovea/operators.h"
#include "rbm/units.h"

namespace fovea::rbm {
namespace {

constexpr int64_t states_at_once = 4096;

/// All states [first, first + count) of `units` bits, as f64 (count, units).
Tensor states(int64_t first, int64_t count, int64_t units) {
  const Tensor all = Tensor::empty({count, units}, f64);
  double* bit = all.data<double>();
  for (int64_t s = 0; s < count; ++s)
    for (int64_t i = 0; i < units; ++i) *bit++ = double((first + s) >> i & 1);
  return all;
}

/// log of (the sum of e^x).
double log_sum(const std::vector<double>& x) {
  const double top = *std::max_element(x.begin(), x.end());
  double total = 0;
  for (const double value : x) total += std::exp(value - top);
  return top + std::log(total);
}

/// Temperatures from 0 to 1, closer to each other near 1 where the model's modes part: 1/29 of the steps up
/// to 0.5, 8/29 up to 0.9, the rest beyond (Salakhutdinov and Murray 2008).
double temperature(double part) {
  if (part < 1. / 29) return part * 29 * 0.5;
  if (part < 9. / 29) return 0.5 + (part - 1. / 29) * 29 / 8 * 0.4;
  return 0.9 + (part - 9. / 29) * 29 / 20 * 0.1;
}

/// The family of models between independent units and the model: weights and hidden biases times beta,
/// visible energies mixed. Betas are 0-d tensors, so that a compiled step can take them.
class Annealing {
 public:
  Annealing(const RBM& model, const AISOptions& o) : model_(model) {
    base_bias_ = o.data_mean ? bias_for(model.visible_units(), o.data_mean.reshape(model.visible_shape()))
                                   .to(model.weight().dtype())
                             : model.visible_bias().detach().clone();
  }

  /// log Z at beta = 0.
  double log_z() const {
    const auto total = [](const Tensor& t) { return sum(t.to(f64)).item(); };
    const Tensor none = zeros(model_.hidden_bias().shape(), f64);
    return total(reward_of(model_.visible_units(), base_bias_, base_bias_)) +
           total(reward_of(model_.hidden_units(), none, none));
  }

  Tensor start(int64_t runs) const {
    return sample_of(model_.visible_units(),
                     base_bias_ + zeros({runs, base_bias_.size(0)}, base_bias_.dtype()));
  }

  /// {v after a Gibbs step at `beta`, log of p(v before) at `beta` over that at `before`, both unnormalised}
  std::vector<Tensor> step(const Tensor& v, const Tensor& before, const Tensor& beta) const {
    const Units visible = model_.visible_units(), hidden = model_.hidden_units();
    const Tensor input = model_.hidden_input(v), bias = model_.hidden_bias();
    const Tensor reward =
        reward_of(hidden, input * beta, bias * beta) - reward_of(hidden, input * before, bias * before);
    const Tensor energy = own_energy(visible, v, base_bias_) - own_energy(visible, v, model_.visible_bias());
    const Tensor ratio = per_example(reward) + per_example(energy) * (beta - before);
    const Tensor h = sample_of(hidden, input * beta);
    const Tensor visible_bias = base_bias_ + (model_.visible_bias() - base_bias_) * beta;
    return {sample_of(visible, matmul(h, model_.weight()) * beta + visible_bias), ratio};
  }

 private:
  const RBM& model_;
  Tensor base_bias_;
};

}  // namespace

double exact_log_z(const RBM& model) {
  const NoGrad guard;
  const auto wide = [](const Tensor& t) { return t.detach().to(f64); };
  struct Side {
    Units units;
    Tensor bias;
  };
  Side counted{model.hidden_units(), wide(model.hidden_bias())},
      summed{model.visible_units(), wide(model.visible_bias())};
  Tensor weight = wide(model.weight());  // (counted, summed)
  const auto can_count = [](const Side& s) {
    return s.units == Units::bernoulli && s.bias.size(0) <= most_exact_units;
  };
  if (!can_count(counted) || (can_count(summed) && summed.bias.size(0) < counted.bias.size(0)))
    std::swap(counted, summed), weight = transpose(weight);
  check(can_count(counted),
        "[rbm] log Z by enumeration wants a side of at most {} bernoulli units, but {} has none: "
        "use ais_log_z",
        most_exact_units, model.describe());
  const int64_t units = counted.bias.size(0), all = int64_t{1} << units;
  std::vector<double> logs;
  for (int64_t first = 0; first < all; first += states_at_once) {
    const Tensor u = states(first, std::min(states_at_once, all - first), units);
    const Tensor reward = per_example(reward_of(summed.units, matmul(u, weight) + summed.bias, summed.bias));
    const auto block = (reward - per_example(own_energy(counted.units, u, counted.bias))).to_vector<double>();
    logs.insert(logs.end(), block.begin(), block.end());
  }
  return log_sum(logs);
}

LogZ ais_log_z(const RBM& model, const AISOptions& o) {
  check(o.runs >= 2 && o.steps >= 1, "[rbm] AIS wants 2 runs and 1 step or more, not {} and {}", o.runs,
        o.steps);
  const NoGrad guard;
  const Annealing path(model, o);
  auto step = compile([&](const Tensor& v, const Tensor& before, const Tensor& beta) {
    const NoGrad inside;
    return path.step(v, before, beta);
  });
  const DType dtype = model.weight().dtype();
  Tensor v = path.start(o.runs);
  std::vector<double> logs(size_t(o.runs), path.log_z());
  for (int64_t k = 1; k <= o.steps; ++k) {
    const auto at = [&](int64_t i) { return scalar(temperature(double(i) / double(o.steps)), dtype); };
    const auto out = step(v, at(k - 1), at(k));
    v = out[0];
    const auto ratio = out[1].to_vector<double>();
    for (size_t i = 0; i < logs.size(); ++i) logs[i] += ratio[i];
  }
  const double mean = log_sum(logs) - std::log(double(o.runs));
  double variance = 0;  // of the weights, in units of their mean
  for (const double x : logs) variance += std::pow(std::exp(x - mean) - 1, 2) / double(o.runs - 1);
  return {mean, std::sqrt(variance / double(o.runs))};
}

}  // namespace fovea::rbm
