// matmul and linear by the own GEMM; strided matrices (transposes) are read in place.
#include <algorithm>

#include "backend/cpu/gemm.h"
#include "fovea/kernel.h"

namespace fovea {
namespace {

const char* refuse(const Call&) { return cpu_has_avx2() ? nullptr : "this processor has no AVX2 and FMA"; }

template <class T>
Gemm<T> gemm_of(const View& x, const View& y, const View& out) {
  return {.m = x.size(-2),
          .n = y.size(-1),
          .k = x.size(-1),
          .a = x.ptr<T>(),
          .a_row = x.strides[-2],
          .a_column = x.strides[-1],
          .b = y.ptr<T>(),
          .b_row = y.strides[-2],
          .b_column = y.strides[-1],
          .c = out.ptr<T>()};
}

template <class F>
auto with_type(const Call& c, F&& f) {
  return c.dtype() == f64 ? f(double{}) : f(float{});
}

size_t matmul_scratch(const Call& c) {
  return with_type(
      c, [&]<class T>(T) { return size_t(gemm_of<T>(c.in(0), c.in(1), c.in(0)).scratch()) * sizeof(T); });
}

int64_t batch_offset(const View& v, const Dims& shape, int64_t index) {
  int64_t at = 0;
  for (int i = shape.size() - 3, d = v.rank() - 3; i >= 0; --i, --d) {
    if (d >= 0 && v.shape[d] != 1) at += index % shape[i] * v.strides[d];
    index /= shape[i];
  }
  return at;
}

void matmul(const Call& c) {
  with_type(c, [&]<class T>(T) {
    const Dims& shape = c.out().shape;
    const Gemm<T> first = gemm_of<T>(c.in(0), c.in(1), c.out());
    const int64_t size = first.m * first.n, batches = size ? shape.numel() / size : 0;
    for (int64_t b = 0; b < batches; ++b) {
      Gemm<T> g = first;
      g.a += batch_offset(c.in(0), shape, b), g.b += batch_offset(c.in(1), shape, b), g.c += b * size;
      g.run(reinterpret_cast<T*>(c.scratch));
    }
  });
}

template <class T>
Gemm<T> linear_gemm(const Call& c) {
  const View &x = c.in(0), &w = c.in(1);
  const int64_t k = w.size(1), n = w.size(0);
  Gemm<T> g{.m = x.numel() / std::max<int64_t>(k, 1),
            .n = n,
            .k = k,
            .a = x.ptr<T>(),
            .a_row = k,
            .a_column = 1,
            .b = w.ptr<T>(),
            .b_row = 1,
            .b_column = k,
            .c = nullptr,
            .bias = c.in(2).ptr<T>()};
  if (c.op().parsed.attr_index("low") >= 0) g.low = T(c.f("low")), g.high = T(c.f("high"));
  return g;
}

size_t linear_scratch(const Call& c) {
  return with_type(c, [&]<class T>(T) { return size_t(linear_gemm<T>(c).scratch()) * sizeof(T); });
}

size_t linear_prepared(const Call& c) {
  return with_type(c, [&]<class T>(T) { return size_t(linear_gemm<T>(c).packed()) * sizeof(T); });
}

void linear_prepare(const Call& c, char* to) {
  with_type(c, [&]<class T>(T) { linear_gemm<T>(c).pack(reinterpret_cast<T*>(to)); });
}

void linear(const Call& c) {
  with_type(c, [&]<class T>(T) {
    Gemm<T> g = linear_gemm<T>(c);
    g.m = g.n ? c.out().numel() / g.n : 0, g.c = c.out().ptr<T>();
    if (c.prepared) g.run_packed(reinterpret_cast<const T*>(c.prepared));
    else g.run(reinterpret_cast<T*>(c.scratch));
  });
}

constexpr Kernel linear_kernel{.name = "cpu:gemm",
                               .rank = 10,
                               .refuse = refuse,
                               .scratch = linear_scratch,
                               .run = linear,
                               .prepared = linear_prepared,
                               .prepare = linear_prepare};

const RegisterKernel matmul_gemm("matmul", {.name = "cpu:gemm",
                                            .rank = 10,
                                            .refuse = refuse,
                                            .scratch = matmul_scratch,
                                            .run = matmul,
                                            .inputs = Inputs::strided});
const RegisterKernel linear_gemm_kernel("linear", linear_kernel);
const RegisterKernel linear_fused_gemm("linear_fused", linear_kernel);

}  // namespace
}  // namespace fovea
