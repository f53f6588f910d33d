#include <fmt/format.h>
#include <functional>
#include <map>

#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

using Activation = std::function<nn::AnyModule()>;
const std::map<std::string, Activation>& activations() {
  static const std::map<std::string, Activation> all{
      {"relu", [] { return nn::ReLU(); }},        {"tanh", [] { return nn::Tanh(); }},
      {"sigmoid", [] { return nn::Sigmoid(); }},  {"leaky_relu", [] { return nn::LeakyReLU(); }},
      {"elu", [] { return nn::ELU(); }},          {"selu", [] { return nn::SELU(); }},
      {"gelu", [] { return nn::GELU(); }},        {"silu", [] { return nn::SiLU(); }},
      {"softplus", [] { return nn::Softplus(); }}};
  return all;
}

Activation activation_named(const std::string& name) {
  const auto it = activations().find(name);
  if (it != activations().end()) return it->second;
  std::vector<std::string> known{"maxout"};
  for (const auto& [n, make] : activations()) known.push_back(n);
  const std::string close = nearest(name, known);
  fail("no activation is called '{}'{}: there are {}", name,
       close.empty() ? "" : fmt::format(" (did you mean {}?)", close), fmt::join(known, ", "));
}

}  // namespace

nn::Sequential perceptron(int64_t inputs, int64_t classes) {
  return nn::Sequential({{"flatten", nn::Flatten()}, {"fc", nn::Linear(inputs, classes)}});
}

nn::Sequential mlp(const std::vector<int64_t>& sizes, const std::string& activation) {
  check(sizes.size() >= 2, "an mlp wants at least an input and an output size, as in mlp:784-128-10");
  const bool maxout = activation == "maxout";
  const Activation between = maxout ? Activation() : activation_named(activation);
  nn::Sequential net({{"flatten", nn::Flatten()}});
  for (size_t i = 1; i < sizes.size(); ++i) {
    check(sizes[i - 1] > 0 && sizes[i] > 0, "the sizes of an mlp are positive, not {}",
          fmt::join(sizes, "-"));
    const bool last = i + 1 == sizes.size();
    const std::string number = std::to_string(i);
    if (!last && maxout) net.append(nn::MaxoutLinear(sizes[i - 1], sizes[i]), "fc" + number);
    else net.append(nn::Linear(sizes[i - 1], sizes[i]), "fc" + number);
    if (!last && !maxout) net.append(between(), "act" + number);
  }
  return net;
}

nn::Sequential lenet5(int64_t classes, int64_t channels, int64_t side) {
  check(side == 28 || side == 32, "lenet5 takes images of 28x28 or 32x32, not {}x{}: resize them", side,
        side);
  return nn::Sequential({{"conv1", nn::Conv2d(channels, 6, 5, {.padding = side == 28 ? 2 : 0})},
                         {"relu1", nn::ReLU()},
                         {"pool1", nn::MaxPool2d(2)},
                         {"conv2", nn::Conv2d(6, 16, 5)},
                         {"relu2", nn::ReLU()},
                         {"pool2", nn::MaxPool2d(2)},
                         {"flatten", nn::Flatten()},
                         {"fc1", nn::Linear(16 * 5 * 5, 120)},
                         {"relu3", nn::ReLU()},
                         {"fc2", nn::Linear(120, 84)},
                         {"relu4", nn::ReLU()},
                         {"fc3", nn::Linear(84, classes)}});
}

}  // namespace fovea::zoo
