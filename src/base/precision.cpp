#include <atomic>

#include "fovea/device.h"

namespace fovea {
namespace {
std::atomic<Precision> wanted{Precision::high};
}

void set_precision(Precision p) { wanted = p; }
Precision precision() { return wanted; }

}  // namespace fovea
