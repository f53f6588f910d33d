#include "rbm/units.h"

#include <cmath>
#include <numbers>

#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "tensor/recorder.h"

namespace fovea::rbm {
namespace {

constexpr const char* unit_names[]{"bernoulli", "gaussian", "relu"};

double number(const Tensor& t) { return t.dtype() == f64 ? *t.data<double>() : *t.data<float>(); }

/// The deviation of a relu unit's noise.
Tensor noise_of(const Tensor& input) { return sqrt(sigmoid(input)); }

/// The mean of max(0, x + s z) for normal z.
Tensor rectified_mean(const Tensor& x, const Tensor& s) {
  const Tensor at = x / s, density = exp(square(at) * -0.5) * std::sqrt(0.5 / std::numbers::pi);
  return x * (erf(at * std::sqrt(0.5)) + 1) * 0.5 + s * density;
}

}  // namespace

Units units_named(const std::string& name) {
  for (size_t i = 0; i < std::size(unit_names); ++i)
    if (name == unit_names[i]) return Units(i);
  const std::string near = nearest(name, {unit_names, unit_names + std::size(unit_names)});
  fail("no units are called '{}'{}: there are bernoulli, gaussian, relu", name,
       near.empty() ? "" : fmt::format(" (did you mean {}?)", near));
}

void check_probabilities(const Tensor& v) {
  if (v.numel() == 0) return;
  const NoGrad guard;
  repeat([low = min(v.detach()), high = max(v.detach())] {
    const double a = number(low), b = number(high);
    check(a >= 0 && b <= 1,
          "Bernoulli units take numbers in [0, 1] (0, 1, or probabilities), but the data reaches from {:.4g} "
          "to "
          "{:.4g}: scale it (normalize=none keeps pixels in [0, 1]) or use gaussian visible units",
          a, b);
  });
}

const char* name_of(Units units) { return unit_names[int(units)]; }

Tensor mean_of(Units units, const Tensor& input) {
  if (units == Units::gaussian) return input;
  return units == Units::bernoulli ? sigmoid(input) : rectified_mean(input, noise_of(input));
}

Tensor sample_of(Units units, const Tensor& input) {
  if (units == Units::bernoulli) return sample_bernoulli(sigmoid(input));
  const Tensor noise = randn(input.shape(), 0, 1, input.dtype());
  return units == Units::gaussian ? input + noise : relu(input + noise_of(input) * noise);
}

Tensor reward_of(Units units, const Tensor& input, const Tensor& bias) {
  check(units != Units::relu, "[rbm] relu units have no free energy in closed form: use bernoulli ones");
  if (units == Units::bernoulli) return softplus(input);
  return (square(input) - square(bias)) * 0.5 + 0.5 * std::log(2 * std::numbers::pi);
}

Tensor own_energy(Units units, const Tensor& u, const Tensor& bias) {
  check(units != Units::relu, "[rbm] relu units have no energy in closed form: use bernoulli ones");
  return units == Units::bernoulli ? -(u * bias) : square(u - bias) * 0.5;
}

Tensor bias_for(Units units, const Tensor& mean) {
  if (units == Units::gaussian) return mean;
  const Tensor p = clamp(mean, 0.01, 0.99);
  return log(p / (1 - p));
}

Tensor per_example(const Tensor& x) { return x.rank() == 1 ? x : sum(flatten(x), {1}); }

void add_gradient(const Tensor& parameter, const Tensor& g) {
  const Tensor old = parameter.grad();
  if (old.defined()) accumulate(old, g);
  else parameter.set_grad(g);
  if (Recorder* r = recorder()) r->gradient(parameter, old);
}

}  // namespace fovea::rbm
