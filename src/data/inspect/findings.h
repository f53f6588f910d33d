// What is odd among examples that were looked at.
#pragma once
#include "data/inspect/look.h"

namespace fovea::data {

/// Fills findings and adds warnings about the set. `looks` belong to the examples.
void add_findings(Inspection& inspection, std::span<const Look> looks, int near_bits);

}  // namespace fovea::data
