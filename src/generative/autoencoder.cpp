#include <fmt/format.h>

#include "fovea/generative.h"
#include "fovea/operators.h"
#include "rbm/units.h"

namespace fovea::generative {

Autoencoder::Autoencoder(const Dims& example, nn::AnyModule encoder, nn::AnyModule decoder,
                         rbm::Units visible)
    : Model(example),
      encoder_(register_module("encoder", std::move(encoder))),
      decoder_(register_module("decoder", std::move(decoder))),
      visible_(visible) {
  check(visible != rbm::Units::relu, "the visible units of an autoencoder are bernoulli or gaussian");
}

std::string Autoencoder::describe() const {
  return fmt::format("Autoencoder({}, {})", example(), name_of(visible_));
}

Tensor Autoencoder::checked(const Tensor& x) const {
  if (visible_ == rbm::Units::bernoulli) rbm::check_probabilities(x);
  return shaped(x);
}

Tensor Autoencoder::encode(const Tensor& x) const { return encoder_(shaped(x)); }
Tensor Autoencoder::output(const Tensor& z) const { return shaped(decoder_(z)); }
Tensor Autoencoder::mean_of(const Tensor& output) const { return rbm::mean_of(visible_, output); }

std::vector<Tensor> Autoencoder::learn(const Tensor& input, const Tensor& target,
                                       const Minimise& minimise) const {
  const Tensor clean = checked(target), made = output(encode(input));
  const Tensor loss = mean(negative_log_likelihood(visible_, made, clean));
  minimise(loss, 0);
  return {loss.detach(), mse_loss(mean_of(made.detach()), clean)};
}

}  // namespace fovea::generative
