// Dropout with the Philox words of 8 counters computed at once.
#include <algorithm>
#include <cmath>

#include "backend/cpu/simd.h"
#include "base/parallel.h"
#include "fovea/kernel.h"
#include "fovea/random.h"
#include "op/pointwise_run.h"

namespace fovea {
namespace {

constexpr int counters = 8;

/// philox(seed, first + k, stream) of random.h for k = 0 ... 7, as words[4 k + i].
FOVEA_SIMD void philox_block(uint64_t seed, uint64_t stream, uint64_t first, uint32_t* words) {
  uint32_t a[counters], b[counters], c[counters], d[counters];
  for (int k = 0; k < counters; ++k) {
    a[k] = uint32_t(first + uint64_t(k)), b[k] = uint32_t((first + uint64_t(k)) >> 32);
    c[k] = uint32_t(stream), d[k] = uint32_t(stream >> 32);
  }
  auto key0 = uint32_t(seed), key1 = uint32_t(seed >> 32);
  for (int round = 0; round < 10; ++round, key0 += 0x9E3779B9u, key1 += 0xBB67AE85u)
#pragma omp simd
    for (int k = 0; k < counters; ++k) {
      const uint64_t p = uint64_t{0xD2511F53u} * a[k], q = uint64_t{0xCD9E8D57u} * c[k];
      a[k] = uint32_t(q >> 32) ^ b[k] ^ key0;
      c[k] = uint32_t(p >> 32) ^ d[k] ^ key1;
      b[k] = uint32_t(q), d[k] = uint32_t(p);
    }
  for (int k = 0; k < counters; ++k)
    words[4 * k] = a[k], words[4 * k + 1] = b[k], words[4 * k + 2] = c[k], words[4 * k + 3] = d[k];
}

struct Mask {  // drops where the word of an element is below `limit`
  uint64_t seed, stream, offset;
  uint32_t limit;
};

/// Elements [begin, end) of x, begin a multiple of 32.
FOVEA_SIMD void drop(const Mask& mask, const float* x, int64_t begin, int64_t end, float scale, float* y) {
  uint32_t words[4 * counters];
  for (int64_t at = begin; at < end; at += 4 * counters) {
    philox_block(mask.seed, mask.stream, mask.offset + uint64_t(at / 4), words);
    const int64_t n = std::min<int64_t>(4 * counters, end - at);
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) y[at + i] = words[i] < mask.limit ? 0.0f : x[at + i] * scale;
  }
}

void run(const Call& c) {
  const double p = c.f("p");
  const float* x = c.in(0).ptr<float>();
  float* y = c.out().ptr<float>();
  const int64_t n = c.in(0).numel();
  if (p == 1) return std::fill(y, y + n, 0.0f);
  const Mask mask{uint64_t(c.i("seed")), uint64_t(c.i("stream")), uint64_t(c.i("offset")),
                  uint32_t(std::ceil(p * 0x1p32))};  // word / 2^32 < p
  parallel_for(n, 8192,
               [&](int64_t begin, int64_t end) { drop(mask, x, begin, end, float(1 / (1 - p)), y); });
}

const char* refuse(const Call& c) {
  if (const char* reason = refuse_avx2(c)) return reason;
  if (c.dtype() != f32) return "it computes in f32 only";
  return c.f("p") < 1 - 0x1p-32 || c.f("p") == 1 ? nullptr : "p is within 2^-32 of 1";
}

const RegisterKernel kernel("dropout_at", {.name = "cpu:philox8", .rank = 10, .refuse = refuse, .run = run});

}  // namespace
}  // namespace fovea
