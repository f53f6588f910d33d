// What ops that index, sort or scan along one dimension share: a dense tensor as lines along that dimension, and loops by
// element type.
#pragma once
#include <algorithm>

#include "base/parallel.h"
#include "fovea/op.h"

namespace fovea {

/// A dense tensor of `outer` x `length` x `inner` elements: element k of line (o, i) lies at (o length + k) inner + i.
struct Lines {
  Lines(const Dims& shape, int dim) : length(shape[dim]) {
    for (int d = 0; d < shape.size(); ++d) (d < dim ? outer : inner) *= d == dim ? 1 : shape[d];
  }
  int64_t count() const { return outer * inner; }
  /// Where line `line` begins.
  int64_t first(int64_t line) const { return line / inner * length * inner + line % inner; }

  int64_t outer = 1, length, inner = 1;
};

/// Calls f(line) for every line, in parallel.
template <class F>
void for_lines(const Lines& lines, F&& f) {
  const int64_t grain = std::max<int64_t>(1, 16384 / std::max<int64_t>(1, lines.length));
  parallel_for(lines.count(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t line = begin; line < end; ++line) f(line);
  });
}

/// The dimension attribute `dim` names in input 0, counted from the front.
inline int dim_of(const Call& c) { return normal_axis(c.i("dim"), c.in(0).rank(), c.op().name().c_str()); }
inline int dim_of(const Vjp& v) { return normal_axis(v.i("dim"), v.in(0).rank(), v.op().name().c_str()); }

/// Calls f(T{}) with an unsigned type of the size of `t`: for moving elements of any type.
template <class F>
void by_size(DType t, F&& f) {
  switch (size_of(t)) {
    case 1: return f(uint8_t{});
    case 2: return f(uint16_t{});
    case 4: return f(uint32_t{});
    default: return f(uint64_t{});
  }
}

/// Calls f(T{}) with the C++ type of f32, f64, i32 or i64.
template <class F>
void by_number(DType t, F&& f) {
  switch (t) {
    case f64: return f(double{});
    case i32: return f(int32_t{});
    case i64: return f(int64_t{});
    default: return f(float{});
  }
}

/// Throws for `value`, element `at` of index tensor `index`, which is not below `bound`.
[[noreturn]] inline void bad_index(const Call& c, const View& index, int64_t at, int64_t value, int64_t bound) {
  Dims position = index.shape;
  for (int d = position.size() - 1; d >= 0; --d) position[d] = at % index.shape[d], at /= index.shape[d];
  fail("[{}] index {} at {} is outside of 0 .. {} (inputs {})", c.op().name(), value, position, bound - 1, describe(c.ins));
}
inline void check_index(const Call& c, const View& index, int64_t at, int64_t value, int64_t bound) {
  if (value < 0 || value >= bound) [[unlikely]]
    bad_index(c, index, at, value, bound);
}

}  // namespace fovea
