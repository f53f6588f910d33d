// Training steps of small and large networks, eager and compiled, in turn: medians in microseconds. usage:
// steps [seconds per row]
#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "fovea/fovea.h"

using namespace fovea;

namespace {

double seconds;

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + int64_t(v.size() / 2), v.end());
  return v[v.size() / 2];
}

void race(const char* name, const nn::Module& net, const Tensor& x, const Tensor& target,
          bool classes = true) {
  optim::SGD optimizer(net, {.lr = 0.01, .momentum = 0.9});
  const auto step = [&](const Tensor& images, const Tensor& labels) {
    const Tensor y = net(images);
    const Tensor loss = classes ? cross_entropy(y, labels) : mse_loss(y, labels);
    loss.backward();
    optimizer.step();
    optimizer.zero_grad();
    return loss;
  };
  auto compiled = compile(step);
  std::vector<double> eager_times, compiled_times;
  const auto time = [&](auto& f, std::vector<double>& times) {
    const auto start = std::chrono::steady_clock::now();
    f(x, target);
    times.push_back(1e6 * std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  };
  for (int i = 0; i < 3; ++i) step(x, target), compiled(x, target);
  for (double spent = 0; spent < seconds * 1e6; spent += eager_times.back() + compiled_times.back())
    time(step, eager_times), time(compiled, compiled_times);
  const auto& s = compiled.stats();
  fmt::print(
      "{:<22} eager {:>10.2f} us   compiled {:>10.2f} us   {:>5.2f}x   {:>3} kernels  {:>9.3f} of {:>9.3f} "
      "MB\n",
      name, median(eager_times), median(compiled_times), median(eager_times) / median(compiled_times),
      s.kernels, double(s.planned_bytes) / 1e6, double(s.unplanned_bytes) / 1e6);
}

nn::AnyModule mlp() { return zoo::make("mlp:784-128-10", {10, {1, 28, 28}}); }

}  // namespace

int main(int argc, char** argv) {
  use_short_spin(argv);
  seconds = argc > 1 ? std::atof(argv[1]) : 1;
  manual_seed(0);
  race("XOR 2-2-1 b4", nn::Sequential(nn::Linear(2, 2), nn::Tanh(), nn::Linear(2, 1)),
       tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2}), tensor({0, 1, 1, 0}, {4, 1}), false);
  for (const int64_t b : {1, 32, 128})
    race(fmt::format("MLP 784-128-10 b{}", b).c_str(), mlp(), rand({b, 1, 28, 28}), randint({b}, 0, 10));
  race("LeNet-5 b64", zoo::lenet5(), rand({64, 1, 28, 28}), randint({64}, 0, 10));
  race("ResNet-20 b128", zoo::make("resnet20", {10, {3, 32, 32}}), rand({128, 3, 32, 32}),
       randint({128}, 0, 10));
}
