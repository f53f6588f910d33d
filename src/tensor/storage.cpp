#include "base/arena.h"
#include "fovea/tensor.h"

namespace fovea {

Storage::Storage(size_t bytes, Device device) : bytes_(bytes), device_(device) {
  check(device.type == DeviceType::cpu, "device {} has no backend in this build", device.str());
  data_ = static_cast<char*>(arena::allocate(bytes));
}

Storage::Storage(void* data, size_t bytes, std::shared_ptr<const void> owner)
    : data_(static_cast<char*>(data)), bytes_(bytes), owner_(std::move(owner)) {}

Storage::~Storage() {
  if (!owner_) arena::release(data_, bytes_);
}

}  // namespace fovea
