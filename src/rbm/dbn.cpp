#include <fmt/format.h>

#include "fovea/autograd.h"
#include "fovea/ops.h"
#include "fovea/rbm.h"

namespace fovea::rbm {

DBN::DBN(const std::vector<int64_t>& sizes, RBMOptions options) {
  check(sizes.size() >= 2, "[rbm] a DBN has two sizes at least, as in {{784, 500}}, not {}", sizes.size());
  for (size_t i = 1; i < sizes.size(); ++i) {
    add(RBM(sizes[i - 1], sizes[i], options));
    options.visible = Units::bernoulli;
  }
}

DBN DBN::of(const std::vector<RBM>& layers) {
  check(!layers.empty(), "[rbm] a DBN has one layer at least");
  DBN net;
  for (const RBM& layer : layers) net.add(layer);
  return net;
}

void DBN::add(const RBM& layer) {
  check(layer.hidden_units() == Units::bernoulli, "[rbm] the hidden units of a DBN are bernoulli, not {}",
        name_of(layer.hidden_units()));
  check(layers_.empty() || (layer.visible_units() == Units::bernoulli &&
                            layer.visible_shape() == layers_.back().hidden_shape()),
        "[rbm] {} cannot stand on {}", layer.describe(), layers_.empty() ? "" : layers_.back().describe());
  layers_.push_back(register_module(fmt::format("rbm{}", layers_.size() + 1), layer));
}

std::string DBN::describe() const {
  std::string sizes = std::to_string(layers_[0].visible_shape()[0]);
  for (const RBM& layer : layers_) sizes += fmt::format(", {}", layer.hidden_shape()[0]);
  return fmt::format("DBN({})", sizes);
}

Tensor DBN::up(const Tensor& v, int layers) const {
  check(layers >= 0 && layers <= size(), "[rbm] {} has no {} layers", describe(), layers);
  Tensor x = layers == 0 ? layers_[0].checked(v) : v;
  for (int i = 0; i < layers; ++i) x = layers_[size_t(i)](x);
  return x;
}

Tensor DBN::down(const Tensor& x, int layers) const {
  check(layers >= 0 && layers <= size(), "[rbm] {} has no {} layers", describe(), layers);
  const NoGrad guard;
  Tensor v = x;
  for (int i = layers - 1; i >= 0; --i) {
    const RBM& layer = layers_[size_t(i)];
    v = i == 0 ? layer.visible_mean(v) : layer.sample_visible(v);
  }
  return v;
}

Tensor DBN::sample(int64_t count, int64_t steps) const {
  const NoGrad guard;
  const RBM& top = layers_.back();
  return down(run_chain(top, top.noise(count), steps, size() == 1), size() - 1);
}

nn::Sequential DBN::unrolled(int64_t classes) const {
  check(classes >= 2, "[rbm] a classifier wants 2 classes or more, not {}", classes);
  nn::Sequential net({{"flatten", nn::Flatten()}});
  for (size_t i = 0; i < layers_.size(); ++i) {
    const RBM& layer = layers_[i];
    const nn::Linear linear(layer.visible_shape()[0], layer.hidden_shape()[0]);
    linear.weight().detach().copy_from(layer.weight().detach());
    linear.bias().detach().copy_from(layer.hidden_bias().detach());
    net.append(linear, fmt::format("fc{}", i + 1));
    net.append(nn::Sigmoid(), fmt::format("act{}", i + 1));
  }
  net.append(nn::Linear(layers_.back().hidden_shape()[0], classes), fmt::format("fc{}", layers_.size() + 1));
  return net;
}

}  // namespace fovea::rbm
