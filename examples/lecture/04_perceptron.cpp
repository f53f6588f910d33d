// Rosenblatt's rule learns AND, and goes round for ever on XOR.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  const Tensor x = tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
  const nn::Perceptron both(2), either(2);
  const auto learned = nn::learn_perceptron(both, x, tensor({0, 0, 0, 1}));
  const auto defeated = nn::learn_perceptron(either, x, tensor({0, 1, 1, 0}));
  std::cout << "AND: " << learned.describe() << "\nXOR: " << defeated.describe() << "\n     "
            << nn::separability(x, tensor({0, 1, 1, 0})).describe() << "\n";
  return learned.converged() && !defeated.converged() ? 0 : 1;
}
