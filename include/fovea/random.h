// Counter-based randomness (Philox 4x32-10, Salmon et al. 2011): the value at a counter depends on seed and
// counter alone, so the same seed gives the same numbers on every device, thread count and worker count.
#pragma once
#include <array>
#include <cstdint>

namespace fovea {

/// Four random 32-bit words for (seed, counter, stream).
std::array<uint32_t, 4> philox(uint64_t seed, uint64_t counter, uint64_t stream = 0);

/// A sequence of random numbers: a seed, a stream (for independent sequences of one seed) and a position.
class Generator {
 public:
  explicit Generator(uint64_t seed = 0, uint64_t stream = 0) : seed_(seed), stream_(stream) {}
  uint64_t seed() const { return seed_; }
  uint64_t stream() const { return stream_; }
  uint64_t position() const { return counter_; }
  void seek(uint64_t position) { counter_ = position, left_ = 0; }
  /// Reserves `n` counters and returns the first: for kernels that compute philox(seed, first + i, stream).
  uint64_t reserve(uint64_t n) {
    const uint64_t first = counter_;
    counter_ += n, left_ = 0;
    return first;
  }
  uint32_t next();
  /// Uniform in [0, 1), 24 bits.
  float uniform() { return float(next() >> 8) * 0x1p-24f; }
  /// Standard normal (Box-Muller).
  float normal();
  /// Uniform in [0, n), without bias. *Requires* n > 0.
  uint64_t below(uint64_t n);

 private:
  uint64_t seed_ = 0, stream_ = 0, counter_ = 0;
  std::array<uint32_t, 4> block_{};
  int left_ = 0;
};

/// The generator behind random ops and initialisers of this thread.
Generator& default_generator();
/// Restarts it: manual_seed(0).
void manual_seed(uint64_t seed);

}  // namespace fovea
