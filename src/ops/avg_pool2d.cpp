// Mean over windows.
#include <algorithm>

#include "base/parallel.h"
#include "fovea/ops.h"
#include "op/pool.h"

namespace fovea {
namespace {

/// What the sum over window (i, j) is multiplied by.
struct Share {
  explicit Share(const Call& c, const Pool& pool) : pool(pool), with_padding(c.b("count_include_pad")) {}
  double operator()(int64_t i, int64_t j) const {
    const PoolAxis &rows = pool.rows, &columns = pool.columns;
    if (with_padding) return 1.0 / double(rows.padded_count(i) * columns.padded_count(j));
    return 1.0 / double((rows.end(i) - rows.begin(i)) * (columns.end(j) - columns.begin(j)));
  }
  const Pool& pool;
  bool with_padding;
};

template <class real>
void forward(const Call& c) {
  const Dims &x = c.in(0).shape, &y = c.out().shape;
  const Pool pool(c, x);
  const Share share(c, pool);
  parallel_for(x[0] * x[1], 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const real* from = c.in(0).ptr<real>() + k * x[2] * x[3];
      real* to = c.out().ptr<real>() + k * y[2] * y[3];
      std::fill(to, to + y[2] * y[3], real(0));
      for_windows(pool, [&](int64_t in, int64_t out, int64_t i, int64_t j) { to[out] += from[in] * real(share(i, j)); });
    }
  });
}

template <class real>
void backward(const Call& c) {
  const Dims &x = c.out().shape, &y = c.in(0).shape;
  const Pool pool(c, x);
  const Share share(c, pool);
  parallel_for(x[0] * x[1], 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const real* from = c.in(0).ptr<real>() + k * y[2] * y[3];
      real* to = c.out().ptr<real>() + k * x[2] * x[3];
      std::fill(to, to + x[2] * x[3], real(0));
      for_windows(pool, [&](int64_t in, int64_t out, int64_t i, int64_t j) { to[in] += from[out] * real(share(i, j)); });
    }
  });
}

Tensor same_windows(const char* op, const Vjp& v, const Tensor& t, const Dims& size) {
  NamedAttrs attrs{{"ceil_mode", v.b("ceil_mode")}, {"count_include_pad", v.b("count_include_pad")}};
  for (const char* name : {"kernel", "stride", "padding"}) attrs.push_back({name, v.d(name)});
  if (!size.empty()) attrs.push_back({"size", size});
  return call(op, {t}, attrs);
}

FOVEA_OP(avg_pool2d){
    .signature = "avg_pool2d(x, kernel: ints, stride=[], padding=[0], ceil_mode=false, count_include_pad=true)",
    .doc = "Mean over windows of (N,C,H,W); no stride means stride = kernel, windows as in max_pool2d. Zeros of the padding "
           "count as elements unless count_include_pad is false; what ceil_mode adds beyond the padding never counts (PyTorch).",
    .require = {rank("x", 4)},
    .shape = [](const Call& c) { return Specs{{Pool(c, c.in(0).shape).pooled(c.in(0).shape), c.dtype()}}; },
    .reference = FOVEA_FLOATS(forward),
    .vjp = [](const Vjp& v) {
      return Grads{same_windows("avg_pool2d_backward", v, v.g(), {v.in(0).size(2), v.in(0).size(3)})};
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 6, 6})}, {{"kernel", Dims{2}}}},
                {{f({1, 16, 7, 9})}, {{"kernel", Dims{3}}, {"stride", Dims{2}}, {"padding", Dims{1}}}},
                {{f({2, 3, 7, 6})},
                 {{"kernel", Dims{3, 2}}, {"stride", Dims{2, 3}}, {"padding", Dims{1, 0}}, {"ceil_mode", true},
                  {"count_include_pad", false}}},
                {{f({1, 8, 6, 6})}, {{"kernel", Dims{3}}, {"stride", Dims{2}}, {"padding", Dims{1}}, {"ceil_mode", true}}},
                {{f({2, 8, 8, 8})}, {{"kernel", Dims{8}}}},
                {{f({2, 6, 8, 10})}, {{"kernel", Dims{2}}}}},
    .bad = {{{f({8, 5})}, {{"kernel", Dims{2}}}},
            {{f({1, 1, 4, 4})}, {{"kernel", Dims{5}}}}},
};

FOVEA_OP(avg_pool2d_backward){
    .signature = "avg_pool2d_backward(g, kernel: ints, size: ints, stride=[], padding=[0], ceil_mode=false, "
                 "count_include_pad=true)",
    .doc = "Gradient of avg_pool2d with respect to its x, whose planes have `size`.",
    .require = {rank("g", 4)},
    .shape = [](const Call& c) {
      const Dims& g = c.in(0).shape;
      const Dims x{g[0], g[1], c.d("size", 2)[0], c.d("size", 2)[1]};
      check(Pool(c, x).pooled(x) == g, "[avg_pool2d_backward] g {} does not come from x {}", g, x);
      return Specs{{x, c.dtype()}};
    },
    .reference = FOVEA_FLOATS(backward),
    .vjp = [](const Vjp& v) { return Grads{same_windows("avg_pool2d", v, v.g(), {})}; },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 3})}, {{"kernel", Dims{2}}, {"size", Dims{6, 7}}}},
                {{f({2, 8, 1, 1})}, {{"kernel", Dims{8}}, {"size", Dims{8, 8}}}},
                {{f({1, 3, 4, 3})},
                 {{"kernel", Dims{3}}, {"size", Dims{7, 6}}, {"stride", Dims{2}}, {"padding", Dims{1}}}}},
    .bad = {{{f({1, 3, 2, 2})}, {{"kernel", Dims{2}}, {"size", Dims{6, 6}}}}},
    .internal = true,
};

}  // namespace
}  // namespace fovea
