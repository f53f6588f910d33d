// What the recurrent kernels share: a thread takes some rows of the batch through all steps without waiting
// for another. The weights of a step are packed once for the whole sequence, into panels of 32 columns;
// products run in register tiles of up to 12 vectors, or in pairs (paired.h). Every result is summed in the
// order of k, whatever the tile it falls into.
#pragma once
#include <algorithm>

#include "backend/cpu/paired.h"
#include "backend/cpu/tiles.h"
#include "backend/cpu/wide.h"
#include "base/parallel.h"
#include "fovea/kernel.h"
#include "op/pointwise_run.h"

namespace fovea::recurrent {

using simd::V;

inline constexpr int64_t lanes = 8, rows_per_task = 16;
inline constexpr int64_t depth_block = 128;  // rows of a panel that stay in the nearest cache

/// x P(x^2) / Q(x^2), the quotient of polynomials that Eigen uses for tanh, constant where that rounds to 1:
/// one division, absolute error below 4e-7. NaN stays NaN.
FOVEA_SIMD_INLINE V<float> quick_tanh(V<float> x) {
  constexpr float end = 7.90531111f;
  x = simd::clamp(x, V<float>{} - end, V<float>{} + end);
  const V<float> z = x * x;
  V<float> p = z * -2.76076847742355e-16f + 2.00018790482477e-13f;
  p = p * z - 8.60467152213735e-11f;
  p = p * z + 5.12229709037114e-08f;
  p = p * z + 1.48572235717979e-05f;
  p = p * z + 6.37261928875436e-04f;
  p = p * z + 4.89352455891786e-03f;
  V<float> q = z * 1.19825839466702e-06f + 1.18534705686654e-04f;
  q = q * z + 2.26843463243900e-03f;
  q = q * z + 4.89352518554385e-03f;
  return x * p / q;
}
FOVEA_SIMD_INLINE V<float> quick_sigmoid(V<float> x) { return 0.5f * quick_tanh(0.5f * x) + 0.5f; }

/// The first n <= 8 floats at p, zeros behind them; and back.
FOVEA_SIMD_INLINE V<float> load(const float* p, int64_t n) {
  if (n == lanes) return simd::load(p);
  V<float> v{};
  std::memcpy(&v, p, size_t(n) * sizeof(float));
  return v;
}
FOVEA_SIMD_INLINE void store(float* p, V<float> v, int64_t n) {
  if (n == lanes) simd::store(p, v);
  else std::memcpy(p, &v, size_t(n) * sizeof(float));
}
inline int64_t blocks_of(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// R rows of C (+)= A B for one panel of B.
template <int R, int G>
FOVEA_SIMD_INLINE void tile(const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t depth,
                            bool add, float* c, int64_t c_row) {
  V<float> acc[R][G];
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g) acc[r][g] = add ? simd::load(c + r * c_row + g * lanes) : V<float>{};
  for (int64_t p = 0; p < depth; ++p, b += G * lanes, a += a_column) {
    if constexpr (R > G) {  // the fewer ones stay in registers, beside the sums
      V<float> w[G];
#pragma GCC unroll 4
      for (int g = 0; g < G; ++g) w[g] = simd::load(b + g * lanes);
#pragma GCC unroll 12
      for (int r = 0; r < R; ++r) {
        const float value = a[r * a_row];
#pragma GCC unroll 4
        for (int g = 0; g < G; ++g) acc[r][g] += value * w[g];
      }
    } else {
      float value[R];
#pragma GCC unroll 12
      for (int r = 0; r < R; ++r) value[r] = a[r * a_row];
#pragma GCC unroll 4
      for (int g = 0; g < G; ++g) {
        const V<float> w = simd::load(b + g * lanes);
#pragma GCC unroll 12
        for (int r = 0; r < R; ++r) acc[r][g] += value[r] * w;
      }
    }
  }
#pragma GCC unroll 12
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 4
    for (int g = 0; g < G; ++g) simd::store(c + r * c_row + g * lanes, acc[r][g]);
}

/// The same for a panel of 32 columns in two registers.
struct WideTile {
  template <int R>
  FOVEA_WIDE static void run(const float* a, int64_t a_row, int64_t a_column, const float* b, int64_t depth,
                             bool add, float* c, int64_t c_row) {
    wide::Vec acc[R][2];
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < 2; ++v) acc[r][v] = add ? wide::load(c + r * c_row + v * 16) : wide::Vec{};
    const float* columns[]{b, b + 16};
    wide::multiply(acc, a, a_row, a_column, columns, {32, 32}, depth);
#pragma GCC unroll 12
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
      for (int v = 0; v < 2; ++v) wide::store(c + r * c_row + v * 16, acc[r][v]);
  }
};

