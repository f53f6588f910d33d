// Register tiles of the weight gradient: the sums of some taps over the pixels of some images, both forms.
#pragma once
#include "backend/cpu/wide.h"

namespace fovea::weight_grad {

using simd::load;
using simd::store;
using Vec = simd::V<float>;

struct Window {  // the pixels of some images that a tile sums over
  const float *x, *g;
  int64_t images, x_image, g_image;
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
  for (int64_t n = 0; n < w.images; ++n)
    for (int64_t y = 0; y < w.rows; ++y) {
      const float *x[G], *g = w.g + n * w.g_image + y * w.g_row;
#pragma GCC unroll 6
      for (int t = 0; t < G; ++t) x[t] = w.x + n * w.x_image + y * w.x_row + offset[t];
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

/// The same for two blocks side by side in one register.
struct WideChannels {
  template <int G>
  FOVEA_WIDE static void run(const Window& w, const int32_t* offset, float* dw) {
    wide::Vec acc[G];
#pragma GCC unroll 8
    for (int t = 0; t < G; ++t) acc[t] = wide::load(dw + t * 16);
    for (int64_t n = 0; n < w.images; ++n)
      for (int64_t y = 0; y < w.rows; ++y) {
        const float *x[G], *g = w.g + n * w.g_image + y * w.g_row;
        const wide::TwoPlanes planes{g, g + w.g_block};
#pragma GCC unroll 8
        for (int t = 0; t < G; ++t) x[t] = w.x + n * w.x_image + y * w.x_row + offset[t];
        for (int64_t i = 0, at = 0; i < w.columns; ++i, at += w.x_step) {
          const wide::Vec pixel = planes(i);
#pragma GCC unroll 8
          for (int t = 0; t < G; ++t) acc[t] += x[t][at] * pixel;
        }
      }
#pragma GCC unroll 8
    for (int t = 0; t < G; ++t) wide::store(dw + t * 16, acc[t]);
  }
};

/// dw[channel * stride + tap] += the same for R plain channels of g, an image as one row.
template <int G, int R>
FOVEA_SIMD void pixels_tile(const Window& w, const int32_t* offset, float* dw, int64_t stride) {
  Vec acc[G][R];
#pragma GCC unroll 6
  for (int t = 0; t < G; ++t)
#pragma GCC unroll 2
    for (int r = 0; r < R; ++r) acc[t][r] = Vec{};
  for (int64_t n = 0; n < w.images; ++n) {
    const float *x[G], *g = w.g + n * w.g_image;
#pragma GCC unroll 6
    for (int t = 0; t < G; ++t) x[t] = w.x + n * w.x_image + offset[t];
    for (int64_t i = 0; i < w.columns; i += 8) {
      const Vec g0 = load(g + i), g1 = R > 1 ? load(g + i + w.g_block) : Vec{};
#pragma GCC unroll 6
      for (int t = 0; t < G; ++t) {
        const Vec value = simd::in_register<float>(load(x[t] + i));
        acc[t][0] += value * g0;
        if (R > 1) acc[t][R - 1] += value * g1;
      }
    }
  }
  for (int t = 0; t < G; ++t)
    for (int r = 0; r < R; ++r) dw[r * stride + t] += simd::sum<float>(acc[t][r]);
}

using ChannelsTile = void (*)(const Window&, const int32_t*, float*);
inline constexpr ChannelsTile channels_tiles[2][6] = {
    {channels_tile<1, 1>, channels_tile<2, 1>, channels_tile<3, 1>, channels_tile<4, 1>, channels_tile<5, 1>,
     channels_tile<6, 1>},
    {channels_tile<1, 2>, channels_tile<2, 2>, channels_tile<3, 2>, channels_tile<4, 2>, channels_tile<5, 2>,
     channels_tile<6, 2>}};
using PixelsTile = void (*)(const Window&, const int32_t*, float*, int64_t);
inline constexpr PixelsTile pixels_tiles[2][6] = {{pixels_tile<1, 1>, pixels_tile<2, 1>, pixels_tile<3, 1>,
                                                   pixels_tile<4, 1>, pixels_tile<5, 1>, pixels_tile<6, 1>},
                                                  {pixels_tile<1, 2>, pixels_tile<2, 2>, pixels_tile<3, 2>,
                                                   pixels_tile<4, 2>, pixels_tile<5, 2>, pixels_tile<6, 2>}};

}  // namespace fovea::weight_grad
