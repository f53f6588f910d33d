#include "backend/cpu/conv_sparse.h"

#include <algorithm>
#include <array>
#include <bit>

#include "backend/cpu/tiles.h"

namespace fovea {
namespace {

using simd::load;
using simd::store;
using Vec = simd::V<float>;
using Int = simd::V<int32_t>;

/// One bit per lane that is not zero.
FOVEA_SIMD_INLINE unsigned nonzero_lanes(Vec v) {
  const Int set = v != 0;
#if defined(__x86_64__)
  return unsigned(__builtin_ia32_movmskps256(reinterpret_cast<Vec>(set)));
#else
  unsigned bits = 0;
  for (int i = 0; i < 8; ++i) bits |= unsigned(set[i] & 1) << i;
  return bits;
#endif
}

/// By such bits: the lanes that are set, one after the other.
struct alignas(32) Lanes {
  int32_t lane[8];
};
constexpr std::array<Lanes, 256> set_lanes = [] {
  std::array<Lanes, 256> all{};
  for (unsigned bits = 0; bits < 256; ++bits)
    for (int i = 0, n = 0; i < 8; ++i)
      if (bits >> i & 1) all[bits].lane[n++] = i;
  return all;
}();

/// Appends to the list what is not zero; places are shifted by `shift`.
FOVEA_SIMD void append(const float* g, const int32_t* places, int64_t size, int32_t shift,
                       SparsePlane& list) {
  int64_t n = list.count, i = 0;
  for (; i + 8 <= size; i += 8) {
    const Vec v = load(g + i);
    const unsigned bits = nonzero_lanes(v);
    const Int order = load(set_lanes[bits].lane);
    store(list.value + n, __builtin_shuffle(v, order));
    store(list.at + n, __builtin_shuffle(load(places + i) + shift, order));
    n += std::popcount(bits);
  }
  for (; i < size; ++i)
    if (g[i] != 0) list.value[n] = g[i], list.at[n++] = places[i] + shift;
  list.count = n;
}

/// Eight channels of a blocked image to planes.
FOVEA_SIMD void unblock(const float* g, int64_t pixels, float* to) {
  int64_t p = 0;
  for (; p + 8 <= pixels; p += 8) simd::transpose8(g + p * 8, 8, to + p, pixels);
  for (; p < pixels; ++p)
    for (int64_t c = 0; c < 8; ++c) to[c * pixels + p] = g[p * 8 + c];
}

FOVEA_SIMD int64_t count_sample(const float* g, int64_t size, int64_t step) {
  int64_t n = 0;
  for (int64_t i = 0; i + 8 <= size; i += step) n += std::popcount(nonzero_lanes(load(g + i)));
  return n;
}

/// sums[R][8] += the R rows of x below each element, times its value. Elements go to two sums in turn, so
/// that these need not wait for each other.
template <int R>
FOVEA_SIMD void add_rows(const SparsePlane& g, const float* x, const int32_t* offset, float* sums) {
  const float* row[R];
  Vec even[R], odd[R];
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) row[r] = x + offset[r], even[r] = load(sums + r * 8), odd[r] = Vec{};
  int64_t i = 0;
  for (; i + 2 <= g.count; i += 2) {
    const int64_t a = g.at[i], b = g.at[i + 1];
    const Vec va = Vec{} + g.value[i], vb = Vec{} + g.value[i + 1];
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) {
      even[r] += va * load(row[r] + a);
      odd[r] += vb * load(row[r] + b);
    }
  }
  if (i < g.count) {
    const Vec va = Vec{} + g.value[i];
#pragma GCC unroll 6
    for (int r = 0; r < R; ++r) even[r] += va * load(row[r] + g.at[i]);
  }
#pragma GCC unroll 6
  for (int r = 0; r < R; ++r) store(sums + r * 8, even[r] + odd[r]);
}

using AddRows = void (*)(const SparsePlane&, const float*, const int32_t*, float*);
constexpr AddRows add_some_rows[] = {add_rows<1>, add_rows<2>, add_rows<3>,
                                     add_rows<4>, add_rows<5>, add_rows<6>};

/// Adds to N vectors of each of `rows` rows of the image, for each element.
template <int N>
FOVEA_SIMD void add_windows(const SparsePlane& g, const float* w, int64_t w_row, int64_t rows, float* image,
                            int64_t image_row) {
  for (int64_t i = 0; i < g.count; ++i) {
    const Vec value = Vec{} + g.value[i];
    float* to = image + g.at[i];
    const float* from = w;
    for (int64_t r = 0; r < rows; ++r, to += image_row, from += w_row)
#pragma GCC unroll 6
      for (int k = 0; k < N; ++k) store(to + k * 8, load(to + k * 8) + value * load(from + k * 8));
  }
}

using AddWindows = void (*)(const SparsePlane&, const float*, int64_t, int64_t, float*, int64_t);
constexpr AddWindows add_some_windows[] = {add_windows<1>, add_windows<2>, add_windows<3>,
                                           add_windows<4>, add_windows<5>, add_windows<6>};

}  // namespace

bool mostly_zero(const float* g, int64_t size, double share) {
  const int64_t step = size < 4096 ? 8 : 56;  // 7 vectors: even and odd columns of blocked images
  const int64_t seen = size < 8 ? 0 : ((size - 8) / step + 1) * 8;
  return seen > 0 && double(count_sample(g, size, step)) < share * double(seen);
}

SparseImages::SparseImages(const float* g, Layout layout, const Dims& shape, const int32_t* places,
                           int64_t step, float* scratch)
    : g_(g),
      blocked_(layout == Layout::blocked8),
      images_(shape[0]),
      size_(shape[1] * shape[2]),
      pixels_(shape[2]),
      places_(places),
      step_(step),
      planes_(scratch + 2 * (images_ * pixels_ + 16)),
      list_{scratch, reinterpret_cast<int32_t*>(scratch + images_ * pixels_ + 16), 0} {}

