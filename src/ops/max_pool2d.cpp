// Maximum over windows. The forward pass notes where in its window each maximum lies; the gradient goes back there.
#include <cmath>

#include "base/parallel.h"
#include "fovea/ops.h"
#include "op/pool.h"

namespace fovea {
namespace {

void check_window(const Call& c) {
  const Dims kernel = c.d("kernel", 2);
  check(kernel.numel() <= Pool::max_positions, "[{}] kernel={} has more than {} positions (inputs {}): use adaptive_max_pool2d",
        c.op().name(), kernel, int64_t{Pool::max_positions}, describe(c.ins));
}

template <class real>
void forward(const Call& c) {
  const Dims& shape = c.in(0).shape;
  const Pool pool(c, shape);
  const PoolAxis &rows = pool.rows, &columns = pool.columns;
  const int64_t plane = rows.windows * columns.windows;
  parallel_for(shape[0] * shape[1], 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k) {
      const real* x = c.in(0).ptr<real>() + k * rows.size * columns.size;
      for (int64_t at = 0; at < plane; ++at) {
        const int64_t i = at / columns.windows, j = at % columns.windows;
        real top = -INFINITY;
        int64_t where = -1;
        for (int64_t u = rows.first(i); u < rows.last(i); ++u)
          for (int64_t v = columns.first(j); v < columns.last(j); ++v) {
            const real value = x[(rows.start(i) + u * rows.dilation) * columns.size + columns.start(j) + v * columns.dilation];
            if (where < 0 || value > top || (value != value && top == top)) top = value, where = u * columns.kernel + v;
          }
        c.out(0).ptr<real>()[k * plane + at] = top;
        c.out(1).ptr<uint16_t>()[k * plane + at] = uint16_t(where);
      }
    }
  });
}

/// Calls f(element of x, element of y) for every window of plane k, in order.
template <class F>
void for_maxima(const Pool& pool, const uint16_t* index, int64_t k, F&& f) {
  const PoolAxis &rows = pool.rows, &columns = pool.columns;
  const int64_t windows = rows.windows * columns.windows, size = rows.size * columns.size;
  for (int64_t at = k * windows; at < (k + 1) * windows; ++at) {
    const int64_t i = at % windows / columns.windows, j = at % columns.windows;
    const int64_t row = rows.start(i) + index[at] / columns.kernel * rows.dilation;
    const int64_t column = columns.start(j) + index[at] % columns.kernel * columns.dilation;
    check(row >= 0 && row < rows.size && column >= 0 && column < columns.size, "index {} lies outside of x", index[at]);
    f(k * size + row * columns.size + column, at);
  }
}

template <class real>
void backward(const Call& c) {
  const Dims& shape = c.out().shape;
  const Pool pool(c, shape);
  const int64_t size = shape[2] * shape[3];
  real* dx = c.out().ptr<real>();
  parallel_for(shape[0] * shape[1], 1, [&](int64_t begin, int64_t end) {
    std::fill(dx + begin * size, dx + end * size, real(0));
    for (int64_t k = begin; k < end; ++k)
      for_maxima(pool, c.in(1).ptr<uint16_t>(), k, [&](int64_t to, int64_t at) { dx[to] += c.in(0).ptr<real>()[at]; });
  });
}

template <class real>
void take(const Call& c) {
  const Dims& shape = c.in(0).shape;
  const Pool pool(c, shape);
  parallel_for(shape[0] * shape[1], 1, [&](int64_t begin, int64_t end) {
    for (int64_t k = begin; k < end; ++k)
      for_maxima(pool, c.in(1).ptr<uint16_t>(), k,
                 [&](int64_t from, int64_t at) { c.out().ptr<real>()[at] = c.in(0).ptr<real>()[from]; });
  });
}

void check_index(const Call& c, const Dims& x) {
  const Dims wanted = Pool(c, x).pooled(x);
  check(c.in(1).shape == wanted, "[{}] index of x {} has shape {}, not {}", c.op().name(), x, wanted, c.in(1).shape);
}

Tensor with_index(const char* op, const Vjp& v, const Tensor& t, const Tensor& index, const Dims& size) {
  NamedAttrs attrs;
  for (const char* name : {"kernel", "stride", "padding", "dilation"}) attrs.push_back({name, v.d(name)});
  attrs.push_back({"ceil_mode", v.b("ceil_mode")});
  if (!size.empty()) attrs.push_back({"size", size});
  return call(op, {t, index}, attrs);
}

/// Test places: any of the first n positions of a window.
Gen index_below(int n, Dims shape) { return {shape, 0, double(n), u16, false}; }

Dims plane_of(const Tensor& x) { return {x.size(2), x.size(3)}; }

