// The op table: ops by name and the kernels registered for them.
#pragma once
#include "fovea/kernel.h"

namespace fovea {

/// Throws unless `op` is a whole record: one way to run, a doc, samples, a gradient or the reason why not.
void validate(const Op& op);

}  // namespace fovea
