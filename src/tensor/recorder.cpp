#include "tensor/recorder.h"

#include <utility>

namespace fovea {
namespace {
thread_local Recorder* active = nullptr;
}

Recorder* recorder() { return active; }
Recorder* set_recorder(Recorder* r) { return std::exchange(active, r); }

}  // namespace fovea
