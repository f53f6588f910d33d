// A multilayer perceptron on a two-dimensional data set that no line separates, and how its parameters are
// counted.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  // 3 inputs, 4 hidden units, 2 outputs: 3*4 + 4*2 = 20 weights and 4 + 2 = 6 biases.
  std::cout << nn::summary(zoo::mlp({3, 4, 2}), {1, 3}) << "\n";

  const auto train = data::open_dataset("circles", data::Split::train);
  const auto test = data::open_dataset("circles", data::Split::test);
  data::DataLoader batches(train, {.batch = 32, .shuffle = true});
  data::DataLoader checks(test, {.batch = 32, .normalize = batches.normalization()});

  manual_seed(0);
  const nn::Sequential net = zoo::mlp({2, 16, 2}, "tanh");
  train::Trainer trainer({.max_epochs = 20, .optimizer = "adam", .lr0 = 0.02});
  const auto result = trainer.fit(net, batches, &checks);
  std::cout << "circles: " << 100 * result.best_top1 << " % of the test points after " << result.steps
            << " steps\n";
  return result.best_top1 > 0.95 ? 0 : 1;
}
