// Trains a small network with nothing but the installed headers and library.
#include <fovea/train.h>

#include <cstdio>

int main() {
  using namespace fovea;
  const auto points = [](data::Split split) { return data::make_synthetic("circles", 400, split); };
  data::DataLoader train(points(data::Split::train), {.batch = 16, .shuffle = true});
  data::DataLoader val(points(data::Split::val), {.batch = 50, .normalize = train.normalization()});
  manual_seed(0);
  const nn::Sequential net(nn::Linear(2, 32), nn::ReLU(), nn::Linear(32, 2));
  const auto result = train::Trainer({.max_epochs = 20, .lr0 = 0.1}).fit(net, train, &val);
  std::printf("top1 %.1f%%\n", 100 * result.best_top1);
  return result.best_top1 > 0.9 ? 0 : 1;
}
