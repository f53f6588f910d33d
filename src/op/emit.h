// The pointwise and reduction texts of the op table as OpenCL C or CUDA source: one function and one kernel
// per op.
#pragma once
#include <string>

namespace fovea {

enum class Dialect { opencl, cuda };

/// The whole program in f32: a prelude with the fv_* vocabulary, then every op in order of name. Pointwise
/// kernels take dense inputs and the attributes; reduction kernels reduce rows of `n` values with one work
/// group (block) of `group_size` each.
std::string emit(Dialect dialect);

}  // namespace fovea
