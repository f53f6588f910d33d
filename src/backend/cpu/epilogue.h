// What a kernel of a convolution does to its results while they are at hand: y = clamp(y + add, low, high),
// for the ops conv2d (nothing) and conv2d_fused.
#pragma once
#include <limits>

#include "backend/cpu/simd.h"
#include "fovea/op.h"

namespace fovea {

struct Epilogue {
  const float* bias = nullptr;  // by channel
  const float* add = nullptr;   // as the result lies in memory
  float low = -std::numeric_limits<float>::infinity(), high = std::numeric_limits<float>::infinity();

  static Epilogue of(const Call& c) {
    Epilogue e{.bias = c.in(2).ptr<float>()};
    if (c.inputs() <= 3) return e;
    e.add = c.in(3).ptr<float>();
    e.low = float(c.f("low")), e.high = float(c.f("high"));
    return e;
  }
  /// A vector of results, bias included, that goes to `at` floats from the start of the result.
  FOVEA_SIMD_INLINE simd::V<float> operator()(simd::V<float> y, int64_t at) const {
    if (add) y += simd::load(add + at);
    return simd::clamp(y, simd::V<float>{} + low, simd::V<float>{} + high);
  }
};

/// A layout rule like that of conv2d, with `add` as the result.
inline void add_as_result(const Call& c, std::vector<Layout>& in, const std::vector<Layout>& out) {
  if (c.inputs() > 3) in[3] = out[0];
}

}  // namespace fovea
