// Reading and writing at positions given by integer tensors. Sums run in the order of the index, so they are deterministic.
#include <cstring>

#include "fovea/autograd.h"
#include "fovea/ops.h"
#include "ops/lines.h"

namespace fovea {
namespace {

constexpr const char* no_slope = "the result depends on integers alone";

/// index has as many dimensions as x, none but `dim` larger than x's.
void check_fits(const char* op, const Dims& index, const Dims& x, int64_t dim) {
  check(index.size() == x.size() && x.size() > 0, "[{}] index {} wants as many dimensions as {}, at least one", op, index, x);
  const int along = normal_axis(dim, x.size(), op);
  for (int d = 0; d < x.size(); ++d)
    check(d == along || index[d] <= x[d], "[{}] index {} is larger than x {} outside of dim {}", op, index, x, dim);
}

void index_fits(const Call& c) { check_fits(c.op().name().c_str(), c.in(1).shape, c.in(0).shape, c.i("dim")); }

void source_fits(const Call& c) {
  check(c.in(2).shape == c.in(1).shape, "[{}] source {} wants the shape of index {}", c.op().name(), c.in(2).shape,
        c.in(1).shape);
}

/// Calls move(place in the indexed tensor, place in the index) along every line; lines are independent.
template <class F>
void for_indexed(const Call& c, const Dims& indexed, const View& index, F&& move) {
  const int dim = dim_of(c);
  const Lines from(index.shape, dim);
  const Dims strides = indexed.contiguous_strides();
  const int64_t* at = index.ptr<int64_t>();
  for_lines(from, [&](int64_t line) {
    int64_t first_to = 0, rest = line;
    for (int d = indexed.size() - 1; d >= 0; --d)
      if (d != dim) first_to += rest % index.shape[d] * strides[d], rest /= index.shape[d];
    const int64_t first = from.first(line);
    for (int64_t k = 0; k < from.length; ++k) {
      const int64_t i = first + k * from.inner;
      check_index(c, index, i, at[i], indexed[dim]);
      move(first_to + at[i] * strides[dim], i);
    }
  });
}

void gather_forward(const Call& c) {
  by_size(c.in(0).dtype, [&]<class T>(T) {
    const T* x = c.in(0).ptr<T>();
    T* y = c.out().ptr<T>();
    for_indexed(c, c.in(0).shape, c.in(1), [&](int64_t place, int64_t i) { y[i] = x[place]; });
  });
}

template <class real>
void scatter_sum_forward(const Call& c) {
  const real* source = c.in(0).ptr<real>();
  real* y = c.out().ptr<real>();
  std::memset(y, 0, size_t(c.out().numel()) * sizeof(real));
  for_indexed(c, c.out().shape, c.in(1), [&](int64_t place, int64_t i) { y[place] += source[i]; });
}

void scatter_forward(const Call& c) {
  by_size(c.in(0).dtype, [&]<class T>(T) {
    const T* source = c.in(2).ptr<T>();
    T* y = c.out().ptr<T>();
    std::memcpy(y, c.in(0).data, size_t(c.out().numel()) * sizeof(T));
    for_indexed(c, c.in(0).shape, c.in(1), [&](int64_t place, int64_t i) { y[place] = source[i]; });
  });
}

/// Where two entries of index meet, the later one won, so only its source has a gradient.
Grads scatter_vjp(const Vjp& v) {
  const Tensor &index = v.in(1), zero = scalar(0, v.g().dtype());
  Grads g(3);
  if (v.needs(0)) g[0] = scatter(v.g(), index, expand(zero, index.shape()), v.i("dim"));
  if (!v.needs(2)) return g;
  const Tensor order = arange(0, double(index.numel()), 1, i64).reshape(index.shape());
  const Tensor winner = gather(scatter(zeros(v.in(0).shape(), i64), index, order, v.i("dim")), index, v.i("dim"));
  g[2] = where(equal(winner, order), gather(v.g(), index, v.i("dim")), zero);
  return g;
}

Specs selected_shape(const Call& c) {
  check(c.in(1).rank() == 1, "[{}] index wants one dimension but has shape {}", c.op().name(), c.in(1).shape);
  Dims shape = c.in(0).shape;
  shape[dim_of(c)] = c.in(1).size(0);
  return {{shape, c.in(0).dtype}};
}

void index_select_forward(const Call& c) {
  const Lines from(c.in(0).shape, dim_of(c));
  const int64_t n = c.in(1).numel(), bytes = from.inner * size_of(c.in(0).dtype);
  const int64_t* index = c.in(1).ptr<int64_t>();
  const char* x = c.in(0).ptr<char>();
  char* y = c.out().ptr<char>();
  parallel_for(from.outer * n, std::max<int64_t>(1, 32768 / std::max<int64_t>(1, bytes)), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) {
      const int64_t k = row % n, o = row / n;
      check_index(c, c.in(1), k, index[k], from.length);
      std::memcpy(y + row * bytes, x + (o * from.length + index[k]) * bytes, size_t(bytes));
    }
  });
}

