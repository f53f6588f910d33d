// The one number by which a trained network is known: what `fovea pack` writes beside its weights and `fovea
// val` measures again.
#pragma once
#include "cli/setup.h"
#include "fovea/unsupervised.h"

namespace fovea::cli {

train::Figure figure_of(const train::Evaluation& e);
/// Of a model that learned without labels: the first of its scores that is a number, and a pseudo-likelihood
/// before others.
train::Figure figure_of(const train::Scores& scores);
/// "top1 99.36% of 10,000 examples"
std::string text_of(const train::Figure& figure);

/// Prints how `measured` on `set` compares with what the card states; nothing if that states nothing.
/// "stated: top1 99.36% of 10,000 examples, as measured"
void print_compared(const train::ModelCard& card, const train::Figure& measured, const data::Dataset& set);

}  // namespace fovea::cli
