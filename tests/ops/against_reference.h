// Runs an op with its fastest kernel in each layout against the reference.
#pragma once
#include <gtest/gtest.h>

#include "../op/samples.h"
#include "fovea/kernel.h"
#include "fovea/operators.h"
#include "fovea/ops.h"

namespace fovea::testing {

/// Runs the op with the fastest kernel in each layout, with one thread and four, and expects the reference's
/// results.
inline void expect_reference(const char* name, const std::vector<Tensor>& in, const NamedAttrs& given,
                             double tolerance = 1e-5) {
  const NoGrad guard;
  const Op& op = find_op(name);
  const Attrs attrs = attrs_of(op, given);
  std::vector<Tensor> expected;
  {
    const ForceKernel force("reference");
    expected = apply(op, in, attrs);
  }
  for (const Layout layout : {Layout::plain, Layout::blocked8}) {
    std::vector<Tensor> laid;
    bool differs = layout == Layout::plain;
    for (const Tensor& t : in) {
      const bool block = layout == Layout::blocked8 && t && t.rank() >= 4 && t.size(1) % 8 == 0;
      laid.push_back(block ? t.to(layout) : t), differs |= block;
    }
    if (!differs) continue;
    set_num_threads(1);
    const auto one = apply(op, laid, attrs);
    set_num_threads(4);
    const auto four = apply(op, laid, attrs);
    set_num_threads(0);
    for (size_t i = 0; i < one.size(); ++i) {
      EXPECT_LE(worst_error(one[i], expected[i]), tolerance)
          << name << " " << in[0].describe() << " result " << i;
      EXPECT_TRUE(same_bits(one[i], four[i])) << name << " " << in[0].describe() << " result " << i;
    }
  }
}

inline std::vector<Tensor> inputs(std::initializer_list<Gen> gens) {
  std::vector<Tensor> in;
  for (const Gen& g : gens) in.push_back(make(g, f32, 10 + in.size()));
  return in;
}

}  // namespace fovea::testing
