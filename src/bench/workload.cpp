#include "bench/workload.h"

#include <algorithm>
#include <chrono>
#include <fstream>

#include "fovea/autograd.h"
#include "fovea/compile.h"
#include "fovea/ops.h"
#include "fovea/optim.h"
#include "fovea/random.h"
#include "fovea/zoo.h"

namespace fovea::bench {
namespace {

struct Subject {
  nn::AnyModule net;
  Dims input;       // of one example
  int64_t classes;  // 0: the target is a number
  bool per_pixel = false;
};

Subject subject(const Workload& w) {
  if (w.net == "xor") return {nn::Sequential(nn::Linear(2, 2), nn::Tanh(), nn::Linear(2, 1)), {2}, 0};
  const zoo::Info info = zoo::info(w.net, w.size);
  return {zoo::make(w.net, w.size), info.input, info.classes, info.output == zoo::Output::pixels};
}

Dims with_batch(Dims input, int64_t batch) {
  input.insert(0, batch);
  return input;
}

/// Small, so that values stay ordinary however long the same batch is repeated.
constexpr double learning_rate = 1e-4;

std::function<void()> training_step(const Subject& s, const Tensor& x) {
  s.net.train();
  const auto optimizer = std::make_shared<optim::SGD>(
      s.net,
      optim::SGDOptions{.lr = learning_rate, .momentum = 0.9, .weight_decay = s.classes > 0 ? 5e-4 : 0});
  auto step = compile([net = s.net, optimizer, classes = s.classes](const Tensor& in, const Tensor& target) {
    const Tensor y = net(in), loss = classes > 0 ? loss_of(y, target) : mse_loss(y, target);
    loss.backward();
    optimizer->step();
    optimizer->zero_grad();  // nobody asks for gradients afterwards
    return loss;
  });
  const int64_t n = x.size(0);
  const Dims labels = s.per_pixel ? Dims{n, x.size(2), x.size(3)} : Dims{n};
  const Tensor target = s.classes > 0 ? randint(labels, 0, s.classes) : rand({n, 1});
  return [step = std::make_shared<decltype(step)>(std::move(step)), x, target] { (*step)(x, target); };
}

std::function<void()> prediction(const Subject& s, const Tensor& x) {
  s.net.eval();
  auto forward = compile([net = s.net](const Tensor& in) { return net(in); }, {.freeze = true});
  return [forward = std::make_shared<decltype(forward)>(std::move(forward)), x] {
    const NoGrad guard;
    (*forward)(x);
  };
}

}  // namespace

Tensor loss_of(const Tensor& y, const Tensor& labels) {
  if (y.rank() != 3) return cross_entropy(y, labels);
  const int64_t n = y.size(0);
  const Tensor one = full({n}, 1, i64), steps = full({n}, double(y.size(1)), i64);
  return ctc_loss(log_softmax(permute(y, {1, 0, 2}), 2), reshape(add(labels, one), {n, 1}), steps, one);
}

std::vector<Workload> race() {
  std::vector<Workload> all{{"xor", 4},       {"mlp", 1},        {"mlp", 32},          {"mlp", 128},
                            {"lenet5", 64},   {"resnet20", 128}, {"alexnet", 32},      {"vgg11", 8},
                            {"resnet18", 16}, {"resnet50", 8},   {"mobilenet_v2", 16}, {"lstm", 64}};
  for (const int64_t batch : {1, 32})
    for (const char* net : {"lenet5", "resnet20", "resnet18", "alexnet", "vgg11", "resnet50", "mobilenet_v2"})
      all.push_back({net, batch, false});
  return all;
}

std::function<void()> make_step(const Workload& w) {
  manual_seed(0);
  const Subject s = subject(w);
  const Tensor x = randn(with_batch(s.input, w.batch));
  return w.training ? training_step(s, x) : prediction(s, x);
}

int64_t forward_macs(const Workload& w) {
  const Subject s = subject(w);
  return nn::summary(s.net, with_batch(s.input, w.batch)).macs;
}

std::vector<double> measure(const std::function<void()>& step, double seconds) {
  using Clock = std::chrono::steady_clock;
  std::vector<double> times;
  const auto end = Clock::now() + std::chrono::duration<double>(seconds);
  Clock::time_point now;
  do {
    const auto start = Clock::now();
    step();
    now = Clock::now();
    times.push_back(std::chrono::duration<double>(now - start).count());
  } while (now < end && times.size() < max_steps);
  return times;
}

double quantile(std::vector<double> values, double q) {
  const auto at = values.begin() + std::min(int64_t(q * double(values.size())), int64_t(values.size()) - 1);
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

int64_t peak_rss() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return 1024 * std::stoll(line.substr(6));
  return 0;
}

}  // namespace fovea::bench
