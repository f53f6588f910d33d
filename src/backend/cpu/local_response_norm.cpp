// Local response normalisation and its window sums, vectorised over the pixels of a plane (f32, plain
// layout).
#include <algorithm>

#include "backend/cpu/simd.h"
#include "base/parallel.h"
#include "fovea/kernel.h"
#include "op/pointwise_run.h"

namespace fovea {
namespace {

/// y = x (k + alpha s)^-beta, s the sum of squares over the channels `low` to `high` of a pixel, `plane`
/// floats apart.
struct Response {
  float alpha, beta, k;
  FOVEA_SIMD void operator()(const float* x, int64_t low, int64_t high, int64_t plane, float* y) const {
    std::fill(y, y + plane, 0.0f);
    for (int64_t c = low; c <= high; ++c)
#pragma omp simd
      for (int64_t i = 0; i < plane; ++i) y[i] += x[c * plane + i] * x[c * plane + i];
#pragma omp simd
    for (int64_t i = 0; i < plane; ++i) y[i] = x[i] * text::fv_exp(-beta * text::fv_log(k + alpha * y[i]));
  }
};

struct WindowSum {
  FOVEA_SIMD void operator()(const float* x, int64_t low, int64_t high, int64_t plane, float* y) const {
    std::fill(y, y + plane, 0.0f);
    for (int64_t c = low; c <= high; ++c)
#pragma omp simd
      for (int64_t i = 0; i < plane; ++i) y[i] += x[c * plane + i];
  }
};

/// Calls body(x, low, high, plane, y) for every channel of every image; low and high count from that channel.
template <class Body>
void each_channel(const Call& c, int64_t below, int64_t above, const Body& body) {
  const Dims& x = c.in(0).shape;
  const int64_t channels = x[1], plane = x[2] * x[3];
  parallel_for(x[0] * channels, std::max<int64_t>(1, 4096 / std::max<int64_t>(1, plane)),
               [&](int64_t begin, int64_t end) {
                 for (int64_t k = begin; k < end; ++k) {
                   const int64_t channel = k % channels;
                   body(c.in(0).ptr<float>() + k * plane, -std::min(below, channel),
                        std::min(above, channels - 1 - channel), plane, c.out().ptr<float>() + k * plane);
                 }
               });
}

void forward(const Call& c) {
  const int64_t size = c.i("size");
  each_channel(c, size / 2, (size - 1) / 2,
               Response{float(c.f("alpha") / double(size)), float(c.f("beta")), float(c.f("k"))});
}

void window_sum(const Call& c) {
  const int64_t size = c.i("size"), before = size / 2, after = (size - 1) / 2;
  c.b("flip") ? each_channel(c, after, before, WindowSum{}) : each_channel(c, before, after, WindowSum{});
}

const char* refuse(const Call& c) {
  if (const char* reason = refuse_avx2(c)) return reason;
  return c.dtype() == f32 ? nullptr : "it computes in f32 only";
}

const RegisterKernel forward_kernel("local_response_norm",
                                    {.name = "cpu:planes", .rank = 10, .refuse = refuse, .run = forward});
const RegisterKernel sum_kernel("channel_window_sum",
                                {.name = "cpu:planes", .rank = 10, .refuse = refuse, .run = window_sum});

}  // namespace
}  // namespace fovea
