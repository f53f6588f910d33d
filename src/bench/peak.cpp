#include <algorithm>

#include "base/parallel.h"
#include "bench/kernels.h"
#include "bench/workload.h"
#include "fovea/device.h"
#include "fovea/pointwise.h"

namespace fovea::bench {
namespace {

constexpr int chains = 12;  // independent sums: more than latency times throughput of any fused unit
constexpr int64_t repeats = 4'000'000;

/// Chains of multiply-adds in registers; they start apart, or the compiler would see that they are one.
template <class Vector>
FV_INLINE float spin(float factor) {
  Vector sums[chains];
#pragma GCC unroll 12
  for (int c = 0; c < chains; ++c) sums[c] = float(c + 2) - Vector{};
  const Vector f = factor - Vector{};
  for (int64_t i = 0; i < repeats; ++i) {
#pragma GCC unroll 12
    for (int c = 0; c < chains; ++c) sums[c] = sums[c] * f + f;
  }
  Vector total = sums[0];
#pragma GCC unroll 12
  for (int c = 1; c < chains; ++c) total += sums[c];
  return total[0];
}

typedef float Vec __attribute__((vector_size(32)));
typedef float WideVec __attribute__((vector_size(64)));

FOVEA_TARGET_AVX2 float spin_avx2(float factor) { return spin<Vec>(factor); }
#if defined(__x86_64__)
__attribute__((target("avx2,fma,avx512f")))
#endif
float spin_avx512(float factor) {
  return spin<WideVec>(factor);
}

}  // namespace

double fma_peak(bool wide) {
  if (!cpu_has_avx2()) return 0;
  wide = wide && cpu_has_avx512();
  const int64_t threads = num_threads(), lanes = wide ? 16 : 8;
  std::vector<float> results(static_cast<size_t>(threads));
  const auto all_threads = [&] {
    parallel_for(threads, 1, [&](int64_t begin, int64_t) {
      results[size_t(begin)] = (wide ? spin_avx512 : spin_avx2)(0.5f);
    });
  };
  const auto seconds = measure(all_threads, 0.2);
  return 2.0 * double(chains * lanes * repeats * threads) / *std::min_element(seconds.begin(), seconds.end());
}

}  // namespace fovea::bench
