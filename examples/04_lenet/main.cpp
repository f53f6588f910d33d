// LeNet-5 learns digits: the loop written out, with a data loader, a network from layers and an optimizer.
// One pass over a part of MNIST is enough to see it learn; `./fovea train data=mnist` does the whole job.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

int main() {
  manual_seed(0);
  nn::Sequential net(nn::Conv2d(1, 6, 5, {.padding = 2}), nn::ReLU(), nn::MaxPool2d(2),  //
                     nn::Conv2d(6, 16, 5), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),  //
                     nn::Linear(400, 120), nn::ReLU(), nn::Linear(120, 84), nn::ReLU(), nn::Linear(84, 10));
  std::cout << nn::summary(net, {1, 1, 28, 28}) << "\n";

  data::DataLoader train(data::open_dataset("mnist", data::Split::train), {.batch = 64, .shuffle = true});
  data::DataLoader test(data::open_dataset("mnist", data::Split::test), {.batch = 250});
  optim::SGD optimizer(net, {.lr = 0.03, .momentum = 0.9});

  int step = 0;
  for (auto& [images, labels] : train.epoch(0)) {
    const Tensor loss = cross_entropy(net(images), labels);
    optimizer.zero_grad();
    loss.backward();
    optimizer.step();
    if (++step % 100 == 0) std::cout << "step " << step << "  loss " << loss.item() << "\n";
    if (step == 400) break;
  }

  const NoGrad no_grad;
  net.eval();
  int64_t right = 0;
  for (auto& [images, labels] : test.epoch(0)) {
    const auto answers = argmax(net(images)).to_vector<int64_t>(), wanted = labels.to_vector<int64_t>();
    for (size_t i = 0; i < wanted.size(); ++i) right += answers[i] == wanted[i];
  }
  std::cout << "test accuracy " << double(right) / 100 << " % after " << step << " steps\n";
  return right > 9400 ? 0 : 1;
}
