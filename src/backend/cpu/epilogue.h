// What a kernel does to its results while they are at hand. Forward (the ops ..._fused): y = clamp(y + add,
// low, high). In a gradient: y + add where low < gate < high, else 0.
#pragma once
#include <limits>

#include "backend/cpu/wide.h"
#include "fovea/op.h"

namespace fovea {

struct Epilogue {
  const float* bias = nullptr;  // by channel; the kernel's own to add
  const float* add = nullptr;   // as the result lies in memory
  const float* gate = nullptr;  // likewise
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();

  /// Of conv2d, conv_input_grad, linear, batch_norm_train and their fused forms.
  static Epilogue of(const Call& c) {
    Epilogue e;
    const auto input = [&](const char* name) {
      const int i = c.op().parsed.tensor_index(name);
      return i >= 0 ? c.in(i).ptr<float>() : nullptr;
    };
    e.bias = input("bias"), e.add = input("add"), e.gate = input("gate");
    const bool forward = c.op().parsed.tensor_index("gate") < 0;
    if (c.op().parsed.attr_index("low") >= 0 && (forward || e.gate))
      e.low = float(c.f("low")), e.high = float(c.f("high"));
    return e;
  }
  /// A vector of results, bias included, that goes to `at` floats from the start of the result.
  FOVEA_SIMD_INLINE simd::V<float> operator()(simd::V<float> y, int64_t at) const {
    using Vec = simd::V<float>;
    if (add) y += simd::load(add + at);
    if (!gate) return simd::clamp(y, Vec{} + low, Vec{} + high);
    const Vec z = simd::load(gate + at);
    return (z > low) & (z < high) ? y : Vec{};
  }
  FOVEA_SIMD_INLINE float operator()(float y, int64_t at) const {
    if (add) y += add[at];
    if (gate) return gate[at] > low && gate[at] < high ? y : 0.f;
    return y < low ? low : y > high ? high : y;
  }
};

/// The same for R rows of two planes side by side, each row `step` floats on, the second plane `plane` on;
/// they are stored. By value, so that no store can change the epilogue for the compiler.
template <int R>
FOVEA_WIDE_INLINE void finish(Epilogue e, wide::Vec (&rows)[R], float* y, int64_t at, int64_t step,
                              int64_t plane) {
  const auto there = [&](const float* p, int i) FOVEA_WIDE {
    return wide::join(simd::load(p + at + i * step), simd::load(p + at + i * step + plane));
  };
  if (e.add)
#pragma GCC unroll 28
    for (int i = 0; i < R; ++i) rows[i] += there(e.add, i);
  const wide::Vec low = wide::Vec{} + e.low, high = wide::Vec{} + e.high;
  if (e.gate) {
#pragma GCC unroll 28
    for (int i = 0; i < R; ++i) {
      const wide::Vec z = there(e.gate, i);
      rows[i] = (z > low) & (z < high) ? rows[i] : wide::Vec{};
    }
  } else {
#pragma GCC unroll 28
    for (int i = 0; i < R; ++i) rows[i] = wide::clamp(rows[i], low, high);
  }
#pragma GCC unroll 28
  for (int i = 0; i < R; ++i) wide::store(y + at + i * step, y + at + i * step + plane, rows[i]);
}

/// A layout rule: `add` and `gate` lie as the result.
inline void epilogue_as_result(const Call& c, std::vector<Layout>& in, const std::vector<Layout>& out) {
  for (const char* name : {"add", "gate"})
    if (const int i = c.op().parsed.tensor_index(name); i >= 0) in[size_t(i)] = out[0];
}

}  // namespace fovea
