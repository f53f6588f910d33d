#include <fmt/format.h>

#include <numbers>

#include "fovea/generative.h"
#include "fovea/operators.h"

namespace fovea::generative {

std::vector<Tensor> Model::measure(const Tensor& input, const Tensor& target) const {
  return learn(input, target, [](const Tensor&, size_t) {});
}

Tensor Model::encode(const Tensor&) const {
  fail("a {} makes examples and has no place in the latent space for given ones", describe());
}

Tensor Model::draw(int64_t count) const {
  check(prior() > 0, "{} has no prior to draw from: a vae has one", describe());
  check(count > 0, "{} draws", count);
  return randn({count, prior()}, 0, 1, parameters()[0].dtype());
}

Tensor Model::shaped(const Tensor& x) const {
  const int64_t size = example_.numel();
  check(x.rank() >= 2 && x.numel() == x.size(0) * size, "{} takes {} numbers for each example, not {}",
        describe(), size, x.defined() ? x.describe() : "nothing");
  Dims shape = example_;
  shape.insert(0, x.size(0));
  return x.shape() == shape ? x : reshape(x, shape);
}

Tensor negative_log_likelihood(rbm::Units units, const Tensor& output, const Tensor& x) {
  const Tensor of_unit = units == rbm::Units::bernoulli
                             ? bce_with_logits_loss(output, x, {}, {}, "none")
                             : square(x - output) * 0.5 + 0.5 * std::log(2 * std::numbers::pi);
  return sum(reshape(of_unit, {x.size(0), x.numel() / x.size(0)}), {1});
}

}  // namespace fovea::generative
