// Pooling to a wanted size: window i of O along H elements is [floor(i H / O), ceil((i + 1) H / O)), as in PyTorch.
#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "fovea/op.h"
#include "fovea/ops.h"
#include "op/pool.h"

namespace fovea {
namespace {

struct AdaptiveAxis {
  int64_t size, windows;
  int64_t begin(int64_t i) const { return i * size / windows; }
  int64_t end(int64_t i) const { return ((i + 1) * size + windows - 1) / windows; }
};

struct AdaptivePool {
  AdaptivePool(const Dims& x, const Dims& y) : rows{x[2], y[2]}, columns{x[3], y[3]} {}
  double share(int64_t i, int64_t j) const {
    return 1.0 / double((rows.end(i) - rows.begin(i)) * (columns.end(j) - columns.begin(j)));
  }
  AdaptiveAxis rows, columns;
};

/// Calls f(pool, first element of x, first element of y) for every plane.
template <class F>
void for_planes(const Dims& x, const Dims& y, F&& f) {
  const AdaptivePool pool(x, y);
  parallel_for(x[0] * x[1], 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) f(pool, k * x[2] * x[3], k * y[2] * y[3]);
  });
}

template <class real>
void average(const Call& c) {
  real* y = c.out().ptr<real>();
  std::fill(y, y + c.out().numel(), real(0));
  for_planes(c.in(0).shape, c.out().shape, [&](const AdaptivePool& pool, int64_t from, int64_t to) {
    for_windows(pool, [&](int64_t in, int64_t out, int64_t i, int64_t j) {
      y[to + out] += c.in(0).ptr<real>()[from + in] * real(pool.share(i, j));
    });
  });
}

template <class real>
void average_gradient(const Call& c) {
  real* dx = c.out().ptr<real>();
  std::fill(dx, dx + c.out().numel(), real(0));
  for_planes(c.out().shape, c.in(0).shape, [&](const AdaptivePool& pool, int64_t to, int64_t from) {
    for_windows(pool, [&](int64_t in, int64_t out, int64_t i, int64_t j) {
      dx[to + in] += c.in(0).ptr<real>()[from + out] * real(pool.share(i, j));
    });
  });
}

template <class real>
void largest(const Call& c) {
  const Dims &x = c.in(0).shape, size = c.d("size", 2);
  for_planes(x, {x[0], x[1], size[0], size[1]}, [&](const AdaptivePool& pool, int64_t from, int64_t to) {
    const real* plane = c.in(0).ptr<real>() + from;
    int64_t* index = c.out().ptr<int64_t>() + to;
    std::fill(index, index + size.numel(), int64_t{-1});
    for_windows(pool, [&](int64_t in, int64_t out, int64_t, int64_t) {
      int64_t& best = index[out];
      const bool nan = plane[in] != plane[in];
      if (best < 0 || plane[in] > plane[best] || (nan && plane[best] == plane[best])) best = in;
    });
  });
}

void check_size(const AttrReader& a, const Dims& x) {
  const char* op = a.op().name().c_str();
  check(x.size() == 4 && x[2] > 0 && x[3] > 0, "[{}] x wants shape (N,C,H,W) with pixels, not {}", op, x);
  const Dims size = a.d("size", 2);
  check(size[0] > 0 && size[1] > 0, "[{}] size={} must be positive (x {})", op, size, x);
}

/// Whether the windows are those of a pooling with kernel = stride, which `attrs` then names.
bool even(const Dims& x, const Dims& size, NamedAttrs& attrs) {
  attrs = {{"kernel", Dims{x[2] / size[0], x[3] / size[1]}}};
  return x[2] % size[0] == 0 && x[3] % size[1] == 0;
}

FOVEA_OP(adaptive_avg_pool2d_uneven){
    .signature = "adaptive_avg_pool2d_uneven(x, size: ints)",
    .doc = "adaptive_avg_pool2d for sizes that do not divide those of x.",
    .require = {[](const Call& c) { check_size(c, c.in(0).shape); }},
    .shape = [](const Call& c) {
      return Specs{{{c.in(0).size(0), c.in(0).size(1), c.d("size", 2)[0], c.d("size", 2)[1]}, c.dtype()}};
    },
    .reference = FOVEA_FLOATS(average),
    .vjp = [](const Vjp& v) {
      return Grads{call("adaptive_avg_pool2d_backward", {v.g()}, {{"size", Dims{v.in(0).size(2), v.in(0).size(3)}}})};
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 5, 7})}, {{"size", Dims{3, 2}}}}, {{f({1, 2, 3, 2})}, {{"size", Dims{5}}}}},
    .bad = {{{f({8, 5})}, {{"size", Dims{2}}}}},
    .internal = true,
};

