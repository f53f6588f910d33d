// What a unit does with the sum of its inputs.
#pragma once
#include "fovea/rbm.h"

namespace fovea::rbm {

Tensor mean_of(Units units, const Tensor& input);
Tensor sample_of(Units units, const Tensor& input);
/// log of the sum (or integral) of e^(u input - own energy) over all values u of a unit, per unit: what it
/// adds to -F. `bias` is that of Gaussian units, for the term (u - bias)^2 / 2.
Tensor reward_of(Units units, const Tensor& input, const Tensor& bias);
/// The energy of units with their biases alone, per unit.
Tensor own_energy(Units units, const Tensor& u, const Tensor& bias);
/// Biases that give units these means by themselves; Bernoulli units are taken to be on at least once in 100
/// times, and off, as others could never be turned.
Tensor bias_for(Units units, const Tensor& mean);
/// Throws, now and in every replay of a compiled step, unless all numbers lie in [0, 1].
void check_probabilities(const Tensor& v);
/// (N, ...) summed to (N).
Tensor per_example(const Tensor& x);
/// Adds `g` to the gradient of `parameter`, as backward() does.
void add_gradient(const Tensor& parameter, const Tensor& g);

}  // namespace fovea::rbm
