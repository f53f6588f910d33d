// The SGD step of a fully connected layer's weight and bias, the weight piece by piece: its gradient is
// computed where it stays in the cache, or in registers, and used up at once. So the weight passes through
// memory once, not three times.
#include <algorithm>
#include <bit>

#include "backend/cpu/gemm.h"
#include "backend/cpu/sgd_linear_tiles.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea {
namespace {

/// Elements of a weight that lie together, and of its velocity (null if there is none).
struct Part {
  float *weight, *velocity;
  int64_t n;
};

void ask_for(const Part& p) {
  for (int64_t i = 0; i < p.n; i += 16) {
    __builtin_prefetch(p.weight + i);
    if (p.velocity) __builtin_prefetch(p.velocity + i);
  }
}

FOVEA_SIMD void update(const SgdRule<float>& rule, const Part& p, const float* grad) {
  if (p.velocity) {
#pragma omp simd
    for (int64_t i = 0; i < p.n; ++i) rule(p.weight[i], p.velocity[i], grad[i]);
  } else {
#pragma omp simd
    for (int64_t i = 0; i < p.n; ++i) rule(p.weight[i], grad[i]);
  }
}

/// Elements [begin, end) of a bias, whose gradient is the sum over the examples.
struct Bias {
  float *bias, *velocity;
  const float* g;
  int64_t examples, rows;
};

/// W of them from i on.
template <int W>
FOVEA_SIMD_INLINE void update_biases(const SgdRule<float>& rule, const Bias& b, int64_t i) {
  double sums[W] = {};
  for (int64_t n = 0; n < b.examples; ++n)
#pragma GCC unroll 8
    for (int k = 0; k < W; ++k) sums[k] += b.g[n * b.rows + i + k];
  for (int k = 0; k < W; ++k)
    if (b.velocity) rule(b.bias[i + k], b.velocity[i + k], float(sums[k]));
    else rule(b.bias[i + k], float(sums[k]));
}

FOVEA_SIMD void update(const SgdRule<float>& rule, const Bias& b, int64_t begin, int64_t end) {
  int64_t i = begin;
  for (; i + 8 <= end; i += 8) update_biases<8>(rule, b, i);
  for (; i < end; ++i) update_biases<1>(rule, b, i);
}

/// The gradient of element i: the sum of g[n] x[n][i] over a few examples.
template <int N>
struct FewExamples {
  float g[N];
  const float* x[N];
  FOVEA_SIMD_INLINE float operator()(int64_t i) const {
    float sum = g[0] * x[0][i];
#pragma GCC unroll 4
    for (int n = 1; n < N; ++n) sum += g[n] * x[n][i];
    return sum;
  }
};

template <int N>
FOVEA_SIMD void update(const SgdRule<float>& rule, const Part& p, const FewExamples<N>& grad) {
  if (p.velocity) {
#pragma omp simd
    for (int64_t i = 0; i < p.n; ++i) rule(p.weight[i], p.velocity[i], grad(i));
  } else {
#pragma omp simd
    for (int64_t i = 0; i < p.n; ++i) rule(p.weight[i], grad(i));
  }
}

constexpr int64_t most_few = 4;  // examples whose rows of x stay in the nearest cache
constexpr int64_t grain = 16384;
constexpr int64_t large = 1 << 20;  // elements of a weight that comes from memory

class SgdLinear final : public Bound {
 public:
  explicit SgdLinear(const Call& c)
      : settings_(c),
        bias_settings_(c, "bias_step"),
        examples_(c.in(1).size(0)),
        rows_(c.in(0).size(0)),
        columns_(c.in(0).size(1)),
        rows_together_(
            int64_t(std::bit_floor(uint64_t(std::max<int64_t>(1, grain / std::max<int64_t>(1, columns_)))))) {
  }

  void run(const Call& c) const override {
    const SgdRule<float> rule(settings_);
    if (c.in(4)) update_bias(c);
    switch (examples_) {
      case 1:
        return few<1>(c, rule);
      case 2:
        return few<2>(c, rule);
      case 3:
        return few<3>(c, rule);
      case most_few:
        return few<most_few>(c, rule);
      default:
        return in_registers() ? tiles(c, rule) : many(c, rule);
    }
  }

  /// Elements of scratch.
  int64_t scratch() const {
    if (examples_ <= most_few) return 0;
    return num_threads() *
           (in_registers() ? sgd_linear::scratch(rows_of_task(), examples_) : scratch_each(grid()));
  }

 private:
  Part part(const Call& c, int64_t row, int64_t column, int64_t n) const {
    const int64_t at = row * columns_ + column;
    const bool heavy = c.in(3) && settings_.momentum != 0;
    return {c.in(0).ptr<float>() + at, heavy ? c.in(3).ptr<float>() + at : nullptr, n};
  }

  /// Its examples are few, or its work is small beside the weight's.
  void update_bias(const Call& c) const {
    const bool heavy = c.in(5) && settings_.momentum != 0;
    const Bias b{c.in(4).ptr<float>(), heavy ? c.in(5).ptr<float>() : nullptr, c.in(1).ptr<float>(),
                 examples_, rows_};
    const SgdRule<float> rule(bias_settings_);
    parallel_for(rows_, std::max<int64_t>(64, grain / std::max<int64_t>(1, examples_)),
                 [&](int64_t begin, int64_t end) { update(rule, b, begin, end); });
  }

