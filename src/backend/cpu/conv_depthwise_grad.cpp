// Gradient of a depthwise convolution's weight on AVX2 (f32, blocked8): every weight sums x * g over all
// pixels of all images. The sums of up to three window rows stay in registers while x and g pass by once.
// Rows are summed in pieces that depend on the shape alone, then the pieces in order: the same bits for any
// thread count.
#include <algorithm>

#include "backend/cpu/conv_depthwise.h"
#include "backend/cpu/simd.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea {
namespace {

using simd::load;
using simd::store;
using Vec = simd::V<float>;

constexpr int tile = 4;    // pixels of g in registers
constexpr int ahead = 16;  // tiles of x that are asked for so early

/// Window rows whose sums fit in registers together, for a window K wide.
constexpr int rows_together(int64_t K) { return K <= 2 ? 4 : K == 3 ? 3 : K <= 5 ? 2 : 1; }

struct Sizes {
  ConvShape s;
  int64_t blocks;
  int64_t pieces;      // of the rows of the batch
  int64_t shares;      // of the blocks, so that few pieces are work for several threads
  int64_t row_groups;  // of the window

  explicit Sizes(const ConvShape& shape) : s(shape), blocks(s.c / 8) {
    pieces = std::clamp<int64_t>(s.n * s.out_size() / 1024, 1, 16);
    shares = std::min((16 + pieces - 1) / pieces, blocks);
    row_groups = (s.k[1] + together() - 1) / together();
  }
  int64_t together() const { return rows_together(s.k[2]); }
  int64_t group_floats() const { return together() * s.k[2] * 8; }
  int64_t block_floats() const { return row_groups * group_floats(); }
  int64_t sum_floats() const { return pieces * blocks * block_floats(); }
  int64_t floats() const { return sum_floats() + s.in[2] * 8; }
  int64_t piece_begin(int64_t p) const { return s.n * s.out[1] * p / pieces; }  // a row of the batch
};

/// A tile of g against the R rows of x under it: sums[row][k] += x * g. `first` is the column of x under its
/// first pixel. If `inner`, all pixels and columns exist; else `count` pixels do.
template <int K, int S, int R, bool inner>
FOVEA_SIMD_INLINE void add_tile(const float* const (&x)[R], const float* g, int64_t first, int64_t width,
                                int64_t count, Vec (&sums)[R][K]) {
  Vec pixels[tile];
#pragma GCC unroll 4
  for (int i = 0; i < tile; ++i) pixels[i] = inner || i < count ? load(g + i * 8) : Vec{};
#pragma GCC unroll 16
  for (int j = 0; j < (tile - 1) * S + K; ++j) {
    if (!inner && uint64_t(first + j) >= uint64_t(width)) continue;
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const Vec value = load(x[r] + (first + j) * 8);
#pragma GCC unroll 8
      for (int k = 0; k < K; ++k)
        if (j >= k && (j - k) % S == 0 && (j - k) / S < tile) sums[r][k] += value * pixels[(j - k) / S];
    }
  }
}

/// Asks for the rows that come `ahead` tiles later: with strides the processor does not foresee them.
template <int columns>
FOVEA_SIMD_INLINE void prefetch(const float* newest) {
#pragma GCC unroll 8
  for (int j = 0; j < columns; j += 2) __builtin_prefetch(newest + (ahead * columns + j) * 8);
}

/// Rows [begin, end) of g of one plane, window rows from `first_row`. `zeros` stands for rows outside x.
template <int K, int S, int R>
FOVEA_SIMD void add_rows(const ConvShape& s, const float* x, const float* g, int64_t begin, int64_t end,
                         int64_t first_row, const float* zeros, float* to) {
  const int64_t width = s.in[2], columns = s.out[2];
  Vec sums[R][K];
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) sums[r][k] = load(to + (r * K + k) * 8);
  for (int64_t y = begin; y < end; ++y) {
    const float* rows[R];
#pragma GCC unroll 4
    for (int r = 0; r < R; ++r) {
      const int64_t row = y * S - s.pad[1] + first_row + r;
      rows[r] = row >= 0 && row < s.in[1] ? x + row * width * 8 : zeros;
    }
    const float* newest = x + (y * S - s.pad[1] + R - 1) * width * 8;
    for (int64_t i = 0, first = -s.pad[2]; i < columns; i += tile, first += tile * S) {
      const float* pixels = g + (y * columns + i) * 8;
      if (S > 1 && first_row == 0) prefetch<S * S * tile>(newest + S * first * 8);
      if (i + tile <= columns && first >= 0 && first + (tile - 1) * S + K <= width)
        add_tile<K, S, R, true>(rows, pixels, first, width, tile, sums);
      else add_tile<K, S, R, false>(rows, pixels, first, width, columns - i, sums);
    }
  }
