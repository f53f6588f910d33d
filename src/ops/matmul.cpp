// Products of matrices: matmul (batched) and linear (the fully connected layer).
#include <algorithm>

#include "base/parallel.h"
#include "fovea/autograd.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

Dims batch_of(const Dims& shape) { return Dims(shape.begin(), shape.end() - 2); }

Specs matmul_shape(const Call& c) {
  const Dims &x = c.in(0).shape, &y = c.in(1).shape;
  check(x[-1] == y[-2], "[matmul] inner sizes differ: x {} has {} columns, y {} has {} rows", x, x[-1], y, y[-2]);
  Dims shape = broadcast(batch_of(x), batch_of(y), "matmul");
  shape.push_back(x[-2]), shape.push_back(y[-1]);
  return {{shape, c.dtype()}};
}

/// Element offset of matrix `index` of a batch in `v`, whose leading dimensions broadcast to `batch`.
int64_t matrix_offset(const View& v, const Dims& batch, int64_t index) {
  int64_t at = 0;
  for (int i = batch.size() - 1, d = v.rank() - 3; i >= 0; --i, --d) {
    const int64_t k = index % batch[i];
    index /= batch[i];
    if (d >= 0 && v.shape[d] != 1) at += k * v.strides[d];
  }
  return at;
}

template <class real>
void matmul_forward(const Call& c) {
  const View &x = c.in(0), &y = c.in(1), &out = c.out();
  const int64_t m = x.size(-2), k = x.size(-1), n = y.size(-1);
  const Dims batch = batch_of(out.shape);
  parallel_for(batch.numel() * m, 8, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const real* a = x.ptr<real>() + matrix_offset(x, batch, row / m) + row % m * k;
      const real* b = y.ptr<real>() + matrix_offset(y, batch, row / m);
      real* o = out.ptr<real>() + row * n;
      std::fill(o, o + n, real(0));
      for (int64_t p = 0; p < k; ++p)
        for (int64_t j = 0; j < n; ++j) o[j] += a[p] * b[p * n + j];
    }
  });
}

FOVEA_OP(matmul){
    .signature = "matmul(x, y)",
    .doc = "Matrix product of the last two dimensions: (..., M, K) times (..., K, N) gives (..., M, N); leading dimensions broadcast.",
    .require = {min_rank("x", 2), min_rank("y", 2)},
    .shape = matmul_shape,
    .reference = FOVEA_FLOATS(matmul_forward),
    .vjp = [](const Vjp& v) {
      Grads g(2);
      if (v.needs(0)) g[0] = sum_to(matmul(v.g(), transpose(v.in(1))), v.in(0).shape());
      if (v.needs(1)) g[1] = sum_to(matmul(transpose(v.in(0)), v.g()), v.in(1).shape());
      return g;
    },
    .samples = {{{f({3, 4}), f({4, 5})}}, {{f({2, 3, 4}), f({2, 4, 1})}}, {{f({5, 1, 7, 9}), f({3, 9, 18})}},
                {{f({37, 70}), f({70, 35})}}},
    .bad = {{{f({2, 3}), f({4, 2})}}, {{f({3}), f({3, 2})}}},
};

template <class real>
void linear_forward(const Call& c) {
  const View &x = c.in(0), &w = c.in(1), &b = c.in(2);
  const int64_t k = w.size(1), n = w.size(0), rows = k ? x.numel() / k : c.out().numel() / std::max<int64_t>(n, 1);
  parallel_for(rows * n, 64, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const real *a = x.ptr<real>() + i / n * k, *r = w.ptr<real>() + i % n * k;
      real sum = 0;
      for (int64_t p = 0; p < k; ++p) sum += a[p] * r[p];
      c.out().ptr<real>()[i] = b ? sum + b.ptr<real>()[i % n] : sum;
    }
  });
}

Specs linear_shape(const Call& c) {
  const Dims &x = c.in(0).shape, &w = c.in(1).shape;
  check(x[-1] == w[1], "[{}] weight {} wants {} features but x {} has {}", c.op().name(), w, w[1], x, x[-1]);
  check(!c.in(2) || c.in(2).size(0) == w[0], "[{}] bias {} does not fit weight {}", c.op().name(), c.in(2).shape, w);
  Dims shape = x;
  shape[-1] = w[0];
  return {{shape, c.dtype()}};
}

FOVEA_OP(linear){
    .signature = "linear(x, weight, bias?)",
    .doc = "The fully connected layer: x weight^T + bias for x (..., K), weight (N, K), bias (N).",
    .require = {min_rank("x", 1), rank("weight", 2), rank("bias", 1)},
    .shape = linear_shape,
    .reference = FOVEA_FLOATS(linear_forward),
    .vjp = [](const Vjp& v) {
      const Tensor &x = v.in(0), &w = v.in(1);
      const Tensor g2 = reshape(v.g(), {-1, w.size(0)});
      Grads g(3);
      if (v.needs(0)) g[0] = reshape(matmul(g2, w), x.shape());
      if (v.needs(1)) g[1] = matmul(transpose(g2), reshape(x, {-1, w.size(1)}));
      if (v.inputs() > 2 && v.needs(2)) g[2] = sum(g2, {0});
      return g;
    },
    .saves = {{"x", "weight"}},
    .samples = {{{f({3, 4}), f({5, 4}), f({5})}}, {{f({2, 3, 7}), f({9, 7}), none()}}, {{f({65, 33}), f({20, 33}), f({20})}}},
    .bad = {{{f({3, 4}), f({5, 3}), none()}}, {{f({3, 4}), f({5, 4}), f({4})}}},
};

template <class real>
void linear_fused_forward(const Call& c) {
  linear_forward<real>(c);
  real* y = c.out().ptr<real>();
  const real low = real(c.f("low")), high = real(c.f("high"));
  for (int64_t i = 0; i < c.out().numel(); ++i) y[i] = y[i] < low ? low : y[i] > high ? high : y[i];
}

FOVEA_OP(linear_fused){
    .signature = "linear_fused(x, weight, bias?, low: float, high: float)",
    .doc = "linear(x, weight, bias) clamped to low .. high: what a plan makes of a fully connected layer and ReLU or ReLU6.",
    .require = {min_rank("x", 1), rank("weight", 2), rank("bias", 1)},
    .shape = linear_shape,
    .reference = FOVEA_FLOATS(linear_fused_forward),
    .no_gradient = "plans put it in after differentiation",
    .samples = {{{f({3, 4}), f({5, 4}), f({5})}, {{"low", 0.0}, {"high", 1.0}}},
                {{f({2, 50}), f({9, 50}), none()}, {{"low", 0.0}, {"high", 1e30}}},
                {{f({65, 933}), f({20, 933}), f({20})}, {{"low", -1.0}, {"high", 6.0}}},
                {{f({13, 2100}), f({520, 2100}), none()}, {{"low", -1.0}, {"high", 6.0}}}},
    .bad = {{{f({3, 4}), f({5, 3}), none()}, {{"low", 0.0}, {"high", 1.0}}}},
    .tolerance = 1e-4,
    .internal = true,
};

}  // namespace
}  // namespace fovea
