// Random inputs for the generated tests, made from the samples of the op table.
#pragma once
#include <cmath>

#include "fovea/autograd.h"
#include "fovea/op.h"
#include "fovea/random.h"

namespace fovea::testing {

/// A tensor for `g`; floats keep 1e-3 away from every kink.
inline Tensor make(const Gen& g, DType dtype, uint64_t seed, const std::vector<double>& kinks = {}) {
  if (g.undefined) return {};
  Generator random(seed);
  Tensor t = Tensor::empty(g.shape, f64);
  for (int64_t i = 0, n = t.numel(); i < n; ++i) {
    double v = g.low + (g.high - g.low) * double(random.uniform());
    if (g.dtype) v = std::floor(v);
    else
      for (double k : kinks)
        if (std::abs(v - k) < 1e-3) v = k + 2e-3;
    t.data<double>()[i] = v;
  }
  return t.to(g.dtype.value_or(dtype));
}

inline std::vector<Tensor> inputs_of(const Op& op, const Sample& s, DType dtype, uint64_t seed = 1) {
  std::vector<Tensor> in;
  for (size_t i = 0; i < s.in.size(); ++i) in.push_back(make(s.in[i], dtype, seed + 100 * i, op.kinks));
  return in;
}

/// Results of a call, followed by the inputs it wrote into; the inputs given stay as they are.
inline std::vector<Tensor> run(const Op& op, const std::vector<Tensor>& given, const NamedAttrs& attrs) {
  const NoGrad guard;
  manual_seed(7);
  std::vector<Tensor> in = given;
  for (size_t i = 0; i < in.size() && i < op.parsed.tensors.size(); ++i)
    if (in[i].defined() && op.parsed.tensors[i].mutated) in[i] = in[i].clone();
  std::vector<Tensor> out = apply(op, in, attrs_of(op, attrs));
  for (size_t i = 0; i < in.size() && i < op.parsed.tensors.size(); ++i)
    if (in[i].defined() && op.parsed.tensors[i].mutated) out.push_back(in[i]);
  return out;
}

inline double worst_error(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape()) return INFINITY;
  const auto x = a.to_vector<double>(), y = b.to_vector<double>();
  double worst = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i] == y[i] || (std::isnan(x[i]) && std::isnan(y[i]))) continue;
    const double e = std::abs(x[i] - y[i]) / (1 + std::abs(y[i]));
    worst = std::isnan(e) ? INFINITY : std::max(worst, e);
  }
  return worst;
}

/// Whether the tensor can be held in blocked layout.
inline bool blockable(const Tensor& t) {
  return t.defined() && t.rank() >= 4 && t.size(1) % 8 == 0 && is_float(t.dtype());
}

}  // namespace fovea::testing
