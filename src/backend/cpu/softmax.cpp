// Softmax, log-softmax and cross-entropy over rows of classes that lie together, and cross-entropy over
// classes of pixels (segmentation), in f32 with the vectorising exp of the scalar texts.
#include <algorithm>
#include <cmath>

#include "backend/cpu/simd.h"
#include "base/parallel.h"
#include "fovea/kernel.h"
#include "op/labels.h"
#include "op/pointwise_run.h"

namespace fovea {
namespace {

constexpr int64_t grain = 8192;  // elements a thread takes at a time

int64_t rows_together(int64_t length) { return std::max<int64_t>(1, grain / std::max<int64_t>(1, length)); }

FOVEA_SIMD float largest(const float* x, int64_t n) {
  float top = -INFINITY;
#pragma omp simd reduction(max : top)
  for (int64_t i = 0; i < n; ++i) top = x[i] > top ? x[i] : top;
  return top;
}

/// y = exp(x - top); returns the sum. NaN in x gives a NaN sum.
FOVEA_SIMD float exponentials(const float* x, float top, int64_t n, float* y) {
  float sum = 0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; ++i) {
    const float e = text::fv_exp(x[i] - top);
    y[i] = e, sum += e;
  }
  return sum;
}

/// Leaves the maximum and the logarithm of the sum of exp(x - maximum) for the loss.
FOVEA_SIMD void softmax_and_sum(const float* x, int64_t n, float* y, float* top, float* log_sum) {
  *top = largest(x, n);
  const float sum = exponentials(x, *top, n, y), scale = 1 / sum;
  *log_sum = std::log(sum);
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] *= scale;
}

void softmax_row(const float* x, int64_t n, float* y) {
  float top, log_sum;
  softmax_and_sum(x, n, y, &top, &log_sum);
}

FOVEA_SIMD void log_softmax_row(const float* x, int64_t n, float* y) {
  const float top = largest(x, n), log_sum = std::log(exponentials(x, top, n, y));
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) y[i] = (x[i] - top) - log_sum;
}

template <void (*row)(const float*, int64_t, float*)>
void run_rows(const Call& c) {
  const View& x = c.in(0);
  const int64_t length = x.shape.back();
  parallel_for(x.numel() / length, rows_together(length), [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      row(x.ptr<float>() + i * length, length, c.out().ptr<float>() + i * length);
  });
}

const char* refuse(const Call& c) {
  if (const char* reason = refuse_avx2(c)) return reason;
  if (c.dtype() != f32) return "it computes in f32 only";
  return c.in(0).numel() == 0 ? "there are no elements" : nullptr;
}

const char* refuse_rows(const Call& c) {
  if (const char* reason = refuse(c)) return reason;
  const int64_t dim = c.i("dim"), last = c.in(0).rank() - 1;
  return dim == -1 || dim == last ? nullptr : "it runs along the last dimension only";
}

/// Pieces of the rows of labels: whole rows of classes, or strips of neighbouring pixels of one image.
struct Strips {
  static constexpr int64_t width = 64;  // pixels
  explicit Strips(const Labels<float>& l)
      : labels(l), per_image((l.inner + width - 1) / width), count(l.rows / l.inner * per_image) {}
  int64_t row(int64_t strip) const { return strip / per_image * labels.inner + strip % per_image * width; }
  int64_t length(int64_t strip) const { return std::min(width, labels.inner - strip % per_image * width); }
  /// Calls body(strip) for every strip.
  template <class Body>
  void each(Body&& body) const {
    parallel_for(count, rows_together(std::min(width, labels.inner) * labels.classes),
                 [&](int64_t begin, int64_t end) {
                   for (int64_t s = begin; s < end; ++s) body(s);
                 });
  }
  const Labels<float>& labels;
  int64_t per_image, count;
};

/// The target distribution: every class has `everywhere`, the label `on` more.
struct Smoothing {
  Smoothing(const Call& c, int64_t classes)
      : on(float(1 - c.f("label_smoothing"))), everywhere(float(c.f("label_smoothing") / double(classes))) {}
  float on, everywhere;
};

/// sum of q (log_sum - (x - top)) over the classes, q the target distribution times the weights.
float loss_of(const Labels<float>& l, const Smoothing& s, int64_t row, const float* x, float top,
              float log_sum) {
  if (l.ignored(row)) return 0;
  const int64_t label = l.target[row];
  float loss = 0;
  if (s.everywhere != 0)
    for (int64_t k = 0; k < l.classes; ++k)
      loss += l.weight_of(k) * s.everywhere * (log_sum - (x[k * l.inner] - top));
  if (s.on != 0) loss += l.weight_of(label) * s.on * (log_sum - (x[label * l.inner] - top));
  return loss;
}

/// The same over the classes of n neighbouring pixels.
FOVEA_SIMD void softmax_strip(const float* x, int64_t inner, int64_t classes, int64_t n, float* p, float* top,
                              float* log_sum) {
  float sum[Strips::width];
  for (int64_t i = 0; i < n; ++i) top[i] = x[i], sum[i] = 0;
  for (int64_t k = 1; k < classes; ++k)
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) top[i] = x[k * inner + i] > top[i] ? x[k * inner + i] : top[i];
  for (int64_t k = 0; k < classes; ++k)
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) {
      const float e = text::fv_exp(x[k * inner + i] - top[i]);
      p[k * inner + i] = e, sum[i] += e;
    }
