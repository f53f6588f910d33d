// Networks that learn what examples look like, by gradients and without labels: autoencoders, denoising and
// variational ones, and adversarial pairs. They are modules: parameters by name, state_dict(), any optimizer.
// Random numbers come from the default generator: the same seed gives the same bits.
//   const nn::AnyModule net = zoo::make("vae:400-20", {.input = {1, 28, 28}});
//   train::GenerativeTrainer trainer({.max_epochs = 10});      // of a run folder, or by hand:
//   optim::Adam optimizer(model);
//   model.learn(images, images, [&](const Tensor& loss, size_t) {
//     loss.backward(), optimizer.step(), optimizer.zero_grad();
//   });
// Data: Bernoulli units take numbers in [0, 1] and refuse others; Gaussian units have variance 1, so data for
// them is normalised. Threads: as nn::Module.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "fovea/rbm.h"

namespace fovea::generative {

/// What training, measuring and drawing need of a model. Examples (N, ...) may have any shape of that size.
class Model : public nn::Module {
 public:
  /// Names of what learn() and measure() give.
  virtual std::vector<std::string> scores() const = 0;
  struct Player {
    std::string name;  // empty if there is but one
    const nn::Module* module;
  };
  /// Those who learn, each by an optimizer of its own.
  virtual std::vector<Player> players() const { return {{"", this}}; }
  /// Makes `loss` (0-d) smaller by the parameters of player `i`: gradients, then an update.
  using Minimise = std::function<void(const Tensor& loss, size_t i)>;
  /// One step that learns to make `target` of `input`, the same or a noisy copy. Gives means over the
  /// examples (0-d each). Can be part of a compiled step.
  virtual std::vector<Tensor> learn(const Tensor& input, const Tensor& target,
                                    const Minimise& minimise) const = 0;
  /// The same means without learning.
  virtual std::vector<Tensor> measure(const Tensor& input, const Tensor& target) const;

  /// Whether examples have a place in the latent space.
  virtual bool encodes() const { return true; }
  /// That place, (N, ...): the middle of the distribution where the model has one. Throws unless encodes().
  virtual Tensor encode(const Tensor& x) const;
  /// Examples (N, example()) at places of the latent space.
  virtual Tensor decode(const Tensor& z) const = 0;
  /// Size of the latent space if it is filled by a standard normal distribution, to draw new examples from;
  /// else 0.
  virtual int64_t prior() const { return 0; }
  /// `count` draws of it: (count, prior()).
  Tensor draw(int64_t count) const;
  /// The shape of one example.
  const Dims& example() const { return example_; }

 protected:
  explicit Model(Dims example) : example_(std::move(example)) {}
  /// x as (N, example()). Throws if it has another size.
  Tensor shaped(const Tensor& x) const;

 private:
  Dims example_;
};

/// -log p(x) of each example in nats, summed over its units, (N): of Bernoulli units with these logits the
/// cross-entropy, of Gaussian ones with these means (x - mean)^2 / 2 + log(2 pi) / 2.
Tensor negative_log_likelihood(rbm::Units units, const Tensor& output, const Tensor& x);

/// Learns to give back its input through a narrow place (Hinton and Salakhutdinov 2006), or the clean input
/// of a noisy one (Vincent et al. 2008). Calling it gives the reconstruction. Modules "encoder" and
/// "decoder". Scores: nll (the loss) and reconstruction, the mean squared difference of a unit.
class Autoencoder : public Model {
 public:
  /// `encoder` makes latent places of (N, example); `decoder` the way back: logits of Bernoulli units, means
  /// of Gaussian ones, in any shape of that size.
  Autoencoder(const Dims& example, nn::AnyModule encoder, nn::AnyModule decoder,
              rbm::Units visible = rbm::Units::bernoulli);
  using nn::Module::operator();
  Tensor forward(const Tensor& x) const override { return decode(encode(x)); }
  std::string describe() const override;

  std::vector<std::string> scores() const override { return {"nll", "reconstruction"}; }
  std::vector<Tensor> learn(const Tensor& input, const Tensor& target,
                            const Minimise& minimise) const override;
  Tensor encode(const Tensor& x) const override;
  Tensor decode(const Tensor& z) const override { return mean_of(output(z)); }
  rbm::Units visible() const { return visible_; }

