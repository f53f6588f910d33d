// Register tiles of the direct convolution: results of a row from the taps of a window, both forms.
#pragma once
#include <algorithm>

#include "backend/cpu/epilogue.h"
#include "backend/cpu/wide.h"
#include "fovea/device.h"

namespace fovea::direct {

using simd::load;
using simd::store;
using Vec = simd::V<float>;

/// Where results go. Runs of tiles take it by value, so that no store can change it for the compiler.
struct Result {
  Epilogue epilogue;
  float* base;
  int64_t at;
  Result operator+(int64_t offset) const { return {epilogue, base, at + offset}; }
  FOVEA_SIMD_INLINE void put(int64_t offset, Vec v) const {
    store(base + at + offset, epilogue(v, at + offset));
  }
  /// The first `count` of a vector.
  FOVEA_SIMD_INLINE void put_some(int64_t offset, Vec v, int64_t count) const {
    for (int64_t i = 0; i < count; ++i) base[at + offset + i] = epilogue(v[i], at + offset + i);
  }
};

/// PX result pixels x OV blocks of 8 channels. Weights are [tap][OV * 8].
template <int PX, int OV>
FOVEA_SIMD_INLINE void channels_tile(const float* x, int64_t step, const int32_t* offset, int64_t taps,
                                     const float* w, const float* bias, const Result& y, int64_t y_step,
                                     int64_t y_block) {
  Vec acc[PX][OV];
#pragma GCC unroll 6
  for (int i = 0; i < PX; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) acc[i][v] = bias ? load(bias + v * 8) : Vec{};
  for (int64_t t = 0; t < taps; ++t, w += OV * 8) {
    const float* s = x + offset[t];
    const Vec w0 = load(w), w1 = OV > 1 ? load(w + 8) : Vec{};
#pragma GCC unroll 6
    for (int i = 0; i < PX; ++i) {
      const float value = s[i * step];
      acc[i][0] += value * w0;
      if (OV > 1) acc[i][OV - 1] += value * w1;
    }
  }
#pragma GCC unroll 6
  for (int i = 0; i < PX; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) y.put(i * y_step + v * y_block, acc[i][v]);
}

/// `tiles` of them, side by side.
template <int PX, int OV>
FOVEA_SIMD void channels_run(int64_t tiles, const float* x, int64_t step, const int32_t* offset, int64_t taps,
                             const float* w, const float* bias, Result y, int64_t y_step, int64_t y_block) {
  for (int64_t i = 0; i < tiles * PX; i += PX)
    channels_tile<PX, OV>(x + i * step, step, offset, taps, w, bias, y + i * y_step, y_step, y_block);
}

using ChannelsRun = void (*)(int64_t, const float*, int64_t, const int32_t*, int64_t, const float*,
                             const float*, Result, int64_t, int64_t);
inline constexpr ChannelsRun channels_runs[2][6] = {
    {channels_run<1, 1>, channels_run<2, 1>, channels_run<3, 1>, channels_run<4, 1>, channels_run<5, 1>,
     channels_run<6, 1>},
    {channels_run<1, 2>, channels_run<2, 2>, channels_run<3, 2>, channels_run<4, 2>, channels_run<5, 2>,
     channels_run<6, 2>}};

/// The same for two blocks side by side in one register; pixels are `step` floats apart.
template <int step>
struct WideRun {
  template <int PX>
  FOVEA_WIDE static void run(int64_t tiles, const float* x, int64_t, const int32_t* offset, int64_t taps,
                             const float* weights, const float* bias, Result y, int64_t y_step,
                             int64_t y_block) {
    for (; tiles > 0; --tiles, x += PX * step, y = y + PX * y_step) {
      const float* w = weights;
      wide::Vec acc[PX];
#pragma GCC unroll 14
      for (int i = 0; i < PX; ++i) acc[i] = bias ? wide::load(bias) : wide::Vec{};
      for (int64_t t = 0; t < taps; ++t, w += 16) {
        const float* s = x + offset[t];
        const wide::Vec weight = wide::load(w);
#pragma GCC unroll 14
        for (int i = 0; i < PX; ++i) acc[i] += s[i * step] * weight;
      }
      finish(y.epilogue, acc, y.base, y.at, y_step, y_block);
    }
  }
};

inline constexpr int64_t most_wide = 14;
template <int step>
inline constexpr const ChannelsRun* wide_runs = wide::tiles_of<WideRun<step>, most_wide>.data();

/// The runs of 1, 2 ... pixels, so many floats apart, x so many channels, and the most pixels of one.
inline std::pair<const ChannelsRun*, int64_t> runs_for(int64_t step, int64_t width) {
  if (width == 16 && cpu_has_avx512()) switch (step) {
      case 1:
        return {wide_runs<1>, most_wide};
      case 2:
        return {wide_runs<2>, most_wide};
      case 4:
        return {wide_runs<4>, most_wide};
      case 8:
        return {wide_runs<8>, most_wide};
      case 16:
        return {wide_runs<16>, most_wide};
    }
  return {channels_runs[width / 8 - 1], 6};
}

/// R result channels x 16 pixels (two vectors that may overlap, for any row of at least 8). Weights are
/// [tap][R].
template <int R>
FOVEA_SIMD_INLINE void pixels_tile(const float* x0, const float* x1, const int32_t* offset, int64_t taps,
                                   const float* w, const float* bias, const Result& y0, const Result& y1,
                                   int64_t y_plane, int64_t width) {
  Vec acc[R][2];
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) acc[r][0] = acc[r][1] = bias ? Vec{} + bias[r] : Vec{};
  for (int64_t t = 0; t < taps; ++t, w += R) {
    const Vec a = load(x0 + offset[t]), b = load(x1 + offset[t]);
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
      acc[r][0] += w[r] * a;
      acc[r][1] += w[r] * b;
    }
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) {
    if (width >= 8) {
      y0.put(r * y_plane, acc[r][0]);
      y1.put(r * y_plane, acc[r][1]);
    } else {
      y0.put_some(r * y_plane, acc[r][0], width);
    }
  }
}

template <int R>
FOVEA_SIMD void pixels_row(int64_t n, const float* x, const int32_t* offset, int64_t taps, const float* w,
                           const float* bias, const Result& y, int64_t y_plane) {
  for (int64_t i = 0; i < n; i += 16) {
    const int64_t a = std::max<int64_t>(0, std::min(i, n - 8)),
                  b = std::max<int64_t>(0, std::min(i + 8, n - 8));
    pixels_tile<R>(x + a, x + b, offset, taps, w, bias, y + a, y + b, y_plane, n);
  }
}

using PixelsRow = void (*)(int64_t, const float*, const int32_t*, int64_t, const float*, const float*,
                           const Result&, int64_t);
inline constexpr PixelsRow pixels_rows[] = {pixels_row<1>, pixels_row<2>, pixels_row<3>,
                                            pixels_row<4>, pixels_row<5>, pixels_row<6>};

}  // namespace fovea::direct
