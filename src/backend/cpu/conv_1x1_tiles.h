// The register tiles of 1x1 convolutions on blocked8 tensors: 6 pixels x 16 results, or 28 x 16 in wide
// registers.
#pragma once
#include "backend/cpu/epilogue.h"
#include "backend/cpu/tiles.h"
#include "backend/cpu/wide.h"
#include "fovea/device.h"

namespace fovea::conv_1x1 {

using simd::load;
using simd::store;
using Vec = simd::V<float>;

inline constexpr int64_t group = 16;  // results in a register tile

/// Where results go, and what is done to them there.
struct Results {
  float* y;
  Epilogue epilogue;
};

/// One step of the sums of a register tile.
struct Block {
  const float *x, *w;  // of the first pixel; [channel][OV * 8]
  int64_t plane, channels;
  int64_t y, y_plane;  // floats from the start of the result; to the next 8 results
  const float* bias;
  bool first, last;  // starts the sums, or adds to what lies in y; finishes them
  // Asked for meanwhile: the same pixels of the next band in some planes.
  const float* ahead;
  int64_t ahead_planes;
};

/// Asks for the lines of PX pixels of some planes of 8 channels.
template <int PX>
FOVEA_SIMD_INLINE void ask_for(const float* pixels, int64_t plane, int64_t planes) {
  for (int64_t i = 0; i < planes; ++i, pixels += plane)
#pragma GCC unroll 14
    for (int line = 0; line < (PX + 1) / 2; ++line) __builtin_prefetch(pixels + line * 16, 0, 2);
}

template <int PX>
FOVEA_SIMD_INLINE void ask_to_write(const float* pixels, int64_t plane, int64_t planes) {
  for (int64_t i = 0; i < planes; ++i, pixels += plane)
#pragma GCC unroll 14
    for (int line = 0; line < (PX + 1) / 2; ++line) simd::ask_to_write(pixels + line * 16);
}

template <int PX, int OV>
FOVEA_SIMD_INLINE void tile(const Results& r, const Block& b, int64_t pixel) {
  const float *x = b.x + pixel * 8, *w = b.w;
  ask_to_write<PX>(r.y + b.y + pixel * 8, b.y_plane, OV);
  if (b.last && r.epilogue.add) ask_for<PX>(r.epilogue.add + b.y + pixel * 8, b.y_plane, OV);
  ask_for<PX>(b.ahead + pixel * 8, b.plane, b.ahead_planes);
  Vec acc[PX][OV];
#pragma GCC unroll 12
  for (int i = 0; i < PX; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) {
      if (b.first) acc[i][v] = b.bias ? load(b.bias + v * 8) : Vec{};
      else acc[i][v] = load(r.y + b.y + v * b.y_plane + (pixel + i) * 8);
    }
  for (int64_t c = 0; c < b.channels; c += 8, x += b.plane)
    for (int k = 0; k < 8; ++k, w += OV * 8) {
      __builtin_prefetch(w + b.channels * OV * 8, 0, 2);
      const Vec w0 = load(w), w1 = OV > 1 ? load(w + 8) : Vec{};
#pragma GCC unroll 12
      for (int i = 0; i < PX; ++i) {
        const float value = x[i * 8 + k];
        acc[i][0] += value * w0;
        if (OV > 1) acc[i][OV - 1] += value * w1;
      }
    }
  const Epilogue epilogue = b.last ? r.epilogue : Epilogue();
  float* y = r.y;
#pragma GCC unroll 12
  for (int i = 0; i < PX; ++i)
#pragma GCC unroll 2
    for (int v = 0; v < OV; ++v) {
      const int64_t at = b.y + v * b.y_plane + (pixel + i) * 8;
      store(y + at, epilogue(acc[i][v], at));
    }
}

/// `count` <= MOST pixels from `begin`.
template <int OV, int MOST>
FOVEA_SIMD_INLINE void some(const Results& r, const Block& b, int64_t begin, int64_t count) {
  if (count == MOST) return tile<MOST, OV>(r, b, begin);
  if constexpr (MOST > 1) some<OV, MOST - 1>(r, b, begin, count);
}

/// Pixels [begin, end) in tiles of MOST, the last two alike.
template <int OV, int MOST>
FOVEA_SIMD void tiles(const Results& r, const Block& b, int64_t begin, int64_t end) {
  for (; end - begin >= 2 * MOST; begin += MOST) tile<MOST, OV>(r, b, begin);
  const int64_t left = end - begin, half = left > MOST ? (left + 1) / 2 : left;
  for (; begin < end; begin += half) some<OV, MOST>(r, b, begin, std::min(half, end - begin));
}

/// The same for 16 results side by side in one register.
struct WideTile {
  template <int PX>
  FOVEA_WIDE static void run(const Results& r, const Block& b, int64_t pixel) {
    const float* x = b.x + pixel * 8;
    float* y = r.y + b.y + pixel * 8;
    ask_to_write<PX>(y, b.y_plane, 2);
    if (b.last && r.epilogue.add) ask_for<PX>(r.epilogue.add + b.y + pixel * 8, b.y_plane, 2);
    ask_for<PX>(b.ahead + pixel * 8, b.plane, b.ahead_planes);
    wide::Vec acc[PX];
    const wide::Vec bias = b.bias ? wide::load(b.bias) : wide::Vec{};
#pragma GCC unroll 28
    for (int i = 0; i < PX; ++i)
      acc[i] = b.first ? bias : wide::join(load(y + i * 8), load(y + b.y_plane + i * 8));
    wide::multiply<PX>(acc, x, b.plane, b.w, b.channels);
    finish(b.last ? r.epilogue : Epilogue(), acc, r.y, b.y + pixel * 8, 8, b.y_plane);
  }
};

inline void wide_tiles(const Results& r, const Block& b, int64_t begin, int64_t end) {
  for_tiles(end - begin, wide::most_rows, [&](int64_t i, int64_t pixels) {
    wide::tiles_of<WideTile>[size_t(pixels - 1)](r, b, begin + i);
  });
}

/// Pixels [begin, end) of the next 16 results, or 8 if only `left` = 8 are left.
inline void multiply(const Results& r, const Block& b, int64_t left, int64_t begin, int64_t end) {
  (left < group ? tiles<1, 12> : cpu_has_avx512() ? wide_tiles : tiles<2, 6>)(r, b, begin, end);
}

}  // namespace fovea::conv_1x1