 protected:
  /// Logits, or means, (N, example()).
  Tensor output(const Tensor& z) const;
  Tensor mean_of(const Tensor& output) const;
  /// As (N, example()); throws for numbers that the visible units do not take.
  Tensor checked(const Tensor& x) const;
  const nn::AnyModule& encoder() const { return encoder_; }

 private:
  nn::AnyModule encoder_, decoder_;
  rbm::Units visible_;
};

/// A variational autoencoder (Kingma and Welling 2013): each example has a normal distribution over the
/// latent space, N(mean, exp(log_var)), that is held near the standard normal one. Scores, in nats but for
/// the last: bound, the evidence lower bound of log p(x), = -(nll + kl); nll, -log p(x | z) at one draw of z;
/// kl, the divergence of the distribution from the prior; reconstruction, the mean squared difference of a
/// unit. Modules "encoder", "mean", "log_var" (linear) and "decoder".
class VAE : public Autoencoder {
 public:
  /// `encoder` makes (N, features) of (N, example); `decoder` output as that of an Autoencoder of (N,
  /// latent).
  VAE(const Dims& example, nn::AnyModule encoder, int64_t features, int64_t latent, nn::AnyModule decoder,
      rbm::Units visible = rbm::Units::bernoulli);
  std::string describe() const override;

  struct Posterior {
    Tensor mean, log_var;  // (N, latent)
    /// Draws made of standard normal noise (N, latent): mean + exp(log_var / 2) noise, which has gradients.
    Tensor at(const Tensor& noise) const;
    /// KL(N(mean, exp(log_var)) || N(0, 1)) of each example: (N).
    Tensor kl() const;
  };
  Posterior posterior(const Tensor& x) const;
  /// Of each example, (N).
  struct Bound {
    Tensor nll, kl;
    Tensor mean;  // of the visible units, (N, example())
  };
  Bound bound(const Tensor& input, const Tensor& target, const Tensor& noise) const;
  /// log p(x) of each example (N) by importance sampling with `samples` draws (Burda et al. 2015): from
  /// below, the closer the more there are; with one it is the bound.
  Tensor log_likelihood(const Tensor& x, int64_t samples) const;

  std::vector<std::string> scores() const override { return {"bound", "nll", "kl", "reconstruction"}; }
  std::vector<Tensor> learn(const Tensor& input, const Tensor& target,
                            const Minimise& minimise) const override;
  Tensor encode(const Tensor& x) const override { return posterior(x).mean; }
  int64_t prior() const override { return mean_.weight().size(0); }

 private:
  nn::Linear mean_, log_var_;
};

/// A generator that makes examples of noise, and a discriminator that tells them from true ones (Goodfellow
/// et al. 2014), with the non-saturating loss: each step the discriminator learns first, then the generator.
/// Scores: loss_d and loss_g, the cross-entropies, d_real and d_fake, the mean probability that the
/// discriminator gives to true and to made examples: 0.5 each where it cannot tell. None of them says how
/// good the made examples are. Calling it gives the discriminator's logits of as many made examples as x
/// holds. Modules "generator" and "discriminator".
class GAN : public Model {
 public:
  /// `generator` makes (N, example) of (N, latent, 1, 1); `discriminator` one logit of each.
  GAN(const Dims& example, int64_t latent, nn::AnyModule generator, nn::AnyModule discriminator);
  using nn::Module::operator();
  Tensor forward(const Tensor& x) const override;
  std::string describe() const override { return "GAN"; }

  std::vector<std::string> scores() const override { return {"loss_d", "loss_g", "d_real", "d_fake"}; }
  std::vector<Player> players() const override;
  /// Throws if `input` is not `target`: there is nothing to denoise.
  std::vector<Tensor> learn(const Tensor& input, const Tensor& target,
                            const Minimise& minimise) const override;
  /// By the statistics of the batch, true and made examples apart, as in training: the running ones of the
  /// discriminator's norms, which mix both, say nothing of either. They stay as they are.
  std::vector<Tensor> measure(const Tensor& input, const Tensor& target) const override;
  bool encodes() const override { return false; }
  Tensor decode(const Tensor& z) const override;
  int64_t prior() const override { return latent_; }

 private:
  Tensor logits(const Tensor& x) const;
  int64_t latent_;
  nn::AnyModule generator_, discriminator_;
};

}  // namespace fovea::generative
