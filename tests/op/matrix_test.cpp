// The generated test matrix: every op of the table x its samples x dtypes, layouts, kernels, thread counts. A
// new op is tested here by standing in the table; one without samples, doc or gradient mark does not even
// register.
#include <gtest/gtest.h>

#include <iostream>

#include "fovea/kernel.h"
#include "op/pointwise_run.h"
#include "samples.h"

namespace fovea {
namespace {

using fovea::testing::blockable;
using fovea::testing::inputs_of;
using fovea::testing::make;
using fovea::testing::run;
using fovea::testing::worst_error;

class OpMatrix : public ::testing::TestWithParam<std::string> {
 protected:
  const Op& op() const { return find_op(GetParam()); }
  std::vector<DType> dtypes() const {
    return op().dtypes == DTypes::floats ? std::vector<DType>{f32, f64}
                                         : std::vector<DType>{f32, f64, i32, i64};
  }
};

std::string where(const Op& op, const Sample& s) {
  return op.name() + " sample " + std::to_string(&s - op.samples.data());
}

void expect_close(const std::vector<Tensor>& a, const std::vector<Tensor>& b, double tolerance,
                  const std::string& what) {
  ASSERT_EQ(a.size(), b.size()) << what;
  for (size_t i = 0; i < a.size(); ++i)
    EXPECT_LE(worst_error(a[i], b[i]), tolerance) << what << " result " << i;
}

TEST_P(OpMatrix, ComputesInEveryDtype) {
  for (const Sample& s : op().samples)
    for (DType t : dtypes()) {
      const auto out = run(op(), inputs_of(op(), s, t), s.attrs);
      size_t written = 0;
      for (const auto& arg : op().parsed.tensors) written += arg.mutated;
      EXPECT_GE(out.size(), op().parsed.results.size());
      EXPECT_LE(out.size(), op().parsed.results.size() + written);
    }
}

TEST_P(OpMatrix, SinglePrecisionMatchesDouble) {
  for (const Sample& s : op().samples) {
    std::vector<Tensor> single = inputs_of(op(), s, f32), twice = single;
    for (auto& t : twice)
      if (t.defined() && t.dtype() == f32) t = t.to(f64);
    auto a = run(op(), single, s.attrs), b = run(op(), twice, s.attrs);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) {
      if (!is_float(a[i].dtype()) || a[i].dtype() == b[i].dtype()) continue;
      EXPECT_LE(worst_error(a[i], b[i]), op().tolerance * 10) << where(op(), s);
    }
  }
}

TEST_P(OpMatrix, KernelsMatchTheReference) {
  for (const Kernel& kernel : kernels_of(op().name())) {
    const std::string name = kernel.name;
    const double tolerance = std::max(op().tolerance, kernel.tolerance);
    int ran = 0;
    std::string refusal;
    for (const Sample& s : op().samples)
      for (DType t : dtypes()) {
        const auto in = inputs_of(op(), s, t);
        std::vector<Tensor> expected, got;
        {
          const ForceKernel force("reference");
          expected = run(op(), in, s.attrs);
        }
        try {
          const ForceKernel force(name);
          got = run(op(), in, s.attrs);
          ++ran;
        } catch (const Error& e) {
          refusal = e.what();
          ASSERT_NE(refusal.find("refuses"), std::string::npos) << refusal;
          continue;
        }
        expect_close(got, expected, t == f64 ? 1e-11 : tolerance, where(op(), s) + " kernel " + name);
      }
    if (ran == 0) std::cout << "  " << name << " ran on no sample: " << refusal << "\n";
  }
}

/// sum over float results of result * weights, the scalar whose gradients are checked.
Tensor weighted_sum(const std::vector<Tensor>& out, uint64_t seed) {
  Tensor total;
  for (size_t i = 0; i < out.size(); ++i) {
    if (!is_float(out[i].dtype()) || (!out[i].requires_grad() && grad_enabled())) continue;
    const Tensor w = make(f(out[i].shape(), 0.5, 1.5), f64, seed + i);
    const Tensor part = call("sum", {call("mul", {call("cast", {out[i]}, {{"dtype", f64}}), w})});
    total = total.defined() ? call("add", {total, part}) : part;
  }
  return total;
}

struct Scalar {  // a scalar function of the inputs and its gradient, for central differences
  const Op& op;
  const Sample& s;
  double value(const std::vector<Tensor>& in) const {
    const NoGrad guard;
    manual_seed(7);
    return weighted_sum(apply(op, in, attrs_of(op, s.attrs)), 50).item();
  }
  std::vector<Tensor> gradient(const std::vector<Tensor>& in, const std::vector<Tensor>& wanted,
                               bool create_graph) const {
    manual_seed(7);
    return grad(weighted_sum(apply(op, in, attrs_of(op, s.attrs)), 50), wanted,
                {.create_graph = create_graph});
  }
};

double dot(const Tensor& a, const Tensor& b) {
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

/// `in` with input k moved by h * direction.
std::vector<Tensor> moved(std::vector<Tensor> in, size_t k, const Tensor& direction, double h) {
  Tensor t = in[k].detach().clone();
  const auto d = direction.to_vector<double>();
  for (size_t i = 0; i < d.size(); ++i) t.data<double>()[i] += h * d[i];
  in[k] = t;
  return in;
}

/// Directions to check: single elements first, then all together.
Tensor direction_for(const Tensor& t, int trial) {
  if (trial < 6 && t.numel() > 0) {
    Tensor d = zeros(t.shape(), f64);
    d.data<double>()[(trial * 7919) % t.numel()] = 1;
    return d;
  }
  return make(f(t.shape(), -1, 1), f64, 900 + uint64_t(trial));
}

bool differentiable(const Op& op) {
  if (!op.no_gradient.empty()) return false;
  for (const auto& t : op.parsed.tensors)
    if (t.mutated) return false;
  return true;
}

/// Whether `e` says that a derivative is not written (as opposed to wrong); told once per op.
bool not_written(const Error& e) {
  if (std::string(e.what()).find("not provided") == std::string::npos) return false;
  std::cout << "  " << e.what() << "\n";
  return true;
}

/// The float inputs a gradient can be asked for, marked as such.
std::vector<size_t> leaves(std::vector<Tensor>& in) {
  std::vector<size_t> at;
  for (size_t k = 0; k < in.size(); ++k)
    if (in[k].defined() && in[k].dtype() == f64) in[k] = in[k].clone().set_requires_grad(), at.push_back(k);
  return at;
}

TEST_P(OpMatrix, GradientMatchesCentralDifferences) {
  if (!differentiable(op())) return;
  for (const Sample& s : op().samples) {
    const Scalar scalar{op(), s};
    auto in = inputs_of(op(), s, f64);
    const auto at = leaves(in);
    std::vector<Tensor> wanted;
    for (size_t k : at) wanted.push_back(in[k]);
    manual_seed(7);
    const Tensor probe = weighted_sum(apply(op(), in, attrs_of(op(), s.attrs)), 50);
    if (!probe.defined() || !probe.requires_grad()) continue;  // integer results
    std::vector<Tensor> gradient;
    try {
      gradient = scalar.gradient(in, wanted, false);
    } catch (const Error& e) {
      if (!not_written(e)) ADD_FAILURE() << where(op(), s) << ": " << e.what();
      return;
    }
    for (size_t w = 0; w < at.size(); ++w)
      for (int trial = 0; trial < 8; ++trial) {
        const Tensor d = direction_for(in[at[w]], trial);
        const double h = 1e-5;
        const double numeric =
            (scalar.value(moved(in, at[w], d, h)) - scalar.value(moved(in, at[w], d, -h))) / (2 * h);
        const double exact = gradient[w].defined() ? dot(gradient[w], d) : 0;
        const double scale = 1 + std::abs(numeric) + (trial < 6 ? 0 : std::sqrt(double(d.numel())));
        EXPECT_LE(std::abs(exact - numeric) / scale, 1e-6)
            << where(op(), s) << " input " << at[w] << " trial " << trial << ": exact " << exact
            << " numeric " << numeric;
      }
  }
}

TEST_P(OpMatrix, SecondGradientMatchesCentralDifferences) {
  if (!differentiable(op())) return;
  for (const Sample& s : op().samples) {
    const Scalar scalar{op(), s};
    auto in = inputs_of(op(), s, f64);
    const auto at = leaves(in);
    std::vector<Tensor> wanted;
    for (size_t k : at) wanted.push_back(in[k]);
    manual_seed(7);
    const Tensor probe = weighted_sum(apply(op(), in, attrs_of(op(), s.attrs)), 50);
    if (!probe.defined() || !probe.requires_grad()) continue;
    std::vector<Tensor> first;
    Tensor total;
    auto inner = [&](const std::vector<Tensor>& point, bool graph) {
      std::vector<Tensor> want;
      for (size_t k : at) want.push_back(point[k]);
      first = scalar.gradient(point, want, graph);
      Tensor sum;
      for (size_t w = 0; w < first.size(); ++w)
        if (first[w].defined()) {
          const Tensor weights = make(f(first[w].shape(), 0.5, 1.5), f64, 70 + w);
          const Tensor part = call("sum", {call("mul", {first[w], weights})});
          sum = sum.defined() ? call("add", {sum, part}) : part;
        }
      return sum;
    };
    std::vector<Tensor> second;
    try {
      total = inner(in, true);
      if (!total.defined() || !total.requires_grad()) continue;  // linear: the gradient is constant
      second = grad(total, wanted);
    } catch (const Error& e) {
      if (!not_written(e)) ADD_FAILURE() << where(op(), s) << ": " << e.what();
      return;
    }
    for (size_t w = 0; w < at.size(); ++w)
      for (int trial : {0, 3, 7}) {
        const Tensor d = direction_for(in[at[w]], trial);
        const double h = 1e-5;
        auto value = [&](double step) {
          auto point = moved(in, at[w], d, step);
          for (size_t k : at) point[k] = point[k].detach().set_requires_grad();
          return inner(point, false).item();
        };
        const double numeric = (value(h) - value(-h)) / (2 * h),
                     exact = second[w].defined() ? dot(second[w], d) : 0;
        const double scale = 1 + std::abs(numeric) + (trial < 6 ? 0 : std::sqrt(double(d.numel())));
        EXPECT_LE(std::abs(exact - numeric) / scale, 2e-6)
            << where(op(), s) << " input " << at[w] << " trial " << trial << ": exact " << exact
            << " numeric " << numeric;
      }
  }
}

TEST_P(OpMatrix, BlockedLayoutMatchesPlain) {
  for (const Sample& s : op().samples) {
    const auto in = inputs_of(op(), s, f32);
    auto blocked = in;
    bool any = false;
    for (size_t i = 0; i < blocked.size(); ++i) {
      const auto& args = op().parsed.tensors;
      if (!blockable(blocked[i]) || args[std::min(i, args.size() - 1)].mutated) continue;
      blocked[i] = blocked[i].to(Layout::blocked8), any = true;
    }
    if (any)
      expect_close(run(op(), blocked, s.attrs), run(op(), in, s.attrs), op().tolerance, where(op(), s));
  }
}

TEST_P(OpMatrix, StridedInputsMatchDense) {
  for (const Sample& s : op().samples) {
    const auto in = inputs_of(op(), s, f32);
    auto strided = in;
    for (size_t i = 0; i < in.size(); ++i) {
      const auto& args = op().parsed.tensors;
      if (!in[i].defined() || in[i].rank() < 2 || args[std::min(i, args.size() - 1)].mutated) continue;
      Dims reversed;
      for (int d = in[i].rank() - 1; d >= 0; --d) reversed.push_back(d);
      strided[i] = in[i].permute(reversed).contiguous().permute(reversed);
    }
    expect_close(run(op(), strided, s.attrs), run(op(), in, s.attrs), op().tolerance, where(op(), s));
  }
}

TEST_P(OpMatrix, ThreadsDoNotChangeABit) {
  for (const Sample& s : op().samples) {
    const auto in = inputs_of(op(), s, f32);
    set_num_threads(1);
    const auto one = run(op(), in, s.attrs);
    set_num_threads(4);
    const auto four = run(op(), in, s.attrs);
    set_num_threads(0);
    ASSERT_EQ(one.size(), four.size());
    for (size_t i = 0; i < one.size(); ++i) EXPECT_TRUE(same_bits(one[i], four[i])) << where(op(), s);
  }
}

TEST_P(OpMatrix, InPlaceMatchesOutOfPlace) {
  if (!op().pointwise) return;
  for (const Sample& s : op().samples) {
    const auto in = inputs_of(op(), s, f32);
    const auto expected = run(op(), in, s.attrs);
    if (expected[0].shape() != in[0].shape() || expected[0].dtype() != in[0].dtype()) continue;
    std::vector<View> views;
    const Tensor target = in[0].clone();
    for (const auto& t : in) views.push_back(view_of(t));
    views[0] = view_of(target);
    const Attrs attrs = attrs_of(op(), s.attrs);
    const Call c(op(), attrs, views, {views[0]});
    refuse_avx2(c) ? run_pointwise_baseline(c) : run_pointwise_avx2(c);
    EXPECT_TRUE(same_bits(target, expected[0])) << where(op(), s);
  }
}

TEST_P(OpMatrix, SurvivesNotFiniteInputs) {
  for (const Sample& s : op().samples) {
    auto in = inputs_of(op(), s, f32);
    for (auto& t : in) {
      if (!t.defined() || t.dtype() != f32) continue;
      t = t.clone();
      const float values[] = {NAN, INFINITY, -INFINITY, 0.f, -0.f, 3e38f};
      for (int64_t i = 0; i < t.numel(); i += 2) t.data<float>()[i] = values[i / 2 % 6];
    }
    try {
      run(op(), in, s.attrs);
    } catch (const Error&) {  // a refusal that says why is as good as a result
    }
  }
}

TEST_P(OpMatrix, BadCallsNameTheOpAndTheShapes) {
  for (const Sample& s : op().bad) {
    const auto in = inputs_of(op(), s, f32);
    try {
      run(op(), in, s.attrs);
      ADD_FAILURE() << op().name() << " accepted bad sample " << &s - op().bad.data();
    } catch (const Error& e) {
      const std::string text = e.what();
      EXPECT_NE(text.find("[" + op().name() + "]"), std::string::npos) << text;
      bool shape_named = in.empty() || text.find("takes") != std::string::npos;
      for (const auto& t : in) shape_named |= t.defined() && text.find(t.shape().str()) != std::string::npos;
      EXPECT_TRUE(shape_named || text.find("dim") != std::string::npos) << text;
    }
  }
}

std::vector<std::string> all_names() {
  std::vector<std::string> names;
  for (const auto& [name, op] : op_table()) names.push_back(name);
  return names;
}

INSTANTIATE_TEST_SUITE_P(All, OpMatrix, ::testing::ValuesIn(all_names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fovea
