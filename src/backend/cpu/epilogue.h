// What a kernel does to its results while they are at hand. Forward (the ops ..._fused): y = clamp(y + add,
// low, high). In a gradient: y + add where low < gate < high, else 0.
#pragma once
#include <limits>

#include "backend/cpu/simd.h"
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

/// A layout rule: `add` and `gate` lie as the result.
inline void epilogue_as_result(const Call& c, std::vector<Layout>& in, const std::vector<Layout>& out) {
  for (const char* name : {"add", "gate"})
    if (const int i = c.op().parsed.tensor_index(name); i >= 0) in[size_t(i)] = out[0];
}

}  // namespace fovea
