// Gradient of a convolution's weight on AVX2 (f32, groups = 1): every weight sums x * g over all pixels of
// all images.
//   channels  g blocked8: 6 taps x 16 channels in registers, pixels of x broadcast
//   pixels    g plain: 6 taps x 2 channels in registers, 8 pixels of a row at a time; stride 1
// Images are summed in pieces that depend on the shape alone, then the pieces in order: the same bits for any
// thread count.
#include <algorithm>

#include "backend/cpu/conv_source.h"
#include "backend/cpu/simd.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea {
namespace {

using simd::load;
using simd::store;
using Vec = simd::V<float>;

struct Window {  // the pixels of one image that a tile sums over
  const float *x, *g;
  int64_t rows, columns, x_row, x_step, g_row, g_block;
};

/// dw[tap][OV * 8] += sum over pixels of x at `offset[tap]` times g.
template <int G, int OV>
FOVEA_SIMD void channels_tile(const Window& w, const int32_t* offset, float* dw) {
  Vec acc[G][OV];
#pragma GCC unroll 6
  for (int t = 0; t < G; ++t)
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) acc[t][v] = load(dw + (t * OV + v) * 8);
  for (int64_t y = 0; y < w.rows; ++y) {
    const float *x[G], *g = w.g + y * w.g_row;
#pragma GCC unroll 6
    for (int t = 0; t < G; ++t) x[t] = w.x + y * w.x_row + offset[t];
    for (int64_t i = 0, at = 0; i < w.columns; ++i, at += w.x_step, g += 8) {
      const Vec g0 = load(g), g1 = OV > 1 ? load(g + w.g_block) : Vec{};
#pragma GCC unroll 6
      for (int t = 0; t < G; ++t) {
        const float value = x[t][at];
        acc[t][0] += value * g0;
        if (OV > 1) acc[t][OV - 1] += value * g1;
      }
    }
  }
#pragma GCC unroll 6
  for (int t = 0; t < G; ++t)
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) store(dw + (t * OV + v) * 8, acc[t][v]);
}

/// dw[channel * stride + tap] += the same for R plain channels of g; rows of g are padded with zeros to whole
/// vectors.
template <int G, int R>
FOVEA_SIMD void pixels_tile(const Window& w, const int32_t* offset, float* dw, int64_t stride) {
  Vec acc[G][R];
#pragma GCC unroll 6
  for (int t = 0; t < G; ++t)
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) acc[t][r] = Vec{};
  for (int64_t y = 0; y < w.rows; ++y) {
    const float *x = w.x + y * w.x_row, *g = w.g + y * w.g_row;
    for (int64_t i = 0; i < w.columns; i += 8) {
      const Vec g0 = load(g + i), g1 = R > 1 ? load(g + i + w.g_block) : Vec{};
#pragma GCC unroll 6
      for (int t = 0; t < G; ++t) {
        const Vec value = load(x + i + offset[t]);
        acc[t][0] += value * g0;
        if (R > 1) acc[t][R - 1] += value * g1;
      }
    }
  }
  for (int t = 0; t < G; ++t)
    for (int r = 0; r < R; ++r) dw[r * stride + t] += simd::sum<float>(acc[t][r]);
}

using ChannelsTile = void (*)(const Window&, const int32_t*, float*);
constexpr ChannelsTile channels_tiles[2][6] = {
    {channels_tile<1, 1>, channels_tile<2, 1>, channels_tile<3, 1>, channels_tile<4, 1>, channels_tile<5, 1>,
     channels_tile<6, 1>},
    {channels_tile<1, 2>, channels_tile<2, 2>, channels_tile<3, 2>, channels_tile<4, 2>, channels_tile<5, 2>,
     channels_tile<6, 2>}};
using PixelsTile = void (*)(const Window&, const int32_t*, float*, int64_t);
constexpr PixelsTile pixels_tiles[2][6] = {{pixels_tile<1, 1>, pixels_tile<2, 1>, pixels_tile<3, 1>,
                                            pixels_tile<4, 1>, pixels_tile<5, 1>, pixels_tile<6, 1>},
                                           {pixels_tile<1, 2>, pixels_tile<2, 2>, pixels_tile<3, 2>,
                                            pixels_tile<4, 2>, pixels_tile<5, 2>, pixels_tile<6, 2>}};

struct Sizes {
  ConvShape s;
  ConvPlan plan;
  bool channels = false;
  int64_t pieces = 0;     // of images
  int64_t weights = 0;    // floats of one piece's sum
  int64_t g_columns = 0;  // of a padded row of g (pixels form)
  int64_t thread = 0;     // floats of scratch per thread

  int64_t g_image() const { return channels ? 0 : s.o * s.out[1] * g_columns; }
  size_t total() const { return size_t(plan.taps() + 16 + pieces * weights + num_threads() * thread + 64); }
};

Sizes sizes_of(const Call& c, bool channels) {
  Sizes z;
  z.s = ConvShape::of_weight_grad(c);
  z.channels = channels;
  z.plan = ConvPlan::forward(z.s, channels && c.in(0).layout == Layout::blocked8, channels);
  z.weights = z.plan.taps() * z.s.o;
  const int64_t most =
      std::max<int64_t>(2, (int64_t{1} << 23) / std::max<int64_t>(1, z.weights));  // 32 MiB of sums
  z.pieces = std::max<int64_t>(1, std::min({z.s.n, int64_t{16}, most}));
  z.g_columns = (z.s.out[2] + 7) / 8 * 8;
  z.thread = z.plan.source.scratch() + z.g_image() + 16;
  return z;
}

