// Bernoulli samples with the Philox words of 8 counters computed at once.
#include <algorithm>

#include "backend/cpu/philox.h"
#include "base/parallel.h"
#include "fovea/kernel.h"
#include "op/pointwise_run.h"

namespace fovea {
namespace {

struct Stream {
  uint64_t seed, stream, offset;
};

/// Elements [begin, end) of p, begin a multiple of 32.
FOVEA_SIMD void sample(const Stream& s, const float* p, int64_t begin, int64_t end, float* y) {
  uint32_t words[philox_words];
  for (int64_t at = begin; at < end; at += philox_words) {
    philox_block(s.seed, s.stream, s.offset + uint64_t(at / 4), words);
    const int64_t n = std::min<int64_t>(philox_words, end - at);
#pragma omp simd
    for (int64_t i = 0; i < n; ++i)
      y[at + i] = float(int32_t(words[i] >> 8)) * 0x1p-24f < p[at + i] ? 1.0f : 0.0f;
  }
}

void run(const Call& c) {
  const float* p = c.in(0).ptr<float>();
  float* y = c.out().ptr<float>();
  const Stream s{uint64_t(c.i("seed")), uint64_t(c.i("stream")), uint64_t(c.i("offset"))};
  parallel_for(c.in(0).numel(), 8192, [&](int64_t begin, int64_t end) { sample(s, p, begin, end, y); });
}

const char* refuse(const Call& c) {
  if (const char* reason = refuse_avx2(c)) return reason;
  return c.dtype() == f32 ? nullptr : "it computes in f32 only";
}

const RegisterKernel kernel("sample_bernoulli_at",
                            {.name = "cpu:philox8", .rank = 10, .refuse = refuse, .run = run});

}  // namespace
}  // namespace fovea
