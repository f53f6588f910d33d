// The SGD step of a fully connected layer's weight, rectangle by rectangle: its gradient is computed into a
// buffer that stays in the cache, and used up at once. So a large weight passes through memory once, not
// three times.
#include <algorithm>

#include "backend/cpu/gemm.h"
#include "base/parallel.h"
#include "fovea/kernel.h"

namespace fovea {
namespace {

constexpr int64_t rows = 24, columns = 1536;  // of a rectangle

struct Rectangle {
  int64_t row, column, height, width;
};

Rectangle rectangle_of(const View& weight, int64_t unit) {
  const int64_t across = (weight.size(1) + columns - 1) / columns;
  const int64_t row = unit / across * rows, column = unit % across * columns;
  return {row, column, std::min(rows, weight.size(0) - row), std::min(columns, weight.size(1) - column)};
}

int64_t units(const View& weight) {
  return (weight.size(0) + rows - 1) / rows * ((weight.size(1) + columns - 1) / columns);
}

/// Its gradient, dense at `to`.
Gemm<float> gradient(const Call& c, const Rectangle& r, float* to) {
  const View &g = c.in(1), &x = c.in(2);
  return {.m = r.height,
          .n = r.width,
          .k = g.size(0),
          .a = g.ptr<float>() + r.row,
          .a_row = 1,
          .a_column = g.size(1),
          .b = x.ptr<float>() + r.column,
          .b_row = x.size(1),
          .b_column = 1,
          .c = to};
}

int64_t scratch_each(const Call& c) {
  return rows * columns + gradient(c, {0, 0, rows, columns}, nullptr).scratch();
}

/// The step itself, a row at a time.
void update(const Call& c, const Rectangle& r, float* grad) {
  static const Op& op = find_op("sgd_step");
  static const Kernel& kernel = kernels_of("sgd_step").front();
  View row = c.in(0);
  row.shape = row.strides = Dims{r.width}, row.strides[0] = 1;
  Call step(op, c.attrs(), {row, row, c.in(3) ? row : View()});
  step.dtype_ = f32;
  for (int64_t i = 0; i < r.height; ++i) {
    const int64_t at = (r.row + i) * c.in(0).size(1) + r.column;
    step.ins[0].data = c.in(0).ptr<float>() + at;
    step.ins[1].data = grad + i * r.width;
    if (c.in(3)) step.ins[2].data = c.in(3).ptr<float>() + at;
    kernel.run(step);
  }
}

void run(const Call& c) {
  float* scratch = reinterpret_cast<float*>(c.scratch);
  parallel_for(units(c.in(0)), 1, [&](int64_t begin, int64_t end) {
    for (int64_t u = begin; u < end; ++u) {
      float* grad = scratch + thread_index() * scratch_each(c);
      const Rectangle r = rectangle_of(c.in(0), u);
      gradient(c, r, grad).run(grad + rows * columns);
      update(c, r, grad);
    }
  });
}

const char* refuse(const Call& c) {
  if (!cpu_has_avx2()) return "this processor has no AVX2 and FMA";
  return c.dtype() == f32 ? nullptr : "computes in f32 only";
}

const char* slower(const Call& c) {
  return c.in(0).numel() < (1 << 20) ? "a weight that stays in the cache" : nullptr;
}

const RegisterKernel kernel(
    "sgd_step_linear",
    {.name = "cpu:rectangles",
     .rank = 10,
     .refuse = refuse,
     .scratch = [](const Call& c) { return size_t(num_threads() * scratch_each(c)) * sizeof(float); },
     .run = run,
     .slower = slower});

}  // namespace
}  // namespace fovea
