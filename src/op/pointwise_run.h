// Running pointwise and reduction texts over strided, broadcast and blocked views.
#pragma once
#include "fovea/kernel.h"

namespace fovea {

void run_pointwise_baseline(const Call& c);
void run_pointwise_avx2(const Call& c);
std::unique_ptr<const Bound> bind_pointwise_avx2(const Call& c);
void run_reduction_baseline(const Call& c);
void run_reduction_avx2(const Call& c);
std::unique_ptr<const Bound> bind_reduction_avx2(const Call& c);
size_t reduction_scratch(const Call& c);
/// A blocked input stays blocked where the kept dimensions come out in row-major order all the same.
void reduction_layouts(const Call& c, std::vector<Layout>& in, std::vector<Layout>& out);
/// A reason if this processor has no AVX2.
const char* refuse_avx2(const Call& c);

}  // namespace fovea
