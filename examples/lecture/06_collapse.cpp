// A chain of linear layers is one linear layer.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  const nn::Sequential net(nn::Linear(2, 8), nn::Linear(8, 8), nn::Linear(8, 1));
  const nn::LinearChain one = nn::linear_chains(net, {1, 2}).at(0);
  const Tensor x = randn({1000, 2});
  const double difference = max(abs(net(x) - linear(x, one.weight, one.bias))).item();
  std::cout << one.describe() << "\nlargest difference " << difference << "\n";
  return difference < 1e-6 ? 0 : 1;
}