void channels_image(const Sizes& z, const float* image, const float* g, const int32_t* offsets, float* sum) {
  const int64_t plane = z.s.out_size() * 8, taps = z.plan.taps();
  for (int64_t o = 0; o < z.s.o; o += 16) {
    const int64_t blocks = std::min<int64_t>(2, (z.s.o - o) / 8);
    const Window w{image,
                   g + o * z.s.out_size(),
                   z.s.out[1],
                   z.s.out[2],
                   z.plan.source.pixel_offset(z.s.stride[1], 0),
                   z.plan.source.step() * z.s.stride[2],
                   z.s.out[2] * 8,
                   plane};
    for (int64_t t = 0; t < taps; t += 6)
      channels_tiles[blocks - 1][std::min<int64_t>(6, taps - t) - 1](w, offsets + t,
                                                                     sum + o * taps + t * blocks * 8);
  }
}

void pixels_image(const Sizes& z, const float* image, const float* g, float* padded, const int32_t* offsets,
                  float* sum) {
  const int64_t rows = z.s.out[1], width = z.s.out[2], taps = z.plan.taps();
  for (int64_t r = 0; r < z.s.o * rows; ++r) {
    std::copy(g + r * width, g + (r + 1) * width, padded + r * z.g_columns);
    std::fill(padded + r * z.g_columns + width, padded + (r + 1) * z.g_columns, 0.f);
  }
  for (int64_t o = 0; o < z.s.o; o += 2) {
    const int64_t count = std::min<int64_t>(2, z.s.o - o);
    const Window w{image,
                   padded + o * rows * z.g_columns,
                   rows,
                   z.g_columns,
                   z.plan.source.columns,
                   1,
                   z.g_columns,
                   rows * z.g_columns};
    for (int64_t t = 0; t < taps; t += 6)
      pixels_tiles[count - 1][std::min<int64_t>(6, taps - t) - 1](w, offsets + t, sum + o * taps + t, taps);
  }
}

/// Adds the pieces up, in order, into the weight (O, taps).
void gather(const Sizes& z, const float* sums, float* dw) {
  const int64_t taps = z.plan.taps();
  parallel_for(z.s.o, std::max<int64_t>(1, 16384 / std::max<int64_t>(1, taps * z.pieces)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t o = begin; o < end; ++o) {
                   const int64_t first = o / 16 * 16,
                                 width = z.channels ? std::min<int64_t>(16, z.s.o - first) : 1;
                   const float* from = z.channels ? sums + first * taps + o % 16 : sums + o * taps;
                   for (int64_t t = 0; t < taps; ++t) {
                     float sum = 0;
                     for (int64_t p = 0; p < z.pieces; ++p) sum += from[p * z.weights + t * width];
                     dw[o * taps + t] = sum;
                   }
                 }
               });
}

template <bool channels>
void run(const Call& c) {
  const Sizes z = sizes_of(c, channels);
  auto* offsets = reinterpret_cast<int32_t*>(c.scratch);
  float* sums = reinterpret_cast<float*>(offsets + (z.plan.taps() + 15) / 16 * 16);
  float* scratch = sums + z.pieces * z.weights;
  z.plan.for_taps(z.s, [&](int64_t t, int64_t, int64_t, int64_t, int32_t offset) { offsets[t] = offset; });
  std::fill(sums, scratch, 0.f);
  const float *x = c.in(0).ptr<float>(), *g = c.in(1).ptr<float>();
  parallel_for(z.pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t p = begin; p < end; ++p)
      for (int64_t n = z.s.n * p / z.pieces; n < z.s.n * (p + 1) / z.pieces; ++n) {
        float* mine = scratch + thread_index() * z.thread;
        const float* image = z.plan.source.image(x, n, mine);
        const float* gn = g + n * z.s.o * z.s.out_size();
        if (channels) channels_image(z, image, gn, offsets, sums + p * z.weights);
        else pixels_image(z, image, gn, mine + z.plan.source.scratch(), offsets, sums + p * z.weights);
      }
  });
  gather(z, sums, c.out().ptr<float>());
}

template <bool channels>
const char* refuse(const Call& c) {
  if (!cpu_has_avx2()) return "this processor has no AVX2 and FMA";
  if (c.dtype() != f32) return "computes in f32 only";
  if (c.in(0).rank() != 4) return "two spatial dimensions only";
  if (c.i("groups") != 1) return "groups = 1 only";
  const ConvShape s = ConvShape::of_weight_grad(c);
  if (s.n == 0) return "no images";
  if (s.stride[1] != s.stride[2]) return "equal strides only";
  if (s.c * s.in_size() > (int64_t{1} << 26)) return "images up to 2^26 values only";
  if (channels && s.o % 8 != 0) return "result channels are no multiple of 8";
  if (!channels && s.stride[1] != 1) return "stride 1 only";
  return nullptr;
}

template <bool channels>
size_t scratch(const Call& c) {
  return sizes_of(c, channels).total() * sizeof(float);
}

void channels_layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>&) {
  in[0] = c.in(0).layout;
  in[1] = Layout::blocked8;
}

const RegisterKernel channels_kernel("conv_weight_grad", {.name = "cpu:direct-channels",
                                                          .rank = 30,
                                                          .refuse = refuse<true>,
                                                          .scratch = scratch<true>,
                                                          .run = run<true>,
                                                          .inputs = Inputs::own,
                                                          .layouts = channels_layouts});
const RegisterKernel pixels_kernel("conv_weight_grad", {.name = "cpu:direct-pixels",
                                                        .rank = 20,
                                                        .refuse = refuse<false>,
                                                        .scratch = scratch<false>,
                                                        .run = run<false>});

}  // namespace
}  // namespace fovea
