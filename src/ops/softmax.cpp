// Softmax and its logarithms. All subtract the maximum first, so they overflow for no finite input.
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "fovea/op.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

/// Runs f(row, stride, length) on every line of x along `dim`, given by the offset of its first element.
template <class F>
void for_lines(const Call& c, F&& f) {
  const Dims& shape = c.in(0).shape;
  const int dim = normal_axis(c.i("dim"), shape.size(), c.op().name().c_str());
  const int64_t length = shape[dim];
  int64_t stride = 1;
  for (int i = dim + 1; i < shape.size(); ++i) stride *= shape[i];
  const int64_t lines = length ? shape.numel() / length : 0;
  parallel_for(lines, std::max<int64_t>(1, 4096 / std::max<int64_t>(1, length)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) f(i / stride * stride * length + i % stride, stride, length);
  });
}

template <class real>
real largest(const real* x, int64_t stride, int64_t length) {
  real top = -INFINITY;
  for (int64_t i = 0; i < length; ++i)
    if (!(x[i * stride] <= top)) top = x[i * stride];  // NaN wins
  return top;
}

template <class real>
real sum_of_exp(const real* x, int64_t stride, int64_t length, real top) {
  real sum = 0;
  for (int64_t i = 0; i < length; ++i) sum += std::exp(x[i * stride] - top);
  return sum;
}

template <class real>
void softmax_forward(const Call& c) {
  for_lines(c, [&](int64_t at, int64_t stride, int64_t length) {
    const real* x = c.in(0).ptr<real>() + at;
    real* y = c.out().ptr<real>() + at;
    const real top = largest(x, stride, length), scale = 1 / sum_of_exp(x, stride, length, top);
    for (int64_t i = 0; i < length; ++i) y[i * stride] = std::exp(x[i * stride] - top) * scale;
  });
}

template <class real>
void log_softmax_forward(const Call& c) {
  for_lines(c, [&](int64_t at, int64_t stride, int64_t length) {
    const real* x = c.in(0).ptr<real>() + at;
    real* y = c.out().ptr<real>() + at;
    const real top = largest(x, stride, length), log_sum = std::log(sum_of_exp(x, stride, length, top));
    for (int64_t i = 0; i < length; ++i) y[i * stride] = (x[i * stride] - top) - log_sum;
  });
}

const std::vector<Sample> samples = {{{f({4, 10}, -4, 4)}},
                                     {{f({2, 8, 3, 5})}, {{"dim", 1}}},
                                     {{f({3, 5})}, {{"dim", 0}}},
                                     {{f({2, 3, 33}, 50, 90)}},
                                     {{f({7, 1})}}};
const std::vector<Sample> bad = {{{f({2, 3})}, {{"dim", 2}}}};

FOVEA_OP(softmax){
    .signature = "softmax(x, dim=-1)",
    .doc = "e^x / sum of e^x along `dim`: positive and of sum 1. The last dimension by default.",
    .require = {min_rank("x", 1)},
    .shape = same_as(0),
    .reference = FOVEA_FLOATS(softmax_forward),
    .vjp = [](const Vjp& v) {
      const Tensor& y = v.out();
      return Grads{mul(y, sub(v.g(), sum(mul(v.g(), y), {v.i("dim")}, true)))};
    },
    .saves = {{"y"}}, .samples = samples, .bad = bad,
};

FOVEA_OP(log_softmax){
    .signature = "log_softmax(x, dim=-1)",
    .doc = "log(softmax(x, dim)), exact where softmax underflows.",
    .require = {min_rank("x", 1)},
    .shape = same_as(0),
    .reference = FOVEA_FLOATS(log_softmax_forward),
    .vjp = [](const Vjp& v) { return Grads{sub(v.g(), mul(exp(v.out()), sum(v.g(), {v.i("dim")}, true)))}; },
    .saves = {{"y"}}, .samples = samples, .bad = bad,
};

/// x with the reduced dimensions last, as (kept, reduced).
Tensor reduced_last(const Tensor& x, const Dims& dims) {
  if (dims.empty()) return reshape(x, {1, x.numel()});
  Dims axes;
  int64_t kept = 1;
  std::vector<bool> reduced(size_t(x.rank()));
  for (int64_t d : dims) {
    const auto axis = size_t(normal_axis(d, x.rank(), "logsumexp"));
    check(!reduced[axis], "[logsumexp] dims={} names dim {} of {} twice", dims, d, x.shape());
    reduced[axis] = true;
  }
  for (const bool last : {false, true})
    for (int i = 0; i < x.rank(); ++i)
      if (reduced[size_t(i)] == last) axes.push_back(i), kept *= last ? 1 : x.size(i);
  return reshape(permute(x, axes), {kept, x.numel() / std::max<int64_t>(1, kept)});
}

template <class real>
void logsumexp_rows(const Call& c) {
  const int64_t rows = c.in(0).size(0), length = c.in(0).size(1);
  parallel_for(rows, std::max<int64_t>(1, 4096 / std::max<int64_t>(1, length)), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const real* x = c.in(0).ptr<real>() + i * length;
      const real top = largest(x, 1, length);
      c.out().ptr<real>()[i] = std::isinf(top) ? top : top + std::log(sum_of_exp(x, 1, length, top));
    }
  });
}

FOVEA_OP(logsumexp_last){
    .signature = "logsumexp_last(x)",
    .doc = "logsumexp of every row of a matrix.",
    .require = {rank("x", 2)},
    .shape = [](const Call& c) { return Specs{{{c.in(0).size(0)}, c.dtype()}}; },
    .reference = FOVEA_FLOATS(logsumexp_rows),
    .vjp = [](const Vjp& v) {
      return Grads{mul(unsqueeze(v.g(), 1), exp(sub(v.in(0), unsqueeze(v.out(), 1))))};
    },
    .saves = {{"x", "y"}}, .samples = {{{f({4, 33})}}, {{f({2, 3}, 50, 90)}}}, .bad = {{{f({3})}}}, .internal = true,
};

FOVEA_OP(logsumexp){
    .signature = "logsumexp(x, dims=[], keepdim=false)",
    .doc = "log(sum of e^x) over `dims` (all if none are named): a smooth maximum.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      const Dims& dims = a.d("dims");
      std::vector<bool> reduced(size_t(x.rank()), dims.empty());
      const Tensor rows = reduced_last(x, dims);
      for (int64_t d : dims) reduced[size_t(normal_axis(d, x.rank(), "logsumexp"))] = true;
      Dims shape;
      for (int i = 0; i < x.rank(); ++i)
        if (!reduced[size_t(i)]) shape.push_back(x.size(i));
        else if (a.b("keepdim")) shape.push_back(1);
      return {reshape(call("logsumexp_last", {rows}), shape)};
    },
    .samples = {{{f({2, 8, 3, 5})}},
                {{f({2, 8, 3, 5})}, {{"dims", Dims{1}}}},
                {{f({2, 8, 3, 5})}, {{"dims", Dims{3, 0}}, {"keepdim", true}}},
                {{f({4, 33}, 50, 90)}, {{"dims", Dims{-1}}}}},
    .bad = {{{f({2, 3})}, {{"dims", Dims{2}}}}, {{f({2, 3})}, {{"dims", Dims{0, 0}}}}},
};

}  // namespace
}  // namespace fovea
