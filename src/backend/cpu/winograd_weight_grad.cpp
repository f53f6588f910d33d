// Gradient of the weight of a 3x3 or 5x5 convolution by the adjoint of Winograd's filters: the transforms of
// x and g are multiplied tile by tile and summed per frequency, and the sums transformed back once. Small
// layers are summed in pieces of the batch, one thread each; large ones group by group, all threads on one
// set of sums. What is summed in which order depends on the shape alone.
#include <algorithm>

#include "backend/cpu/tiles.h"
#include "backend/cpu/wide.h"
#include "backend/cpu/winograd.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea {
namespace winograd {
namespace {

using simd::load;
using simd::store;

struct Plan {
  Tiles x;  // patches of the input
  Tiles g;  // tiles of the result's gradient
  int64_t pieces = 1, group = 0;

  int64_t frequencies() const { return x.filter.frequencies(); }
  int64_t weights() const { return frequencies() * x.channels * g.channels; }  // floats of one set of sums
  Strides x_strides() const { return strides(group, x.channels); }
  int64_t g_stride() const { return group * ((g.channels + 15) / 16 * 16) + 16; }
  int64_t transformed() const { return frequencies() * (x_strides().frequency + g_stride()); }
  bool together() const { return pieces == 1; }
  int64_t total() const { return pieces * weights() + (together() ? 1 : num_threads()) * transformed(); }
};

Plan plan_of(const Call& c, Size size) {
  const ConvShape s = ConvShape::of_weight_grad(c);
  const Filter filter = filter_of(s, size);
  const int64_t tile = filter.tile(), rows = (s.out[1] + tile - 1) / tile,
                columns = (s.out[2] + tile - 1) / tile;
  Plan p;
  p.x = {filter, s.n, s.c, s.in[1], s.in[2], s.pad[1], s.pad[2], rows, columns};
  p.g = {filter, s.n, s.o, s.out[1], s.out[2], 0, 0, rows, columns};
  constexpr int64_t few = 1 << 16;  // floats: sums that stay in a core's cache beside the tiles
  p.pieces = p.weights() > few ? 1 : std::clamp<int64_t>(p.x.count() / 24, 1, 16);
  // A group costs the transforms of its tiles, group * (C + O), and all sums, C * O, to write and to read:
  // the same of both is best.
  const int64_t best = std::clamp<int64_t>(s.c * s.o / (s.c + s.o), 32, 256);
  const int64_t tiles = p.x.count(), groups = (tiles + best - 1) / best;
  p.group = p.together() ? (tiles + groups - 1) / groups : 48;
  return p;
}

/// Pixels of a tile of g; what is outside of the image is zero.
struct Clipped {
  const float* g;
  int64_t row, rows, columns;
  FOVEA_SIMD_INLINE Vec operator()(int i, int j) const {
    return i < rows && j < columns ? load(g + i * row + j * 8) : Vec{};
  }
};

/// to[frequency][block of 16 channels][tile of `group`][16] = A g A^T of the tiles [begin, end).
template <class F>
FOVEA_SIMD void transform_gradient(const Tiles& tiles, const float* g, int64_t begin, int64_t end, float* to,
                                   int64_t group, int64_t stride) {
  const int64_t row = tiles.width * 8, plane = tiles.height * row;
  for (int64_t t = begin; t < end; ++t, to += 16) {
    const auto at = tiles.at(t);
    const int64_t rows = tiles.height - at.y, columns = tiles.width - at.x;
    const float* from = g + at.image * tiles.channels / 8 * plane + at.y * row + at.x * 8;
    for (int64_t c = 0; c < tiles.channels; c += 8, from += plane) {
      if (at.y + 2 * F::tile <= tiles.height) prefetch(from + F::tile * row, row, F::tile, F::tile);
      both_ways<typename F::OutputAdjoint, F::tile, F::patch>(
          Clipped{from, row, rows, columns},
          Frequencies<F::patch>{to + c / 16 * 16 * group + c % 16, stride});
    }
  }
}

/// Products of one frequency: sums[channel of x][width] = or += x[channel / 8][tile][8] g[tile][16].
struct Factors {
  int64_t tiles, plane;
  const float *x, *g;
  bool first;  // starts the sums
  float* sums;
};

/// C channels of x of one plane, OV * 8 channels of g.
template <int C, int OV>
FOVEA_SIMD_INLINE void add_products(const Factors& f, int64_t channel) {
  const float *x = f.x + channel / 8 * f.plane + channel % 8, *g = f.g;
  float* sums = f.sums + channel * OV * 8;
  Vec acc[C][OV];
#pragma GCC unroll 6
  for (int c = 0; c < C; ++c)
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) acc[c][v] = f.first ? Vec{} : load(sums + (c * OV + v) * 8);
  for (int64_t t = 0; t < f.tiles; ++t, x += 8, g += 16) {
    const Vec g0 = load(g), g1 = OV > 1 ? load(g + 8) : Vec{};
#pragma GCC unroll 6
    for (int c = 0; c < C; ++c) {
      const float value = x[c];
      acc[c][0] += value * g0;
      if (OV > 1) acc[c][OV - 1] += value * g1;
    }
  }
#pragma GCC unroll 6
  for (int c = 0; c < C; ++c)
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) store(sums + (c * OV + v) * 8, acc[c][v]);
}

