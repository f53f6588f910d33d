// Walk: the one loop nest under every elementwise kernel and copy: strided, broadcasting, over both layouts.
#pragma once
#include <algorithm>
#include <array>

#include "base/parallel.h"
#include "fovea/view.h"

namespace fovea {

/// Whether the elements of `shape` with `strides` lie dense in row-major order.
bool dense(const Dims& shape, const Dims& strides);

/// How to walk up to six operands of one broadcast shape together: as few dimensions as their strides allow.
/// A blocked8 operand is walked as (N, C/8, rest..., 8); plain operands follow by their own strides.
struct Walk {
  static constexpr int max_operands = 6;
  Dims shape;
  std::array<Dims, max_operands> strides;  // in elements, 0 where an operand broadcasts
  int operands = 0;

  Walk(const Dims& shape, std::initializer_list<const View*> views);
  Walk(const Dims& shape, const View* const* views, int n);

  int64_t inner() const { return shape.empty() ? 1 : shape.back(); }
  int64_t inner_stride(int operand) const { return shape.empty() ? 0 : strides[operand].back(); }

  /// Whether run() makes a single call.
  bool alone() const { return shape.size() <= 1 && inner() <= grain; }

  /// Elements of a piece that one thread takes.
  static constexpr int64_t grain = 16384;

  /// Calls f(offsets, n): `n` consecutive elements of the innermost dimension, starting at offsets[operand]
  /// (elements), in parallel over pieces that depend on the shape alone.
  template <class F>
  void run(F&& f) const {
    const int64_t n = inner(), rows = n == 0 ? 0 : shape.numel() / n;
    if (rows == 1) {
      parallel_for(n, grain, [&](int64_t begin, int64_t end) {
        std::array<int64_t, max_operands> at{};
        for (int k = 0; k < operands; ++k) at[k] = begin * inner_stride(k);
        f(at, end - begin);
      });
      return;
    }
    parallel_for(rows, std::max<int64_t>(1, grain / std::max<int64_t>(n, 1)),
                 [&](int64_t begin, int64_t end) {
                   Position p = position_of(begin);
                   for (int64_t row = begin; row < end; ++row, advance(p)) f(p.at, n);
                 });
  }

  /// The same for the elements [begin, end), in the order of the walk, by the calling thread.
  template <class F>
  void part(int64_t begin, int64_t end, F&& f) const {
    const int64_t n = inner();
    Position p = position_of(begin / n);
    for (int64_t skip = begin % n; begin < end; skip = 0, advance(p)) {
      const int64_t count = std::min(n - skip, end - begin);
      std::array<int64_t, max_operands> at = p.at;
      for (int k = 0; k < operands; ++k) at[k] += skip * inner_stride(k);
      f(at, count);
      begin += count;
    }
  }

 private:
  struct Position {  // of a row: its index in the outer dimensions and the offsets of the operands
    std::array<int64_t, Dims::max_rank> index{};
    std::array<int64_t, max_operands> at{};
  };
  Position position_of(int64_t row) const;
  void advance(Position& p) const {
    for (int i = shape.size() - 2; i >= 0; --i) {
      for (int k = 0; k < operands; ++k) p.at[k] += strides[k].begin()[i];
      if (++p.index[size_t(i)] < shape.begin()[i]) return;
      for (int k = 0; k < operands; ++k) p.at[k] -= strides[k].begin()[i] * shape.begin()[i];
      p.index[size_t(i)] = 0;
    }
  }
};

}  // namespace fovea
