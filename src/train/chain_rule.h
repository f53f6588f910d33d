#pragma once
#include <string>
#include <vector>

namespace fovea::train {

/// What an op passes back to its input number `index`, as a formula: "dL/dy * [x > 0]" for relu. `in` and
/// `out` are the names of its inputs and of its result. Ops without a formula of their own are named.
std::string chain_rule_term(const std::string& op, size_t index, const std::vector<std::string>& in,
                            const std::string& out);

}  // namespace fovea::train
