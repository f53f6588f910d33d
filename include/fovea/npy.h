// Reading and writing NumPy .npy files (format 1.0 - 3.0), little-endian, C and Fortran order.
#pragma once
#include <string>

#include "fovea/tensor.h"

namespace fovea {

/// The array in `path`. Types: f2 f4 f8 i2 i4 i8 u1 u2 b1 (others, big-endian and objects throw with the descr found).
Tensor load_npy(const std::string& path);
/// Writes atomically (temporary name, sync, rename); bf16 has no .npy name and throws.
void save_npy(const std::string& path, const Tensor& t);

}  // namespace fovea
