// Every kernel of a layer's three products, measured in turn: speed, and the error against f64.
#pragma once
#include <string>
#include <vector>

#include "bench/problem.h"

namespace fovea::bench {

struct KernelFigures {
  std::string product = {};  // "forward", "input grad", "weight grad"
  std::string kernel = {};   // "cpu:winograd"
  bool chosen = false;       // the one that dispatch would run
  double seconds = 0;        // of a call, median
  double error = 0;          // the largest of some results, as part of the largest of them
};

/// The kernels that do not refuse, each called for `seconds`. References, which define the meaning and are
/// slow, are not among them.
std::vector<KernelFigures> measure_kernels(const Problem& problem, double seconds);

/// Floating-point operations a second that all threads reach together when they do nothing but fused
/// multiply-adds, in the widest registers or in those of AVX2; 0 where fovea has no vector code for this
/// processor.
double fma_peak(bool wide = true);

}  // namespace fovea::bench
