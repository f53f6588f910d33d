// 2-d pooling on AVX2 (f32). In blocked8 a vector holds 8 channels of one pixel, in plain layout 8
// neighbouring windows.
#include <algorithm>

#include "backend/cpu/simd.h"
#include "base/parallel.h"
#include "fovea/kernel.h"
#include "op/pointwise_run.h"
#include "op/pool.h"

namespace fovea {
namespace {

using F = simd::V<float>;
using I = simd::V<int32_t>;
typedef uint16_t H __attribute__((vector_size(16)));  // 8 positions in a window
constexpr int width = 8;

/// x and y as planes of `lanes` interleaved channels.
struct Planes {
  Planes(const View& x, const Pool& pool)
      : lanes(x.layout == Layout::blocked8 ? width : 1),
        count(x.size(0) * x.size(1) / lanes),
        x_size(pool.rows.size * pool.columns.size * lanes),
        y_size(pool.rows.windows * pool.columns.windows * lanes) {}
  /// Calls body(plane) for every plane.
  template <class Body>
  void each(Body&& body) const {
    parallel_for(count, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, x_size)),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t k = begin; k < end; ++k) body(k);
                 });
  }
  int64_t lanes, count, x_size, y_size;
};

/// Eight elements from p at `stride`.
FOVEA_SIMD_INLINE F strided(const float* p, int64_t stride) {
  if (stride == 1) return simd::load(p);
  if (stride == 2) {  // reads p[0..14], not the element behind
    const F a = simd::load(p), b = simd::load(p + 7);
    return __builtin_shuffle(a, b, I{0, 2, 4, 6, 9, 11, 13, 15});
  }
  return F{p[0],          p[stride],     p[2 * stride], p[3 * stride],
           p[4 * stride], p[5 * stride], p[6 * stride], p[7 * stride]};
}

/// The maxima of 8 windows (or 8 channels of one) and where they lie.
struct Maximum {
  F top{};
  I where{};
  FOVEA_SIMD_INLINE void start(F value, int32_t at) { top = value, where = I{} + at; }
  FOVEA_SIMD_INLINE void meet(F value, int32_t at) {
    const I take = (value > top) | ((value != value) & (top == top));  // the first of equals, the first NaN
    top = take ? value : top;
    where = take ? I{} + at : where;
  }
  FOVEA_SIMD_INLINE void store(float* y, uint16_t* index) const {
    simd::store(y, top);
    const H narrow = __builtin_convertvector(where, H);
    std::memcpy(index, &narrow, sizeof narrow);
  }
};

/// Window (i, j) of a plane in blocked layout, or windows j ... j + 7 in plain layout, which must lie inside
/// from left to right.
template <bool blocked>
FOVEA_SIMD_INLINE void max_windows(const Pool& pool, const float* x, int64_t i, int64_t j, float* y,
                                   uint16_t* index) {
  constexpr int64_t lanes = blocked ? width : 1;
  const PoolAxis &rows = pool.rows, &columns = pool.columns;
  const int64_t first = columns.first(j), last = columns.last(j);
  Maximum m;
  bool started = false;
  for (int64_t u = rows.first(i); u < rows.last(i); ++u) {
    const float* row = x + ((rows.start(i) + u * rows.dilation) * columns.size + columns.start(j)) * lanes;
    for (int64_t v = first; v < last; ++v) {
      const float* p = row + v * columns.dilation * lanes;
      const F value = blocked ? simd::load(p) : strided(p, columns.stride);
      const auto at = int32_t(u * columns.kernel + v);
      if (started) m.meet(value, at);
      else m.start(value, at), started = true;
    }
  }
  const int64_t out = (i * columns.windows + j) * lanes;
  m.store(y + out, index + out);
}

