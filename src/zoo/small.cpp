#include <fmt/format.h>
#include <charconv>

#include "fovea/init.h"
#include "fovea/operators.h"
#include "fovea/zoo.h"

namespace fovea::zoo {
namespace {

/// 3 for "maxout:3", 2 for "maxout", 0 for other activations.
int64_t maxout_pieces(const std::string& activation) {
  if (activation == "maxout") return 2;
  if (!activation.starts_with("maxout:")) return 0;
  int64_t pieces = 0;
  const char* end = activation.data() + activation.size();
  const auto [next, error] = std::from_chars(activation.data() + 7, end, pieces);
  check(error == std::errc() && next == end && pieces > 0,
        "'{}' has no valid number of pieces: write maxout:3", activation);
  return pieces;
}

}  // namespace

nn::AnyModule constant() {
  struct Constant : nn::Module {
    Tensor weight = register_parameter("weight", Tensor::empty({1}));
    Constant() { init::uniform_(weight); }
    Tensor forward(const Tensor& x) const override { return x * weight; }
    std::string describe() const override { return "Constant"; }
  };
  return Constant();
}

nn::Sequential perceptron(int64_t inputs, int64_t classes) {
  return nn::Sequential({{"flatten", nn::Flatten()}, {"fc", nn::Linear(inputs, classes)}});
}

nn::Sequential mlp(const std::vector<int64_t>& sizes, const std::string& activation) {
  check(sizes.size() >= 2, "an mlp wants at least an input and an output size, as in mlp:784-128-10");
  const int64_t pieces = maxout_pieces(activation);
  const bool plain = pieces == 0 && activation != "none";
  if (plain) nn::make_activation(activation);  // refuses unknown names where no layer lies between, too
  nn::Sequential net({{"flatten", nn::Flatten()}});
  for (size_t i = 1; i < sizes.size(); ++i) {
    check(sizes[i - 1] > 0 && sizes[i] > 0, "the sizes of an mlp are positive, not {}",
          fmt::join(sizes, "-"));
    const bool last = i + 1 == sizes.size();
    const std::string number = std::to_string(i);
    if (!last && pieces) net.append(nn::MaxoutLinear(sizes[i - 1], sizes[i], pieces), "fc" + number);
    else net.append(nn::Linear(sizes[i - 1], sizes[i]), "fc" + number);
    if (!last && plain) net.append(nn::make_activation(activation), "act" + number);
  }
  return net;
}

nn::Sequential xor_by_hand() {
  const nn::Linear hidden(2, 2), output(2, 1, {.bias = false});
  hidden.weight().copy_from(ones({2, 2}));
  hidden.bias().copy_from(tensor({0, -1}));
  output.weight().copy_from(tensor({1, -2}, {1, 2}));
  return nn::Sequential({{"fc1", hidden}, {"act1", nn::ReLU()}, {"fc2", output}});
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
