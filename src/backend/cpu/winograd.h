// Winograd's minimal filtering on blocked8 tensors (Lavin, Gray 2015, "Fast Algorithms for Convolutional
// Neural Networks"). A tile of results costs so many products of a channel pair:
//   F(4x4, 3x3)   36 instead of 144    points 0, +-1, +-2, infinity
//   F(2x2, 5x5)   36 instead of 100    the same
//   F(2x2, 3x3)   16 instead of  36    points 0, +-1, infinity: as exact as direct sums
// In one dimension y = A^T [(G w) * (B^T d)] of a patch d and weights w, and in two dimensions the same along
// columns, then rows; B depends on the points alone. The gradient of the weight is the adjoint of the same
// three transforms: dw = G^T [(A dy) * (B^T d)]. Values between transforms are "frequencies".
#pragma once
#include "backend/cpu/simd.h"
#include "op/conv_shape.h"

namespace fovea::winograd {

using Vec = simd::V<float>;

/// Pixels that a tile of results depends on, in one dimension, for a window of that size.
struct Filter {
  int64_t patch = 6, window = 3;
  int64_t tile() const { return patch + 1 - window; }  // results in one dimension
  int64_t frequencies() const { return patch * patch; }
};

/// A tensor (N,C,H,W) in blocked8 cut into patches, one for each tile of results.
struct Tiles {
  Filter filter;
  int64_t images = 0, channels = 0, height = 0, width = 0;  // the tensor
  int64_t top = 0, left = 0;      // of the first patch, counted up and left from (0, 0)
  int64_t rows = 0, columns = 0;  // tiles of one image

  int64_t count() const { return images * rows * columns; }
  struct At {
    int64_t image, y, x;
  };
  At at(int64_t t) const {
    return {t / (rows * columns), t / columns % rows * filter.tile(), t % columns * filter.tile()};
  }
};

/// A group of patches transformed: [frequency][channel / 8][tile][8], planes and frequencies so many floats
/// apart.
struct Strides {
  int64_t plane, frequency;
};
/// Both off powers of two, so that planes and frequencies do not meet in one cache set.
constexpr Strides strides(int64_t tiles, int64_t channels) {
  const int64_t plane = tiles * 8 + (tiles % 8 == 0 ? 16 : 0);
  return {plane, channels / 8 * plane + 16};
}

/// to = B^T d B of the patches [begin, end) of `x`; `to` is where the first one goes.
void transform_input(const Tiles& tiles, const float* x, int64_t begin, int64_t end, float* to,
                     Strides stride);

/// Asks for the lines of some pixels of a block of channels.
void prefetch(const float* pixels, int64_t row, int64_t rows, int64_t columns);

/// F(2x2, 3x3) and not F(4x4, 3x3): where tiles are few, so that mostly weights are read, or for exactness.
enum class Size : uint8_t { large, small };

/// The filter for a convolution that is not refused.
constexpr Filter filter_of(const ConvShape& s, Size size) {
  return {.patch = size == Size::small ? 4 : 6, .window = s.k[1]};
}

/// Why a convolution cannot be computed so, or null: 3x3 or 5x5, stride 1, whole blocks of channels, blocked
/// tensors ...
const char* refuse(const Call& c, const ConvShape& s, Size size);

/// Why the transforms of the weight would cost more than the tiles save, or null.
const char* slower_than_direct(const Tiles& tiles);

// The transforms of one row or column.

struct Input6 {
  FOVEA_SIMD_INLINE static void line(const Vec* d, Vec* o) {  // B^T d
    const Vec t0 = d[4] - 4.f * d[2], t1 = d[3] - 4.f * d[1], t2 = d[4] - d[2], t3 = 2.f * (d[3] - d[1]);
    o[0] = 4.f * d[0] + (d[4] - 5.f * d[2]);
    o[1] = t0 + t1;
    o[2] = t0 - t1;
    o[3] = t2 + t3;
    o[4] = t2 - t3;
    o[5] = 4.f * d[1] + (d[5] - 5.f * d[3]);
  }
};

struct Input4 {
  FOVEA_SIMD_INLINE static void line(const Vec* d, Vec* o) {
    o[0] = d[0] - d[2];
    o[1] = d[1] + d[2];
    o[2] = d[2] - d[1];
    o[3] = d[1] - d[3];
  }
};

/// F(4x4, 3x3).
struct F4x4_3x3 {
  static constexpr int patch = 6, tile = 4, window = 3;
  struct Output {
    FOVEA_SIMD_INLINE static void line(const Vec* m, Vec* o) {  // A^T m
      const Vec a = m[1] + m[2], b = m[1] - m[2], c = m[3] + m[4], d = m[3] - m[4];
      o[0] = m[0] + a + c;
      o[1] = b + 2.f * d;
      o[2] = a + 4.f * c;
      o[3] = b + 8.f * d + m[5];
    }
  };