void max_window(const Pool& pool, const float* x, int64_t i, int64_t j, float* y, uint16_t* index) {
  const PoolAxis &rows = pool.rows, &columns = pool.columns;
  float top = 0;
  int64_t where = -1;
  for (int64_t u = rows.first(i); u < rows.last(i); ++u)
    for (int64_t v = columns.first(j); v < columns.last(j); ++v) {
      const float value =
          x[(rows.start(i) + u * rows.dilation) * columns.size + columns.start(j) + v * columns.dilation];
      if (where < 0 || value > top || (value != value && top == top))
        top = value, where = u * columns.kernel + v;
    }
  y[i * columns.windows + j] = top;
  index[i * columns.windows + j] = uint16_t(where);
}

/// Columns [begin, end) of windows that lie inside from left to right.
std::pair<int64_t, int64_t> inner_windows(const PoolAxis& a) {
  int64_t begin = 0, end = a.windows;
  while (begin < end && a.first(begin) > 0) ++begin;
  while (end > begin && a.last(end - 1) < a.kernel) --end;
  return {begin, end};
}

FOVEA_SIMD void max_plane_blocked(const Pool& pool, const float* x, float* y, uint16_t* index) {
  for (int64_t i = 0; i < pool.rows.windows; ++i)
    for (int64_t j = 0; j < pool.columns.windows; ++j) max_windows<true>(pool, x, i, j, y, index);
}

/// Windows of 2x2 beside each other, the usual case.
bool two_by_two(const Pool& pool) {
  const auto half = [](const PoolAxis& a) {
    return a.kernel == 2 && a.stride == 2 && a.dilation == 1 && a.padding == 0 && 2 * a.windows <= a.size;
  };
  return half(pool.rows) && half(pool.columns);
}
/// At least 8 of them in a row.
bool halves(const Pool& pool) { return two_by_two(pool) && pool.columns.windows >= width; }

FOVEA_SIMD void max_plane_halved(const Pool& pool, const float* x, float* y, uint16_t* index) {
  constexpr I even{0, 2, 4, 6, 8, 10, 12, 14}, odd{1, 3, 5, 7, 9, 11, 13, 15};
  const int64_t windows = pool.columns.windows, size = pool.columns.size;
  for (int64_t i = 0; i < pool.rows.windows; ++i, x += 2 * size, y += windows, index += windows)
    for (int64_t k = 0; k < windows; k += width) {
      const int64_t j = std::min(k, windows - width);  // overlaps the last
      const F a = simd::load(x + 2 * j), b = simd::load(x + 2 * j + width), c = simd::load(x + size + 2 * j),
              d = simd::load(x + size + 2 * j + width);
      Maximum m;
      m.start(__builtin_shuffle(a, b, even), 0);
      m.meet(__builtin_shuffle(a, b, odd), 1);
      m.meet(__builtin_shuffle(c, d, even), 2);
      m.meet(__builtin_shuffle(c, d, odd), 3);
      m.store(y + j, index + j);
    }
}

FOVEA_SIMD void max_plane(const Pool& pool, const float* x, float* y, uint16_t* index) {
  if (halves(pool)) return max_plane_halved(pool, x, y, index);
  const auto [begin, end] = inner_windows(pool.columns);
  const int64_t windows = pool.columns.windows;
  for (int64_t i = 0; i < pool.rows.windows; ++i) {
    for (int64_t j = 0; j < begin; ++j) max_window(pool, x, i, j, y, index);
    int64_t j = begin;
    for (; j + width <= end; j += width) max_windows<false>(pool, x, i, j, y, index);
    if (j < end && end - begin >= width)
      max_windows<false>(pool, x, i, end - width, y, index), j = end;  // overlaps the last
    for (; j < windows; ++j) max_window(pool, x, i, j, y, index);
  }
}

void max_forward(const Call& c) {
  const Pool pool(c, c.in(0).shape);
  const Planes planes(c.in(0), pool);
  const auto plane = planes.lanes == width ? max_plane_blocked : max_plane;
  planes.each([&](int64_t k) {
    const int64_t y = k * planes.y_size;
    plane(pool, c.in(0).ptr<float>() + k * planes.x_size, c.out(0).ptr<float>() + y,
          c.out(1).ptr<uint16_t>() + y);
  });
}