template <int OV>
FOVEA_SIMD void add_planes(const Factors& f, int64_t channels) {
  for (int64_t c = 0; c < channels; c += 4) add_products<4, OV>(f, c);
}

/// C channels of x.
template <int C>
FOVEA_WIDE void add_wide(const Factors& f, int64_t channel) {
  float* sums = f.sums + channel * 16;
  wide::Vec acc[C];
#pragma GCC unroll 24
  for (int c = 0; c < C; ++c) acc[c] = f.first ? wide::Vec{} : wide::load(sums + c * 16);
  wide::multiply_transposed<C>(acc, f.x + channel / 8 * f.plane, f.plane, wide::Columns{f.g}, f.tiles);
#pragma GCC unroll 24
  for (int c = 0; c < C; ++c) wide::store(sums + c * 16, acc[c]);
}

void add_wide_planes(const Factors& f, int64_t channels) {
  for_tiles(channels / 8, 3, [&](int64_t plane, int64_t planes) {
    (planes == 3 ? add_wide<24> : planes == 2 ? add_wide<16> : add_wide<8>)(f, plane * 8);
  });
}

/// Starts with or adds the products of one frequency and block of 16 channels of g:
/// sums[block][frequency][channel of x][16].
void add_frequency(const Plan& p, int64_t block, int64_t f, int64_t tiles, const float* transformed,
                   bool first, float* sums) {
  const int64_t from = block * 16, width = std::min<int64_t>(16, p.g.channels - from);
  const float *x = transformed + f * p.x_strides().frequency,
              *g =
                  transformed + p.frequencies() * p.x_strides().frequency + f * p.g_stride() + from * p.group;
  float* to = sums + (from * p.frequencies() + f * width) * p.x.channels;
  const Factors factors{tiles, p.x_strides().plane, x, g, first, to};
  (width < 16 ? add_planes<1> : cpu_has_avx512() ? add_wide_planes : add_planes<2>)(factors, p.x.channels);
}

void transform(const Plan& p, const float* x, const float* g, int64_t group, int64_t begin, int64_t end,
               float* to) {
  const int64_t at = begin - group;
  transform_input(p.x, x, begin, end, to + at * 8, p.x_strides());
  with(p.x.filter, [&](auto f) {
    transform_gradient<decltype(f)>(
        p.g, g, begin, end, to + p.frequencies() * p.x_strides().frequency + at * 16, p.group, p.g_stride());
  });
}

int64_t blocks(const Plan& p) { return (p.g.channels + 15) / 16; }

void sum_pieces(const Plan& p, const float* x, const float* g, float* sums, float* scratch) {
  parallel_for(p.pieces, 1, [&](int64_t first, int64_t last) {
    for (int64_t piece = first; piece < last; ++piece) {
      float *mine = scratch + thread_index() * p.transformed(), *to = sums + piece * p.weights();
      const int64_t start = p.x.count() * piece / p.pieces, stop = p.x.count() * (piece + 1) / p.pieces;
      for (int64_t begin = start; begin < stop; begin += p.group) {
        const int64_t end = std::min(begin + p.group, stop);
        transform(p, x, g, begin, begin, end, mine);
        for (int64_t b = 0; b < blocks(p); ++b)
          for (int64_t f = 0; f < p.frequencies(); ++f)
            add_frequency(p, b, f, end - begin, mine, begin == start, to);
      }
    }
  });
}

