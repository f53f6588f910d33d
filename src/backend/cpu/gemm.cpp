#include "backend/cpu/gemm.h"

#include <algorithm>
#include <bit>

#include "backend/cpu/gemm_dots.h"
#include "base/parallel.h"

namespace fovea {
namespace {

using namespace gemm;

/// Steps of each sum that are made together, as even as can be.
template <class T>
int64_t steps_together(const Gemm<T>& g) {
  const int64_t pieces = std::max<int64_t>(1, (g.k + Gemm<T>::depth - 1) / Gemm<T>::depth);
  return std::max<int64_t>(1, (g.k + pieces - 1) / pieces);
}

/// Columns [j, j + panel) of B as [k][panel], short panels filled with zeros.
template <class T>
FOVEA_SIMD void pack_panel(const Gemm<T>& g, int64_t j, T* to) {
  constexpr int P = panel<T>;
  const int64_t width = std::min<int64_t>(P, g.n - j);
  const T* from = g.b + j * g.b_column;
  if (g.b_column == 1 && width == P) {
    for (int64_t p = 0; p < g.k; ++p, to += P) {
      simd::store(to, simd::load(from + p * g.b_row));
      simd::store(to + P / 2, simd::load(from + p * g.b_row + P / 2));
    }
    return;
  }
  if (width < P) std::fill(to, to + g.k * P, T(0));
  int64_t done = 0;  // columns
  if constexpr (std::is_same_v<T, float>)
    for (; g.b_row == 1 && g.k >= 8 && done + 8 <= width; done += 8)
      for (int64_t p = 0; p < g.k; p += 8) {
        const int64_t at = std::min(p, g.k - 8);  // the last rows may be written twice
        simd::transpose8(from + done * g.b_column + at, g.b_column, to + at * P + done, P);
      }
  for (int64_t i = done; i < width; ++i)
    for (int64_t p = 0; p < g.k; ++p) to[p * P + i] = from[p * g.b_row + i * g.b_column];
}

/// Steps [p, p + k) of the sums in columns of panel j, whose rows from p on are `rows`.
template <class T>
Piece<T> piece_of(const Gemm<T>& g, int64_t j, int64_t p, int64_t k, Rows<T> rows) {
  const int64_t column = j * panel<T>;
  return {rows, k, column, std::min<int64_t>(panel<T>, g.n - column), p == 0, p + k == g.k};
}

/// Whether panels are read in B itself: few rows, that lie dense and not in the same few places of the cache.
template <class T>
bool in_place(const Gemm<T>& g) {
  return g.b_column == 1 && g.k <= 64 && g.b_row * int64_t(sizeof(T)) % 1024 != 0;
}

template <class T>
int64_t panels_of(const Gemm<T>& g) {
  return (g.n + panel<T> - 1) / panel<T>;
}

/// Of all panels, or of the short one alone where the others are read in place.
template <class T>
int64_t packed_panels(const Gemm<T>& g) {
  return in_place(g) ? g.n % panel<T> != 0 : panels_of(g);
}

/// The rows of panel j from p on.
template <class T>
Rows<T> rows_of(const Gemm<T>& g, const T* packed, int64_t j, int64_t p) {
  constexpr int P = panel<T>;
  if (!in_place(g)) return {packed + (j * g.k + p) * P, P};
  if ((j + 1) * P > g.n) return {packed + p * P, P};
  return {g.b + p * g.b_row + j * P, g.b_row};
}

constexpr int64_t turned_rows = 24;  // of C in a task whose rows of A are copied

/// Columns [p, p + k) of A for the rows [row, row_end) as [k][turned_rows]: the elements that a transposed A
/// wants one after the other are far from each other, often in the same few places of the caches.
template <class T>
void copy_rows(const Gemm<T>& g, int64_t row, int64_t row_end, int64_t p, int64_t k, T* to) {
  const T* from = g.a + row * g.a_row + p * g.a_column;
  for (int64_t q = 0; q < k; ++q, from += g.a_column, to += turned_rows) {
    if (g.a_row == 1 && row_end - row == turned_rows) std::copy_n(from, turned_rows, to);
    else
      for (int64_t i = 0; i < row_end - row; ++i) to[i] = from[i * g.a_row];
  }
}

/// Rows [row, row_end) of C for the panels [from, to).
template <class T>
void block(const Gemm<T>& g, const T* packed, int64_t row, int64_t row_end, int64_t from, int64_t to) {
  const int64_t steps = steps_together(g);
  for (int64_t p = 0; p < g.k || p == 0; p += steps) {
    const int64_t k = std::min(steps, g.k - p);
    all_tiles(g, from, to, g.a + p * g.a_column, row, row_end,
              [&](int64_t j) { return piece_of(g, j, p, k, rows_of(g, packed, j, p)); });
  }
}

/// The same for a transposed A, at most turned_rows rows of it.
template <class T>
void turned_block(const Gemm<T>& g, const T* packed, int64_t row, int64_t row_end, int64_t from, int64_t to) {
  const int64_t steps = steps_together(g);
  T copy[turned_rows * Gemm<T>::depth];
  Gemm<T> near = g;
  near.a_row = 1, near.a_column = turned_rows, near.c += row * g.n;
  for (int64_t p = 0; p < g.k || p == 0; p += steps) {
    const int64_t k = std::min(steps, g.k - p);
    copy_rows(g, row, row_end, p, k, copy);
    all_tiles(near, from, to, copy, 0, row_end - row,
              [&](int64_t j) { return piece_of(near, j, p, k, rows_of(near, packed, j, p)); });
  }
}

/// The panels [from, to) of rows of B that lie dense: row by row, as memory reads best, rows to come asked
/// for.
template <class T>
FOVEA_SIMD void pack_rows(const Gemm<T>& g, int64_t from, int64_t to, T* packed) {
  constexpr int P = panel<T>, line = 64 / int(sizeof(T));
  constexpr int64_t ahead = 6;
  for (int64_t p = 0; p < g.k; ++p, packed += P) {
    const T* row = g.b + p * g.b_row + from * P;
    if (p + ahead < g.k)
      for (int64_t i = 0; i < (to - from) * P; i += line) __builtin_prefetch(row + ahead * g.b_row + i);
    for (int64_t j = 0; j < to - from; ++j, row += P) {
      simd::store(packed + j * g.k * P, simd::load(row));
      simd::store(packed + j * g.k * P + P / 2, simd::load(row + P / 2));
    }
  }
}

/// All rows of C for the panels [from, to), packed piece by piece where they stay in the cache: for few rows
/// of A, where packing all of B first would cost more memory traffic than the product.
template <class T>
void stream(const Gemm<T>& g, T* packed, int64_t from, int64_t to) {
  constexpr int P = panel<T>;
  const int64_t steps = steps_together(g);
  for (int64_t p = 0; p < g.k || p == 0; p += steps) {
    Gemm<T> slice = g;
    slice.k = std::min(steps, g.k - p), slice.b += p * g.b_row;
    if (g.b_column == 1 && to * P <= g.n) pack_rows(slice, from, to, packed);
    else
      for (int64_t j = from; j < to; ++j) pack_panel(slice, j * P, packed + (j - from) * slice.k * P);
    all_tiles(g, from, to, g.a + p * g.a_column, 0, g.m, [&](int64_t j) {
      return piece_of(g, j, p, slice.k, Rows<T>{packed + (j - from) * slice.k * P, P});
    });
  }
}

constexpr int64_t rows_per_task = 96, task_work = 1 << 18;  // rows; multiplications
constexpr int64_t turned_panels = 8;                        // at least, for one copy of rows of A
constexpr int64_t large = 1 << 20;                          // elements of a B that comes from memory

/// Rows of a task: whole tiles, about the same number in each.
int64_t even_rows(int64_t m, int64_t tasks) {
  const int64_t tiles = (m + tile_rows - 1) / tile_rows;
  return (tiles + tasks - 1) / std::max<int64_t>(1, tasks) * tile_rows;
}

/// Whether a panel of B is packed where it is used: for as many rows of A as one thread takes, or some more
/// if there are panels enough for all threads. What another thread has packed comes from its cache.
template <class T>
bool streams(const Gemm<T>& g) {
  const bool few = g.m <= rows_per_task || (g.m <= 2 * rows_per_task && panels_of(g) >= 8);
  return few && !in_place(g);
}

/// Panels packed at a time: what memory reads best, or what stays in the nearest cache.
template <class T>
int64_t panels_together(const Gemm<T>& g) {
  return g.n * g.k >= large ? 8 : 2;
}

/// Elements of them.
template <class T>
int64_t streamed(const Gemm<T>& g) {
  return panels_together(g) * panel<T> * steps_together(g);
}

/// How sums over many rows of a B that lie dense are cut for a few rows of A: each part of B is read by one
/// thread, in place, as products with its transpose and its updates read it, so it stays in that core's
/// cache.
struct Parts {
  static constexpr int64_t most_rows = 24, fewest_steps = 96;  // of A; of a part
  static constexpr int64_t together = 64;                      // steps whose rows of B are read side by side
  int64_t steps, count;

