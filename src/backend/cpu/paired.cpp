#include "backend/cpu/paired.h"

#include <bit>

#include "backend/cpu/wide.h"
#include "fovea/device.h"

namespace fovea::paired {
namespace {

using wide::load;
using wide::store;
using wide::Vec;

/// Two vectors of one column each of B, at k, k + 8 and k + 16.
struct Columns {
  Vec u[2], v[2], w[2];
};

/// sum += x u + y v + z w, without what depends on x, y or on u, v alone. In assembly because compilers load
/// a number that two additions share into a register of its own, which takes the adders' time, and because
/// additions must alternate with products.
FOVEA_WIDE_INLINE void add_products(Vec (&sum)[2], const Columns& b, const float& x, const float& y,
                                    const float& z) {
#if defined(__x86_64__)
  Vec p, q, r, s;
  asm volatile(
      "vaddps %12%{1to16%}, %8, %2\n vfmadd231ps %14%{1to16%}, %10, %0\n"
      "vaddps %13%{1to16%}, %6, %3\n vfmadd231ps %14%{1to16%}, %11, %1\n"
      "vaddps %12%{1to16%}, %9, %4\n vfmadd231ps %2, %3, %0\n"
      "vaddps %13%{1to16%}, %7, %5\n vfmadd231ps %4, %5, %1\n"
      : "+&v"(sum[0]), "+&v"(sum[1]), "=&v"(p), "=&v"(q), "=&v"(r), "=&v"(s)
      : "v"(b.u[0]), "v"(b.u[1]), "v"(b.v[0]), "v"(b.v[1]), "v"(b.w[0]), "v"(b.w[1]), "m"(x), "m"(y), "m"(z));
#else
  for (int i = 0; i < 2; ++i) sum[i] += (x + b.v[i]) * (y + b.u[i]) + z * b.w[i];
#endif
}

/// R rows of C (+)= A B.
template <Order order>
struct Tile {
  template <int R>
  FOVEA_WIDE static void run(const Rows& rows, const float* first, const float* b, int64_t depth, bool add,
                             float* c, int64_t c_row) {
    constexpr int row = order == Order::rows ? block : 1, column = order == Order::rows ? 1 : block;
    const float* a = rows.blocks();
    Vec sum[R][2];
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r) sum[r][0] = load(first), sum[r][1] = load(first + 16);
    int64_t k = 0;
    for (; k + group <= depth; k += group, a += 3 * square, b += 3 * block * width)
      for (int i = 0; i < block; ++i) {
        const float *u = b + i * width, *v = u + block * width, *w = v + block * width, *x = a + i * column;
        const Columns of{{load(u), load(u + 16)}, {load(v), load(v + 16)}, {load(w), load(w + 16)}};
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r)
          add_products(sum[r], of, x[r * row], x[r * row + square], x[r * row + 2 * square]);
      }
    for (; k < depth; k += block, a += square)
      for (int i = 0; i < block; ++i, b += width) {
        const Vec w[2]{load(b), load(b + 16)};
#pragma GCC unroll 8
        for (int r = 0; r < R; ++r) {
          const float x = a[i * column + r * row];
          sum[r][0] += x * w[0], sum[r][1] += x * w[1];
        }
      }
#pragma GCC unroll 8
    for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
      for (int j = 0; j < 2; ++j) {
        float* to = c + r * c_row + j * 16;
        const Vec value = (sum[r][j] + rows.less[r]) * rows.back[r];
        store(to, add ? load(to) + value : value);
      }
  }
};

using simd::V;

FOVEA_SIMD_INLINE V<float> load(const float* p, int64_t n) {
  if (n >= block) return simd::load(p);
  V<float> v{};
  std::memcpy(&v, p, size_t(n) * sizeof(float));
  return v;
}

/// One row: its blocks, 64 apart, and the sum that pairs add to it, negative.
FOVEA_SIMD float scaled(const float* from, int64_t depth, float by, float* to) {
  V<float> sum{};
  for (int64_t k = 0; k < depth; k += block) simd::store(to + k * block, by * load(from + k, depth - k));
  for (int64_t k = 0; k + group <= padded(depth); k += group)
    sum -= simd::load(to + k * block) * simd::load(to + k * block + square);
  return simd::sum<float>(sum);
}

constexpr int mantissa = 23, bias = 127;
int exponent(float x) { return int(std::bit_cast<uint32_t>(x) >> mantissa & 255); }

}  // namespace

bool available() {
#if defined(__x86_64__)
  return cpu_has_avx512() && __builtin_cpu_is("amd");
#else
  return false;
#endif
}

float scale(float from, float to) {
  if (to == 0) return 0;
  if (from == 0) return 1;
  return std::bit_cast<float>(uint32_t(std::clamp(bias + exponent(to) - exponent(from), 1, 254)) << mantissa);
}

FOVEA_SIMD float largest(const float* p, int64_t n) {
  V<float> most{};
  for (int64_t i = 0; i < n; i += block) most = simd::larger(simd::magnitude(load(p + i, n - i)), most);
  return simd::largest(most);
}

void take(const float* a, int64_t row_step, int64_t n, int64_t depth, float size, Rows& to,
          const float* largest_of_rows) {
  for (int64_t r = 0; r < n; ++r, a += row_step) {
    const float most = largest_of_rows ? largest_of_rows[r] : largest(a, depth), by = scale(most, size);
    to.less[r] = scaled(a, depth, by, to.blocks() + r * block);
    to.back[r] = most == 0 || by == 0 ? 0 : 1 / by;
  }
}

FOVEA_SIMD void take_columns(int64_t depth, float size, Rows& to) {
  float* at = to.blocks();
  const float most = largest(at, depth * block), by = scale(most, size);
  V<float> sum{};
  for (int64_t k = 0; k < depth; ++k) simd::store(at + k * block, by * simd::load(at + k * block));
  for (int64_t k = 0; k + group <= depth; k += group)
    for (int64_t i = k; i < k + block; ++i)
      sum -= simd::load(at + i * block) * simd::load(at + i * block + square);
  simd::store(to.less, sum);
  simd::store(to.back, V<float>{} + (most == 0 || by == 0 ? 0 : 1 / by));
}

template <class Sum>
FOVEA_SIMD void pair_sums(const float* b, int64_t depth, float* sums) {
  Sum sum[width]{};
  for (int64_t k = 0; k + group <= depth; k += group)
    for (int64_t i = k; i < k + block; ++i)
      for (int64_t j = 0; j < width; ++j) sum[j] -= Sum(b[i * width + j]) * b[(i + block) * width + j];
  std::copy_n(sum, width, sums);
}
template void pair_sums<float>(const float*, int64_t, float*);
template void pair_sums<double>(const float*, int64_t, float*);

template <Order order>
void multiply(int64_t n, const Rows& a, const float* sums, const float* b, int64_t depth, bool add, float* c,
              int64_t c_row) {
  wide::tiles_of<Tile<order>, block>[size_t(n - 1)](a, sums, b, depth, add, c, c_row);
}
template void multiply<Order::rows>(int64_t, const Rows&, const float*, const float*, int64_t, bool, float*,
                                    int64_t);
template void multiply<Order::columns>(int64_t, const Rows&, const float*, const float*, int64_t, bool,
                                       float*, int64_t);

}  // namespace fovea::paired
