// A neuron weighs its inputs, adds them up, and fires if the sum is above 0: AND.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  const nn::Perceptron unit(2);
  unit.weight().fill(1);
  unit.bias().fill(-1.5);
  const Tensor corners = tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
  const Tensor fires = unit.classify(corners);
  std::cout << fires << "\n";  // 0 0 0 1
  return fires.to_vector<int64_t>() == std::vector<int64_t>{0, 0, 0, 1} ? 0 : 1;
}