#pragma omp simd
  for (int64_t i = 0; i < n; ++i) log_sum[i] = text::fv_log(sum[i]), sum[i] = 1 / sum[i];
  for (int64_t k = 0; k < classes; ++k)
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) p[k * inner + i] *= sum[i];
}

size_t forward_scratch(const Call& c) {
  int64_t inner = 1;
  for (int i = 2; i < c.in(0).rank(); ++i) inner *= c.in(0).size(i);
  return size_t(c.in(1).numel() / inner * ((inner + Strips::width - 1) / Strips::width)) * sizeof(double);
}

void forward(const Call& c) {
  const Labels<float> labels(c, c.in(0).shape, c.in(1), c.in(2));
  const Smoothing smoothing(c, labels.classes);
  const Strips strips(labels);
  float* loss = c.out(0).ptr<float>();
  auto* sums = reinterpret_cast<double*>(c.scratch);
  strips.each([&](int64_t strip) {
    const int64_t first = strips.row(strip), n = strips.length(strip), at = labels.offset(first);
    const float* x = c.in(0).ptr<float>() + at;
    float *p = c.out(1).ptr<float>() + at, top[Strips::width], log_sum[Strips::width];
    if (labels.inner == 1) softmax_and_sum(x, labels.classes, p, top, log_sum);
    else softmax_strip(x, labels.inner, labels.classes, n, p, top, log_sum);
    sums[strip] = 0;
    for (int64_t i = 0; i < n; ++i) {
      const float one = loss_of(labels, smoothing, first + i, x + i, top[i], log_sum[i]);
      sums[strip] += double(one);
      if (labels.none) loss[first + i] = one;
    }
  });
  if (labels.none) return;
  double total = 0;
  for (int64_t s = 0; s < strips.count; ++s) total += sums[s];
  *loss = float(total) / labels.divisor();
}

/// dx = p factor[i] - scale[i] w_k everywhere, for the classes k of n neighbouring pixels i; 0 where scale
/// is.
FOVEA_SIMD void gradient_strip(const Labels<float>& l, float everywhere, int64_t n, const float* factor,
                               const float* scale, const float* p, float* dx) {
  for (int64_t k = 0; k < l.classes; ++k) {
    const float q = l.weight_of(k) * everywhere, *from = p + k * l.inner;
    float* to = dx + k * l.inner;
#pragma omp simd
    for (int64_t i = 0; i < n; ++i) to[i] = scale[i] == 0 ? 0.0f : factor[i] * from[i] - scale[i] * q;
  }
}

/// The same for one row whose classes lie together.
FOVEA_SIMD void gradient_row(const Labels<float>& l, float everywhere, float factor, float scale,
                             const float* p, float* dx) {
  if (scale == 0) return std::fill(dx, dx + l.classes, 0.0f);
  if (l.weight) {
#pragma omp simd
    for (int64_t k = 0; k < l.classes; ++k) dx[k] = factor * p[k] - scale * (l.weight[k] * everywhere);
  } else {
#pragma omp simd
    for (int64_t k = 0; k < l.classes; ++k) dx[k] = factor * p[k] - scale * everywhere;
  }
}

void backward(const Call& c) {
  const Labels<float> labels(c, c.in(0).shape, c.in(1), c.in(3));
  const Smoothing smoothing(c, labels.classes);
  const Strips strips(labels);
  const float *g = c.in(2).ptr<float>(), divisor = labels.divisor();
  float weights = 0;
  for (int64_t k = 0; k < labels.classes; ++k) weights += labels.weight_of(k) * smoothing.everywhere;
  strips.each([&](int64_t strip) {
    const int64_t first = strips.row(strip), n = strips.length(strip), at = labels.offset(first);
    const float* p = c.in(0).ptr<float>() + at;
    float *dx = c.out().ptr<float>() + at, scale[Strips::width], factor[Strips::width],
          at_label[Strips::width];
    for (int64_t i = 0; i < n; ++i) {
      const bool ignored = labels.ignored(first + i);
      at_label[i] = ignored ? 0.0f : labels.weight_of(labels.target[first + i]) * smoothing.on;
      scale[i] = ignored ? 0.0f : g[labels.none ? first + i : 0] / divisor;
      factor[i] = scale[i] * (weights + at_label[i]);
    }
    if (labels.inner == 1) gradient_row(labels, smoothing.everywhere, *factor, *scale, p, dx);
    else gradient_strip(labels, smoothing.everywhere, n, factor, scale, p, dx);
    for (int64_t i = 0; i < n; ++i)
      if (scale[i] != 0) dx[labels.target[first + i] * labels.inner + i] -= scale[i] * at_label[i];
  });
}

Kernel kernel(const char* (*refuse)(const Call&), void (*run)(const Call&),
              size_t (*scratch)(const Call&) = nullptr) {
  return {.name = "cpu:rows", .rank = 10, .refuse = refuse, .scratch = scratch, .run = run};
}

const RegisterKernel softmax_kernel("softmax", kernel(refuse_rows, run_rows<softmax_row>));
const RegisterKernel log_softmax_kernel("log_softmax", kernel(refuse_rows, run_rows<log_softmax_row>));
const RegisterKernel cross_entropy_kernel("cross_entropy_fused", kernel(refuse, forward, forward_scratch));
const RegisterKernel gradient_kernel("cross_entropy_backward", kernel(refuse, backward));

}  // namespace
}  // namespace fovea
