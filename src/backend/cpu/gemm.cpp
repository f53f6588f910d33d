#include "backend/cpu/gemm.h"

#include <algorithm>

#include "backend/cpu/simd.h"
#include "base/parallel.h"

namespace fovea {
namespace {

using simd::V;

constexpr int tile_rows = 6;
template <class T>
constexpr int panel = 2 * simd::lanes<T>;  // columns of a register tile
constexpr int64_t depth = 384;             // rows of B that stay in the nearest caches

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

/// A result in column j with bias and clamp.
template <class T>
FOVEA_SIMD_INLINE T finished(const Gemm<T>& g, T sum, int64_t j) {
  if (g.bias) sum += g.bias[j];
  return sum < g.low ? g.low : sum > g.high ? g.high : sum;
}
template <class T>
FOVEA_SIMD_INLINE V<T> finished(const Gemm<T>& g, V<T> sum, int64_t j) {
  if (g.bias) sum += simd::load(g.bias + j);
  return simd::clamp(sum, V<T>{} + g.low, V<T>{} + g.high);
}

/// M x N results as dot products of rows of A with rows of B transposed, nothing packed: for few rows of A.
template <class T, int M, int N>
FOVEA_SIMD void dots(const Gemm<T>& g, int64_t i, int64_t j) {
  constexpr int L = simd::lanes<T>;
  const T *a = g.a + i * g.a_row, *b = g.b + j * g.b_column;
  V<T> acc[M][N];
#pragma GCC unroll 4
  for (int r = 0; r < M; ++r)
#pragma GCC unroll 4
    for (int c = 0; c < N; ++c) acc[r][c] = V<T>{};
  int64_t p = 0;
  for (; p + L <= g.k; p += L) {
    V<T> y[N];
#pragma GCC unroll 4
    for (int c = 0; c < N; ++c) y[c] = simd::load(b + c * g.b_column + p);
#pragma GCC unroll 4
    for (int r = 0; r < M; ++r) {
      const V<T> x = simd::load(a + r * g.a_row + p);
#pragma GCC unroll 4
      for (int c = 0; c < N; ++c) acc[r][c] += x * y[c];
    }
  }
  for (int r = 0; r < M; ++r)
    for (int c = 0; c < N; ++c) {
      T sum = simd::sum<T>(acc[r][c]);
      for (int64_t q = p; q < g.k; ++q) sum += a[r * g.a_row + q] * b[c * g.b_column + q];
      g.c[(i + r) * g.n + j + c] = finished(g, sum, j + c);
    }
}

template <class T, int N>
void dot_rows(const Gemm<T>& g, int64_t j) {
  int64_t i = 0;
  for (; i + 3 <= g.m; i += 3) dots<T, 3, N>(g, i, j);
  if (g.m - i == 2) dots<T, 2, N>(g, i, j);
  if (g.m - i == 1) dots<T, 1, N>(g, i, j);
}

template <class T>
void run_dots(const Gemm<T>& g) {
  const int64_t columns = std::max<int64_t>(1, 65536 / std::max<int64_t>(1, g.m * g.k)) * 4;
  parallel_for(g.n, columns, [&](int64_t begin, int64_t end) {
    int64_t j = begin;
    for (; j + 4 <= end; j += 4) dot_rows<T, 4>(g, j);
    for (; j < end; ++j) dot_rows<T, 1>(g, j);
  });
}

/// A piece of the sums of a register tile: `depth` rows of a packed panel for columns [j, j + width) of C.
template <class T>
struct Piece {
  const T* b;
  int64_t k, j, width;
  bool first, last;  // starts the sums, or adds to C; finishes them
};

/// R rows of C.
template <class T, int R>
FOVEA_SIMD_INLINE void tile(const Gemm<T>& g, const Piece<T>& piece, const T* a, T* c) {
  constexpr int P = panel<T>, L = P / 2;
  const T* b = piece.b;
  V<T> acc[R][2];
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = V<T>{};
  for (int64_t p = 0; p < piece.k; ++p, b += P, a += g.a_column) {
    const V<T> b0 = simd::load(b), b1 = simd::load(b + L);
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
      const T value = a[r * g.a_row];
      acc[r][0] += value * b0;
      acc[r][1] += value * b1;
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) {
    T* row = c + r * g.n;
    if (piece.width == P) {
      V<T> low = acc[r][0], high = acc[r][1];
      if (!piece.first) low += simd::load(row), high += simd::load(row + L);
      if (piece.last) low = finished(g, low, piece.j), high = finished(g, high, piece.j + L);
      simd::store(row, low);
      simd::store(row + L, high);
    } else {
      T values[P];
      simd::store(values, acc[r][0]);
      simd::store(values + L, acc[r][1]);
      for (int64_t i = 0; i < piece.width; ++i) {
        const T sum = values[i] + (piece.first ? T(0) : row[i]);
        row[i] = piece.last ? finished(g, sum, piece.j + i) : sum;
      }
    }
  }
}

/// Rows [row, row_end) of C.
template <class T>
FOVEA_SIMD void tiles(const Gemm<T>& g, const Piece<T>& piece, const T* a, int64_t row, int64_t row_end) {
  a += row * g.a_row;
  T* c = g.c + row * g.n + piece.j;
  for (; row + tile_rows <= row_end; row += tile_rows, a += tile_rows * g.a_row, c += tile_rows * g.n)
    tile<T, tile_rows>(g, piece, a, c);
  switch (row_end - row) {
    case 5:
      return tile<T, 5>(g, piece, a, c);
    case 4:
      return tile<T, 4>(g, piece, a, c);
    case 3:
      return tile<T, 3>(g, piece, a, c);
    case 2:
      return tile<T, 2>(g, piece, a, c);
    case 1:
      return tile<T, 1>(g, piece, a, c);
  }
}

/// Steps [p, p + k) of the sums in columns of panel j, whose packed rows lie at b.
template <class T>
Piece<T> piece_of(const Gemm<T>& g, int64_t j, int64_t p, int64_t k, const T* b) {
  const int64_t column = j * panel<T>;
  return {b, k, column, std::min<int64_t>(panel<T>, g.n - column), p == 0, p + k == g.k};
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

/// Rows [row, row_end) of C for the panels [from, to), all packed.
template <class T>
void block(const Gemm<T>& g, const T* packed, int64_t row, int64_t row_end, int64_t from, int64_t to) {
  for (int64_t p = 0; p < g.k || p == 0; p += depth) {
    const int64_t k = std::min(depth, g.k - p);
    for (int64_t j = from; j < to; ++j)
      tiles(g, piece_of(g, j, p, k, packed + (j * g.k + p) * panel<T>), g.a + p * g.a_column, row, row_end);
  }
}

/// The same for a transposed A, at most turned_rows rows of it.
template <class T>
void turned_block(const Gemm<T>& g, const T* packed, int64_t row, int64_t row_end, int64_t from, int64_t to) {
  T copy[turned_rows * depth];
  Gemm<T> near = g;
  near.a_row = 1, near.a_column = turned_rows, near.c += row * g.n;
  for (int64_t p = 0; p < g.k || p == 0; p += depth) {
    const int64_t k = std::min(depth, g.k - p);
    copy_rows(g, row, row_end, p, k, copy);
    for (int64_t j = from; j < to; ++j)
      tiles(near, piece_of(near, j, p, k, packed + (j * g.k + p) * panel<T>), copy, 0, row_end - row);
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
  for (int64_t p = 0; p < g.k || p == 0; p += depth) {
    Gemm<T> slice = g;
    slice.k = std::min(depth, g.k - p), slice.b += p * g.b_row;
    if (g.b_column == 1 && to * panel<T> <= g.n) pack_rows(slice, from, to, packed);
    else
      for (int64_t j = from; j < to; ++j)
        pack_panel(slice, j * panel<T>, packed + (j - from) * slice.k * panel<T>);
    for (int64_t j = from; j < to; ++j)
      tiles(g, piece_of(g, j, p, slice.k, packed + (j - from) * slice.k * panel<T>), g.a + p * g.a_column, 0,
            g.m);
  }
}

constexpr int64_t most_dot_rows = 12;
constexpr int64_t rows_per_task = 96, task_work = 1 << 18;  // rows; multiplications
constexpr int64_t turned_panels = 8;                        // at least, for one copy of rows of A
constexpr int64_t streamed_panels = 8;                      // packed at a time

/// Whether B is read once only, so that it is packed piece by piece.
template <class T>
bool streams(const Gemm<T>& g) {
  return g.m <= rows_per_task && g.n * g.k >= (int64_t{1} << 20);
}

/// Whether B is not packed at all.
template <class T>
bool by_dots(const Gemm<T>& g) {
  return g.m <= most_dot_rows && g.a_column == 1 && g.b_row == 1 && g.k >= 4 * simd::lanes<T>;
}

template <class T>
int64_t panels_of(const Gemm<T>& g) {
  return (g.n + panel<T> - 1) / panel<T>;
}

}  // namespace

template <class T>
int64_t Gemm<T>::scratch() const {
  if (streams(*this)) return num_threads() * streamed_panels * panel<T> * depth;
  return panels_of(*this) * panel<T> * k;
}

template <class T>
int64_t Gemm<T>::packed() const {
  return by_dots(*this) || streams(*this) ? 0 : panels_of(*this) * panel<T> * k;
}

template <class T>
void Gemm<T>::pack(T* to) const {
  constexpr int P = panel<T>;
  parallel_for(panels_of(*this), std::max<int64_t>(1, 16384 / std::max<int64_t>(1, k * P)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t j = begin; j < end; ++j) pack_panel(*this, j * P, to + j * k * P);
               });
}

template <class T>
void Gemm<T>::run(T* scratch) const {
  constexpr int P = panel<T>;
  if (by_dots(*this)) return run_dots(*this);
  if (!streams(*this)) {
    pack(scratch);
    return run_packed(scratch);
  }
  const int64_t panels = panels_of(*this);
  parallel_for((panels + streamed_panels - 1) / streamed_panels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t j = begin * streamed_panels; j < std::min(panels, end * streamed_panels);
         j += streamed_panels)
      stream(*this, scratch + thread_index() * streamed_panels * P * depth, j,
             std::min(panels, j + streamed_panels));
  });
}

template <class T>
void Gemm<T>::run_packed(const T* packed) const {
  const int64_t panels = panels_of(*this);
  const bool turned = a_column != 1;
  const int64_t rows = turned ? turned_rows : rows_per_task, fewest = turned ? turned_panels : 1;
  const int64_t row_tasks = (m + rows - 1) / rows;
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
