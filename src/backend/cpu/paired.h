// Products A B with fewer multiplications, for processors that add beside multiplying (AMD from Zen 4 on: two
// multiply-adds and two additions a cycle). Winograd's inner product (1968) takes two products at once,
//   x u + y v = (x + v) (y + u) - x y - u v,
// and what it subtracts is summed once for each row of A and each column of B. Of 24 neighbours in a sum the
// first 8 pair with the next 8, the last 8 are multiplied as usual: 2 multiply-adds and 2 additions do the
// work of 3 multiply-adds, 1.4 times the peak in practice. Rounding is that of the larger factor, so rows of
// A are first scaled by a power of two to the size of B; errors are a few times those of plain products
// (bounds in tests/ops). A is held in blocks of 8 rows and 8 of the sum, [k / 8][row][8] or [k / 8][8][row];
// B in panels of 32 columns, [k][32]. Sums go over whole blocks: what is missing to one is zero in both.
//   float sums[paired::width];  paired::pair_sums<float>(b, depth, sums);
//   paired::take(a, a_row, n, depth, paired::largest(b, depth * paired::width), rows);
//   paired::multiply<paired::Order::rows>(n, rows, sums, b, depth, false, c, c_row);
#pragma once
#include <algorithm>

#include "backend/cpu/simd.h"

namespace fovea::paired {

inline constexpr int64_t block = 8, group = 3 * block, width = 32, square = block * block;

/// Whether this processor has the instructions of multiply() and is faster for it than by plain products.
bool available();

inline int64_t padded(int64_t depth) { return (depth + block - 1) / block * block; }

enum class Order { rows, columns };  // of a block of A: [row][8] or [8][row]

/// 8 rows of A: what pairs add to each of its sums, what scales them back, then the blocks.
struct Rows {
  float less[block], back[block];
  static int64_t floats(int64_t depth) { return 2 * block + padded(depth) * block; }
  float* blocks() { return back + block; }
  const float* blocks() const { return back + block; }
};

/// The power of two by which values up to `from` become as large as values up to `to`; 0 if those are zeros,
/// 1 if `from` is zero.
float scale(float from, float to);
/// The largest of |p[0..n)|; NaN does not count.
float largest(const float* p, int64_t n);

/// Rows 0..n-1 <= 8 of `a`, row_step apart, for panels with values up to `size`. The largest
/// values of the rows are looked for unless they are given.
void take(const float* a, int64_t row_step, int64_t n, int64_t depth, float size, Rows& to,
          const float* largest_of_rows = nullptr);
/// Completes rows whose blocks, of order `columns`, are filled; all are scaled alike. depth % 8 == 0.
void take_columns(int64_t depth, float size, Rows& to);

/// What the pairs of each of the 32 columns of b add to its sum, negative. Their rounding is common to all
/// rows of C: summed in double where those are summed in turn, it would add up.
template <class Sum>
void pair_sums(const float* b, int64_t depth, float* sums);

/// n <= 8 rows of C (+)= A B for one panel; depth % 8 == 0.
template <Order order>
void multiply(int64_t n, const Rows& a, const float* sums, const float* b, int64_t depth, bool add, float* c,
              int64_t c_row);

}  // namespace fovea::paired