void sum_together(const Plan& p, const float* x, const float* g, float* sums, float* transformed) {
  for (int64_t begin = 0; begin < p.x.count(); begin += p.group) {
    const int64_t end = std::min(begin + p.group, p.x.count());
    parallel_for(end - begin, 6,
                 [&](int64_t a, int64_t b) { transform(p, x, g, begin, begin + a, begin + b, transformed); });
    // Frequency by frequency: x of one stays in a core's cache while blocks of g pass.
    parallel_for(p.frequencies() * blocks(p), (blocks(p) + 1) / 2, [&](int64_t a, int64_t b) {
      for (int64_t i = a; i < b; ++i) {
        add_frequency(p, i % blocks(p), i / blocks(p), end - begin, transformed, begin == 0, sums);
      }
    });
  }
}

/// Frequencies of a P x P patch summed over the pieces, in order.
template <int P>
struct Pieces {
  const float* at;
  int64_t stride, next, count;
  FOVEA_SIMD_INLINE Vec operator()(int i, int j) const {
    const float* from = at + (i * P + j) * stride;
    Vec sum = load(from);
    for (int64_t piece = 1; piece < count; ++piece) sum += load(from + piece * next);
    return sum;
  }
};
template <int N>
struct Square {
  Vec (*w)[N];
  FOVEA_SIMD_INLINE void operator()(int i, int j, Vec v) const { w[i][j] = v; }
};

/// dw (O, C, window, window) = G^T (sum of all pieces, in order) G, 8 channels of g at a time.
template <class F>
FOVEA_SIMD void transform_sums(const Plan& p, const float* sums, int64_t block, float* dw) {
  constexpr int n = F::window;
  const int64_t channels = p.x.channels, first = block * 16,
                width = std::min<int64_t>(16, p.g.channels - first);
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t v = 0; v < width; v += 8) {
      Vec w[n][n];
      const float* from = sums + first * channels * p.frequencies() + c * width + v;
      both_ways<typename F::WeightAdjoint, F::patch, n>(
          Pieces<F::patch>{from, channels * width, p.weights(), p.pieces}, Square<n>{w});
      for (int r = 0; r < 8; ++r)
        for (int i = 0; i < n * n; ++i) dw[((first + v + r) * channels + c) * n * n + i] = w[i / n][i % n][r];
    }
}

template <Size size>
void run(const Call& c) {
  const Plan p = plan_of(c, size);
  float *sums = reinterpret_cast<float*>(c.scratch), *scratch = sums + p.pieces * p.weights();
  const float *x = c.in(0).ptr<float>(), *g = c.in(1).ptr<float>();
  (p.together() ? sum_together : sum_pieces)(p, x, g, sums, scratch);
  parallel_for(blocks(p), 1, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b)
      with(p.x.filter, [&](auto f) { transform_sums<decltype(f)>(p, sums, b, c.out().ptr<float>()); });
  });
}

template <Size size>
const char* refuse_call(const Call& c) {
  return refuse(c, ConvShape::of_weight_grad(c), size);
}

template <Size size>
const char* slower(const Call& c) {
  if (size == Size::small && precision() != Precision::highest) return "F(4x4, 3x3) takes fewer products";
  return slower_than_direct(plan_of(c, Size::large).x);
}

template <Size size>
size_t scratch(const Call& c) {
  return size_t(plan_of(c, size).total()) * sizeof(float);
}

void layouts(const Call&, std::vector<Layout>& in, std::vector<Layout>&) { in[0] = in[1] = Layout::blocked8; }

template <Size size>
constexpr Kernel kernel() {
  return {.name = size == Size::large ? "cpu:winograd" : "cpu:winograd-2x2",
          .rank = size == Size::large ? 40 : 39,
          .refuse = refuse_call<size>,
          .scratch = scratch<size>,
          .run = run<size>,
          .inputs = Inputs::own,
          .layouts = layouts,
          .slower = slower<size>,
          .tolerance = size == Size::large ? 1e-4 : 0};
}

const RegisterKernel large("conv_weight_grad", kernel<Size::large>());
const RegisterKernel small("conv_weight_grad", kernel<Size::small>());

}  // namespace
}  // namespace winograd
}  // namespace fovea
