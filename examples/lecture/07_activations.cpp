// The activations of the lecture at -1 and 1, and how steep they are there.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  for (const char* name : {"sigmoid", "tanh", "relu", "leaky_relu:0.1", "elu"}) {
    const nn::AnyModule f = nn::make_activation(name);
    const Tensor x = tensor({-1, 1}).set_requires_grad();
    const Tensor y = f(x);
    sum(y).backward();
    std::cout << name << ": " << y.detach() << "  slope " << x.grad() << "\n";
  }
  const nn::MaxoutLinear maxout(2, 3, 2);  // 3 units, each the larger of two weighted sums
  std::cout << "maxout: " << maxout(ones({1, 2})).detach() << "\n";
}
