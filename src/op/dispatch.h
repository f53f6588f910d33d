// Choosing the kernel of a call: ordered candidates, each refusal's reason kept, the op's reference last.
#pragma once
#include "fovea/kernel.h"

namespace fovea {

/// The kernel for `call` (inputs known, results not yet allocated). Throws if a forced kernel refuses.
const Kernel& choose_kernel(const Call& call, std::vector<Refusal>* refusals = nullptr);

/// The layouts `kernel` wants for the inputs of `call` and produces for its results.
void layouts_of(const Kernel& kernel, const Call& call, std::vector<Layout>& in, std::vector<Layout>& out);

/// Whether kernels that want or give blocked8 tensors are refused: a switch to find out whether a wrong
/// result comes from the layout, and what the layout gains. Starts as FOVEA_LAYOUT=plain in the environment
/// says.
bool plain_only();
void set_plain_only(bool on);

}  // namespace fovea
