// The weights of a resampling, and the passes over bytes for processors with AVX2: 3 times as fast as the
// plain ones of resize.cpp, with the same integers and so the same bits.
#pragma once
#include <cstdint>
#include <vector>

namespace fovea::image {

/// For each output position: the first input position, their number, and `most` weights (zero beyond
/// `count`).
template <class W>
struct Taps {
  int64_t most = 0;
  std::vector<int64_t> first, count;
  std::vector<W> weights;
};

/// Fixed-point weights of bytes have so many bits behind the point.
constexpr int fraction_bits = 22;

/// Resamples rows of `width` pixels of 3 or 4 channels. Returns how many rows it did: with 3 channels, whose
/// pixels are handled as 4 bytes, the last row is left to the caller. *Requires* cpu_has_avx2().
int64_t resize_rows_avx2(const uint8_t* from, uint8_t* to, const Taps<int32_t>& taps, int64_t height,
                         int64_t width, int channels);

/// to[x] = the sum of w[i] * from[i * n + x] over `count` rows, rounded; `sums` is scratch for n numbers.
/// *Requires* cpu_has_avx2().
void mix_rows_avx2(const uint8_t* from, int64_t count, int64_t n, const int32_t* w, int32_t* sums,
                   uint8_t* to);

}  // namespace fovea::image
