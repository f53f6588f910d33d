// 3-4-2 has 20 weights and 6 biases, 3-4-4-1 has 32 and 9.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  const nn::Summary small = nn::summary(zoo::mlp({3, 4, 2}), {1, 3});
  const nn::Summary large = nn::summary(zoo::mlp({3, 4, 4, 1}), {1, 3});
  std::cout << small.arithmetic() << ": " << small.parameters() << " parameters\n"
            << large.arithmetic() << ": " << large.parameters() << " parameters\n";
  return small.parameters() == 26 && large.parameters() == 41 ? 0 : 1;
}
