// The CPU kernels of recurrent layers, their functions and their products.
#include <gtest/gtest.h>

#include "against_reference.h"
#include "backend/cpu/recurrent.h"

namespace fovea {
namespace {

using testing::expect_reference;
using testing::inputs;
using testing::make;

FOVEA_SIMD float quick(bool sigmoid, float x) {
  const simd::V<float> v = simd::V<float>{} + x;
  return (sigmoid ? recurrent::quick_sigmoid(v) : recurrent::quick_tanh(v))[0];
}

TEST(RecurrentKernels, QuickFunctionsErrByLessThanTheySay) {
  if (!cpu_has_avx2()) GTEST_SKIP() << "they are AVX2 code";
  double worst = 0;
  for (int i = -200000; i <= 200000; ++i) {
    const float x = float(i) * 1e-4f;
    worst = std::max({worst, std::abs(quick(false, x) - std::tanh(double(x))),
                      std::abs(quick(true, x) - 1 / (1 + std::exp(-double(x))))});
  }
  EXPECT_LT(worst, 4e-7);
  EXPECT_GT(worst, 0);
  EXPECT_TRUE(std::isnan(quick(false, NAN)));
}

/// Rows of very different size, sums with groups of 24 and without.
TEST(PairedProducts, MatchSumsInDouble) {
  if (!paired::available()) GTEST_SKIP() << "this processor does not add beside multiplying";
  constexpr int64_t width = paired::width;
  for (const int64_t depth : {1, 8, 23, 24, 150, 512})
    for (int64_t n = 1; n <= 8; ++n) {
      auto a = make(f({n, depth}), f32, 1).to_vector<float>();
      const auto b = make(f({paired::padded(depth), width}), f32, 2).to_vector<float>();
      for (size_t i = 0; i < a.size(); ++i) a[i] *= std::ldexp(1.0f, int(int64_t(i) / depth) * 30 - 90);
      std::vector<float> scratch(size_t(paired::Rows::floats(depth)), 7.0f), c(size_t(n * width), 2.0f);
      auto& rows = *reinterpret_cast<paired::Rows*>(scratch.data());
      float sums[width];
      paired::pair_sums<double>(b.data(), paired::padded(depth), sums);
      paired::take(a.data(), depth, n, depth, paired::largest(b.data(), depth * width), rows);
      paired::multiply<paired::Order::rows>(n, rows, sums, b.data(), paired::padded(depth), false, c.data(),
                                            width);
      for (int64_t r = 0; r < n; ++r)
        for (int64_t j = 0; j < width; ++j) {
          double exact = 0, size = 0;
          for (int64_t k = 0; k < depth; ++k) {
            const double term = double(a[size_t(r * depth + k)]) * b[size_t(k * width + j)];
            exact += term, size += std::abs(term);
          }
          EXPECT_LE(std::abs(c[size_t(r * width + j)] - exact), 1e-6 * size) << depth << " " << n << " " << r;
        }
    }
}

TEST(PairedProducts, OfZerosAreZero) {
  if (!paired::available()) GTEST_SKIP() << "this processor does not add beside multiplying";
  constexpr int64_t depth = 48, width = paired::width;
  const auto ones = make(f({depth, width}, 1, 2), f32, 1).to_vector<float>();
  const std::vector<float> zeros(ones.size());
  for (const bool left : {true, false}) {
    const float *a = left ? zeros.data() : ones.data(), *b = left ? ones.data() : zeros.data();
    std::vector<float> scratch(size_t(paired::Rows::floats(depth))), c(8 * width);
    auto& rows = *reinterpret_cast<paired::Rows*>(scratch.data());
    float sums[width];
    paired::pair_sums<double>(b, depth, sums);
    paired::take(a, depth, 8, depth, paired::largest(b, depth * width), rows);
    paired::multiply<paired::Order::rows>(8, rows, sums, b, depth, false, c.data(), width);
    for (const float value : c) EXPECT_EQ(value, 0);
  }
}

struct Case {
  int64_t steps, n, inputs, hidden;
  Gen of(int64_t width) const { return f({steps, n, width}); }
  Gen first(bool state) const { return state ? f({n, hidden}) : none(); }
  Gen weight(int64_t gates, int64_t columns) const {
    const double small = 1 / std::sqrt(double(hidden));
    return f({gates * hidden, columns}, -small, small);
  }
};

/// Units that fill vectors and that do not, rows that fill tiles and that do not, with and without states, at
/// both precisions: calls f(case, state, tolerance of gradients of up to 100).
template <class F>
void for_cases(F&& f) {
  for (const Precision p : {Precision::high, Precision::highest})
    for (const Case& k : {Case{1, 1, 1, 1},
                          {5, 1, 3, 13},
                          {3, 7, 9, 8},
                          {2, 16, 5, 40},
                          {4, 35, 50, 33},
                          {5, 64, 28, 128},
                          {2, 5, 17, 150}})
      for (const bool state : {true, false}) {
        set_precision(p);
        f(k, state, p == Precision::high ? 1e-4 : 1e-5);
      }
  set_precision(Precision::high);
}

std::vector<Tensor> run(const char* name, const std::vector<Tensor>& in, const NamedAttrs& attrs = {}) {
  return apply(find_op(name), in, attrs_of(find_op(name), attrs));
}

TEST(RecurrentKernels, OfLstmMatchTheReference) {
  for_cases([](const Case& k, bool state, double tolerance) {
    const auto in = inputs({k.of(k.inputs), k.weight(4, k.inputs), k.weight(4, k.hidden),
                            state ? f({4 * k.hidden}) : none(), k.first(state), k.first(state)});
    expect_reference("lstm_sequence", in, {});
    const auto l = run("lstm_sequence", in);
    const auto g = inputs({k.of(k.hidden), state ? k.of(k.hidden) : none()});
    expect_reference("lstm_sequence_backward",
                     {in[0], in[1], in[2], in[4], in[5], l[0], l[1], l[2], g[0], g[1], Tensor()},
                     {{"input_grad", state}}, tolerance);
  });
}

TEST(RecurrentKernels, OfGruMatchTheReference) {
  for_cases([](const Case& k, bool state, double tolerance) {
    const auto in = inputs({k.of(3 * k.hidden), k.weight(3, k.hidden), state ? f({3 * k.hidden}) : none(),
                            k.first(state), k.of(k.hidden)});
    expect_reference("gru_sequence", {in[0], in[1], in[2], in[3]}, {});
    const auto out = run("gru_sequence", {in[0], in[1], in[2], in[3]});
    expect_reference("gru_sequence_backward", {out[1], out[0], in[1], in[3], in[4], Tensor()}, {}, tolerance);
  });
}

TEST(RecurrentKernels, OfRnnMatchTheReference) {
  for_cases([](const Case& k, bool state, double tolerance) {
    const NamedAttrs activation{{"activation", state ? "tanh" : "relu"}};
    const auto in = inputs({k.of(k.hidden), k.weight(1, k.hidden), k.first(state), k.of(k.hidden)});
    expect_reference("rnn_sequence", {in[0], in[1], in[2]}, activation);
    const auto out = run("rnn_sequence", {in[0], in[1], in[2]}, activation);
    expect_reference("rnn_sequence_backward", {out[0], in[1], in[3]}, activation, tolerance);
  });
}

/// Against f64, relative to the largest result, over many steps.
TEST(RecurrentKernels, PrecisionIsAsPromised) {
  const NoGrad guard;
  const int64_t steps = 28, n = 24, features = 28, hidden = 128;
  const double small = 1 / std::sqrt(double(hidden));
  const auto in = inputs({f({steps, n, features}), f({4 * hidden, features}, -small, small),
                          f({4 * hidden, hidden}, -small, small), f({4 * hidden}, -small, small), none(),
                          none(), f({steps, n, hidden}, -1e-3, 1e-3)});
  const auto results = [&](DType t) {
    std::vector<Tensor> x;
    for (const Tensor& i : in) x.push_back(i ? i.to(t) : i);
    auto out = run("lstm_sequence", {x[0], x[1], x[2], x[3], {}, {}});
    const auto d =
        run("lstm_sequence_backward", {x[0], x[1], x[2], {}, {}, out[0], out[1], out[2], x[6], {}, {}});
    out.insert(out.end(), d.begin(), d.begin() + 4);
    return out;
  };
  const auto exact = results(f64);
  for (const Precision p : {Precision::high, Precision::highest}) {
    set_precision(p);
    const auto got = results(f32);
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_LE(max(abs(got[i].to(f64) - exact[i])).item(),
                (p == Precision::high ? 1e-5 : 3e-6) * max(abs(exact[i])).item())
          << "result " << i;
  }
  set_precision(Precision::high);
}

}  // namespace
}  // namespace fovea
