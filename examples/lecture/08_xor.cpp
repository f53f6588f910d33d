// XOR by two hidden ReLU units: h1 = relu(x1 + x2), h2 = relu(x1 + x2 - 1), y = h1 - 2 h2.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  const Tensor corners = tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});
  const Tensor y = reshape(zoo::xor_by_hand()(corners), {4}).detach();
  std::cout << y << "\n";
  return y.to_vector<float>() == std::vector<float>{0, 1, 1, 0} ? 0 : 1;
}
