// What tensors in blocked layout gain: a training step (forward and backward) of a chain of 3x3 convolutions
// with ReLU, in blocked8 and with plain layout forced, in turn. Prints the median of the ratios. With
// "highest" the blocked side does without Winograd: direct kernels against direct kernels. usage:
// layout_chain [rounds] [highest]
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "fovea/fovea.h"
#include "op/dispatch.h"

using namespace fovea;

namespace {

double seconds(const nn::Sequential& net, const Tensor& x, bool plain) {
  set_plain_only(plain);
  const auto start = std::chrono::steady_clock::now();
  sum(net(x)).backward();
  net.zero_grad();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

void compare(const char* name, const nn::Sequential& net, const Tensor& x, int rounds) {
  std::vector<double> ratios, blocked_times, plain_times;
  for (int i = -1; i < rounds; ++i) {
    const double blocked = seconds(net, x, false), plain = seconds(net, x, true);
    if (i < 0) continue;  // warm-up
    ratios.push_back(plain / blocked), blocked_times.push_back(blocked), plain_times.push_back(plain);
  }
  auto median = [](std::vector<double> v) {
    std::nth_element(v.begin(), v.begin() + int64_t(v.size() / 2), v.end());
    return v[v.size() / 2];
  };
  fmt::print("{:<44} blocked {:7.2f} ms  plain {:7.2f} ms  plain/blocked {:.2f}\n", name,
             1e3 * median(blocked_times), 1e3 * median(plain_times), median(ratios));
}

nn::Conv2d conv(int64_t in, int64_t out) { return nn::Conv2d(in, out, 3, {.padding = 1}); }

/// Four convolutions with as many channels in as out.
void compare_even(int64_t batch, int64_t channels, int64_t side, int rounds) {
  const nn::Sequential net(conv(channels, channels), nn::ReLU(), conv(channels, channels), nn::ReLU(),
                           conv(channels, channels), nn::ReLU(), conv(channels, channels), nn::ReLU());
  const std::string name = fmt::format("batch {}, 4 x {} channels, {}x{}", batch, channels, side, side);
  compare(name.c_str(), net, randn({batch, channels, side, side}), rounds);
}

}  // namespace

int main(int argc, char** argv) {
  use_short_spin(argv);
  const int rounds = argc > 1 ? std::max(1, std::atoi(argv[1])) : 15;
  if (argc > 2 && std::string(argv[2]) == "highest") set_precision(Precision::highest);
  manual_seed(0);
  const nn::Sequential net(conv(3, 32), nn::ReLU(), conv(32, 32), nn::ReLU(), nn::MaxPool2d(2), conv(32, 64),
                           nn::ReLU(), conv(64, 64), nn::ReLU());
  compare("batch 64, 3-32-32-pool-64-64, 32x32", net, randn({64, 3, 32, 32}), rounds);
  compare_even(128, 16, 32, rounds);
  compare_even(128, 32, 16, rounds);
  compare_even(128, 64, 8, rounds);
  compare_even(16, 64, 56, rounds);
}
