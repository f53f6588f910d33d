// Where the windows of a 2-d pooling lie.
//   const Pool p(c, c.in(0).shape);   for (int64_t i = 0; i < p.rows.windows; ++i) use(p.rows.begin(i),
//   p.rows.end(i));
#pragma once
#include <algorithm>

#include "fovea/op.h"

namespace fovea {

/// The windows along one axis of `size` elements.
struct PoolAxis {
  int64_t size, kernel, stride, padding, dilation, windows;

  /// First position of window i, which may lie in the padding.
  int64_t start(int64_t i) const { return i * stride - padding; }
  /// The steps [first, last) of window i that lie inside.
  int64_t first(int64_t i) const { return start(i) >= 0 ? 0 : (-start(i) + dilation - 1) / dilation; }
  int64_t last(int64_t i) const {
    const int64_t left = size - start(i);  // the common case first: it needs no division
    return dilation * (kernel - 1) < left ? kernel : (left + dilation - 1) / dilation;
  }
  /// The elements [begin, end) of window i that lie inside. *Requires* dilation 1.
  int64_t begin(int64_t i) const { return std::max<int64_t>(0, start(i)); }
  int64_t end(int64_t i) const { return std::min(size, start(i) + kernel); }
  /// Elements of window i, counting the padding but nothing beyond it.
  int64_t padded_count(int64_t i) const { return std::min(start(i) + kernel, size + padding) - start(i); }
};

/// The windows over the planes of a call with attributes kernel, stride, padding, ceil_mode and perhaps
/// dilation.
struct Pool {
  /// `x` is the shape (N,C,H,W) pooled. Throws if no window fits.
  Pool(const Call& c, const Dims& x);
  Dims pooled(const Dims& x) const { return {x[0], x[1], rows.windows, columns.windows}; }
  /// Positions in a window, counted row by row, fit 16 bits where max_pool2d notes them.
  static constexpr int64_t max_positions = 65536;
  PoolAxis rows, columns;
};

/// Calls f(element of a plane of x, element of a plane of y, i, j) for all elements of all windows (i, j), in
/// order.
template <class Windows, class F>
void for_windows(const Windows& windows, F&& f) {
  const auto &rows = windows.rows, &columns = windows.columns;
  for (int64_t i = 0; i < rows.windows; ++i)
    for (int64_t j = 0; j < columns.windows; ++j)
      for (int64_t u = rows.begin(i); u < rows.end(i); ++u)
        for (int64_t v = columns.begin(j); v < columns.end(j); ++v)
          f(u * columns.size + v, i * columns.windows + j, i, j);
}

}  // namespace fovea
