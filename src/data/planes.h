// Between the two ways to lay out an image: a table of pixels (H,W,C), as files have it, and planes (C,H,W),
// as transforms and networks want it.
#pragma once
#include "fovea/tensor.h"

namespace fovea::data {

/// Writes the table (H,W,C) into `planes`, contiguous and of the same type.
void table_to_planes(const Tensor& table, const Tensor& planes);
/// The table (H,W,C) as planes (C,H,W).
Tensor planes_of_table(const Tensor& table);

}  // namespace fovea::data
