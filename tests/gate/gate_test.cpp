// The performance gate: what a later change must not lose. No seconds, which depend on the machine and its
// neighbours, but what they do not change much or at all: shares of the multiply-add peak measured beside the
// kernel, kernels and bytes of plans, allocations of a replay.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "bench/kernels.h"
#include "fovea/fovea.h"

namespace {
std::atomic<int64_t> allocations{0};
}

void* operator new(size_t bytes) {
  ++allocations;
  if (void* p = std::malloc(bytes)) return p;
  throw std::bad_alloc();
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }

namespace fovea {
namespace {

struct Share {
  const char* problem;
  double forward, input_grad, weight_grad;  // of AVX2's peak that the chosen kernel must reach
};

/// Well below what an idle machine gives, for neighbours take their part; the best of some tries counts.
constexpr Share shares[] = {{"conv n=16 c=64 h=28 o=64 k=3 p=1", 1.5, 1.5, 1.2},       // Winograd F(4x4, 3x3)
                            {"conv n=8 c=64 h=27 o=192 k=5 p=2", 1.2, 1.2, 0.9},       // F(2x2, 5x5)
                            {"conv n=8 c=256 h=14 o=256 k=1", 0.5, 0.5, 0.4},          // 1x1
                            {"conv n=8 c=3 h=64 o=64 k=7 s=2 p=3", 0.5, 0, 0.4},       // a first layer
                            {"conv n=8 c=64 h=28 o=128 k=3 s=2 p=1", 0.45, 0.4, 0.4},  // direct
                            {"linear n=128 in=784 out=128", 0.3, 0.3, 0.3}};

TEST(Gate, KernelsKeepTheirShareOfThePeak) {
  if (!cpu_has_avx2()) return;  // references have no speed to keep
  for (const Share& s : shares) {
    const bench::Problem p = bench::parse_problem(s.problem);
    std::map<std::string, double> best;
    const std::map<std::string, double> least{
        {"forward", s.forward}, {"input grad", s.input_grad}, {"weight grad", s.weight_grad}};
    const auto reached = [&] {
      return std::all_of(least.begin(), least.end(),
                         [&](const auto& l) { return best[l.first] >= l.second; });
    };
    for (int tries = 0; tries < 10 && !reached(); ++tries) {
      const double peak = bench::fma_peak(false);
      for (const bench::KernelFigures& f : bench::measure_kernels(p, 0.03))
        if (f.chosen) best[f.product] = std::max(best[f.product], p.flops() / f.seconds / peak);
    }
    for (const auto& [product, share] : least)
      EXPECT_GE(best[product], share) << s.problem << " " << product << ": share of the peak";
  }
}

struct Training {
  nn::AnyModule net;
  optim::SGD optimizer;
  Compiled<std::function<Tensor(const Tensor&, const Tensor&)>> step;
  Tensor x, y;

  Training(const char* name, int64_t batch)
      : net(zoo::make(name)),
        optimizer(net, {.lr = 0.01, .momentum = 0.9, .weight_decay = 1e-4}),
        step([this](const Tensor& images, const Tensor& labels) {
          const Tensor loss = cross_entropy(net(images), labels);
          loss.backward();
          optimizer.step();
          optimizer.zero_grad();
          return loss;
        }) {
    Dims shape = zoo::info(name).input;
    shape.insert(0, batch);
    x = rand(shape), y = randint({batch}, 0, 10);
    for (int i = 0; i < 3; ++i) step(x, y);
  }
};

struct Bounds {
  const char* net;
  int64_t batch, kernels, megabytes;
};

TEST(Gate, PlansStaySmall) {
  if (!cpu_has_avx2()) return;  // without vector kernels nothing is joined
  set_num_threads(2);
  for (const Bounds& b : {Bounds{"mlp", 32, 8, 1},
                          {"lenet5", 64, 33, 3},
                          {"resnet20", 128, 189, 260},
                          {"mobilenet_v2", 2, 479, 112}}) {
    const Training t(b.net, b.batch);
    EXPECT_LE(t.step.stats().kernels, b.kernels) << b.net;
    EXPECT_LE(t.step.stats().planned_bytes, b.megabytes << 20) << b.net;
  }
  set_num_threads(0);
}

TEST(Gate, ReplaysAllocateNothing) {
  for (const char* name : {"mlp", "lenet5", "resnet20", "lstm"}) {
    Training t(name, 4);
    const int64_t before = allocations;
    for (int i = 0; i < 5; ++i) t.step(t.x, t.y);
    EXPECT_EQ(allocations - before, 0) << name << ": allocations of 5 replays";
  }
}

}  // namespace
}  // namespace fovea