#pragma GCC unroll 4
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 8
    for (int k = 0; k < K; ++k) store(to + (r * K + k) * 8, sums[r][k]);
}

using AddRows = void (*)(const ConvShape&, const float*, const float*, int64_t, int64_t, int64_t,
                         const float*, float*);
template <int... K>
AddRows add_rows_for(const ConvShape& s, std::integer_sequence<int, K...>) {
  constexpr AddRows all[][2] = {
      {add_rows<K + 1, 1, rows_together(K + 1)>, add_rows<K + 1, 2, rows_together(K + 1)>}...};
  return all[s.k[2] - 1][s.stride[1] - 1];
}

struct Data {
  const float *x, *g, *zeros;
  float* sums;  // [piece][block][row group][row][column][8]
  AddRows add_rows;
};

/// A share of the blocks of channels over one piece of the rows of the batch, in the order they lie in.
void sum_piece(const Sizes& z, const Data& d, int64_t piece, int64_t share) {
  const int64_t rows = z.s.out[1], end = z.piece_begin(piece + 1);
  for (int64_t row = z.piece_begin(piece); row < end;) {
    const int64_t n = row / rows, first = row - n * rows, last = std::min(rows, first + end - row);
    for (int64_t b = z.blocks * share / z.shares; b < z.blocks * (share + 1) / z.shares; ++b) {
      const int64_t plane = (n * z.blocks + b) * 8;
      for (int64_t group = 0; group < z.row_groups; ++group)
        d.add_rows(z.s, d.x + plane * z.s.in_size(), d.g + plane * z.s.out_size(), first, last,
                   group * z.together(), d.zeros,
                   d.sums + (piece * z.blocks + b) * z.block_floats() + group * z.group_floats());
    }
    row += last - first;
  }
}

/// Adds the pieces up, in order, into the weight (C, 1, KH, KW).
void gather(const Sizes& z, const float* sums, float* dw) {
  const int64_t taps = z.s.k_size(), each = z.block_floats();
  for (int64_t c = 0; c < z.s.c; ++c)
    for (int64_t t = 0; t < taps; ++t) {
      const float* from = sums + c / 8 * each + t * 8 + c % 8;
      float sum = 0;
      for (int64_t p = 0; p < z.pieces; ++p) sum += from[p * z.blocks * each];
      *dw++ = sum;
    }
}

void run(const Call& c) {
  const Sizes z(ConvShape::of_weight_grad(c));
  float* sums = reinterpret_cast<float*>(c.scratch);
  std::fill_n(sums, z.floats(), 0.f);
  const Data d{c.in(0).ptr<float>(), c.in(1).ptr<float>(), sums + z.sum_floats(), sums,
               add_rows_for(z.s, std::make_integer_sequence<int, max_depthwise_window>())};
  parallel_for(z.pieces * z.shares, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) sum_piece(z, d, i / z.shares, i % z.shares);
  });
  gather(z, sums, c.out().ptr<float>());
}

const char* refuse(const Call& c) { return refuse_depthwise(c, ConvShape::of_weight_grad); }

size_t scratch(const Call& c) { return size_t(Sizes(ConvShape::of_weight_grad(c)).floats()) * sizeof(float); }

void layouts(const Call&, std::vector<Layout>& in, std::vector<Layout>&) { in[0] = in[1] = Layout::blocked8; }

const RegisterKernel kernel("conv_weight_grad", {.name = "cpu:depthwise",
                                                 .rank = 40,
                                                 .refuse = refuse,
                                                 .scratch = scratch,
                                                 .run = run,
                                                 .inputs = Inputs::own,
                                                 .layouts = layouts});

}  // namespace
}  // namespace fovea
