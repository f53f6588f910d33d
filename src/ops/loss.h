// What the losses share.
#pragma once
#include "fovea/op.h"
#include "fovea/ops.h"

namespace fovea {

/// Throws unless the attribute `reduction` is one of mean, sum, none (and batchmean where that exists).
inline void check_reduction(const AttrReader& a, bool batchmean = false) {
  const std::string& word = a.s("reduction");
  check(word == "mean" || word == "sum" || word == "none" || (batchmean && word == "batchmean"),
        "[{}] reduction \"{}\" does not exist, there are: mean, sum, none{}", a.op().name(), word,
        batchmean ? ", batchmean" : "");
}

/// The losses of the single elements as the attribute `reduction` wants them.
inline Tensor reduced(const Tensor& loss, const AttrReader& a) {
  check_reduction(a);
  const std::string& word = a.s("reduction");
  return word == "mean" ? mean(loss) : word == "sum" ? sum(loss) : loss;
}

/// Throws unless x and target have one shape: broadcasting here hides mistakes.
inline void check_same_shape(const Args& a) {
  check(a.in(0).shape() == a.in(1).shape(), "[{}] x {} and target {} want the same shape", a.op().name(), a.in(0).shape(),
        a.in(1).shape());
}

}  // namespace fovea
