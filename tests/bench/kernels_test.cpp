// The truth that kernels are measured against, and what is told about them.
#include "bench/kernels.h"

#include <gtest/gtest.h>

#include <csignal>
#include <map>

#include "bench/apart.h"
#include "bench/truth.h"
#include "bench/workload.h"
#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "fovea/ops.h"

namespace fovea::bench {
namespace {

Operands operands_of(const Problem& p) {
  return {randn({p.n, p.c, p.h, p.w}), randn({p.o, p.c / p.groups, p.kernel, p.kernel}),
          randn({p.n, p.o, p.out_h(), p.out_w()})};
}

/// Every element against the f64 op and its gradients, which are written and tested on their own.
TEST(Truth, IsThatOfTheOps) {
  for (const char* line :
       {"conv n=2 c=4 h=7 w=6 o=6 k=3 s=2 p=1 g=2", "conv n=3 c=2 h=5 o=3 k=2", "linear n=3 in=5 out=4"}) {
    const Problem p = parse_problem(line);
    const Operands t = operands_of(p);
    const Tensor x = t.x.to(f64).set_requires_grad(), w = t.weight.to(f64).set_requires_grad();
    const Tensor y = conv2d(x, w, {}, {p.stride}, {p.padding}, {1}, p.groups);
    sum(y * t.g.to(f64)).backward();
    for (const auto& [product, tensor] : {std::pair{Product::forward, y.detach()},
                                          {Product::input_grad, x.grad()},
                                          {Product::weight_grad, w.grad()}}) {
      const auto expected = tensor.to_vector<double>();
      for (size_t i = 0; i < expected.size(); ++i)
        ASSERT_NEAR(true_element(p, product, t, int64_t(i)), expected[i], 1e-12)
            << line << " " << name_of(product) << " " << i;
    }
  }
}

TEST(Truth, SeesAWrongResult) {
  const Problem p = parse_problem("conv n=1 c=8 h=6 o=8 k=3 p=1");
  const Operands t = operands_of(p);
  const NoGrad guard;
  const Tensor right = conv2d(t.x, t.weight, {}, {1}, {1}).to(Layout::plain).contiguous();
  EXPECT_LT(error_of(p, Product::forward, t, right, 500), 1e-5);
  EXPECT_NEAR(error_of(p, Product::forward, t, (right * 1.01).contiguous(), 500), 0.01, 1e-4);
}

TEST(Kernels, AreToldWithSpeedAndError) {
  for (const char* line : {"conv n=2 c=16 h=14 o=16 k=3 p=1", "linear n=8 in=32 out=16"}) {
    std::map<std::string, int> chosen;
    for (const KernelFigures& f : measure_kernels(parse_problem(line), 0)) {
      EXPECT_GT(f.seconds, 0) << line << " " << f.kernel;
      EXPECT_GT(f.error, 0) << line << " " << f.kernel;
      EXPECT_LT(f.error, 1e-4) << line << " " << f.kernel;
      chosen[f.product] += f.chosen;
    }
    const std::map<std::string, int> one_each{{"forward", 1}, {"input grad", 1}, {"weight grad", 1}};
    if (cpu_has_avx2()) {
      EXPECT_EQ(chosen, one_each) << line;
    }
  }
}

TEST(Apart, AnswersFailsAndDiesWithoutHarm) {
  EXPECT_EQ(run_apart([] { return std::string(200000, 'x'); }).size(), 200000u);
  EXPECT_EQ(run_apart([] { return std::string(); }), "");
  const auto message = [](const std::function<std::string()>& work) {
    try {
      run_apart(work);
    } catch (const Error& e) {
      return std::string(e.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_EQ(message([]() -> std::string { fail("no {}", 7); }), "no 7");
  EXPECT_EQ(message([]() -> std::string { ::raise(SIGKILL), std::abort(); }),
            "the process that ran it was ended by signal 9");
}

TEST(Workload, MeasuresStepsAndMemory) {
  int calls = 0;
  EXPECT_EQ(measure([&] { ++calls; }, 0).size(), 1u);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(measure([] {}, 100).size(), max_steps);
  EXPECT_EQ(quantile({3, 1, 2}, 0.5), 2);
  EXPECT_EQ(quantile({3, 1, 2}, 1), 3);
  const int64_t before = peak_rss();
  std::vector<char> block(64 << 20, 1);
  EXPECT_GE(peak_rss(), before + (32 << 20)) << int(block[12345]);
  EXPECT_EQ(forward_macs({"mlp", 3, true}), 3 * (784 * 128 + 128 * 10));
}

}  // namespace
}  // namespace fovea::bench
