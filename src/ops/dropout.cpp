// Dropout (Srivastava et al. 2014), inverted: what stays is scaled in training, so that nothing changes afterwards.
#include <algorithm>

#include "base/parallel.h"
#include "fovea/op.h"
#include "fovea/ops.h"
#include "fovea/random.h"
#include "ops/counters.h"

namespace fovea {
namespace {

template <class real>
void forward(const Call& c) {
  const double p = c.f("p");
  const uint64_t seed = uint64_t(c.i("seed")), stream = uint64_t(c.i("stream")), offset = uint64_t(c.i("offset"));
  const real *x = c.in(0).ptr<real>(), scale = p < 1 ? real(1 / (1 - p)) : real(0);
  const int64_t n = c.in(0).numel();
  real* y = c.out().ptr<real>();
  parallel_for((n + 3) / 4, 2048, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const auto words = philox(seed, offset + uint64_t(b), stream);
      for (int64_t i = 4 * b; i < std::min(4 * b + 4, n); ++i)
        y[i] = double(words[size_t(i % 4)]) * 0x1p-32 < p ? real(0) : x[i] * scale;
    }
  });
}

/// dropout_at with fresh counters of the default generator.
Tensor drop(const Tensor& x, double p) {
  const auto [seed, stream, offset] = reserve_counters((x.numel() + 3) / 4);
  return call("dropout_at", {x}, {{"p", p}, {"seed", seed}, {"stream", stream}, {"offset", offset}});
}

void check_probability(const AttrReader& a, const Dims& x) {
  check(a.f("p") >= 0 && a.f("p") <= 1, "[{}] p={} is no probability (x {})", a.op().name(), a.f("p"), x);
}

FOVEA_OP(dropout_at){
    .signature = "dropout_at(x, p: float, seed: int, stream: int, offset: int)",
    .doc = "0 where the random word of the element is below p, x / (1 - p) elsewhere. Element i of the row-major order reads "
           "word i % 4 of philox(seed, offset + i / 4, stream), so the same numbers give the same mask everywhere.",
    .require = {[](const Call& c) { check_probability(c, c.in(0).shape); }},
    .shape = same_as(0),
    .reference = FOVEA_FLOATS(forward),
    .vjp = [](const Vjp& v) { return Grads{apply(v.op(), {v.g()}, v.attrs())[0]}; },
    .saves = std::vector<std::string>{},
    .samples = {{{f({2, 8, 3, 5})}, {{"p", 0.5}, {"seed", 3}, {"stream", 5}, {"offset", 9}}},
                {{f({10001})}, {{"p", 0.1}, {"seed", 3}, {"stream", 5}, {"offset", 0}}}},
    .bad = {{{f({5})}, {{"p", 1.5}, {"seed", 3}, {"stream", 5}, {"offset", 9}}}},
    .internal = true,
};

FOVEA_OP(dropout){
    .signature = "dropout(x, p=0.5, training=true)",
    .doc = "In training each element becomes 0 with probability p and x / (1 - p) otherwise, else x stays (Srivastava et al. "
           "2014). The mask comes from default_generator(): the same seed gives the same mask, whatever the layout or the threads.",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      check_probability(a, a.in(0).shape());
      if (!a.b("training") || a.f("p") == 0) return {a.in(0)};
      return {drop(a.in(0), a.f("p"))};
    },
    .samples = {{{f({2, 8, 3, 5})}}, {{f({7})}, {{"p", 0.2}}}, {{f({7})}, {{"p", 1.0}}}, {{f({7})}, {{"training", false}}}},
    .bad = {{{f({5})}, {{"p", -0.1}}}},
    .random = true,
};

FOVEA_OP(dropout2d){
    .signature = "dropout2d(x, p=0.5, training=true)",
    .doc = "dropout of whole channels of (N,C,...): neighbouring pixels tell the same, so single ones would hardly be missed "
           "(Tompson et al. 2015).",
    .compose = [](const Args& a) -> std::vector<Tensor> {
      const Tensor& x = a.in(0);
      check(x.rank() >= 2, "[dropout2d] x wants shape (N,C,...), not {}", x.shape());
      check_probability(a, x.shape());
      if (!a.b("training") || a.f("p") == 0) return {x};
      Dims channels = Dims::filled(x.rank(), 1);
      channels[0] = x.size(0), channels[1] = x.size(1);
      return {mul(x, drop(ones(channels, x.dtype()), a.f("p")))};
    },
    .samples = {{{f({2, 8, 3, 5})}}, {{f({4, 3, 2})}, {{"p", 0.2}}}, {{f({4, 3})}, {{"training", false}}}},
    .bad = {{{f({5})}}, {{f({5, 2})}, {{"p", 2.0}}}},
    .random = true,
};

}  // namespace
}  // namespace fovea
