// Dropout with the Philox words of 8 counters computed at once.
#include <algorithm>
#include <cmath>

#include "backend/cpu/philox.h"
#include "base/parallel.h"
#include "fovea/kernel.h"
#include "op/pointwise_run.h"

namespace fovea {
namespace {

struct Mask {  // drops where the word of an element is below `limit`
  uint64_t seed, stream, offset;
  uint32_t limit;
};

/// Elements [begin, end) of x, begin a multiple of 32.
FOVEA_SIMD void drop(const Mask& mask, const float* x, int64_t begin, int64_t end, float scale, float* y) {
  uint32_t words[philox_words];
  for (int64_t at = begin; at < end; at += philox_words) {
    philox_block(mask.seed, mask.stream, mask.offset + uint64_t(at / 4), words);
    const int64_t n = std::min<int64_t>(philox_words, end - at);
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