  template <class T>
  explicit Parts(const Gemm<T>& g) {
    const int64_t parts =
        int64_t(std::bit_floor(uint64_t(g.k / fewest_steps)));  // often a whole number for each thread
    steps = (g.k + parts - 1) / parts, count = (g.k + steps - 1) / steps;
  }
};

template <class T>
bool by_parts(const Gemm<T>& g) {
  return g.m <= Parts::most_rows && g.a_column == 1 && g.b_column == 1 && g.k >= 2 * Parts::fewest_steps &&
         g.n % panel<T> == 0 && g.n * g.k >= 65536 && g.n * g.k < large;
}

/// Columns [begin, end) of C from those of `count` parts.
template <class T>
FOVEA_SIMD void add_parts(const Gemm<T>& g, const T* parts, int64_t count, int64_t begin, int64_t end) {
  const Finish<T> finish(g);
  for (int64_t i = 0; i < g.m; ++i)
    for (int64_t j = begin; j < end; j += simd::lanes<T>) {
      const T* from = parts + i * g.n + j;
      V<T> sum = simd::load(from);
      for (int64_t part = 1; part < count; ++part) sum += simd::load(from += g.m * g.n);
      simd::store(g.c + i * g.n + j, finish(sum, j));
    }
}

template <class T>
void run_parts(const Gemm<T>& g, T* scratch) {
  const Parts parts(g);
  const int64_t size = g.m * g.n, panels = panels_of(g);
  parallel_for(parts.count, 1, [&](int64_t part, int64_t) {
    Gemm<T> own = g;
    own.c = scratch + part * size;
    const int64_t begin = part * parts.steps, end = std::min(g.k, begin + parts.steps);
    for (int64_t p = begin; p < end; p += Parts::together) {
      const int64_t k = std::min(Parts::together, end - p);
      all_tiles(own, 0, panels, g.a + p, 0, g.m, [&](int64_t j) {
        const int64_t column = j * panel<T>;
        return Piece<T>{{g.b + p * g.b_row + column, g.b_row}, k, column, panel<T>, p == begin, false};
      });
    }
  });
  parallel_for(panels, 8, [&](int64_t begin, int64_t end) {
    add_parts(g, scratch, parts.count, begin * panel<T>, end * panel<T>);
  });
}

/// Whether there is so little to do that setting up tiles would cost more.
template <class T>
bool tiny(const Gemm<T>& g) {
  return g.m * g.n * g.k <= 128;
}

/// K: steps of each sum, if they are known.
template <class T, int K = 0>
FOVEA_SIMD void run_tiny(const Gemm<T>& g) {
  const int64_t k = K > 0 ? K : g.k, m = g.m, n = g.n;
  const int64_t a_column = g.a_column, b_row = g.b_row, b_column = g.b_column;
  const T low = g.low, high = g.high, *bias = g.bias;
  T* c = g.c;
  for (int64_t i = 0; i < m; ++i) {
    const T *a = g.a + i * g.a_row, *b = g.b;
    for (int64_t j = 0; j < n; ++j, b += b_column) {
      T sum = 0;
#pragma GCC unroll 4
      for (int64_t p = 0; p < k; ++p) sum += a[p * a_column] * b[p * b_row];
      if (bias) sum += bias[j];
      *c++ = sum < low ? low : sum > high ? high : sum;
    }
  }
}

template <class T>
void run_tiny_by_depth(const Gemm<T>& g) {
  switch (g.k) {
    case 1:
      return run_tiny<T, 1>(g);
    case 2:
      return run_tiny<T, 2>(g);
    case 3:
      return run_tiny<T, 3>(g);
    case 4:
      return run_tiny<T, 4>(g);
    default:
      return run_tiny<T>(g);
  }
}

}  // namespace

template <class T>
int64_t Gemm<T>::scratch() const {
  if (tiny(*this) || by_dots(*this)) return 0;
  if (by_parts(*this)) return Parts(*this).count * m * n;
  if (streams(*this)) return num_threads() * streamed(*this);
  return packed_panels(*this) * panel<T> * k;
}

template <class T>
int64_t Gemm<T>::packed() const {
  const bool as_quick =
      tiny(*this) || by_dots(*this) || by_parts(*this) || (streams(*this) && n * k >= large);
  return as_quick ? 0 : packed_panels(*this) * panel<T> * k;
}

template <class T>
void Gemm<T>::pack(T* to) const {
  constexpr int P = panel<T>;
  const int64_t first = panels_of(*this) - packed_panels(*this);
  parallel_for(packed_panels(*this), std::max<int64_t>(1, 16384 / std::max<int64_t>(1, k * P)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t j = begin; j < end; ++j) pack_panel(*this, (first + j) * P, to + j * k * P);
               });
}