SparsePlane SparseImages::channel(int64_t o) {
  list_.count = 0;
  for (int64_t n = 0; n < images_; ++n) {
    const float* g = g_ + n * size_;
    float* planes = planes_ + n * 8 * pixels_;
    if (blocked_ && o % 8 == 0) unblock(g + o * pixels_, pixels_, planes);
    append(blocked_ ? planes + o % 8 * pixels_ : g + o * pixels_, places_, pixels_, int32_t(n * step_),
           list_);
  }
  return list_;
}

SparseWeightGrad::SparseWeightGrad(const ConvShape& shape, const ConvSource& from, Layout g, int64_t at_once)
    : s(shape), images(at_once), source(from), layout(g) {}

bool SparseWeightGrad::can(const ConvShape& s, const ConvSource& source) {
  return !source.blocked && s.dilation[2] == 1 && s.k[2] > 1 && s.k[2] <= 16 && s.c <= 16;
}

void SparseWeightGrad::prepare(int32_t* tables) {
  int32_t* to = tables;
  for (int64_t y = 0; y < s.out[1]; ++y)
    for (int64_t x = 0; x < s.out[2]; ++x)
      *to++ = int32_t(source.pixel_offset(y * s.stride[1], x * s.stride[2]));
  for (int64_t ky = 0; ky < s.k[1]; ++ky)
    for (int64_t c = 0; c < s.c; ++c)
      for (int64_t v = 0; v < vectors(); ++v)
        *to++ = int32_t(source.channel_offset(c) + source.pixel_offset(ky * s.dilation[1], v * 8));
  places = tables, offsets = tables + s.out_size();
}

void SparseWeightGrad::add(const float* x, int64_t x_image, const float* g, int64_t n, float* sums,
                           float* scratch) const {
  SparseImages sparse(g, layout, {n, s.o, s.out_size()}, places, x_image, scratch);
  for (int64_t o = 0; o < s.o; ++o) {
    const SparsePlane plane = sparse.channel(o);
    for_tiles(rows(), 6, [&](int64_t r, int64_t count) {
      add_some_rows[count - 1](plane, x, offsets + r, sums + (o * rows() + r) * 8);
    });
  }
}

SparseInputGrad::SparseInputGrad(const ConvShape& shape, Layout g, Layout to)
    : s(shape), layout(g), result(to) {}

bool SparseInputGrad::can(const ConvShape& s) {
  return s.dilation[1] == 1 && s.dilation[2] == 1 && s.k[1] * s.k[2] > 1 && s.c <= 16;
}

void SparseInputGrad::prepare(const float* weight, float* shared) {
  auto* at = reinterpret_cast<int32_t*>(shared);
  for (int64_t y = 0; y < s.out[1]; ++y)
    for (int64_t x = 0; x < s.out[2]; ++x)
      at[y * s.out[2] + x] = int32_t((y * s.stride[1] * s_columns() + x * s.stride[2]) * lanes());
  float* packed = shared + s.out_size();
  const int64_t window = s.k[1] * s.k[2];
  for (int64_t o = 0; o < s.o; ++o)
    for (int64_t k = 0; k < window; ++k)
      for (int64_t c = 0; c < lanes(); ++c) *packed++ = c < s.c ? weight[(o * s.c + c) * window + k] : 0.f;
  places = at, weights = shared + s.out_size();
}

void SparseInputGrad::image(const float* g, int64_t n, const Epilogue& epilogue, float* dx,
                            float* scratch) const {
  SparseImages sparse(g, layout, {1, s.o, s.out_size()}, places, 0, scratch);
  float* summed = scratch + SparseImages::scratch(1, s.out_size());
  std::fill_n(summed, built(), 0.f);
  for (int64_t o = 0; o < s.o; ++o) {
    const SparsePlane plane = sparse.channel(o);
    for_tiles(row() / 8, 6, [&](int64_t v, int64_t count) {
      add_some_windows[count - 1](plane, weights + o * s.k[1] * row() + v * 8, row(), s.k[1], summed + v * 8,
                                  s_columns() * lanes());
    });
  }
  put(summed + (s.pad[1] * s_columns() + s.pad[2]) * lanes(), n, epilogue, dx);
}

FOVEA_SIMD void SparseInputGrad::put(const float* image, int64_t n, const Epilogue& epilogue,
                                     float* dx) const {
  const int64_t height = s.in[1], width = s.in[2], plane = height * width, first = n * s.c * plane;
  for (int64_t b = 0; b < lanes(); b += 8)
    for (int64_t y = 0; y < height; ++y)
      for (int64_t k = 0; k < width; k += 8) {
        const float* from = image + (y * s_columns() + k) * lanes() + b;
        const int64_t pixels = std::min<int64_t>(8, width - k), channels = std::min<int64_t>(8, s.c - b);
        if (result == Layout::blocked8) {
          for (int64_t i = 0; i < pixels; ++i) {
            const int64_t at = first + b * plane + (y * width + k + i) * 8;
            store(dx + at, epilogue(load(from + i * lanes()), at));
          }
          continue;
        }
        float turned[64];
        simd::transpose8(from, lanes(), turned, 8);
        for (int64_t c = 0; c < channels; ++c) {
          const int64_t at = first + (b + c) * plane + y * width + k;
          if (pixels == 8) store(dx + at, epilogue(load(turned + c * 8), at));
          else
            for (int64_t i = 0; i < pixels; ++i) dx[at + i] = epilogue(turned[c * 8 + i], at + i);
        }
      }
}

}  // namespace fovea