/// C (+)= A B for a panel of 32 columns: A (rows, depth), C (rows, 32).
inline void wide_multiply(int64_t rows, const float* a, int64_t a_row, const float* b, int64_t depth,
                          bool add, float* c, int64_t c_row) {
  for (int64_t p = 0; p < depth || p == 0; p += depth_block)
    for_tiles(rows, 12, [&](int64_t r, int64_t count) {
      wide::tiles_of<WideTile, 12>[size_t(count - 1)](a + r * a_row + p, a_row, 1, b + p * 32,
                                                      std::min(depth_block, depth - p), add || p > 0,
                                                      c + r * c_row, c_row);
    });
}

/// C (+)= A B for one panel: A (rows, depth), C (rows, G * 8). Tiles of one row would wait for their own
/// sums, so rows left over are shared out.
template <int G>
FOVEA_SIMD void multiply(int64_t rows, const float* a, int64_t a_row, const float* b, int64_t depth, bool add,
                         float* c, int64_t c_row) {
  constexpr int most = 12 / G;
  for (int64_t p = 0; p < depth || p == 0; p += depth_block) {
    const int64_t n = std::min(depth_block, depth - p);
    const float* from = b + p * G * lanes;
    int64_t r = 0;
    const auto next = [&](int64_t count) { return r += count, r - count; };
    while (rows - r >= most + 2 || rows - r == most) {
      const int64_t at = next(most);
      tile<most, G>(a + at * a_row + p, a_row, 1, from, n, add || p > 0, c + at * c_row, c_row);
    }
    while (rows - r >= 3) {
      const int64_t at = next(most - 1);
      tile<most - 1, G>(a + at * a_row + p, a_row, 1, from, n, add || p > 0, c + at * c_row, c_row);
    }
    while (rows - r >= 2) {
      const int64_t at = next(2);
      tile<2, G>(a + at * a_row + p, a_row, 1, from, n, add || p > 0, c + at * c_row, c_row);
    }
    if (rows - r == 1) tile<1, G>(a + r * a_row + p, a_row, 1, from, n, add || p > 0, c + r * c_row, c_row);
  }
}

/// Some rows of A for products with panels: as they lie, or as `paired` wants them, if `blocks` is given.
struct Factor {
  static int64_t floats(int64_t rows, int64_t depth) {
    return blocks_of(rows, paired::block) * paired::Rows::floats(depth);
  }
  /// Takes n rows from `from` on, `step` apart, for panels with values up to `size`.
  Factor(const float* from, int64_t step, int64_t n, int64_t depth, float size, float* blocks,
         const float* largest_of_rows = nullptr)
      : a(from), row(step), rows(n), depth(depth), blocks(blocks) {
    for (int64_t r = 0; blocks && r < n; r += paired::block)
      paired::take(from + r * step, step, std::min(paired::block, n - r), depth, size, set(r),
                   largest_of_rows ? largest_of_rows + r : nullptr);
  }
  paired::Rows& set(int64_t r) const {
    return *reinterpret_cast<paired::Rows*>(blocks + r / paired::block * paired::Rows::floats(depth));
  }
  const float* a;
  int64_t row, rows, depth;
  float* blocks;
};

/// A packed matrix B of `depth` rows: panels of 32 columns, each behind its sums of pairs, and behind them
/// the largest value of each panel.
struct Panels {
  static constexpr int64_t width = paired::width;
  int64_t columns, depth;
  int64_t count() const { return blocks_of(columns, width); }
  int64_t padded() const { return count() * width; }  // columns with those that fill the last panel
  int64_t step() const { return (1 + paired::padded(depth)) * width; }
  int64_t floats() const { return count() * step() + blocks_of(count(), 16) * 16; }
  /// The largest value of all panels.
  float size(const float* packed) const { return paired::largest(packed + count() * step(), count()); }