/// Parallel over columns: all entries that meet in one place are summed by one thread, in their order.
template <class real>
void index_add_forward(const Call& c) {
  const Lines to(c.out().shape, dim_of(c));
  const int64_t n = c.in(1).numel();
  const int64_t* index = c.in(1).ptr<int64_t>();
  const real* g = c.in(0).ptr<real>();
  real* y = c.out().ptr<real>();
  std::memset(y, 0, size_t(c.out().numel()) * sizeof(real));
  for (int64_t k = 0; k < n; ++k) check_index(c, c.in(1), k, index[k], to.length);
  constexpr int64_t width = 64;
  const int64_t pieces = (to.inner + width - 1) / width;
  parallel_for(to.outer * pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p) {
      const int64_t o = p / pieces, from = p % pieces * width, until = std::min(from + width, to.inner);
      for (int64_t k = 0; k < n; ++k) {
        real* row = y + (o * to.length + index[k]) * to.inner;
        const real* add = g + (o * n + k) * to.inner;
        for (int64_t i = from; i < until; ++i) row[i] += add[i];
      }
    }
  });
}

void one_hot_forward(const Call& c) {
  by_number(c.type("dtype"), [&]<class T>(T) {
    const int64_t n = c.in(0).numel(), classes = c.i("classes");
    const int64_t* index = c.in(0).ptr<int64_t>();
    T* y = c.out().ptr<T>();
    std::memset(y, 0, size_t(n * classes) * sizeof(T));
    for (int64_t i = 0; i < n; ++i) {
      check_index(c, c.in(0), i, index[i], classes);
      y[i * classes + index[i]] = 1;
    }
  });
}

const std::vector<Sample> gathers = {{{f({3, 5}), ints({3, 2}, 0, 5)}, {{"dim", 1}}},
                                     {{f({4, 8, 3, 5}), ints({2, 8, 3, 5}, 0, 4)}, {{"dim", 0}}},
                                     {{f({4, 3, 5}), ints({2, 6, 4}, 0, 3)}, {{"dim", 1}}},
                                     {{f({4}), ints({9}, 0, 4)}, {{"dim", -1}}}};
const std::vector<Sample> scatters = {{{f({3, 5}), ints({3, 2}, 0, 5), f({3, 2})}, {{"dim", 1}}},
                                      {{f({4, 8, 3, 5}), ints({2, 8, 3, 5}, 0, 4), f({2, 8, 3, 5})}, {{"dim", 0}}},
                                      {{f({4, 3, 5}), ints({2, 6, 4}, 0, 3), f({2, 6, 4})}, {{"dim", 1}}},
                                      {{f({4}), ints({9}, 0, 4), f({9})}, {{"dim", -1}}}};
const std::vector<Sample> bad_scatters = {{{f({3, 5}), ints({3, 2}, 0, 5), f({3, 3})}, {{"dim", 1}}},
                                          {{f({3, 5}), ints({3, 2}, 5, 9), f({3, 2})}, {{"dim", 1}}},
                                          {{f({3, 5}), ints({3}, 0, 2), f({3})}, {{"dim", 1}}}};