/// Adds the gradients of a plane to where its maxima lay. `step` holds the offset of each position in a
/// window.
template <int lanes>
void scatter_plane(const Pool& pool, const float* g, const uint16_t* index, const int32_t* step,
                   int64_t positions, float* dx) {
  const PoolAxis &rows = pool.rows, &columns = pool.columns;
  const int64_t size = rows.size * columns.size * lanes;
  std::fill(dx, dx + size, 0.0f);
  for (int64_t i = 0; i < rows.windows; ++i)
    for (int64_t j = 0; j < columns.windows; ++j, g += lanes, index += lanes) {
      const int64_t corner = (rows.start(i) * columns.size + columns.start(j)) * lanes;
      for (int lane = 0; lane < lanes; ++lane) {
        const int64_t at = index[lane] < positions ? corner + step[index[lane]] + lane : -1;
        check(at >= 0 && at < size, "index {} lies outside of x", index[lane]);
        dx[at] += g[lane];
      }
    }
}

/// The same for windows of 2x2 beside each other: every element of x is written once.
template <int lanes>
FOVEA_SIMD void spread_halved(const Pool& pool, const float* g, const uint16_t* index, float* dx) {
  const int64_t windows = pool.columns.windows, row = pool.columns.size * lanes, height = pool.rows.size;
  constexpr I low{0, 8, 1, 9, 2, 10, 3, 11}, high{4, 12, 5, 13, 6, 14, 7, 15};
  constexpr int64_t step = lanes == width ? 1 : width;  // windows of a vector
  I seen{};
  for (int64_t i = 0; i < pool.rows.windows; ++i, g += windows * lanes, index += windows * lanes) {
    float* to = dx + 2 * i * row;
    for (int64_t k = 0; k < windows; k += step) {
      const int64_t j = std::min(k, windows - step);  // overlaps the last
      H narrow;
      std::memcpy(&narrow, index + j * lanes, sizeof narrow);
      const I where = __builtin_convertvector(narrow, I);
      seen |= where;
      const F value = simd::load(g + j * lanes), zero{};
      for (int u = 0; u < 2; ++u) {
        const F left = where == 2 * u ? value : zero, right = where == 2 * u + 1 ? value : zero;
        float* p = to + u * row + 2 * j * lanes;
        simd::store(p, lanes == width ? left : __builtin_shuffle(left, right, low));
        simd::store(p + width, lanes == width ? right : __builtin_shuffle(left, right, high));
      }
    }
    for (int u = 0; u < 2; ++u) std::fill(to + u * row + 2 * windows * lanes, to + (u + 1) * row, 0.0f);
  }
  std::fill(dx + 2 * pool.rows.windows * row, dx + height * row, 0.0f);
  for (int lane = 0; lane < width; ++lane)
    check(seen[lane] < 4, "an index lies outside of x: windows have 4 places");
}

size_t max_backward_scratch(const Call& c) { return size_t(c.d("kernel", 2).numel()) * sizeof(int32_t); }

void max_backward(const Call& c) {
  const Pool pool(c, c.out().shape);
  const Planes planes(c.out(), pool);
  const PoolAxis &rows = pool.rows, &columns = pool.columns;
  auto* step = reinterpret_cast<int32_t*>(c.scratch);
  for (int64_t u = 0; u < rows.kernel; ++u)
    for (int64_t v = 0; v < columns.kernel; ++v)
      step[u * columns.kernel + v] =
          int32_t((u * rows.dilation * columns.size + v * columns.dilation) * planes.lanes);
  const bool blocked = planes.lanes == width, halved = blocked ? two_by_two(pool) : halves(pool);
  const auto plane = blocked ? scatter_plane<width> : scatter_plane<1>;
  const auto spread = blocked ? spread_halved<width> : spread_halved<1>;
  planes.each([&](int64_t k) {
    const int64_t y = k * planes.y_size;
    if (halved)
      return spread(pool, c.in(0).ptr<float>() + y, c.in(1).ptr<uint16_t>() + y,
                    c.out().ptr<float>() + k * planes.x_size);
    plane(pool, c.in(0).ptr<float>() + y, c.in(1).ptr<uint16_t>() + y, step, rows.kernel * columns.kernel,
          c.out().ptr<float>() + k * planes.x_size);
  });
}

