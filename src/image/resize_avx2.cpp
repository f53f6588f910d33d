#include "image/taps.h"

#if defined(__x86_64__)
#include <immintrin.h>

#include <algorithm>
#include <cstring>

namespace fovea::image {
namespace {

constexpr int32_t half = 1 << (fraction_bits - 1);

/// One pixel of `step` bytes per output position; reads and writes 4 bytes each.
template <int step>
__attribute__((target("avx2"))) void row_pass(const uint8_t* from, uint8_t* to, const Taps<int32_t>& taps) {
  for (size_t o = 0; o < taps.first.size(); ++o) {
    const int32_t* const w = &taps.weights[o * size_t(taps.most)];
    const uint8_t* source = from + taps.first[o] * step;
    __m128i sum = _mm_set1_epi32(half);
    for (int64_t i = 0; i < taps.count[o]; ++i, source += step) {
      int32_t pixel;
      std::memcpy(&pixel, source, 4);
      const __m128i channels = _mm_cvtepu8_epi32(_mm_cvtsi32_si128(pixel));
      sum = _mm_add_epi32(sum, _mm_mullo_epi32(channels, _mm_set1_epi32(w[i])));
    }
    sum = _mm_srai_epi32(sum, fraction_bits);
    sum = _mm_packus_epi32(sum, sum);                                     // saturates at 0 ...
    const int32_t pixel = _mm_cvtsi128_si32(_mm_packus_epi16(sum, sum));  // ... and at 255
    std::memcpy(to + o * step, &pixel, 4);
  }
}

}  // namespace

int64_t resize_rows_avx2(const uint8_t* from, uint8_t* to, const Taps<int32_t>& taps, int64_t height,
                         int64_t width, int channels) {
  const int64_t rows = channels == 4 ? height : height - 1, out_width = int64_t(taps.first.size());
  for (int64_t y = 0; y < rows; ++y, from += width * channels, to += out_width * channels)
    channels == 4 ? row_pass<4>(from, to, taps) : row_pass<3>(from, to, taps);
  return rows;
}

__attribute__((target("avx2"))) void mix_rows_avx2(const uint8_t* from, int64_t count, int64_t n,
                                                   const int32_t* w, int32_t* sums, uint8_t* to) {
  for (int64_t x = 0; x < n; ++x) sums[x] = half;
  for (int64_t i = 0; i < count; ++i, from += n)
    for (int64_t x = 0; x < n; ++x) sums[x] += from[x] * w[i];
  for (int64_t x = 0; x < n; ++x) to[x] = uint8_t(std::clamp(sums[x] >> fraction_bits, 0, 255));
}

}  // namespace fovea::image

#else
namespace fovea::image {

int64_t resize_rows_avx2(const uint8_t*, uint8_t*, const Taps<int32_t>&, int64_t, int64_t, int) { return 0; }
void mix_rows_avx2(const uint8_t*, int64_t, int64_t, const int32_t*, int32_t*, uint8_t*) {}

}  // namespace fovea::image
#endif
