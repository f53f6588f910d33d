// Fused in-place sweeps: one pass over tensors of equal shape, compiled for the baseline and for AVX2 from
// one text.
//   template <class real> struct Scale {
//     explicit Scale(const Call& c) : x(c.in(0).ptr<real>()), factor(real(c.f("factor"))) {}
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

template <class Step>
void sweep(const Call& c, void (*piece)(const Step&, int64_t, int64_t)) {
  const Step step(c);
  parallel_for(c.in(0).numel(), 16384, [&](int64_t begin, int64_t end) { piece(step, begin, end); });
}

template <template <class> class Step>
void sweep_baseline(const Call& c) {
  c.dtype() == f64 ? sweep<Step<double>>(c, sweep_piece) : sweep<Step<float>>(c, sweep_piece);
}
template <template <class> class Step>
void sweep_avx2(const Call& c) {
  c.dtype() == f64 ? sweep<Step<double>>(c, sweep_piece_avx2) : sweep<Step<float>>(c, sweep_piece_avx2);
}

template <template <class> class Step>
Kernel sweep_kernel() {
  return {.name = "cpu:avx2", .refuse = refuse_avx2, .run = sweep_avx2<Step>};
}

/// Throws unless all inputs have the shape of the first.
inline void equal_shapes(const Call& c) {
  for (int i = 1; i < c.inputs(); ++i)
    check(!c.in(i) || c.in(i).shape == c.in(0).shape, "[{}] {} has shape {} but {} has {}", c.op().name(),
          c.op().parsed.tensors[size_t(i)].name, c.in(i).shape, c.op().parsed.tensors[0].name, c.in(0).shape);
}

constexpr const char* writes_in_place = "it writes in place and stands outside of the tape";

}  // namespace fovea
