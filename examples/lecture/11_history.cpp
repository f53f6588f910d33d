// The networks of the field's history, by name.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  const init::Skip counts_alone;
  for (const char* name : {"perceptron", "lenet5", "alexnet_original", "vgg16", "googlenet", "resnet50"}) {
    int64_t parameters = 0;
    for (const Tensor& p : zoo::make(name, {}).parameters()) parameters += p.numel();
    std::cout << name << ": " << parameters << " parameters\n";
  }
}