  /// Column j of B is row j of `weight`, or with 4 gates: a panel holds the gates of 8 units, 8 columns each.
  template <int gates = 1>
  void pack_rows(const float* weight, float* to) const {
    constexpr int64_t units = width / gates;
    const int64_t hidden = columns / gates;
    pack(to, [=, this](int64_t i, float* out) {
      for (int64_t c = 0; c < width; c += lanes) {
        const int64_t unit = i * units + c % units, n = std::clamp<int64_t>(hidden - unit, 0, lanes);
        turn(weight + (c / units * hidden + unit) * depth, n, out + c);
      }
    });
  }
  /// B as it is.
  void pack_columns(const float* weight, float* to) const {
    pack(to, [=, this](int64_t i, float* out) {
      const int64_t n = std::min(width, columns - i * width);
      for (int64_t k = 0; k < depth; ++k, out += width) {
        const float* from = weight + k * columns + i * width;
        std::fill(std::copy(from, from + n, out), out + width, 0.0f);
      }
    });
  }

  /// C (+)= A B for panel i.
  void multiply(const Factor& a, const float* packed, int64_t i, bool add, float* c, int64_t c_row) const {
    const float *sums = packed + i * step(), *b = sums + width;
    if (!a.blocks)
      return (cpu_has_avx512() ? wide_multiply : recurrent::multiply<width / lanes>)(a.rows, a.a, a.row, b,
                                                                                     depth, add, c, c_row);
    for (int64_t r = 0; r < a.rows; r += paired::block)
      paired::multiply<paired::Order::rows>(std::min(paired::block, a.rows - r), a.set(r), sums, b,
                                            paired::padded(depth), add, c + r * c_row, c_row);
  }
  /// C = A B for all panels; rows of C are padded() long or longer.
  void multiply(const Factor& a, const float* packed, float* c, int64_t c_row) const {
    for (int64_t i = 0; i < count(); ++i) multiply(a, packed, i, false, c + i * width, c_row);
  }

 private:
  template <class F>
  void pack(float* to, F&& panel) const {
    parallel_for(count(), 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        float *sums = to + i * step(), *b = sums + width;
        panel(i, b);
        std::fill_n(b + depth * width, (paired::padded(depth) - depth) * width, 0.0f);
        paired::pair_sums<double>(b, paired::padded(depth), sums);
        to[count() * step() + i] = paired::largest(b, depth * width);
      }
    });
  }
  /// n rows of weights become columns.
  FOVEA_SIMD void turn(const float* from, int64_t n, float* to) const {
    int64_t k = 0;
    for (; n == lanes && k + 8 <= depth; k += 8) simd::transpose8(from + k, depth, to + k * width, width);
    for (; k < depth; ++k)
      for (int64_t l = 0; l < lanes; ++l) to[k * width + l] = l < n ? from[l * depth + k] : 0;
  }
};

/// Lays pieces of scratch one behind the other, each on a line of its own; `at` may be null, to count only.
struct Scratch {
  float* at;
  int64_t used = 0;
  float* take(int64_t floats) {
    float* p = at ? at + used : nullptr;
    used += blocks_of(floats, 16) * 16;
    return p;
  }
};

/// Calls f(first row, rows) for the rows of the batch that a thread takes at a time.
template <class F>
void for_rows(int64_t batch, F&& f) {
  parallel_for(batch, rows_per_task, [&](int64_t begin, int64_t end) { f(begin, end - begin); });
}

inline const char* refuse(const Call& c) {
  if (const char* reason = refuse_avx2(c)) return reason;
  return c.dtype() == f32 ? nullptr : "it computes in f32 only";
}
inline const char* refuse_pairs(const Call& c) {
  if (precision() == Precision::highest) return "precision is highest";
  if (!paired::available()) return "this processor does not add beside multiplying";
  return refuse(c);
}

inline const char* always(const Call&) { return nullptr; }

/// The kernels made of K::scratch and K::run, which `also` may refuse.
template <class K, const char* (*also)(const Call&) = always>
Kernel in_rows() {
  return {.name = "cpu:rows",
          .rank = 10,
          .refuse =
              [](const Call& c) {
                const char* reason = also(c);
                return reason ? reason : refuse(c);
              },
          .scratch = K::scratch,
          .run = K::run};
}
template <class K, const char* (*also)(const Call&) = always>
Kernel in_pairs() {
  return {.name = "cpu:pairs",
          .rank = 20,
          .refuse =
              [](const Call& c) {
                const char* reason = also(c);
                return reason ? reason : refuse_pairs(c);
              },
          .scratch = K::scratch,
          .run = K::run};
}

}  // namespace fovea::recurrent
