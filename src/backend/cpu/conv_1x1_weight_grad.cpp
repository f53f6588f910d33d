// Gradient of the weight of a convolution 1x1 on blocked8 tensors: a product (results x pixels) (pixels x
// channels). A rectangle of weights is summed over all pixels, band by band, so that the band of its channels
// and results stays in the second cache; 6 results x 16 channels in registers.
#include <algorithm>

#include "backend/cpu/conv_1x1.h"
#include "backend/cpu/tiles.h"
#include "backend/cpu/wide.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea::conv_1x1 {
namespace {

using simd::load;
using simd::store;
using Vec = simd::V<float>;

struct Plan {
  int64_t images = 0, pixels = 0, channels = 0, results = 0;
  int64_t bands = 0;                               // of the pixels of an image
  int64_t results_unit = 96, channels_unit = 192;  // sides of a rectangle
  int64_t pieces = 1;                              // of the images, summed one after the other at the end

  int64_t rows() const { return (results + results_unit - 1) / results_unit; }
  int64_t columns() const { return (channels + channels_unit - 1) / channels_unit; }
  int64_t weights() const { return results * channels; }
};

Plan plan_of(const ConvShape& s) {
  Plan p{.images = s.n, .pixels = s.out_size(), .channels = s.c, .results = s.o};
  p.bands = (p.pixels + 127) / 128;
  const auto units = [&] { return p.rows() * p.columns(); };
  // Too few for several threads: few weights are summed in pieces, many are cut into smaller rectangles.
  if (units() < 6 && p.weights() <= 1 << 17) p.pieces = std::min<int64_t>(8, p.images);
  else
    while (units() < 6 && p.channels_unit > 48)
      p.channels_unit /= 2, p.results_unit = std::max<int64_t>(48, p.results_unit / 2);
  return p;
}

struct Data {
  const float *x, *g;
  float* sums;  // of one piece, (results, channels)
};

/// Pixels of one image.
struct Band {
  int64_t image, begin, end;
  bool first;  // starts the sums
};

/// The weights of R results from o and OV blocks of channels from c.
template <int R, int OV>
FOVEA_SIMD_INLINE void tile(const Plan& p, const Data& d, const Band& b, int64_t o, int64_t c) {
  const int64_t plane = p.pixels * 8;
  const float* x = d.x + (b.image * p.channels + c) * p.pixels;
  const float* g[R];
  float* sums = d.sums + o * p.channels + c;
  Vec acc[R][OV];
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) {
    g[r] = d.g + (b.image * p.results + (o + r) / 8 * 8) * p.pixels + (o + r) % 8;
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) acc[r][v] = b.first ? Vec{} : load(sums + r * p.channels + v * 8);
  }
  for (int64_t i = b.begin * 8; i < b.end * 8; i += 8) {
    const Vec x0 = load(x + i), x1 = OV > 1 ? load(x + plane + i) : Vec{};
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
      const float value = g[r][i];
      acc[r][0] += value * x0;
      if (OV > 1) acc[r][OV - 1] += value * x1;
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r)
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) store(sums + r * p.channels + v * 8, acc[r][v]);
}

template <int OV>
FOVEA_SIMD void column(const Plan& p, const Data& d, const Band& b, int64_t o, int64_t o_end, int64_t c) {
  for (; o + 6 <= o_end; o += 6) tile<6, OV>(p, d, b, o, c);
  for (; o + 2 <= o_end; o += 2) tile<2, OV>(p, d, b, o, c);
}

/// The weights of R results from o and 16 channels from c, side by side in one register.
template <int R>
FOVEA_WIDE void wide_tile(const Plan& p, const Data& d, const Band& b, int64_t o, int64_t c) {
  const int64_t plane = p.pixels * 8, at = b.begin * 8;
  const float *x = d.x + (b.image * p.channels + c) * p.pixels + at,
              *g = d.g + (b.image * p.results + o) * p.pixels + at;
  float* sums = d.sums + o * p.channels + c;
  wide::Vec acc[R];
#pragma GCC unroll 24
  for (int r = 0; r < R; ++r) acc[r] = b.first ? wide::Vec{} : wide::load(sums + r * p.channels);
  wide::multiply_transposed<R>(acc, g, plane, wide::TwoPlanes{x, x + plane}, b.end - b.begin);
#pragma GCC unroll 24
  for (int r = 0; r < R; ++r) wide::store(sums + r * p.channels, acc[r]);
}

