#include "fovea/random.h"

#include <cmath>

namespace fovea {

std::array<uint32_t, 4> philox(uint64_t seed, uint64_t counter, uint64_t stream) {
  std::array<uint32_t, 4> x{uint32_t(counter), uint32_t(counter >> 32), uint32_t(stream),
                            uint32_t(stream >> 32)};
  uint32_t k0 = uint32_t(seed), k1 = uint32_t(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * x[0], b = uint64_t{0xCD9E8D57} * x[2];
    x = {uint32_t(b >> 32) ^ x[1] ^ k0, uint32_t(b), uint32_t(a >> 32) ^ x[3] ^ k1, uint32_t(a)};
    k0 += 0x9E3779B9, k1 += 0xBB67AE85;
  }
  return x;
}

uint32_t Generator::next() {
  if (left_ == 0) block_ = philox(seed_, counter_++, stream_), left_ = 4;
  return block_[4 - left_--];
}

float Generator::normal() {
  const float u = (float(next() >> 8) + 1) * 0x1p-24f;  // (0, 1]
  const float v = uniform();
  return std::sqrt(-2 * std::log(u)) * std::cos(6.28318531f * v);
}

uint64_t Generator::below(uint64_t n) {
  const uint64_t limit = ~uint64_t{0} - ~uint64_t{0} % n;
  uint64_t r;
  do {
    const uint64_t high = next();
    r = high << 32 | next();
  } while (r >= limit);
  return r % n;
}

Generator& default_generator() {
  thread_local Generator g;
  return g;
}

void manual_seed(uint64_t seed) { default_generator() = Generator(seed); }

}  // namespace fovea
