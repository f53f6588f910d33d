// Random fills. Each draws (seed, stream, offset) from default_generator() and hands it to an internal op whose element i
// depends on the Philox counter alone: word i of a fill is philox(seed, offset + i / 4, stream)[i % 4]. So results do not depend on threads, and
// f32 and f64 agree up to rounding.
#include "fovea/random.h"

#include <cmath>
#include <numbers>
#include <numeric>

#include "base/parallel.h"
#include "ops/counters.h"
#include "fovea/ops.h"
#include "fovea/op.h"

namespace fovea {
namespace {

constexpr const char* no_slope = "the result depends on no tensor";

/// The random words of one fill.
struct Words {
  explicit Words(const Call& c)
      : seed(uint64_t(c.i("seed"))), stream(uint64_t(c.i("stream"))), offset(uint64_t(c.i("offset"))) {}
  std::array<uint32_t, 4> block(int64_t i) const { return philox(seed, offset + uint64_t(i), stream); }
  uint64_t word64(int64_t i) const {
    const auto b = block(i / 2);
    return i % 2 ? uint64_t{b[2]} << 32 | b[3] : uint64_t{b[0]} << 32 | b[1];
  }
  uint64_t seed, stream, offset;
};

/// Calls f(i, word) for the words of all n elements, in parallel.
template <class F>
void for_words(const Call& c, F&& f) {
  const Words words(c);
  const int64_t n = c.out().numel();
  parallel_for((n + 3) / 4, 2048, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const auto block = words.block(b);
      for (int64_t i = 4 * b; i < std::min(4 * b + 4, n); ++i) f(i, block[size_t(i % 4)]);
    }
  });
}

template <class real>
real unit(uint32_t word) {
  if constexpr (std::is_same_v<real, float>) return float(word >> 8) * 0x1p-24f;
  else return double(word) * 0x1p-32;
}

template <class real>
void uniform(const Call& c) {
  const real low = real(c.f("low")), range = real(c.f("high") - c.f("low"));
  real* y = c.out().ptr<real>();
  for_words(c, [&](int64_t i, uint32_t word) { y[i] = low + range * unit<real>(word); });
}

/// Box and Muller (1958): two words give two normals.
template <class real>
void normal(const Call& c) {
  const double mean = c.f("mean"), std = c.f("std");
  const Words words(c);
  const int64_t n = c.out().numel();
  real* y = c.out().ptr<real>();
  parallel_for((n + 3) / 4, 1024, [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const auto block = words.block(b);
      for (const size_t first : {0, 2}) {
        const int64_t i = 4 * b + int64_t(first);
        const double radius = std::sqrt(-2 * std::log((double(block[first]) + 1) * 0x1p-32));  // of (0, 1]
        const double angle = 2 * std::numbers::pi * double(block[first + 1]) * 0x1p-32;
        if (i < n) y[i] = real(mean + std * radius * std::cos(angle));
        if (i + 1 < n) y[i + 1] = real(mean + std * radius * std::sin(angle));
      }
    }
  });
}

template <class real>
void chance(const Call& c) {
  const double p = c.f("p");
  real* y = c.out().ptr<real>();
  for_words(c, [&](int64_t i, uint32_t word) { y[i] = real(unit<double>(word) < p); });
}

/// floor(word * n / 2^64): uniform below n up to n / 2^64.
uint64_t below(uint64_t word, uint64_t n) {
  __extension__ using wide = unsigned __int128;
  return uint64_t(wide(word) * n >> 64);
}

template <class T>
void integers(const Call& c) {
  const Words words(c);
  const int64_t low = c.i("low");
  const uint64_t n = uint64_t(c.i("high")) - uint64_t(low);
  T* y = c.out().ptr<T>();
  parallel_for(c.out().numel(), 4096, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) y[i] = T(int64_t(uint64_t(low) + below(words.word64(i), n)));
  });
}

