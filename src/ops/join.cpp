// Joining and cutting: concat, stack, slice, flip, roll.
#include <cstring>

#include "fovea/ops.h"
#include "ops/lines.h"
#include "tensor/convert.h"

namespace fovea {
namespace {

/// `length` entries of dimension `dim` from `start`, every `step`-th, as a view.
View part_of(View v, int dim, int64_t start, int64_t length, int64_t step = 1) {
  v.data = static_cast<char*>(v.data) + start * v.strides[dim] * size_of(v.dtype);
  v.shape[dim] = length;
  v.strides[dim] *= step;
  return v;
}

void join(const Call& c) {
  const int dim = dim_of(c);
  int64_t at = 0;
  for (const View& x : c.ins) {
    convert_elements(x, part_of(c.out(), dim, at, x.size(dim)));
    at += x.size(dim);
  }
}

Specs joined_shape(const Call& c) {
  const int dim = dim_of(c);
  Dims shape = c.in(0).shape;
  for (int i = 1; i < c.inputs(); ++i) {
    Dims other = c.in(i).shape;
    bool fits = other.size() == shape.size();
    for (int d = 0; fits && d < shape.size(); ++d) fits = d == dim || other[d] == shape[d];
    check(fits, "[concat] tensor {} of shape {} does not fit the first, {}, outside of dim {}", i, other, c.in(0).shape, dim);
    shape[dim] += other[dim];
  }
  return {{shape, c.in(0).dtype}};
}

/// Python's start and end: negative ones count from the end, both are clamped.
int64_t clamped(int64_t at, int64_t size) { return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size); }

Tensor sliced(const Args& a) {
  const Tensor& x = a.in(0);
  const int dim = normal_axis(a.i("dim"), x.rank(), "slice");
  const int64_t step = a.i("step"), start = clamped(a.i("start"), x.size(dim));
  const int64_t length = std::max<int64_t>(0, clamped(a.i("end"), x.size(dim)) - start);
  check(step >= 1, "[slice] step={} must be at least 1 (x {}); flip() turns the order around", step, x.shape());
  if (step == 1) return x.narrow(dim, start, length);
  const Tensor plain = x.to(Layout::plain);
  Dims shape = plain.shape(), strides = plain.strides();
  shape[dim] = (length + step - 1) / step;
  const int64_t offset = plain.impl().offset + (shape[dim] > 0 ? start * strides[dim] : 0);
  strides[dim] *= step;
  return plain.as_strided(shape, strides, offset);
}

/// Zeros of the shape of x with the gradient at every `step`-th entry from `start`.
Tensor unsliced(const Vjp& v, int64_t start, int64_t step) {
  const NamedAttrs attrs = {{"shape", v.in(0).shape()}, {"dim", dim_of(v)}, {"start", start}, {"step", step}};
  return call("slice_backward", {v.g()}, attrs);
}

Tensor flipped(const Args& a) {
  const Tensor x = a.in(0).to(Layout::plain);
  Dims strides = x.strides(), seen = Dims::filled(x.rank(), 0);
  int64_t offset = x.impl().offset;
  for (int64_t d : a.d("dims")) {
    const int dim = normal_axis(d, x.rank(), "flip");
    check(!seen[dim]++, "[flip] dim {} stands twice in {} (x {})", dim, a.d("dims"), x.shape());
    offset += std::max<int64_t>(0, x.size(dim) - 1) * strides[dim];
    strides[dim] = -strides[dim];
  }
  return x.as_strided(x.shape(), strides, x.numel() ? offset : x.impl().offset);
}

std::vector<Tensor> rolled(const Args& a) {
  const Dims &shifts = a.d("shifts"), &dims = a.d("dims");
  check(shifts.size() == dims.size(), "[roll] wants one shift for each of dims {}, not {} (x {})", dims, shifts, a.in(0).shape());
  Tensor x = a.in(0);
  for (int i = 0; i < dims.size(); ++i) {
    const int dim = normal_axis(dims[i], x.rank(), "roll");
    const int64_t n = x.size(dim), cut = n == 0 ? 0 : ((n - shifts[i]) % n + n) % n;
    if (cut) x = concat({slice(x, dim, cut, n), slice(x, dim, 0, cut)}, dim);
  }
  return {x};
}

FOVEA_OP(concat){
    .signature = "concat(xs*, dim=0)",
    .doc = "The tensors one after the other along `dim`; their other dimensions are equal.",
    .dtypes = DTypes::any,
    .shape = joined_shape, .reference = join,
    .vjp = [](const Vjp& v) {
      Grads g;
      int64_t at = 0;
      const int dim = dim_of(v);
      for (int i = 0; i < v.inputs(); ++i) {
        const int64_t length = v.in(i).size(dim);
        g.push_back(v.needs(i) ? call("concat_part", {v.g()}, {{"dim", dim}, {"start", at}, {"length", length}}) : Tensor());
        at += length;
      }
      return g;
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 5}), f({2, 16, 3, 5})}, {{"dim", 1}}},
                {{f({2, 3}), f({2, 1}), f({2, 0}), f({2, 2})}, {{"dim", -1}}},
                {{f({2, 8, 3, 5}), f({1, 8, 3, 5})}}, {{f({2, 8, 2, 2}), f({2, 3, 2, 2})}, {{"dim", 1}}}, {{f({4})}}},
    .bad = {{{f({2, 3}), f({3, 3})}, {{"dim", 1}}}, {{f({2, 3}), f({2})}}, {{f({2, 3})}, {{"dim", 2}}}},
};

