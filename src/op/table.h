// The op table: ops by name and the kernels registered for them.
#pragma once
#include "fovea/kernel.h"

namespace fovea {

/// Throws unless `op` is a whole record: one way to run, a doc, samples, a gradient or the reason why not.
void validate(const Op& op);

/// The kernels registered for the op of that name, in the order tried.
const std::vector<Kernel>& registered_kernels(const std::string& op);

}  // namespace fovea
