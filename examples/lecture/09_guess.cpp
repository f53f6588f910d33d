// Guess, error, adjust: how many kilometers is a mile?
#include <cmath>
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  Tensor constant = tensor({0.4});
  const Tensor miles = tensor({1, 2, 5}), kilometers = miles * 1.609344;
  for (int step = 0; step < 20; ++step) {
    const Tensor guess = constant.set_requires_grad(), loss = mse_loss(miles * guess, kilometers);
    constant = guess.detach() - grad(loss, {guess})[0] * 0.03;
    std::cout << "error " << loss.item() << ", adjusted to " << constant.item() << "\n";
  }
  return std::abs(constant.item() - 1.609344) < 1e-4 ? 0 : 1;
}
