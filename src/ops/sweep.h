// Fused in-place sweeps: one pass over tensors of equal shape, compiled for the baseline and for AVX2 from
// one text. `Settings` finds the attributes once for all runs of a plan; live ones it keeps by reference.
//   struct ScaleSettings {
//     explicit ScaleSettings(const Call& c) : factor(c.f("factor")) {}
//     const double& factor;
//   };
//   template <class real> struct Scale {
//     using Settings = ScaleSettings;
//     Scale(const Call& c, const Settings& s) : x(c.in(0).ptr<real>()), factor(real(s.factor)) {}
//     FV_INLINE void operator()(int64_t i) const { x[i] *= factor; }
//     real *x, factor;
//   };
//   FOVEA_OP(scale_in_place){ ... .reference = sweep_baseline<Scale>, ... };
//   const RegisterKernel scale("scale_in_place", sweep_kernel<Scale>());
#pragma once
#include "base/parallel.h"
#include "fovea/kernel.h"
#include "fovea/pointwise.h"
#include "op/pointwise_run.h"

namespace fovea {

struct NoSettings {
  explicit NoSettings(const Call&) {}
};

template <class Step>
void sweep_piece(const Step& step, int64_t begin, int64_t end) {
#pragma omp simd
  for (int64_t i = begin; i < end; ++i) step(i);
}
template <class Step>
FOVEA_TARGET_AVX2 void sweep_piece_avx2(const Step& step, int64_t begin, int64_t end) {
#pragma omp simd
  for (int64_t i = begin; i < end; ++i) step(i);
}

template <template <class> class Step, bool avx2>
class Sweep final : public Bound {
 public:
  explicit Sweep(const Call& c) : settings_(c), count_(c.in(0).numel()) {}
  void run(const Call& c) const override { c.dtype() == f64 ? run_in<double>(c) : run_in<float>(c); }

 private:
  template <class real>
  void run_in(const Call& c) const {
    const Step<real> step(c, settings_);
    constexpr auto piece = avx2 ? sweep_piece_avx2<Step<real>> : sweep_piece<Step<real>>;
    parallel_for(count_, 16384, [&](int64_t begin, int64_t end) { piece(step, begin, end); });
  }
  typename Step<float>::Settings settings_;
  int64_t count_;
};

template <template <class> class Step>
void sweep_baseline(const Call& c) {
  run_bound<Sweep<Step, false>>(c);
}

/// The kernel of a Bound that is AVX2 code.
template <class B>
Kernel bound_avx2() {
  return {.name = "cpu:avx2", .refuse = refuse_avx2, .run = run_bound<B>, .bind = bind<B>};
}
template <template <class> class Step>
Kernel sweep_kernel() {
  return bound_avx2<Sweep<Step, true>>();
}

/// Throws unless all inputs have the shape of the first.
inline void equal_shapes(const Call& c) {
  for (int i = 1; i < c.inputs(); ++i)
    check(!c.in(i) || c.in(i).shape == c.in(0).shape, "[{}] {} has shape {} but {} has {}", c.op().name(),
          c.op().parsed.tensors[size_t(i)].name, c.in(i).shape, c.op().parsed.tensors[0].name, c.in(0).shape);
}

constexpr const char* writes_in_place = "it writes in place and stands outside of the tape";

}  // namespace fovea
