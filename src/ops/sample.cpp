// Samples of given probabilities, from the counters of the default generator.
#include "base/parallel.h"
#include "fovea/op.h"
#include "fovea/ops.h"
#include "fovea/random.h"
#include "ops/counters.h"

namespace fovea {
namespace {

template <class real>
void draw(const Call& c) {
  const uint64_t seed = uint64_t(c.i("seed")), stream = uint64_t(c.i("stream")), offset = uint64_t(c.i("offset"));
  const real* p = c.in(0).ptr<real>();
  const int64_t n = c.in(0).numel();
  real* y = c.out().ptr<real>();
  parallel_for((n + 3) / 4, 2048, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const auto words = philox(seed, offset + uint64_t(b), stream);
      for (int64_t i = 4 * b; i < std::min(4 * b + 4, n); ++i) y[i] = real(words[size_t(i % 4)] >> 8) * real(0x1p-24) < p[i];
    }
  });
}

FOVEA_OP(sample_bernoulli_at){
    .signature = "sample_bernoulli_at(p, seed: int, stream: int, offset: int)",
    .doc = "1 where the uniform number of the element (24 bits, as rand's) is below p, else 0. Element i of the row-major order "
           "reads word i % 4 of philox(seed, offset + i / 4, stream).",
    .shape = same_as(0),
    .reference = FOVEA_FLOATS(draw),
    .no_gradient = "a sample jumps",
    .samples = {{{f({2, 8, 3, 5}, 0.0, 1.0)}, {{"seed", 3}, {"stream", 5}, {"offset", 9}}},
                {{f({10001}, 0.0, 1.0)}, {{"seed", 3}, {"stream", 5}, {"offset", int64_t{1} << 40}}}},
    .internal = true,
};

FOVEA_OP(sample_bernoulli){
    .signature = "sample_bernoulli(p)",
    .doc = "1 with the probability that each element of p gives, else 0, from the default generator; p below 0 or NaN is never, "
           "above 1 always. The gradient is zero.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const auto [seed, stream, offset] = reserve_counters((a.in(0).numel() + 3) / 4);
      return {call("sample_bernoulli_at", {a.in(0)}, {{"seed", seed}, {"stream", stream}, {"offset", offset}})};
    },
    .samples = {{{f({2, 8, 3, 5}, 0.0, 1.0)}}, {{f({7}, 0.0, 1.0)}}},
    .random = true,
};

}  // namespace
}  // namespace fovea