void wide_column(const Plan& p, const Data& d, const Band& b, int64_t o, int64_t o_end, int64_t c) {
  for_tiles((o_end - o) / 8, 3, [&](int64_t block, int64_t blocks) {
    (blocks == 3 ? wide_tile<24> : blocks == 2 ? wide_tile<16> : wide_tile<8>)(p, d, b, o + block * 8, c);
  });
}

/// Rectangle `unit` of one piece.
void compute(const Plan& p, Data d, int64_t unit, int64_t piece) {
  const int64_t o = unit / p.columns() * p.results_unit, o_end = std::min(p.results, o + p.results_unit);
  const int64_t c = unit % p.columns() * p.channels_unit, c_end = std::min(p.channels, c + p.channels_unit);
  const int64_t first = p.images * piece / p.pieces, end = p.images * (piece + 1) / p.pieces;
  d.sums += piece * p.weights();
  for (int64_t n = first; n < end; ++n)
    for (int64_t i = 0; i < p.bands; ++i) {
      const Band b{n, p.pixels * i / p.bands, p.pixels * (i + 1) / p.bands, n == first && i == 0};
      for (int64_t k = c; k < c_end; k += 16) {
        const bool whole = c_end - k > 8;
        (!whole ? column<1> : cpu_has_avx512() ? wide_column : column<2>)(p, d, b, o, o_end, k);
      }
    }
}

void add_up(const Plan& p, const float* sums, float* dw) {
  parallel_for(p.weights(), 4096, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      float sum = sums[i];
      for (int64_t k = 1; k < p.pieces; ++k) sum += sums[k * p.weights() + i];
      dw[i] = sum;
    }
  });
}

void run(const Call& c) {
  const ConvShape s = ConvShape::of_weight_grad(c);
  const Plan p = plan_of(s);
  float* scratch = reinterpret_cast<float*>(c.scratch);
  float* sums = p.pieces > 1 ? scratch + gathered_floats(s) : c.out().ptr<float>();
  if (strided(s)) gather(s, c.in(0).ptr<float>(), scratch);
  const Data d{strided(s) ? scratch : c.in(0).ptr<float>(), c.in(1).ptr<float>(), sums};
  const int64_t units = p.rows() * p.columns();
  parallel_for(units * p.pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t u = begin; u < end; ++u) compute(p, d, u % units, u / units);
  });
  if (p.pieces > 1) add_up(p, sums, c.out().ptr<float>());
}

const char* refuse_call(const Call& c) {
  const ConvShape s = ConvShape::of_weight_grad(c);
  if (const char* reason = refuse(c, s)) return reason;
  return s.n == 0 ? "no images" : nullptr;
}

/// Short bands of many planes come slowly from memory.
const char* slower(const Call& c) {
  const ConvShape s = ConvShape::of_weight_grad(c);
  return s.out_size() > 1024 && !strided(s) ? "images of more than 1024 pixels" : nullptr;
}

size_t scratch(const Call& c) {
  const ConvShape s = ConvShape::of_weight_grad(c);
  const Plan p = plan_of(s);
  return size_t(gathered_floats(s) + (p.pieces > 1 ? p.pieces * p.weights() : 0)) * sizeof(float);
}

void layouts(const Call&, std::vector<Layout>& in, std::vector<Layout>&) { in[0] = in[1] = Layout::blocked8; }

const RegisterKernel kernel("conv_weight_grad", {.name = "cpu:1x1",
                                                 .rank = 40,
                                                 .refuse = refuse_call,
                                                 .scratch = scratch,
                                                 .run = run,
                                                 .inputs = Inputs::own,
                                                 .layouts = layouts,
                                                 .slower = slower});

}  // namespace
}  // namespace fovea::conv_1x1
