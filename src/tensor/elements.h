// Elements of files: little-endian bytes from outside become a tensor once their size and values are checked.
#pragma once
#include <cstdint>
#include <span>

#include "fovea/tensor.h"

namespace fovea {

/// Bytes of a dense tensor; throws if `shape` has a negative entry or more than 8, or if the size does not
/// fit 63 bits.
int64_t checked_bytes(const std::vector<int64_t>& shape, DType dtype);

/// A tensor of exactly these bytes (row-major, little-endian). Throws if their number is wrong or a bool is
/// not 0 or 1.
Tensor tensor_from_bytes(std::span<const uint8_t> bytes, const std::vector<int64_t>& shape, DType dtype);

/// Text of a file inside a message: unprintable bytes become '.', long text is cut.
std::string printable(std::string_view text);

}  // namespace fovea
