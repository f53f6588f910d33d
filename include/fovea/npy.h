// Reading and writing NumPy .npy files (format 1.0 - 3.0), C and Fortran order, either byte order.
//   save_npy("x.npy", x);   Tensor y = load_npy("x.npy");
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fovea/tensor.h"

namespace fovea {

/// The array in `path`. Types: f2 f4 f8 i2 i4 i8 u1 u2 b1; others (complex, objects ...) throw with the descr
/// found. Throws unless the file holds exactly what its header promises; nothing is ever unpickled.
Tensor load_npy(const std::string& path);
/// The same from memory; `name` is for messages.
Tensor decode_npy(std::span<const uint8_t> bytes, const std::string& name);
/// The content of a .npy file.
std::vector<uint8_t> encode_npy(const Tensor& t);
/// Writes atomically (temporary name, sync, rename); bf16 has no .npy name and throws.
void save_npy(const std::string& path, const Tensor& t);

}  // namespace fovea
