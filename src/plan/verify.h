// Checks a plan against the program that it was made from.
#pragma once
#include "plan/replay.h"

namespace fovea::plan {

/// Runs `planned` on `arguments`, then `captured` from the same state, and throws if what outlives the step
/// (parameters, states, results) differs by more than `tolerance` of its largest value; 0: in any bit. The
/// values of `captured` stay.
void run_verified(Replay& planned, Replay& captured, std::span<const Tensor> arguments, double tolerance);

}  // namespace fovea::plan
