// Running pointwise and reduction texts over strided, broadcast and blocked views.
#pragma once
#include "fovea/op.h"

namespace fovea {

void run_pointwise_baseline(const Call& c);
void run_pointwise_avx2(const Call& c);
void run_reduction_baseline(const Call& c);
void run_reduction_avx2(const Call& c);
/// A reason if this processor has no AVX2.
const char* refuse_avx2(const Call& c);

}  // namespace fovea
