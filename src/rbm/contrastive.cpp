// Contrastive divergence and its persistent chains.
#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "rbm/units.h"
#include "tensor/recorder.h"

namespace fovea::rbm {

ContrastiveDivergence::ContrastiveDivergence(const EnergyModel& model, ContrastiveOptions options)
    : model_(model), options_(options) {
  check(options.k >= 1, "[rbm] contrastive divergence takes k=1 steps or more, not {}", options.k);
  check(!options.persistent || options.chains >= 1, "[rbm] chains={}: there must be one at least",
        options.chains);
  check(options.sparsity_cost >= 0 && options.sparsity_target >= 0 && options.sparsity_target <= 1,
        "[rbm] the sparsity target lies in [0, 1] and its cost is not negative, unlike {} and {}",
        options.sparsity_target, options.sparsity_cost);
  if (!options.persistent) return;
  Dims shape = model.hidden_shape();
  shape.insert(0, options.chains);
  chains_ = zeros(shape, model.parameters()[0].dtype());
}

Tensor ContrastiveDivergence::backward(const Tensor& v) const {
  const NoGrad guard;
  const Tensor seen = model_.checked(v), input = model_.hidden_input(seen);
  const Tensor h = model_.mean_of_hidden(input);
  const bool persistent = options_.persistent;
  Tensor state = persistent ? chains_ : model_.sample_of_hidden(input);
  Tensor reconstruction = persistent ? model_.visible_mean(h) : Tensor(), dream, dream_input;
  for (int64_t i = 0; i < options_.k; ++i) {
    const Tensor visible = model_.visible_input(state);
    if (!reconstruction) reconstruction = model_.mean_of_visible(visible);
    dream = model_.sample_of_visible(visible);
    dream_input = model_.hidden_input(dream);
    if (persistent || i + 1 < options_.k) state = model_.sample_of_hidden(dream_input);
  }
  if (persistent) copy_in_place(chains_, state);
  model_.add_gradients(seen, h, dream, model_.mean_of_hidden(dream_input));
  if (options_.sparsity_cost > 0)
    model_.add_sparsity(seen, h, options_.sparsity_target, options_.sparsity_cost);
  return mean(square(seen - reconstruction));
}

}  // namespace fovea::rbm
