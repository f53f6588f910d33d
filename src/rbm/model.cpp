// What every energy model can do, made of its units and inputs.
#include <fmt/format.h>

#include "fovea/autograd.h"
#include "fovea/compile.h"
#include "fovea/operators.h"
#include "rbm/units.h"

namespace fovea::rbm {

EnergyModel::EnergyModel(Units visible, Units hidden) : visible_(visible), hidden_(hidden) {
  check(visible != Units::relu, "[rbm] visible units are bernoulli or gaussian: relu is for hidden ones");
  check(visible != Units::gaussian || hidden != Units::gaussian,
        "[rbm] gaussian visible with gaussian hidden units have no normalised probability once the weights "
        "grow: make one side bernoulli");
}

Tensor EnergyModel::checked(const Tensor& v) const {
  const int64_t size = visible_shape().numel();
  check(v.rank() >= 2 && v.numel() == v.size(0) * size, "[rbm] {} takes {} numbers for each example, not {}",
        describe(), size, v.defined() ? v.describe() : "nothing");
  if (visible_ == Units::bernoulli) check_probabilities(v);
  Dims shape = visible_shape();
  shape.insert(0, v.size(0));
  return v.shape() == shape ? v : fovea::reshape(v, shape);
}

Tensor EnergyModel::mean_of_visible(const Tensor& input) const { return mean_of(visible_, input); }
Tensor EnergyModel::sample_of_visible(const Tensor& input) const { return sample_of(visible_, input); }
Tensor EnergyModel::visible_mean(const Tensor& h) const { return mean_of_visible(visible_input(h)); }
Tensor EnergyModel::sample_visible(const Tensor& h) const { return sample_of_visible(visible_input(h)); }

Tensor EnergyModel::free_energy(const Tensor& v) const {
  const Tensor x = checked(v);
  return visible_energy(x) - hidden_reward(hidden_input(x));
}

Tensor EnergyModel::reconstruction_error(const Tensor& v) const {
  const Tensor x = checked(v);
  return mean(square(x - visible_mean(mean_of_hidden(hidden_input(x)))));
}

Tensor EnergyModel::gibbs(const Tensor& v, int64_t steps, bool mean) const {
  check(steps >= 0, "[rbm] a chain takes 0 steps or more, not {}", steps);
  const NoGrad guard;
  Tensor now = checked(v);
  for (int64_t i = 0; i < steps; ++i) {
    const Tensor input = visible_input(sample_of_hidden(hidden_input(now)));
    now = mean && i + 1 == steps ? mean_of_visible(input) : sample_of_visible(input);
  }
  return now;
}

Tensor EnergyModel::noise(int64_t count) const {
  check(count > 0, "[rbm] {} chains", count);
  Dims shape = visible_shape();
  shape.insert(0, count);
  const DType dtype = parameters()[0].dtype();
  return visible_ == Units::bernoulli ? bernoulli(shape, 0.5, dtype) : randn(shape, 0, 1, dtype);
}

Tensor run_chain(const EnergyModel& model, const Tensor& v, int64_t steps, bool mean) {
  auto step = compile([&](const Tensor& x) { return model.gibbs(x, 1); });
  Tensor now = model.checked(v);
  for (int64_t i = 0; i + int64_t(mean) < steps; ++i) now = step(now);
  return mean && steps > 0 ? model.gibbs(now, 1, true) : now;
}

Tensor sample(const EnergyModel& model, int64_t count, int64_t steps) {
  return run_chain(model, model.noise(count), steps, true);
}

}  // namespace fovea::rbm