/// 1 / number of elements that window (i, j) counts; most count as many as the one before.
class Share {
 public:
  Share(const Pool& pool, bool with_padding) : pool_(pool), with_padding_(with_padding) {}
  float operator()(int64_t i, int64_t j) {
    const PoolAxis &rows = pool_.rows, &columns = pool_.columns;
    const int64_t n = with_padding_ ? rows.padded_count(i) * columns.padded_count(j)
                                    : (rows.end(i) - rows.begin(i)) * (columns.end(j) - columns.begin(j));
    if (n != count_) count_ = n, share_ = float(1.0 / double(n));
    return share_;
  }

 private:
  const Pool& pool_;
  bool with_padding_;
  int64_t count_ = -1;
  float share_ = 0;
};

/// Of n vectors in a row.
FOVEA_SIMD_INLINE F sum_of_vectors(const float* x, int64_t n) {
  F sums[4] = {};
  int64_t i = 0;
  for (; i + 4 <= n; i += 4)
#pragma GCC unroll 4
    for (int k = 0; k < 4; ++k) sums[k] += simd::load(x + (i + k) * width);
  for (; i < n; ++i) sums[0] += simd::load(x + i * width);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

template <bool blocked>
FOVEA_SIMD_INLINE void mean_windows(const Pool& pool, const float* x, float share, int64_t i, int64_t j,
                                    float* y) {
  constexpr int64_t lanes = blocked ? width : 1;
  const PoolAxis &rows = pool.rows, &columns = pool.columns;
  const int64_t top = rows.begin(i), bottom = rows.end(i), left = columns.begin(j), right = columns.end(j);
  F sum{};
  if (blocked && right - left == columns.size) {
    sum = sum_of_vectors(x + top * columns.size * lanes, (bottom - top) * columns.size);
  } else {
    for (int64_t u = top; u < bottom; ++u)
      for (int64_t v = left; v < right; ++v) {
        const float* p = x + (u * columns.size + v) * lanes;
        sum += blocked ? simd::load(p) : strided(p, columns.stride);
      }
  }
  simd::store(y + (i * columns.windows + j) * lanes, sum * share);
}

FOVEA_SIMD float sum_of(const float* x, int64_t n) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) sum += x[i];
  return sum;
}

void mean_window(const Pool& pool, const float* x, float share, int64_t i, int64_t j, float* y) {
  const PoolAxis &rows = pool.rows, &columns = pool.columns;
  const int64_t top = rows.begin(i), bottom = rows.end(i), left = columns.begin(j), n = columns.end(j) - left;
  float sum = 0;
  if (n == columns.size) sum = sum_of(x + top * n, (bottom - top) * n);
  else
    for (int64_t u = top; u < bottom; ++u) sum += sum_of(x + u * columns.size + left, n);
  y[i * columns.windows + j] = sum * share;
}

FOVEA_SIMD void mean_plane_blocked(const Pool& pool, bool with_padding, const float* x, float* y) {
  Share share(pool, with_padding);
  for (int64_t i = 0; i < pool.rows.windows; ++i)
    for (int64_t j = 0; j < pool.columns.windows; ++j) mean_windows<true>(pool, x, share(i, j), i, j, y);
}

FOVEA_SIMD void mean_plane(const Pool& pool, bool with_padding, const float* x, float* y) {
  Share share(pool, with_padding);
  const auto [begin, end] = inner_windows(pool.columns);
  for (int64_t i = 0; i < pool.rows.windows; ++i) {
    int64_t j = 0;
    for (; j < begin; ++j) mean_window(pool, x, share(i, j), i, j, y);
    for (; j + width <= end; j += width) mean_windows<false>(pool, x, share(i, j), i, j, y);
    for (; j < pool.columns.windows; ++j) mean_window(pool, x, share(i, j), i, j, y);
  }
}