const std::vector<Sample> samples = {
    {{f({2, 8, 6, 6})}, {{"kernel", Dims{2}}}},
    {{f({1, 16, 7, 9})}, {{"kernel", Dims{3}}, {"stride", Dims{2}}, {"padding", Dims{1}}}},
    {{f({2, 3, 7, 6})}, {{"kernel", Dims{3, 2}}, {"stride", Dims{2, 1}}, {"padding", Dims{1, 0}}, {"ceil_mode", true}}},
    {{f({1, 8, 9, 8})}, {{"kernel", Dims{3}}, {"stride", Dims{1}}, {"padding", Dims{1}}, {"dilation", Dims{2}}}},
    {{f({2, 6, 8, 8})}, {{"kernel", Dims{2}}}},
    {{f({2, 8, 5, 5})}, {{"kernel", Dims{2}}, {"ceil_mode", true}}},
    {{f({2, 3, 20, 41})}, {{"kernel", Dims{3}}, {"stride", Dims{2}}}}};
const std::vector<Sample> bad = {{{f({8, 5})}, {{"kernel", Dims{2}}}},
                                 {{f({1, 1, 4, 4})}, {{"kernel", Dims{5}}}},
                                 {{f({1, 1, 4, 4})}, {{"kernel", Dims{2}}, {"padding", Dims{2}}}},
                                 {{f({1, 1, 4, 4})}, {{"kernel", Dims{2}}, {"stride", Dims{0}}}}};

FOVEA_OP(max_pool2d_forward){
    .signature = "max_pool2d_forward(x, kernel: ints, stride=[], padding=[0], dilation=[1], ceil_mode=false) -> (y, index)",
    .doc = "max_pool2d, and where in its window each maximum lies, counted row by row.",
    .require = {rank("x", 4), check_window},
    .shape = [](const Call& c) {
      const Dims y = Pool(c, c.in(0).shape).pooled(c.in(0).shape);
      return Specs{{y, c.dtype()}, {y, u16}};
    },
    .reference = FOVEA_FLOATS(forward),
    .vjp = [](const Vjp& v) {
      return Grads{with_index("max_pool2d_backward", v, v.g(), v.out(1), plane_of(v.in(0)))};
    },
    .saves = {{"index"}}, .samples = samples, .bad = bad, .internal = true,
};

FOVEA_OP(max_pool2d_backward){
    .signature = "max_pool2d_backward(g, index@u16, kernel: ints, size: ints, stride=[], padding=[0], dilation=[1], "
                 "ceil_mode=false)",
    .doc = "Gradient of max_pool2d with respect to its x, whose planes have `size`.",
    .require = {rank("g", 4), check_window},
    .shape = [](const Call& c) {
      const Dims& g = c.in(0).shape;
      const Dims x{g[0], g[1], c.d("size", 2)[0], c.d("size", 2)[1]};
      check_index(c, x);
      check(g == c.in(1).shape, "[max_pool2d_backward] g {} and index {} differ in shape", g, c.in(1).shape);
      return Specs{{x, c.dtype()}};
    },
    .reference = FOVEA_FLOATS(backward),
    .vjp = [](const Vjp& v) { return Grads{with_index("max_pool2d_take", v, v.g(), v.in(1), {}), {}}; },
    .saves = {{"index"}},
    .samples = {{{f({2, 8, 3, 3}), index_below(4, {2, 8, 3, 3})}, {{"kernel", Dims{2}}, {"size", Dims{6, 7}}}},
                {{f({1, 3, 2, 2}), index_below(9, {1, 3, 2, 2})},
                 {{"kernel", Dims{3}}, {"size", Dims{5, 6}}, {"stride", Dims{2}}}}},
    .bad = {{{f({1, 3, 2, 2}), index_below(4, {1, 3, 2, 2})}, {{"kernel", Dims{2}}, {"size", Dims{6, 6}}}}},
    .internal = true,
};

FOVEA_OP(max_pool2d_take){
    .signature = "max_pool2d_take(x, index@u16, kernel: ints, stride=[], padding=[0], dilation=[1], ceil_mode=false)",
    .doc = "The elements of x at the places of an earlier max_pool2d_forward.",
    .require = {rank("x", 4), check_window},
    .shape = [](const Call& c) {
      check_index(c, c.in(0).shape);
      return Specs{{c.in(1).shape, c.dtype()}};
    },
    .reference = FOVEA_FLOATS(take),
    .vjp = [](const Vjp& v) {
      return Grads{with_index("max_pool2d_backward", v, v.g(), v.in(1), plane_of(v.in(0))), {}};
    },
    .saves = {{"index"}},
    .samples = {{{f({2, 8, 6, 7}), index_below(4, {2, 8, 3, 3})}, {{"kernel", Dims{2}}}}},
    .bad = {{{f({2, 8, 6, 7}), index_below(4, {2, 8, 3, 2})}, {{"kernel", Dims{2}}}}},
    .internal = true,
};

FOVEA_OP(max_pool2d){
    .signature = "max_pool2d(x, kernel: ints, stride=[], padding=[0], dilation=[1], ceil_mode=false)",
    .doc = "Maximum over windows of (N,C,H,W); padding counts as -inf, NaN wins. No stride means stride = kernel. A side of H "
           "gives floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 windows (PyTorch; Caffe rounds up: ceil_mode, where "
           "windows that would start beyond the input are left out). Of equal maxima the first gets the gradient.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      return {apply(find_op("max_pool2d_forward"), a.ins, a.attrs())[0]};
    },
    .samples = samples, .bad = bad,
};

}  // namespace
}  // namespace fovea