void any_integers(const Call& c) {
  switch (c.type("dtype")) {
    case i64: return integers<int64_t>(c);
    case i32: return integers<int32_t>(c);
    case f64: return integers<double>(c);
    default: return integers<float>(c);
  }
}

/// Fisher and Yates: one pass from the end.
void permutation(const Call& c) {
  const Words words(c);
  int64_t* y = c.out().ptr<int64_t>();
  const int64_t n = c.i("n");
  std::iota(y, y + n, int64_t{0});
  for (int64_t i = n - 1; i > 0; --i) std::swap(y[i], y[below(words.word64(i), uint64_t(i) + 1)]);
}

Specs filled(const Call& c) { return {{c.d("shape"), c.type("dtype")}}; }

/// Calls internal op `name` with the attributes of `a` and a fresh piece of `counters` of the default generator.
std::vector<Tensor> draw(const char* name, const Args& a, int64_t counters) {
  const auto [seed, stream, offset] = reserve_counters(counters);
  Attrs attrs = a.attrs();
  attrs.insert(attrs.begin(), {seed, stream, offset});
  return apply(find_op(name), {}, attrs);
}

std::vector<Tensor> fill(const char* name, const Args& a, int64_t words_each = 1) {
  const int64_t n = a.d("shape").numel();
  return draw(name, a, (n * words_each + 3) / 4);
}

void check_probability(const Call& c) {
  check(c.f("p") >= 0 && c.f("p") <= 1, "[{}] p={} is no probability for shape {}", c.op().name(), c.f("p"), c.d("shape"));
}
void check_range(const Call& c) {
  check(c.i("low") < c.i("high"), "[{}] there is no integer in [low={}, high={}) for shape {}", c.op().name(), c.i("low"),
        c.i("high"), c.d("shape"));
}

const NamedAttrs start = {{"seed", 3}, {"stream", 5}, {"offset", int64_t{1} << 40}};
NamedAttrs with_start(NamedAttrs more) {
  more.insert(more.end(), start.begin(), start.end());
  return more;
}

FOVEA_OP(uniform_fill){
    .signature = "uniform_fill(seed: int, stream: int, offset: int, shape: ints, low=0.0, high=1.0, dtype=f32)",
    .doc = "Uniform numbers from the counters at `offset`.",
    .shape = filled, .reference = FOVEA_FLOATS(uniform), .no_gradient = no_slope,
    .samples = {{{}, with_start({{"shape", Dims{2, 8, 3, 3}}})}, {{}, with_start({{"shape", Dims{7}}, {"dtype", f64}})}},
    .internal = true,
};

FOVEA_OP(normal_fill){
    .signature = "normal_fill(seed: int, stream: int, offset: int, shape: ints, mean=0.0, std=1.0, dtype=f32)",
    .doc = "Normal numbers from the counters at `offset`.",
    .shape = filled, .reference = FOVEA_FLOATS(normal), .no_gradient = no_slope,
    .samples = {{{}, with_start({{"shape", Dims{2, 8, 3, 3}}})}, {{}, with_start({{"shape", Dims{7}}, {"dtype", f64}})}},
    .internal = true,
};

FOVEA_OP(integer_fill){
    .signature = "integer_fill(seed: int, stream: int, offset: int, shape: ints, low: int, high: int, dtype=i64)",
    .doc = "Integers from the counters at `offset`.",
    .dtypes = DTypes::numbers,
    .require = {check_range},
    .shape = filled, .reference = any_integers, .no_gradient = no_slope,
    .samples = {{{}, with_start({{"shape", Dims{5, 3}}, {"low", -2}, {"high", 9}})},
                {{}, with_start({{"shape", Dims{5}}, {"low", 0}, {"high", 9}, {"dtype", f32}})}},
    .internal = true,
};