FOVEA_OP(adaptive_avg_pool2d_backward){
    .signature = "adaptive_avg_pool2d_backward(g, size: ints)",
    .doc = "Gradient of adaptive_avg_pool2d_uneven with respect to its x, whose planes have `size`.",
    .require = {[](const Call& c) { check_size(c, c.in(0).shape); }},
    .shape = [](const Call& c) {
      return Specs{{{c.in(0).size(0), c.in(0).size(1), c.d("size", 2)[0], c.d("size", 2)[1]}, c.dtype()}};
    },
    .reference = FOVEA_FLOATS(average_gradient),
    .vjp = [](const Vjp& v) {
      return Grads{call("adaptive_avg_pool2d_uneven", {v.g()}, {{"size", Dims{v.in(0).size(2), v.in(0).size(3)}}})};
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 2})}, {{"size", Dims{5, 7}}}}},
    .bad = {{{f({8, 5})}, {{"size", Dims{2}}}}},
    .internal = true,
};

FOVEA_OP(adaptive_avg_pool2d){
    .signature = "adaptive_avg_pool2d(x, size: ints)",
    .doc = "Mean over windows of (N,C,H,W) chosen so that `size` (height and width, or one number for both) of them cover x: "
           "window i is [floor(i H / size), ceil((i + 1) H / size)). size=1 is the global mean of each channel (Lin et al. 2013).",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      check_size(a, a.in(0).shape());
      NamedAttrs kernel;
      if (even(a.in(0).shape(), a.d("size", 2), kernel)) return {call("avg_pool2d", a.ins, kernel)};
      return {call("adaptive_avg_pool2d_uneven", a.ins, {{"size", a.d("size", 2)}})};
    },
    .samples = {{{f({2, 8, 6, 4})}, {{"size", Dims{1}}}},
                {{f({2, 8, 6, 4})}, {{"size", Dims{3, 2}}}},
                {{f({1, 3, 5, 7})}, {{"size", Dims{3, 7}}}}},
    .bad = {{{f({8, 5})}, {{"size", Dims{2}}}}, {{f({1, 8, 5, 5})}, {{"size", Dims{0}}}}},
};

FOVEA_OP(adaptive_max_pool2d_index){
    .signature = "adaptive_max_pool2d_index(x, size: ints) -> index",
    .doc = "Where in its plane the maximum of each window of adaptive_max_pool2d lies, as (N,C,windows).",
    .require = {[](const Call& c) { check_size(c, c.in(0).shape); }},
    .shape = [](const Call& c) { return Specs{{{c.in(0).size(0), c.in(0).size(1), c.d("size", 2).numel()}, i64}}; },
    .reference = FOVEA_FLOATS(largest),
    .no_gradient = "an index does not change smoothly",
    .samples = {{{f({2, 8, 5, 7})}, {{"size", Dims{3, 2}}}}},
    .bad = {{{f({8, 5})}, {{"size", Dims{2}}}}},
    .internal = true,
};

FOVEA_OP(adaptive_max_pool2d){
    .signature = "adaptive_max_pool2d(x, size: ints)",
    .doc = "Maximum over the windows of adaptive_avg_pool2d. NaN wins; of equal maxima the first gets the gradient.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      check_size(a, x.shape());
      const Dims size = a.d("size", 2);
      NamedAttrs kernel;
      const bool small = x.size(2) / size[0] * (x.size(3) / size[1]) <= Pool::max_positions;
      if (small && even(x.shape(), size, kernel)) return {call("max_pool2d", a.ins, kernel)};
      const Tensor index = call("adaptive_max_pool2d_index", {x}, {{"size", size}});
      const Tensor planes = reshape(x, {x.size(0), x.size(1), x.size(2) * x.size(3)});
      return {reshape(gather(planes, index, 2), {x.size(0), x.size(1), size[0], size[1]})};
    },
    .samples = {{{f({2, 8, 6, 4})}, {{"size", Dims{1}}}}, {{f({1, 3, 5, 7})}, {{"size", Dims{3, 2}}}}},
    .bad = {{{f({8, 5})}, {{"size", Dims{2}}}}},
};

}  // namespace
}  // namespace fovea
