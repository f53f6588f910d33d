#include "tensor/recorder.h"

#include <utility>

namespace fovea {
namespace {
thread_local Recorder* active = nullptr;
}

Recorder* recorder() { return active; }
Recorder* set_recorder(Recorder* r) { return std::exchange(active, r); }

void forget_gradient(const Tensor& leaf) {
  const Tensor before = leaf.grad();
  leaf.set_grad(Tensor());
  if (active) active->gradient(leaf, before);
}

}  // namespace fovea
