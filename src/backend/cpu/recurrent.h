// What the recurrent kernels share: a thread takes some rows of the batch through all steps without waiting
// for another. The weights of a step are packed once for the whole sequence, into panels of G vectors of 8
// columns, [panel][k][G][8], short vectors filled with zeros; products run in register tiles of up to 12
// vectors. Every result is summed in the order of k, whatever the tile it falls into.
#pragma once
#include <algorithm>

#include "backend/cpu/simd.h"
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

/// The weights of a step forwards, (G H, I) of the inputs and (G H, H) of the state: a panel holds the G
/// gates of 8 units, [panel][k][G][8], with k first over the inputs. Behind the panels lies the bias,
/// [panel][G][8].
template <int G>
struct UnitPanels {
  static constexpr int64_t width = G * lanes;
  int64_t inputs, hidden;
  int64_t count() const { return blocks_of(hidden, lanes); }
  int64_t depth() const { return inputs + hidden; }
  int64_t floats() const { return count() * (depth() + 1) * width; }
  const float* panel(const float* packed, int64_t i) const { return packed + i * depth() * width; }
  const float* bias(const float* packed, int64_t i) const { return packed + (count() * depth() + i) * width; }

  /// A null bias stands for zeros.
  void pack(const float* weight_ih, const float* weight_hh, const float* bias, float* to) const {
    parallel_for(count(), 4, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        for (int64_t g = 0; g < G; ++g) {
          const int64_t n = std::min(lanes, hidden - i * lanes), row = g * hidden + i * lanes;
          float* out = to + i * depth() * width + g * lanes;
          columns(weight_ih + row * inputs, inputs, n, out);
          columns(weight_hh + row * hidden, hidden, n, out + inputs * width);
          float* last = to + (count() * depth() + i) * width + g * lanes;
          for (int64_t l = 0; l < lanes; ++l) last[l] = bias && l < n ? bias[row + l] : 0;
        }
    });
  }

 private:
  /// n rows of `row` weights each become columns.
  static FOVEA_SIMD void columns(const float* from, int64_t row, int64_t n, float* to) {
    int64_t k = 0;
    for (; n == lanes && k + 8 <= row; k += 8) simd::transpose8(from + k, row, to + k * width, width);
    for (; k < row; ++k)
      for (int64_t l = 0; l < lanes; ++l) to[k * width + l] = l < n ? from[l * row + k] : 0;
  }
};

/// weight (rows, columns) for a step backwards: a panel holds 32 neighbouring columns.
struct ColumnPanels {
  static constexpr int vectors = 4;
  static constexpr int64_t width = vectors * lanes;
  int64_t rows, columns;
  int64_t count() const { return blocks_of(columns, width); }
  int64_t padded() const { return count() * width; }  // columns with those that fill the last panel
  int64_t floats() const { return padded() * rows; }

  void pack(const float* weight, float* to) const {
    parallel_for(count() * rows, 256, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) {
        const int64_t column = i / rows * width, n = std::min(width, columns - column);
        const float* from = weight + i % rows * columns + column;
        std::fill(std::copy(from, from + n, to + i * width), to + (i + 1) * width, 0.0f);
      }
    });
  }
  /// d (n, padded()) = a (n, rows; a_row apart) times the weights.
  void multiply(int64_t n, const float* a, int64_t a_row, const float* packed, float* d) const {
    for (int64_t i = 0; i < count(); ++i)
      recurrent::multiply<vectors>(n, a, a_row, packed + i * rows * width, rows, false, d + i * width,
                                   padded());
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

}  // namespace fovea::recurrent