void mean_forward(const Call& c) {
  const Pool pool(c, c.in(0).shape);
  const Planes planes(c.in(0), pool);
  const auto plane = planes.lanes == width ? mean_plane_blocked : mean_plane;
  planes.each([&](int64_t k) {
    plane(pool, c.b("count_include_pad"), c.in(0).ptr<float>() + k * planes.x_size,
          c.out().ptr<float>() + k * planes.y_size);
  });
}

/// Whether every element lies in one window.
bool tiled(const PoolAxis& a) {
  return a.stride == a.kernel && a.padding == 0 && a.windows * a.kernel == a.size;
}

/// dx (+)= the share of g, for n elements of a row.
template <int lanes, bool once>
FOVEA_SIMD_INLINE void spread_row(const float* g, float share, float* dx, int64_t n) {
  if constexpr (lanes == width) {
    const F value = simd::load(g) * share;
    for (int64_t i = 0; i < n; ++i, dx += width) simd::store(dx, once ? value : simd::load(dx) + value);
  } else {
    const float value = *g * share;
    for (int64_t i = 0; i < n; ++i) dx[i] = once ? value : dx[i] + value;
  }
}

/// If `once`, every element lies in one window: nothing is added up.
template <int lanes, bool once>
FOVEA_SIMD void spread_plane(const Pool& pool, bool with_padding, const float* g, float* dx) {
  const PoolAxis &rows = pool.rows, &columns = pool.columns;
  Share share(pool, with_padding);
  if (!once) std::fill(dx, dx + rows.size * columns.size * lanes, 0.0f);
  for (int64_t i = 0; i < rows.windows; ++i)
    for (int64_t j = 0; j < columns.windows; ++j, g += lanes) {
      const float value = share(i, j);
      const int64_t left = columns.begin(j), n = columns.end(j) - left;
      for (int64_t u = rows.begin(i); u < rows.end(i); ++u)
        spread_row<lanes, once>(g, value, dx + (u * columns.size + left) * lanes, n);
    }
}

void mean_backward(const Call& c) {
  const Pool pool(c, c.out().shape);
  const Planes planes(c.out(), pool);
  const bool once = tiled(pool.rows) && tiled(pool.columns);
  const auto plane = planes.lanes == width ? once ? spread_plane<width, true> : spread_plane<width, false>
                     : once ? spread_plane<1, true>
                                           : spread_plane<1, false>;
  const bool with_padding = c.b("count_include_pad");
  planes.each([&](int64_t k) {
    plane(pool, with_padding, c.in(0).ptr<float>() + k * planes.y_size,
          c.out().ptr<float>() + k * planes.x_size);
  });
}

const char* refuse(const Call& c) {
  if (const char* reason = refuse_avx2(c)) return reason;
  return c.dtype() == f32 ? nullptr : "it computes in f32 only";
}

/// Blocked if an input is: a gradient that comes out of a reshape is plain, the indices beside it are not.
void layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>& out) {
  const bool blocked =
      std::any_of(c.ins.begin(), c.ins.end(), [](const View& v) { return v.layout == Layout::blocked8; });
  std::fill(in.begin(), in.end(), blocked ? Layout::blocked8 : Layout::plain);
  std::fill(out.begin(), out.end(), blocked ? Layout::blocked8 : Layout::plain);
}

Kernel kernel(void (*run)(const Call&), size_t (*scratch)(const Call&) = nullptr) {
  return {.name = "cpu:planes",
          .rank = 10,
          .refuse = refuse,
          .scratch = scratch,
          .run = run,
          .inputs = Inputs::own,
          .layouts = layouts};
}

const RegisterKernel max_forward_kernel("max_pool2d_forward", kernel(max_forward));
const RegisterKernel max_backward_kernel("max_pool2d_backward", kernel(max_backward, max_backward_scratch));
const RegisterKernel mean_forward_kernel("avg_pool2d", kernel(mean_forward));
const RegisterKernel mean_backward_kernel("avg_pool2d_backward", kernel(mean_backward));

}  // namespace
}  // namespace fovea
