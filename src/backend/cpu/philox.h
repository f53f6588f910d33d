// The Philox words of 8 counters computed at once, for kernels that draw random numbers.
#pragma once
#include "backend/cpu/simd.h"
#include "fovea/random.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace fovea {

constexpr int philox_counters = 8, philox_words = 4 * philox_counters;

namespace philox_lanes {

using Words =
    simd::V<uint64_t>;  // a word of four counters, in the low halves; what the high ones hold is ignored

FOVEA_SIMD_INLINE Words times(Words a, uint32_t factor) {
#if defined(__x86_64__)
  return (Words)_mm256_mul_epu32((__m256i)a, _mm256_set1_epi64x(factor));
#else
  return (a & 0xffffffff) * uint64_t{factor};
#endif
}

/// The state of four counters.
struct State {
  Words a, b, c, d;

  FOVEA_SIMD_INLINE void round(uint32_t key0, uint32_t key1) {
    const Words p = times(a, 0xD2511F53u), q = times(c, 0xCD9E8D57u);
    a = (q >> 32) ^ b ^ uint64_t { key0 };
    c = (p >> 32) ^ d ^ uint64_t { key1 };
    b = q, d = p;
  }
  /// Counter by counter.
  FOVEA_SIMD_INLINE void store(uint32_t* words) const {
    constexpr Words first{0, 4, 1, 5}, second{2, 6, 3, 7};
    const Words low = (a & 0xffffffff) | b << 32, high = (c & 0xffffffff) | d << 32;
    simd::store(reinterpret_cast<uint64_t*>(words), __builtin_shuffle(low, high, first));
    simd::store(reinterpret_cast<uint64_t*>(words) + 4, __builtin_shuffle(low, high, second));
  }
};

}  // namespace philox_lanes

/// philox(seed, first + k, stream) of random.h for k = 0 ... 7, as words[4 k + i].
FOVEA_SIMD_INLINE void philox_block(uint64_t seed, uint64_t stream, uint64_t first, uint32_t* words) {
  using philox_lanes::State, philox_lanes::Words;
  const Words none{}, count = Words{0, 1, 2, 3} + first, next = count + 4;
  State s{count, count >> 32, none + stream, none + (stream >> 32)}, t{next, next >> 32, s.c, s.d};
  auto key0 = uint32_t(seed), key1 = uint32_t(seed >> 32);
#pragma GCC unroll 10
  for (int i = 0; i < 10; ++i, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u)
    s.round(key0, key1), t.round(key0, key1);
  s.store(words);
  t.store(words + 16);
}

}  // namespace fovea