  struct OutputAdjoint {
    FOVEA_SIMD_INLINE static void line(const Vec* y, Vec* o) {  // A y
      const Vec a = y[0] + y[2], b = y[1] + y[3], c = y[0] + 4.f * y[2], d = 2.f * y[1] + 8.f * y[3];
      o[0] = y[0];
      o[1] = a + b;
      o[2] = a - b;
      o[3] = c + d;
      o[4] = c - d;
      o[5] = y[3];
    }
  };

  struct Weight {
    FOVEA_SIMD_INLINE static void line(const Vec* w, Vec* o) {  // G w
      const Vec a = (w[0] + w[2]) * (-1.f / 6), b = w[1] * (-1.f / 6),
                c = w[0] * (1.f / 24) + w[2] * (1.f / 6), d = w[1] * (1.f / 12);
      o[0] = w[0] * 0.25f;
      o[1] = a + b;
      o[2] = a - b;
      o[3] = c + d;
      o[4] = c - d;
      o[5] = w[2];
    }
  };

  struct WeightAdjoint {
    FOVEA_SIMD_INLINE static void line(const Vec* u, Vec* o) {  // G^T u
      const Vec a = u[1] + u[2], b = u[2] - u[1], c = u[3] + u[4], d = u[3] - u[4];
      o[0] = 0.25f * u[0] - (1.f / 6) * a + (1.f / 24) * c;
      o[1] = (1.f / 6) * b + (1.f / 12) * d;
      o[2] = (1.f / 6) * (c - a) + u[5];
    }
  };
};

/// F(2x2, 5x5).
struct F2x2_5x5 {
  static constexpr int patch = 6, tile = 2, window = 5;
  struct Output {
    FOVEA_SIMD_INLINE static void line(const Vec* m, Vec* o) {
      o[0] = m[0] + (m[1] + m[2]) + (m[3] + m[4]);
      o[1] = (m[1] - m[2]) + 2.f * (m[3] - m[4]) + m[5];
    }
  };

  struct OutputAdjoint {
    FOVEA_SIMD_INLINE static void line(const Vec* y, Vec* o) {
      const Vec d = 2.f * y[1];
      o[0] = y[0];
      o[1] = y[0] + y[1];
      o[2] = y[0] - y[1];
      o[3] = y[0] + d;
      o[4] = y[0] - d;
      o[5] = y[1];
    }
  };

  struct Weight {
    FOVEA_SIMD_INLINE static void line(const Vec* w, Vec* o) {
      const Vec a = (w[0] + w[2] + w[4]) * (-1.f / 6), b = (w[1] + w[3]) * (-1.f / 6),
                c = w[0] * (1.f / 24) + w[2] * (1.f / 6) + w[4] * (2.f / 3),
                d = w[1] * (1.f / 12) + w[3] * (1.f / 3);
      o[0] = w[0] * 0.25f;
      o[1] = a + b;
      o[2] = a - b;
      o[3] = c + d;
      o[4] = c - d;
      o[5] = w[4];
    }
  };

