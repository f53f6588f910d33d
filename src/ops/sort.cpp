// Orders along one dimension. NaN counts as larger than every number; equal entries keep their order, so that every result is
// defined by the input alone.
#include <cmath>
#include <numeric>

#include "fovea/ops.h"
#include "ops/lines.h"

namespace fovea {
namespace {

/// Strict order for descending sorts: larger first, NaN before all.
template <class T>
bool before_descending(T a, T b) {
  if constexpr (std::is_floating_point_v<T>)
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
  return a > b;
}
/// Strict order for ascending sorts: smaller first, NaN after all.
template <class T>
bool before_ascending(T a, T b) {
  return before_descending(b, a);
}

/// argmax (or argmin): the first entry that no other precedes; a NaN wins either way.
template <bool largest>
void extreme_place(const Call& c) {
  by_number(c.in(0).dtype, [&]<class T>(T) {
    const Lines lines(c.in(0).shape, dim_of(c));
    const T* x = c.in(0).ptr<T>();
    int64_t* y = c.out().ptr<int64_t>();
    for_lines(lines, [&](int64_t line) {
      const T* row = x + lines.first(line);
      int64_t best = 0;
      for (int64_t k = 1; k < lines.length; ++k) {
        const T a = row[k * lines.inner], b = row[best * lines.inner];
        if (a != a && b == b) best = k;
        else if (b == b && (largest ? a > b : a < b)) best = k;
      }
      y[line] = best;
    });
  });
}

Specs without_dim(const Call& c) {
  const int dim = dim_of(c);
  Dims shape = c.in(0).shape;
  check(shape[dim] > 0, "[{}] dim {} of {} holds nothing", c.op().name(), dim, shape);
  c.b("keepdim") ? void(shape[dim] = 1) : shape.erase(dim);
  return {{shape, i64}};
}

/// Writes the first k of each line, ordered, to values and indices.
void first_in_order(const Call& c, bool descending) {
  const int dim = dim_of(c);
  const Lines from(c.in(0).shape, dim), to(c.out().shape, dim);
  by_number(c.in(0).dtype, [&]<class T>(T) {
    const T* x = c.in(0).ptr<T>();
    T* values = c.out(0).ptr<T>();
    int64_t* indices = c.out(1).ptr<int64_t>();
    for_lines(from, [&](int64_t line) {
      const T* row = x + from.first(line);
      std::vector<int64_t> order(size_t(from.length));
      std::iota(order.begin(), order.end(), int64_t{0});
      const auto before = [&](int64_t i, int64_t j) {
        const T a = row[i * from.inner], b = row[j * from.inner];
        if (descending ? before_descending(a, b) : before_ascending(a, b)) return true;
        if (descending ? before_descending(b, a) : before_ascending(b, a)) return false;
        return i < j;
      };
      std::partial_sort(order.begin(), order.begin() + to.length, order.end(), before);
      for (int64_t k = 0; k < to.length; ++k) {
        const int64_t at = to.first(line) + k * to.inner;
        indices[at] = order[size_t(k)];
        values[at] = row[order[size_t(k)] * from.inner];
      }
    });
  });
}

/// Gradients of the values go back to where they came from.
Grads ordered_vjp(const Vjp& v) {
  if (!v.g(0).defined()) return {Tensor()};
  return {call("scatter_sum", {v.g(0), v.out(1)}, {{"dim", dim_of(v)}, {"shape", v.in(0).shape()}})};
}

template <class T>
void running_sum(const Call& c) {
  using A = std::conditional_t<std::is_floating_point_v<T>, double, T>;
  const Lines lines(c.in(0).shape, dim_of(c));
  const T* x = c.in(0).ptr<T>();
  T* y = c.out().ptr<T>();
  for_lines(lines, [&](int64_t line) {
    A sum = 0;
    for (int64_t k = 0, at = lines.first(line); k < lines.length; ++k, at += lines.inner) sum += A(x[at]), y[at] = T(sum);
  });
}

constexpr const char* whole = "the result is an index";

FOVEA_OP(argmax){
    .signature = "argmax(x, dim=-1, keepdim=false)",
    .doc = "Index of the largest entry along `dim`, the first of equal ones; the first NaN if there is one.",
    .dtypes = DTypes::numbers,
    .require = {min_rank("x", 1)},
    .shape = without_dim, .reference = extreme_place<true>, .no_gradient = whole,
    .samples = {{{f({2, 8, 3, 5})}, {{"dim", 1}, {"keepdim", true}}}, {{f({4, 33})}}, {{f({7})}}},
    .bad = {{{f({2, 3})}, {{"dim", 2}}}, {{f({2, 0})}}},
};

FOVEA_OP(argmin){
    .signature = "argmin(x, dim=-1, keepdim=false)",
    .doc = "Index of the smallest entry along `dim`, the first of equal ones; the first NaN if there is one.",
    .dtypes = DTypes::numbers,
    .require = {min_rank("x", 1)},
    .shape = without_dim, .reference = extreme_place<false>, .no_gradient = whole,
    .samples = {{{f({2, 8, 3, 5})}, {{"dim", 1}, {"keepdim", true}}}, {{f({4, 33})}}, {{f({7})}}},
    .bad = {{{f({2, 3})}, {{"dim", 2}}}, {{f({2, 0})}}},
};

FOVEA_OP(topk){
    .signature = "topk(x, k: int, dim=-1, largest=true) -> (values, indices)",
    .doc = "The k largest (or smallest) entries along `dim` in order, and where they stand. Of equal entries the one with the "
           "lower index comes first; NaN counts as largest.",
    .dtypes = DTypes::numbers,
    .require = {min_rank("x", 1), at_least("k", 0)},
    .shape = [](const Call& c) {
      Dims shape = c.in(0).shape;
      const int dim = dim_of(c);
      check(c.i("k") <= shape[dim], "[topk] k={} is larger than dim {} of {}", c.i("k"), dim, shape);
      shape[dim] = c.i("k");
      return Specs{{shape, c.in(0).dtype}, {shape, i64}};
    },
    .reference = [](const Call& c) { first_in_order(c, c.b("largest")); },
    .vjp = ordered_vjp, .saves = {{"indices"}},
    .samples = {{{f({2, 8, 3, 5})}, {{"k", 3}, {"dim", 1}}}, {{f({4, 33})}, {{"k", 5}, {"largest", false}}},
                {{f({7})}, {{"k", 7}}}},
    .bad = {{{f({2, 3})}, {{"k", 4}}}, {{f({2, 3})}, {{"k", -1}}}},
};

FOVEA_OP(sort){
    .signature = "sort(x, dim=-1, descending=false) -> (values, indices)",
    .doc = "The entries along `dim` in order, and where they stood. Stable: equal entries keep their order; NaN counts as "
           "largest.",
    .dtypes = DTypes::numbers,
    .require = {min_rank("x", 1)},
    .shape = [](const Call& c) { return Specs{{c.in(0).shape, c.in(0).dtype}, {c.in(0).shape, i64}}; },
    .reference = [](const Call& c) { first_in_order(c, c.b("descending")); },
    .vjp = ordered_vjp, .saves = {{"indices"}},
    .samples = {{{f({2, 8, 3, 5})}, {{"dim", 1}}}, {{f({4, 33})}, {{"descending", true}}}, {{f({7})}}},
    .bad = {{{f({2, 3})}, {{"dim", 2}}}},
};

FOVEA_OP(argsort){
    .signature = "argsort(x, dim=-1, descending=false)",
    .doc = "Where the entries in order stood: the indices of sort.",
    .dtypes = DTypes::numbers,
    .compose = [](const Args& a) -> std::vector<Tensor> { return {apply(find_op("sort"), a.ins, a.attrs())[1]}; },
    .samples = {{{f({2, 8, 3, 5})}, {{"dim", 1}}}, {{f({4, 33})}, {{"descending", true}}}},
    .bad = {{{f({2, 3})}, {{"dim", 2}}}},
};

FOVEA_OP(cumsum){
    .signature = "cumsum(x, dim: int)",
    .doc = "Entry k becomes the sum of the entries 0 .. k along `dim`; floats are summed in f64.",
    .dtypes = DTypes::numbers,
    .require = {min_rank("x", 1)},
    .shape = same_as(0),
    .reference = [](const Call& c) { by_number(c.in(0).dtype, [&]<class T>(T) { running_sum<T>(c); }); },
    .vjp = [](const Vjp& v) {
      const Dims dims{v.i("dim")};
      return Grads{flip(cumsum(flip(v.g(), dims), dims[0]), dims)};
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 5})}, {{"dim", 1}}}, {{f({4, 33})}, {{"dim", -1}}}},
    .bad = {{{f({2, 3})}, {{"dim", 2}}}},
};

}  // namespace
}  // namespace fovea
