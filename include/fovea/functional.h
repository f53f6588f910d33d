// Functions over ops whose number of results varies with the input; differentiable, like the ops they are
// made of.
//   for (const Tensor& gate : chunk(gates, 4, 1)) ...
#pragma once
#include <vector>

#include "fovea/tensor.h"

namespace fovea {

/// Views of `size` entries along `dim` one after the other; the last may be shorter. Throws unless size > 0.
std::vector<Tensor> split(const Tensor& x, int64_t size, int dim = 0);
/// Views of the given sizes, which must sum up to the size of `dim`.
std::vector<Tensor> split(const Tensor& x, const std::vector<int64_t>& sizes, int dim = 0);
/// At most `chunks` views of equal size along `dim`, the last may be shorter: 5 entries in 3 chunks are 2,
/// 2, 1.
std::vector<Tensor> chunk(const Tensor& x, int64_t chunks, int dim = 0);
/// The entries of `dim`, each without that dimension.
std::vector<Tensor> unbind(const Tensor& x, int dim = 0);

}  // namespace fovea
