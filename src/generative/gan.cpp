#include <fmt/format.h>

#include "fovea/generative.h"
#include "fovea/operators.h"
#include "nn/eval_mode.h"

namespace fovea::generative {
namespace {

/// The cross-entropy of `logits` with the answer "true", or "made".
Tensor judged(const Tensor& logits, bool real) {
  return bce_with_logits_loss(logits, full(logits.shape(), real ? 1 : 0, logits.dtype()));
}

/// Training mode while alive; the running statistics stay as they were.
class ByBatch {
 public:
  explicit ByBatch(const nn::Module& net) : modes_(net) {
    for (const auto& [name, t] : net.named_buffers()) before_.emplace_back(t, t.clone());
    net.train();
  }
  ~ByBatch() {
    for (const auto& [t, old] : before_) t.copy_from(old);
  }
  ByBatch(const ByBatch&) = delete;
  ByBatch& operator=(const ByBatch&) = delete;

 private:
  const nn::EvalMode modes_;  // those to come back to
  std::vector<std::pair<Tensor, Tensor>> before_;
};

}  // namespace

GAN::GAN(const Dims& example, int64_t latent, nn::AnyModule generator, nn::AnyModule discriminator)
    : Model(example),
      latent_(latent),
      generator_(register_module("generator", std::move(generator))),
      discriminator_(register_module("discriminator", std::move(discriminator))) {}

std::vector<Model::Player> GAN::players() const {
  return {{"discriminator", &discriminator_}, {"generator", &generator_}};
}

Tensor GAN::decode(const Tensor& z) const {
  return shaped(generator_(reshape(z, {z.size(0), latent_, 1, 1})));
}
Tensor GAN::logits(const Tensor& x) const { return reshape(discriminator_(x), {x.size(0)}); }
Tensor GAN::forward(const Tensor& x) const { return logits(decode(draw(x.size(0)))); }

std::vector<Tensor> GAN::learn(const Tensor& input, const Tensor& target, const Minimise& minimise) const {
  check(input.ptr() == target.ptr(),
        "a GAN makes examples of noise alone: there is nothing to denoise (noise=0)");
  const Tensor made = decode(draw(target.size(0)));
  const Tensor real = logits(shaped(target)), fake = logits(made.detach());
  const Tensor loss_d = judged(real, true) + judged(fake, false);
  minimise(loss_d, 0);
  discriminator_.requires_grad(false);
  const Tensor loss_g = judged(logits(made), true);
  minimise(loss_g, 1);
  discriminator_.requires_grad(true);
  return {loss_d.detach(), loss_g.detach(), mean(sigmoid(real.detach())), mean(sigmoid(fake.detach()))};
}

std::vector<Tensor> GAN::measure(const Tensor& input, const Tensor& target) const {
  const ByBatch guard(discriminator_);
  return Model::measure(input, target);
}

}  // namespace fovea::generative