static_assert(Gemm<float>::alone_scratch >= 2 * panel<float> * Gemm<float>::depth);

template <class T>
void Gemm<T>::run_alone(T* scratch) const {
  for (int64_t j = 0; j < panels_of(*this); j += 2)
    stream(*this, scratch, j, std::min(j + 2, panels_of(*this)));
}

template <class T>
void Gemm<T>::run(T* scratch) const {
  constexpr int P = panel<T>;
  if (tiny(*this)) return run_tiny_by_depth(*this);
  if (by_dots(*this)) return run_dots(*this);
  if (by_parts(*this)) return run_parts(*this, scratch);
  if (!streams(*this)) {
    pack(scratch);
    return run_packed(scratch);
  }
  const int64_t panels = panels_of(*this), together = panels_together(*this);
  const int64_t per_task = std::max(together, task_work / std::max<int64_t>(1, m * k * P));
  parallel_for(panels, per_task, [&](int64_t begin, int64_t end) {
    T* packed = scratch + thread_index() * streamed(*this);
    for (int64_t j = begin; j < end; j += together) stream(*this, packed, j, std::min(end, j + together));
  });
}

template <class T>
void Gemm<T>::run_packed(const T* packed) const {
  const int64_t panels = panels_of(*this);
  const bool turned = a_column != 1;
  const int64_t most_rows = turned ? turned_rows : rows_per_task, fewest = turned ? turned_panels : 2;
  const int64_t row_tasks = (m + most_rows - 1) / most_rows;
  const int64_t rows = turned ? turned_rows : even_rows(m, row_tasks);
  const int64_t per_task = std::clamp<int64_t>(
      task_work / std::max<int64_t>(1, std::min(m, rows) * k * panel<T>), std::min(fewest, panels), panels);
  const int64_t column_tasks = (panels + per_task - 1) / per_task;
  parallel_for(row_tasks * column_tasks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t t = begin; t < end; ++t) {
      const int64_t row = t / column_tasks * rows, from = t % column_tasks * per_task;
      const auto run_block = turned ? turned_block<T> : block<T>;
      run_block(*this, packed, row, std::min(m, row + rows), from, std::min(panels, from + per_task));
    }
  });
}

template struct Gemm<float>;
template struct Gemm<double>;

}  // namespace fovea
