#include <fmt/format.h>

#include <cmath>

#include "fovea/autograd.h"
#include "fovea/generative.h"
#include "fovea/operators.h"

namespace fovea::generative {

VAE::VAE(const Dims& example, nn::AnyModule encoder, int64_t features, int64_t latent, nn::AnyModule decoder,
         rbm::Units visible)
    : Autoencoder(example, std::move(encoder), std::move(decoder), visible),
      mean_(register_module("mean", nn::Linear(features, latent))),
      log_var_(register_module("log_var", nn::Linear(features, latent))) {}

std::string VAE::describe() const {
  return fmt::format("VAE({}, {} latent, {})", example(), prior(), name_of(visible()));
}

VAE::Posterior VAE::posterior(const Tensor& x) const {
  const Tensor features = encoder()(shaped(x));
  return {mean_(features), log_var_(features)};
}

Tensor VAE::Posterior::at(const Tensor& noise) const { return mean + exp(log_var * 0.5) * noise; }

Tensor VAE::Posterior::kl() const { return sum(square(mean) + exp(log_var) - log_var - 1, {1}) * 0.5; }

VAE::Bound VAE::bound(const Tensor& input, const Tensor& target, const Tensor& noise) const {
  const Posterior p = posterior(input);
  const Tensor made = output(p.at(noise));
  return {negative_log_likelihood(visible(), made, checked(target)), p.kl(), mean_of(made)};
}

std::vector<Tensor> VAE::learn(const Tensor& input, const Tensor& target, const Minimise& minimise) const {
  const Bound b = bound(input, target, draw(input.size(0)));
  const Tensor nll = mean(b.nll), kl = mean(b.kl), loss = nll + kl;
  minimise(loss, 0);
  return {-loss.detach(), nll.detach(), kl.detach(), mse_loss(b.mean.detach(), checked(target))};
}

/// The log of the mean of p(x | z) p(z) / q(z | x) over draws z of q.
Tensor VAE::log_likelihood(const Tensor& x, int64_t samples) const {
  check(samples > 0, "{} samples", samples);
  const NoGrad guard;
  const Posterior p = posterior(x);
  std::vector<Tensor> terms;
  for (int64_t i = 0; i < samples; ++i) {
    const Tensor noise = draw(x.size(0)), z = p.at(noise);
    const Tensor prior_less_q = sum(square(noise) - square(z) + p.log_var, {1}) * 0.5;
    terms.push_back(prior_less_q - negative_log_likelihood(visible(), output(z), checked(x)));
  }
  return logsumexp(stack(terms, 0), {0}) - std::log(double(samples));
}

}  // namespace fovea::generative
