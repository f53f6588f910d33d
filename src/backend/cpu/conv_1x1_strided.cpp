#include "backend/cpu/conv_1x1.h"

#include "base/parallel.h"

namespace fovea::conv_1x1 {

const char* refuse(const Call& c, const ConvShape& s) {
  if (!cpu_has_avx2()) return "this processor has no AVX2 and FMA";
  if (c.dtype() != f32) return "computes in f32 only";
  if (c.in(0).rank() != 4) return "two spatial dimensions only";
  if (s.k_size() != 1) return "1x1 only";
  if (s.groups != 1) return "groups = 1 only";
  if (s.pad[1] != 0 || s.pad[2] != 0) return "padding 0 only";
  if (s.c % 8 != 0 || s.o % 8 != 0) return "channels are no multiple of 8";
  return nullptr;
}

namespace {

/// A row of 8 channels: every `step`-th pixel of `from`.
FOVEA_SIMD void gather_row(const float* from, int64_t step, int64_t count, float* to) {
  for (int64_t i = 0; i < count; ++i) simd::store(to + i * 8, simd::load(from + i * step * 8));
}

/// A row of `count` pixels of dx, those that are no multiple of `step` zero before the epilogue; `from` null:
/// all.
FOVEA_SIMD void scatter_row(const float* from, int64_t step, int64_t count, const Epilogue& epilogue,
                            float* dx, int64_t at) {
  for (int64_t i = 0; i < count; ++i) {
    const bool read = from && i % step == 0;
    const simd::V<float> value = read ? simd::load(from + i / step * 8) : simd::V<float>{};
    simd::store(dx + at + i * 8, epilogue(value, at + i * 8));
  }
}

}  // namespace

void gather(const ConvShape& s, const float* x, float* to) {
  parallel_for(s.n * s.c / 8, 8, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane)
      for (int64_t y = 0; y < s.out[1]; ++y)
        gather_row(x + (plane * s.in[1] + y * s.stride[1]) * s.in[2] * 8, s.stride[2], s.out[2],
                   to + (plane * s.out[1] + y) * s.out[2] * 8);
  });
}

void scatter(const ConvShape& s, const float* from, const Epilogue& epilogue, float* dx) {
  parallel_for(s.n * s.c / 8, 8, [&](int64_t begin, int64_t end) {
    for (int64_t plane = begin; plane < end; ++plane)
      for (int64_t y = 0; y < s.in[1]; ++y) {
        const bool read = y % s.stride[1] == 0;
        scatter_row(read ? from + (plane * s.out[1] + y / s.stride[1]) * s.out[2] * 8 : nullptr, s.stride[2],
                    s.in[2], epilogue, dx, (plane * s.in[1] + y) * s.in[2] * 8);
      }
  });
}

}  // namespace fovea::conv_1x1