FOVEA_OP(concat_part){
    .signature = "concat_part(x, dim: int, start: int, length: int)",
    .doc = "Copy of `length` entries of `dim` from `start`: the gradient of one part of concat.",
    .dtypes = DTypes::any,
    .shape = [](const Call& c) {
      Dims shape = c.in(0).shape;
      shape[dim_of(c)] = c.i("length");
      return Specs{{shape, c.in(0).dtype}};
    },
    .reference = [](const Call& c) { convert_elements(part_of(c.in(0), dim_of(c), c.i("start"), c.i("length")), c.out()); },
    .vjp = [](const Vjp& v) {
      return Grads{unsliced(v, v.i("start"), 1)};
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 24, 3, 5})}, {{"dim", 1}, {"start", 8}, {"length", 16}}},
                {{f({5, 2})}, {{"dim", 0}, {"start", 1}, {"length", 3}}},
                {{f({3, 8, 2, 2})}, {{"dim", 0}, {"start", 1}, {"length", 1}}}},
    .internal = true,
};

FOVEA_OP(stack){
    .signature = "stack(xs*, dim=0)",
    .doc = "Tensors of one shape along a new dimension `dim` of the result.",
    .dtypes = DTypes::any,
    .compose = [](const Args& a) -> std::vector<Tensor> {
      std::vector<Tensor> parts;
      for (const Tensor& x : a.ins) {
        check(x.shape() == a.in(0).shape(), "[stack] wants tensors of one shape, not {} and {}", a.in(0).shape(), x.shape());
        parts.push_back(unsqueeze(x, a.i("dim")));
      }
      return {concat(parts, a.i("dim"))};
    },
    .samples = {{{f({2, 3}), f({2, 3})}}, {{f({2, 3}), f({2, 3})}, {{"dim", -1}}}, {{f({}), f({}), f({})}}},
    .bad = {{{f({2, 3}), f({2, 4})}}},
};

FOVEA_OP(slice){
    .signature = "slice(x, dim: int, start: int, end: int, step=1)",
    .doc = "Entries start, start + step ... below `end` of dimension `dim`, as a view. As in Python, negative start and end "
           "count from the end and both are clamped to the size.",
    .dtypes = DTypes::any,
    .view = sliced,
    .vjp = [](const Vjp& v) {
      return Grads{unsliced(v, clamped(v.i("start"), v.in(0).size(dim_of(v))), v.i("step"))};
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 5})}, {{"dim", 3}, {"start", 1}, {"end", 4}}},
                {{f({7, 3})}, {{"dim", 0}, {"start", -6}, {"end", 100}, {"step", 2}}},
                {{f({7})}, {{"dim", -1}, {"start", 5}, {"end", -4}}}, {{f({3, 8, 2, 2})}, {{"dim", 0}, {"start", 1}, {"end", 3}}},
                {{f({1, 16, 2, 2})}, {{"dim", 1}, {"start", 8}, {"end", 16}}}},
    .bad = {{{f({2, 3})}, {{"dim", 2}, {"start", 0}, {"end", 1}}},
            {{f({2, 3})}, {{"dim", 0}, {"start", 0}, {"end", 1}, {"step", 0}}}},
};

FOVEA_OP(slice_backward){
    .signature = "slice_backward(g, shape: ints, dim: int, start: int, step: int)",
    .doc = "Zeros of `shape` with g in the entries start, start + step ... of `dim`: the adjoint of slice.",
    .dtypes = DTypes::any,
    .shape = [](const Call& c) { return Specs{{c.d("shape"), c.in(0).dtype}}; },
    .reference = [](const Call& c) {
      std::memset(c.out().data, 0, size_t(c.out().numel() * size_of(c.out().dtype)));
      const int dim = dim_of(c);
      if (c.in(0).numel()) convert_elements(c.in(0), part_of(c.out(), dim, c.i("start"), c.in(0).size(dim), c.i("step")));
    },
    .vjp = [](const Vjp& v) {
      const int64_t start = v.i("start"), step = v.i("step"), n = v.in(0).size(dim_of(v));
      return Grads{slice(v.g(), dim_of(v), start, n ? start + (n - 1) * step + 1 : start, step)};
    },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 2})}, {{"shape", Dims{2, 8, 3, 5}}, {"dim", 3}, {"start", 1}, {"step", 2}}},
                {{f({0, 2})}, {{"shape", Dims{3, 2}}, {"dim", 0}, {"start", 3}, {"step", 1}}}},
    .internal = true,
};

FOVEA_OP(flip){
    .signature = "flip(x, dims: ints)",
    .doc = "The order of the entries of each of `dims` turned around. A view.",
    .dtypes = DTypes::any,
    .view = flipped,
    .vjp = [](const Vjp& v) { return Grads{flip(v.g(), v.d("dims"))}; },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 5})}, {{"dims", Dims{3}}}}, {{f({4, 3})}, {{"dims", Dims{0, -1}}}},
                {{f({2, 0})}, {{"dims", Dims{1}}}}},
    .bad = {{{f({2, 3})}, {{"dims", Dims{2}}}}, {{f({2, 3})}, {{"dims", Dims{0, 0}}}}},
};

FOVEA_OP(roll){
    .signature = "roll(x, shifts: ints, dims: ints)",
    .doc = "Entries moved by shifts[i] along dims[i]; those that leave the end come back at the start.",
    .dtypes = DTypes::any,
    .compose = rolled,
    .samples = {{{f({2, 8, 3, 5})}, {{"shifts", Dims{1, -7}}, {"dims", Dims{2, 3}}}},
                {{f({4})}, {{"shifts", Dims{4}}, {"dims", Dims{0}}}}},
    .bad = {{{f({2, 3})}, {{"shifts", Dims{1}}, {"dims", Dims{0, 1}}}}},
};

}  // namespace
}  // namespace fovea