FOVEA_OP(gather){
    .signature = "gather(x, index@i64, dim: int)",
    .doc = "y[i][j] = x[i][index[i][j]] for dim=1 and accordingly for others: one entry of x along `dim` per entry of index, "
           "which is no larger than x but along `dim`. Throws on an index outside of 0 .. size-1, naming its position.",
    .dtypes = DTypes::any,
    .require = {index_fits},
    .shape = [](const Call& c) { return Specs{{c.in(1).shape, c.in(0).dtype}}; },
    .reference = gather_forward,
    .vjp = [](const Vjp& v) {
      return Grads{call("scatter_sum", {v.g(), v.in(1)}, {{"dim", v.i("dim")}, {"shape", v.in(0).shape()}}), {}};
    },
    .saves = {{"index"}},
    .samples = gathers,
    .bad = {{{f({3, 5}), ints({3, 2}, 5, 9)}, {{"dim", 1}}}, {{f({3, 5}), ints({3, 2}, -4, 0)}, {{"dim", 1}}},
            {{f({3, 5}), ints({4, 2}, 0, 5)}, {{"dim", 1}}}, {{f({3, 5}), ints({3}, 0, 2)}, {{"dim", 1}}}},
};

FOVEA_OP(scatter_sum){
    .signature = "scatter_sum(source, index@i64, dim: int, shape: ints)",
    .doc = "Zeros of `shape`, source added at index: the adjoint of gather.",
    .require = {[](const Call& c) {
      check(c.in(0).shape == c.in(1).shape, "source {} wants the shape of index {}", c.in(0).shape, c.in(1).shape);
      check_fits("scatter_sum", c.in(1).shape, c.d("shape"), c.i("dim"));
    }},
    .shape = [](const Call& c) { return Specs{{c.d("shape"), c.in(0).dtype}}; },
    .reference = FOVEA_FLOATS(scatter_sum_forward),
    .vjp = [](const Vjp& v) { return Grads{gather(v.g(), v.in(1), v.i("dim")), {}}; },
    .saves = {{"index"}},
    .samples = {{{f({3, 2}), ints({3, 2}, 0, 5)}, {{"dim", 1}, {"shape", Dims{3, 5}}}},
                {{f({2, 8, 3, 5}), ints({2, 8, 3, 5}, 0, 4)}, {{"dim", 0}, {"shape", Dims{4, 8, 3, 6}}}}},
    .bad = {{{f({3, 2}), ints({3, 2}, 5, 9)}, {{"dim", 1}, {"shape", Dims{3, 5}}}},
            {{f({3, 2}), ints({3, 2}, 0, 5)}, {{"dim", 1}, {"shape", Dims{2, 5}}}}},
    .internal = true,
};

FOVEA_OP(scatter_add){
    .signature = "scatter_add(x, index@i64, source, dim: int)",
    .doc = "x with source[i][j] added to entry [i][index[i][j]] for dim=1 and accordingly for others. index has the shape of "
           "source and is no larger than x but along `dim`. Summed in the order of the index.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor &x = a.in(0), &index = a.in(1), &source = a.in(2);
      check(index.shape() == source.shape(), "[scatter_add] source {} wants the shape of index {}", source.shape(),
            index.shape());
      check_fits("scatter_add", index.shape(), x.shape(), a.i("dim"));
      return {add(x, call("scatter_sum", {source, index}, {{"dim", a.i("dim")}, {"shape", x.shape()}}))};
    },
    .samples = scatters, .bad = bad_scatters,
};

FOVEA_OP(scatter){
    .signature = "scatter(x, index@i64, source, dim: int)",
    .doc = "x with entry [i][index[i][j]] replaced by source[i][j] for dim=1 and accordingly for others. index has the shape of "
           "source and is no larger than x but along `dim`. Where two entries of index meet, the later one wins, and it alone has a "
           "gradient.",
    .dtypes = DTypes::any,
    .require = {index_fits, source_fits},
    .shape = same_as(0), .reference = scatter_forward, .vjp = scatter_vjp, .saves = {{"index"}},
    .samples = scatters, .bad = bad_scatters,
};