  struct WeightAdjoint {
    FOVEA_SIMD_INLINE static void line(const Vec* u, Vec* o) {
      const Vec a = (1.f / 6) * (u[1] + u[2]), b = (1.f / 6) * (u[2] - u[1]), c = u[3] + u[4],
                d = u[3] - u[4];
      o[0] = 0.25f * u[0] - a + (1.f / 24) * c;
      o[1] = b + (1.f / 12) * d;
      o[2] = (1.f / 6) * c - a;
      o[3] = b + (1.f / 3) * d;
      o[4] = (2.f / 3) * c - a + u[5];
    }
  };
};

/// F(2x2, 3x3).
struct F2x2_3x3 {
  static constexpr int patch = 4, tile = 2, window = 3;
  struct Output {
    FOVEA_SIMD_INLINE static void line(const Vec* m, Vec* o) {
      o[0] = m[0] + m[1] + m[2];
      o[1] = m[1] - m[2] - m[3];
    }
  };

  struct OutputAdjoint {
    FOVEA_SIMD_INLINE static void line(const Vec* y, Vec* o) {
      o[0] = y[0];
      o[1] = y[0] + y[1];
      o[2] = y[0] - y[1];
      o[3] = Vec{} - y[1];
    }
  };

  struct Weight {
    FOVEA_SIMD_INLINE static void line(const Vec* w, Vec* o) {
      const Vec a = 0.5f * (w[0] + w[2]), b = 0.5f * w[1];
      o[0] = w[0];
      o[1] = a + b;
      o[2] = a - b;
      o[3] = w[2];
    }
  };

  struct WeightAdjoint {
    FOVEA_SIMD_INLINE static void line(const Vec* u, Vec* o) {
      const Vec a = 0.5f * (u[1] + u[2]);
      o[0] = u[0] + a;
      o[1] = 0.5f * (u[1] - u[2]);
      o[2] = a + u[3];
    }
  };
};

/// call(F{}) with the F of a filter.
template <class Call>
void with(const Filter& filter, Call&& call) {
  if (filter.patch == 4) call(F2x2_3x3{});
  else if (filter.window == 3) call(F4x4_3x3{});
  else call(F2x2_5x5{});
}

/// A transform along columns, then rows: put(i, j) of the M x M results of the N x N values get(i, j).
template <class Transform, int N, int M, class Get, class Put>
FOVEA_SIMD_INLINE void both_ways(const Get& get, const Put& put) {
  Vec half[M][N];
#pragma GCC unroll 6
  for (int j = 0; j < N; ++j) {
    Vec column[N], o[M];
#pragma GCC unroll 6
    for (int i = 0; i < N; ++i) column[i] = get(i, j);
    Transform::line(column, o);
#pragma GCC unroll 6
    for (int i = 0; i < M; ++i) half[i][j] = o[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < M; ++i) {
    Vec o[M];
    Transform::line(half[i], o);
#pragma GCC unroll 6
    for (int j = 0; j < M; ++j) put(i, j, o[j]);
  }
}

/// Pixels of a block of channels: `row` and `column` floats apart.
struct Pixels {
  const float* at;
  int64_t row, column = 8;
  FOVEA_SIMD_INLINE Vec operator()(int i, int j) const { return simd::load(at + i * row + j * column); }
};
/// The frequencies of a P x P patch, `stride` floats apart.
template <int P>
struct Frequencies {
  float* at;
  int64_t stride;
  FOVEA_SIMD_INLINE Vec operator()(int i, int j) const { return simd::load(at + (i * P + j) * stride); }
  FOVEA_SIMD_INLINE void operator()(int i, int j, Vec v) const { simd::store(at + (i * P + j) * stride, v); }
};

}  // namespace fovea::winograd