  /// The rows of the weight, strip by strip of columns.
  template <int N>
  void few(const Call& c, const SgdRule<float>& rule) const {
    const float *g = c.in(1).ptr<float>(), *x = c.in(2).ptr<float>();
    parallel_for(rows_, rows_together_, [&](int64_t begin, int64_t end) {
      for (int64_t j = 0; j < columns_; j += strip)
        for (int64_t row = begin; row < end; ++row) {
          FewExamples<N> grad;
          for (int n = 0; n < N; ++n) grad.g[n] = g[n * rows_ + row], grad.x[n] = x + n * columns_ + j;
          update(rule, part(c, row, j, std::min(strip, columns_ - j)), grad);
        }
    });
  }

  /// Whether the gradient needs no buffer. Sums of more examples are cut in two, as those of all products
  /// are.
  bool in_registers() const {
    return cpu_has_avx512() && examples_ <= Gemm<float>::depth && rows_ * columns_ < large;
  }
  /// An even number of tasks, or one if there is little to do.
  int64_t rows_of_task() const {
    if (rows_ * columns_ * examples_ < 8 * grain) return rows_;
    return parts(rows_, 2 * parts(rows_, 16 * sgd_linear::tile_rows));
  }

  void tiles(const Call& c, const SgdRule<float>& rule) const {
    const int64_t together = rows_of_task(), scratch = sgd_linear::scratch(together, examples_);
    parallel_for(rows_, together, [&](int64_t begin, int64_t end) {
      const Part p = part(c, begin, 0, columns_);
      const sgd_linear::Rows rows{p.weight, p.velocity, nullptr, nullptr, examples_, columns_};
      sgd_linear::update(rule, rows, c.in(1).ptr<float>(), c.in(2).ptr<float>(), rows_, begin, end,
                         reinterpret_cast<float*>(c.scratch) + thread_index() * scratch);
    });
  }

  /// Rectangles of the weight, as the cache likes them, or long ones for a weight that comes from memory.
  struct Grid {
    int64_t height, width, down, across;
  };
  Grid grid() const {
    const bool far = rows_ * columns_ >= large;
    const int64_t down = parts(rows_, far ? 24 : 66), across = parts(columns_, far ? 1536 : 64);
    return {parts(parts(rows_, 6), down) * 6, parts(parts(columns_, 16), across) * 16, down, across};
  }
  static int64_t parts(int64_t n, int64_t most) { return (n + most - 1) / most; }

  /// The gradient of each rectangle into a buffer, then its rows.
  void many(const Call& c, const SgdRule<float>& rule) const {
    const Grid r = grid();
    parallel_for(r.down * r.across, 1, [&](int64_t begin, int64_t end) {
      float* scratch = reinterpret_cast<float*>(c.scratch) + thread_index() * scratch_each(r);
      for (int64_t u = begin; u < end; ++u)
        rectangle(c, rule, r, u / r.across * r.height, u % r.across * r.width, scratch);
    });
  }

  int64_t scratch_each(const Grid& r) const {
    return r.height * (examples_ + r.width) + Gemm<float>::alone_scratch;
  }

  void rectangle(const Call& c, const SgdRule<float>& rule, const Grid& r, int64_t row, int64_t column,
                 float* scratch) const {
    const int64_t m = std::min(r.height, rows_ - row), n = std::min(r.width, columns_ - column);
    float *turned = scratch, *grad = turned + r.height * examples_;
    for (int64_t i = 0; i < examples_; ++i)
      std::copy_n(c.in(1).ptr<float>() + i * rows_ + row, m, turned + i * m);
    const Gemm<float> product{.m = m,
                              .n = n,
                              .k = examples_,
                              .a = turned,
                              .a_row = 1,
                              .a_column = m,
                              .b = c.in(2).ptr<float>() + column,
                              .b_row = columns_,
                              .b_column = 1,
                              .c = grad};
    product.run_alone(grad + r.height * r.width);
    for (int64_t i = 0; i < m; ++i) {
      if (i + 1 < m) ask_for(part(c, row + i + 1, column, n));
      update(rule, part(c, row + i, column, n), grad + i * n);
    }
  }

  static constexpr int64_t strip = 1536;
  SgdSettings settings_, bias_settings_;
  int64_t examples_, rows_, columns_;
  int64_t rows_together_;  // in one piece, where examples are few
};

const char* refuse(const Call& c) {
  if (!cpu_has_avx2()) return "this processor has no AVX2 and FMA";
  if (c.dtype() != f32) return "it computes in f32 only";
  return c.in(0).numel() == 0 || c.in(1).numel() == 0 ? "there are no elements" : nullptr;
}

const RegisterKernel sgd_linear_kernel(
    "sgd_step_linear",
    {.name = "cpu:rectangles",
     .rank = 10,
     .refuse = refuse,
     .scratch = [](const Call& c) { return size_t(SgdLinear(c).scratch()) * sizeof(float); },
     .run = run_bound<SgdLinear>,
     .bind = bind<SgdLinear>});

}  // namespace
}  // namespace fovea
