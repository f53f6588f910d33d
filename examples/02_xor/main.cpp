// XOR with one hidden layer: first with the two ReLU units whose weights one can find by hand, then learned
// from scratch; and why a chain of linear layers alone would not help.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  const Tensor x = tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}), y = tensor({0, 1, 1, 0}, {4, 1});

  // h1 = relu(x1 + x2), h2 = relu(x1 + x2 - 1), y = h1 - 2 h2.
  std::cout << "by hand: " << transpose(zoo::xor_by_hand()(x)).detach().contiguous() << "\n";

  // A chain of linear layers is one linear layer: W2 (W1 x + b1) + b2 = (W2 W1) x + (W2 b1 + b2).
  manual_seed(2);
  const nn::Sequential chain(nn::Linear(2, 3), nn::Linear(3, 1));
  const nn::LinearChain one = nn::linear_chains(chain, {1, 2}).at(0);
  const double difference = max(abs(chain(x) - linear(x, one.weight, one.bias))).item();
  std::cout << one.describe() << "\n  largest difference " << difference << "\n";

  // Learned: 2-4-1 with tanh, forward -> loss -> backward -> update.
  nn::Sequential net(nn::Linear(2, 4), nn::Tanh(), nn::Linear(4, 1));
  optim::SGD optimizer(net, {.lr = 0.3, .momentum = 0.9});
  double loss_value = 0;
  for (int i = 0; i < 500; ++i) {
    const Tensor loss = mse_loss(net(x), y);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    loss_value = loss.item();
  }
  std::cout << "learned (loss " << loss_value << "): " << transpose(net(x)).detach().contiguous() << "\n";
  return loss_value < 1e-3 && difference < 1e-6 ? 0 : 1;
}
