// A training step in its steady state takes no memory from the system and touches no fresh page.
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <limits>

#include "base/arena.h"
#include "fovea/fovea.h"

namespace fovea {
namespace {

long page_faults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

TEST(SteadyState, TakesNoMemoryFromTheSystem) {
  manual_seed(0);
  const nn::Sequential net = zoo::lenet5();
  optim::SGD optimizer(net, {.lr = 0.01, .momentum = 0.9});
  const Tensor images = rand({64, 1, 28, 28}), labels = randint({64}, 0, 10);
  auto steps = [&](int n) {
    for (int i = 0; i < n; ++i) {
      const Tensor loss = cross_entropy(net(images), labels);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
    }
  };
  steps(10);
  const auto before = arena::stats();
  const long faults = page_faults();
  steps(50);
  EXPECT_EQ(arena::stats().system_calls, before.system_calls);
  EXPECT_EQ(arena::stats().live_bytes, before.live_bytes);
#ifdef __SANITIZE_ADDRESS__  // it holds freed memory back
  constexpr long allowed = std::numeric_limits<long>::max();
#else
  constexpr long allowed = 50;
#endif
  EXPECT_LT(page_faults() - faults, allowed);
}

}  // namespace
}  // namespace fovea
