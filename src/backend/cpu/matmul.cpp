// matmul and linear by the own GEMM; strided matrices (transposes) are read in place.
#include <algorithm>

#include "backend/cpu/gemm.h"
#include "fovea/kernel.h"

namespace fovea {
namespace {

const char* refuse(const Call&) { return cpu_has_avx2() ? nullptr : "this processor has no AVX2 and FMA"; }

/// Without pointers.
template <class T>
Gemm<T> gemm_of(const View& x, const View& y) {
  return {.m = x.size(-2),
          .n = y.size(-1),
          .k = x.size(-1),
          .a = nullptr,
          .a_row = x.strides[-2],
          .a_column = x.strides[-1],
          .b = nullptr,
          .b_row = y.strides[-2],
          .b_column = y.strides[-1],
          .c = nullptr};
}

template <class F>
auto with_type(const Call& c, F&& f) {
  return c.dtype() == f64 ? f(double{}) : f(float{});
}

size_t matmul_scratch(const Call& c) {
  return with_type(c, [&]<class T>(T) { return size_t(gemm_of<T>(c.in(0), c.in(1)).scratch()) * sizeof(T); });
}

int64_t batch_offset(const View& v, const Dims& shape, int64_t index) {
  int64_t at = 0;
  for (int i = shape.size() - 3, d = v.rank() - 3; i >= 0; --i, --d) {
    if (d >= 0 && v.shape[d] != 1) at += index % shape[i] * v.strides[d];
    index /= shape[i];
  }
  return at;
}

template <class T>
class Matmul final : public Bound {
 public:
  explicit Matmul(const Call& c) : gemm_(gemm_of<T>(c.in(0), c.in(1))) {
    const int64_t size = gemm_.m * gemm_.n;
    batches_ = size ? c.out().numel() / size : 0;
  }
  void run(const Call& c) const override {
    for (int64_t b = 0; b < batches_; ++b) {
      Gemm<T> g = gemm_;
      g.a = c.in(0).ptr<T>(), g.b = c.in(1).ptr<T>(), g.c = c.out().ptr<T>() + b * g.m * g.n;
      if (batches_ > 1)
        g.a += batch_offset(c.in(0), c.out().shape, b), g.b += batch_offset(c.in(1), c.out().shape, b);
      g.run(reinterpret_cast<T*>(c.scratch));
    }
  }

 private:
  Gemm<T> gemm_;
  int64_t batches_;
};

/// Without pointers.
template <class T>
Gemm<T> linear_gemm(const Call& c) {
  const View &x = c.in(0), &w = c.in(1);
  const int64_t k = w.size(1), n = w.size(0);
  Gemm<T> g{.m = x.numel() / std::max<int64_t>(k, 1),
            .n = n,
            .k = k,
            .a = nullptr,
            .a_row = k,
            .a_column = 1,
            .b = nullptr,
            .b_row = 1,
            .b_column = k,
            .c = nullptr};
  if (c.op().parsed.attr_index("low") >= 0) g.low = T(c.f("low")), g.high = T(c.f("high"));
  return g;
}

template <class T>
class Linear final : public Bound {
 public:
  explicit Linear(const Call& c) : gemm_(linear_gemm<T>(c)) {
    gemm_.m = gemm_.n ? c.out().numel() / gemm_.n : 0;
  }
  void run(const Call& c) const override {
    Gemm<T> g = gemm_;
    g.a = c.in(0).ptr<T>(), g.b = c.in(1).ptr<T>(), g.bias = c.in(2).ptr<T>(), g.c = c.out().ptr<T>();
    if (c.prepared) g.run_packed(reinterpret_cast<const T*>(c.prepared));
    else g.run(reinterpret_cast<T*>(c.scratch));
  }

 private:
  Gemm<T> gemm_;
};

/// A Bound that is a template of the type.
template <template <class> class B>
void run_typed(const Call& c) {
  with_type(c, [&]<class T>(T) { run_bound<B<T>>(c); });
}
template <template <class> class B>
std::unique_ptr<const Bound> bind_typed(const Call& c) {
  return with_type(c, [&]<class T>(T) { return bind<B<T>>(c); });
}

size_t linear_scratch(const Call& c) {
  return with_type(c, [&]<class T>(T) { return size_t(linear_gemm<T>(c).scratch()) * sizeof(T); });
}

size_t linear_prepared(const Call& c) {
  return with_type(c, [&]<class T>(T) { return size_t(linear_gemm<T>(c).packed()) * sizeof(T); });
}

void linear_prepare(const Call& c, char* to) {
  with_type(c, [&]<class T>(T) {
    Gemm<T> g = linear_gemm<T>(c);
    g.b = c.in(1).ptr<T>();
    g.pack(reinterpret_cast<T*>(to));
  });
}

constexpr Kernel linear_kernel{.name = "cpu:gemm",
                               .rank = 10,
                               .refuse = refuse,
                               .scratch = linear_scratch,
                               .run = run_typed<Linear>,
                               .prepared = linear_prepared,
                               .prepare = linear_prepare,
                               .bind = bind_typed<Linear>};

const RegisterKernel matmul_gemm("matmul", {.name = "cpu:gemm",
                                            .rank = 10,
                                            .refuse = refuse,
                                            .scratch = matmul_scratch,
                                            .run = run_typed<Matmul>,
                                            .inputs = Inputs::strided,
                                            .bind = bind_typed<Matmul>});
const RegisterKernel linear_gemm_kernel("linear", linear_kernel);
const RegisterKernel linear_fused_gemm("linear_fused", linear_kernel);

}  // namespace
}  // namespace fovea
