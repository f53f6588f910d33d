// The Philox words of 8 counters computed at once, for kernels that draw random numbers.
#pragma once
#include "backend/cpu/simd.h"
#include "fovea/random.h"

namespace fovea {

constexpr int philox_counters = 8, philox_words = 4 * philox_counters;

/// philox(seed, first + k, stream) of random.h for k = 0 ... 7, as words[4 k + i].
FOVEA_SIMD_INLINE void philox_block(uint64_t seed, uint64_t stream, uint64_t first, uint32_t* words) {
  uint32_t a[philox_counters], b[philox_counters], c[philox_counters], d[philox_counters];
  for (int k = 0; k < philox_counters; ++k) {
    a[k] = uint32_t(first + uint64_t(k)), b[k] = uint32_t((first + uint64_t(k)) >> 32);
    c[k] = uint32_t(stream), d[k] = uint32_t(stream >> 32);
  }
  auto key0 = uint32_t(seed), key1 = uint32_t(seed >> 32);
  for (int round = 0; round < 10; ++round, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u)
#pragma omp simd
    for (int k = 0; k < philox_counters; ++k) {
      const uint64_t p = uint64_t{0xD2511F53u} * a[k], q = uint64_t{0xCD9E8D57u} * c[k];
      a[k] = uint32_t(q >> 32) ^ b[k] ^ key0;
      c[k] = uint32_t(p >> 32) ^ d[k] ^ key1;
      b[k] = uint32_t(q), d[k] = uint32_t(p);
    }
  for (int k = 0; k < philox_counters; ++k)
    words[4 * k] = a[k], words[4 * k + 1] = b[k], words[4 * k + 2] = c[k], words[4 * k + 3] = d[k];
}

}  // namespace fovea