FOVEA_OP(bernoulli_fill){
    .signature = "bernoulli_fill(seed: int, stream: int, offset: int, shape: ints, p=0.5, dtype=f32)",
    .doc = "Zeros and ones from the counters at `offset`.",
    .require = {check_probability},
    .shape = filled, .reference = FOVEA_FLOATS(chance), .no_gradient = no_slope,
    .samples = {{{}, with_start({{"shape", Dims{2, 8, 3, 3}}})}, {{}, with_start({{"shape", Dims{7}}, {"dtype", f64}})}},
    .internal = true,
};

FOVEA_OP(permutation_fill){
    .signature = "permutation_fill(seed: int, stream: int, offset: int, n: int)",
    .doc = "A permutation from the counters at `offset`.",
    .require = {at_least("n", 0)},
    .shape = [](const Call& c) { return Specs{{{c.i("n")}, i64}}; }, .reference = permutation, .no_gradient = no_slope,
    .samples = {{{}, with_start({{"n", 9}})}, {{}, with_start({{"n", 0}})}},
    .internal = true,
};

FOVEA_OP(rand){
    .signature = "rand(shape: ints, low=0.0, high=1.0, dtype=f32)",
    .doc = "Uniform random numbers in [low, high), from the default generator (manual_seed). f32 and f64 agree up to rounding; "
           "where low or high is not 0 or 1, rounding may reach high.",
    .compose = [](const Args& a) { return fill("uniform_fill", a); },
    .samples = {{{}, {{"shape", Dims{2, 8, 3, 3}}}}, {{}, {{"shape", Dims{3}}, {"low", -2.0}, {"high", 5.0}, {"dtype", f64}}}},
    .bad = {{{}, {{"shape", Dims{2}}, {"dtype", i64}}}},
    .random = true,
};

FOVEA_OP(randn){
    .signature = "randn(shape: ints, mean=0.0, std=1.0, dtype=f32)",
    .doc = "Normal random numbers (Box and Muller 1958) from the default generator. f32 and f64 agree up to rounding.",
    .compose = [](const Args& a) { return fill("normal_fill", a); },
    .samples = {{{}, {{"shape", Dims{2, 8, 3, 3}}}}, {{}, {{"shape", Dims{3}}, {"mean", -2.0}, {"std", 5.0}, {"dtype", f64}}}},
    .bad = {{{}, {{"shape", Dims{-2}}}}},
    .random = true,
};

FOVEA_OP(randint){
    .signature = "randint(shape: ints, low: int, high: int, dtype=i64)",
    .doc = "Random integers in [low, high), each equally likely up to (high - low) / 2^64; dtype i64, i32, f32 or f64.",
    .compose = [](const Args& a) { return fill("integer_fill", a, 2); },
    .samples = {{{}, {{"shape", Dims{3, 4}}, {"low", -3}, {"high", 4}}}},
    .bad = {{{}, {{"shape", Dims{3}}, {"low", 4}, {"high", 4}}}},
    .random = true,
};

FOVEA_OP(randperm){
    .signature = "randperm(n: int)",
    .doc = "A random order of 0 .. n-1 as i64 (Fisher and Yates).",
    .compose = [](const Args& a) { return draw("permutation_fill", a, (std::max<int64_t>(0, a.i("n")) + 1) / 2); },
    .samples = {{{}, {{"n", 10}}}},
    .bad = {{{}, {{"n", -1}}}},
    .random = true,
};

FOVEA_OP(bernoulli){
    .signature = "bernoulli(shape: ints, p=0.5, dtype=f32)",
    .doc = "1 with probability p, else 0, from the default generator.",
    .compose = [](const Args& a) { return fill("bernoulli_fill", a); },
    .samples = {{{}, {{"shape", Dims{2, 8, 3, 3}}, {"p", 0.2}}}},
    .bad = {{{}, {{"shape", Dims{2}}, {"p", 1.5}}}},
    .random = true,
};

}  // namespace
}  // namespace fovea
