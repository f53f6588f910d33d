// Gradient descent, by hand: forward, loss, backward, update, on handwritten digits.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  const nn::Sequential net = zoo::mlp({784, 32, 10});
  optim::SGD optimizer(net, {.lr = 0.05, .momentum = 0.9});
  data::DataLoader loader(data::open_dataset("mnist", data::Split::train), {.batch = 64, .shuffle = true});
  double mean = 2.3;
  for (const auto& [images, labels] : loader.epoch(0)) {
    const Tensor loss = cross_entropy(net(images), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    mean = 0.99 * mean + 0.01 * loss.item();
  }
  std::cout << "loss " << mean << "\n";
  return mean < 0.4 ? 0 : 1;
}
