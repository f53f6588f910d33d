#include <atomic>

#include "base/arena.h"
#include "fovea/tensor.h"

namespace fovea {
namespace {
std::atomic<uint64_t> next_id{0};
}

Storage::Storage(size_t bytes, Device device)
    : bytes_(bytes), device_(device), id_(next_id.fetch_add(1, std::memory_order_relaxed)) {
  check(device.type == DeviceType::cpu, "device {} has no backend in this build", device.str());
  data_ = static_cast<char*>(arena::allocate(bytes));
}

Storage::Storage(void* data, size_t bytes, std::shared_ptr<const void> owner)
    : data_(static_cast<char*>(data)),
      bytes_(bytes),
      id_(next_id.fetch_add(1, std::memory_order_relaxed)),
      owner_(std::move(owner)) {}

Storage::~Storage() {
  if (!owner_) arena::release(data_, bytes_);
}

}  // namespace fovea