FOVEA_OP(index_select){
    .signature = "index_select(x, index@i64, dim=0)",
    .doc = "Entries index[0], index[1] ... of dimension `dim`. Throws on an index outside of 0 .. size-1, naming its position.",
    .dtypes = DTypes::any,
    .require = {min_rank("x", 1)},
    .shape = selected_shape, .reference = index_select_forward,
    .vjp = [](const Vjp& v) {
      return Grads{call("index_add", {v.g(), v.in(1)}, {{"dim", dim_of(v)}, {"size", v.in(0).size(dim_of(v))}}), {}};
    },
    .saves = {{"index"}},
    .samples = {{{f({5, 3}), ints({7}, 0, 5)}}, {{f({2, 8, 3, 5}), ints({4}, 0, 8)}, {{"dim", 1}}}, {{f({4}), ints({0}, 0, 4)}}},
    .bad = {{{f({5, 3}), ints({2}, 5, 6)}}, {{f({5, 3}), ints({2, 2}, 0, 5)}}, {{f({5, 3}), ints({2}, 0, 2)}, {{"dim", 2}}}},
};

FOVEA_OP(index_add){
    .signature = "index_add(g, index@i64, dim: int, size: int)",
    .doc = "Zeros of `size` entries along `dim`, entry k of g added to entry index[k]: the adjoint of index_select.",
    .shape = [](const Call& c) {
      Dims shape = c.in(0).shape;
      shape[dim_of(c)] = c.i("size");
      return Specs{{shape, c.in(0).dtype}};
    },
    .reference = FOVEA_FLOATS(index_add_forward),
    .vjp = [](const Vjp& v) { return Grads{index_select(v.g(), v.in(1), v.i("dim")), {}}; },
    .saves = {{"index"}},
    .samples = {{{f({7, 3}), ints({7}, 0, 5)}, {{"dim", 0}, {"size", 5}}},
                {{f({2, 8, 3, 65}), ints({8}, 0, 4)}, {{"dim", 1}, {"size", 4}}}},
    .bad = {{{f({2, 3}), ints({2}, 5, 6)}, {{"dim", 0}, {"size", 5}}}},
    .internal = true,
};

FOVEA_OP(embedding){
    .signature = "embedding(weight, index@i64)",
    .doc = "Row index[...] of weight (V,D) for each entry of index: (...) becomes (...,D).",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor &weight = a.in(0), &index = a.in(1);
      check(weight.rank() == 2, "[embedding] weight wants (V,D), not {}", weight.shape());
      Dims shape = index.shape();
      shape.push_back(weight.size(1));
      return {reshape(index_select(weight, reshape(index, {index.numel()})), shape)};
    },
    .samples = {{{f({5, 3}), ints({2, 4}, 0, 5)}}, {{f({5, 3}), ints({}, 0, 5)}}},
    .bad = {{{f({5, 3}), ints({2}, 5, 6)}}, {{f({5}), ints({2}, 0, 5)}}},
};

FOVEA_OP(one_hot){
    .signature = "one_hot(index@i64, classes: int, dtype=f32)",
    .doc = "(...) becomes (...,classes): 1 at the index, 0 elsewhere; dtype f32, f64, i32 or i64.",
    .dtypes = DTypes::numbers,
    .require = {at_least("classes", 1)},
    .shape = [](const Call& c) {
      Dims shape = c.in(0).shape;
      shape.push_back(c.i("classes"));
      return Specs{{shape, c.type("dtype")}};
    },
    .reference = one_hot_forward, .no_gradient = no_slope,
    .samples = {{{ints({2, 3}, 0, 4)}, {{"classes", 4}}}, {{ints({5}, 0, 4)}, {{"classes", 4}, {"dtype", i64}}}},
    .bad = {{{ints({2, 3}, 4, 5)}, {{"classes", 4}}}, {{ints({2, 3}, -1, 0)}, {{"classes", 4}}}},
};

}  // namespace
}  // namespace fovea
