// The corners of the unit cube with a truth table as labels.
#pragma once
#include <memory>

#include "fovea/data.h"

namespace fovea::data {

/// "0110" is XOR of two inputs: example i holds the digits of i in binary, the first input the highest; its
/// class is digit i of `table`. Throws unless that is 2, 4, 8 ... 1024 digits of 0 and 1. The same for every
/// split.
std::shared_ptr<Dataset> make_truth_table(const std::string& table, Split split);

}  // namespace fovea::data
