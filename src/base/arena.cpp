#include "base/arena.h"

#include <sys/mman.h>

#include <bit>
#include <cstdlib>
#include <map>
#include <mutex>
#include <vector>

#include "fovea/error.h"

namespace fovea::arena {
namespace {

// Sizes are rounded to eighths of a power of two, so a block fits any request of its class with at most 12.5
// % waste.
size_t size_class(size_t bytes) {
  if (bytes <= 512) return bytes <= 64 ? 64 : (bytes + 63) & ~size_t{63};
  const size_t step = std::bit_floor(bytes - 1) / 8;
  return (bytes + step - 1) / step * step;
}

struct State {
  std::mutex mutex;
  std::map<size_t, std::vector<void*>> free;
  Stats stats;
};

State& state() {
  static State* s = new State;  // lives as long as the last tensor of a static destructor
  return *s;
}

constexpr size_t huge = size_t{2} << 20;

void* from_system(size_t bytes) {
  void* p =
      std::aligned_alloc(bytes >= huge ? huge : 64, bytes >= huge ? (bytes + huge - 1) / huge * huge : bytes);
#ifdef MADV_HUGEPAGE
  if (p && bytes >= huge) madvise(p, bytes, MADV_HUGEPAGE);
#endif
  return p;
}

void trim_locked(State& s) {
  for (auto& [size, blocks] : s.free) {
    for (void* p : blocks) std::free(p);
    s.stats.reserved_bytes -= int64_t(size * blocks.size());
  }
  s.free.clear();
}

}  // namespace

void* allocate(size_t bytes) {
  const size_t size = size_class(bytes);
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.stats.live_bytes += int64_t(size);
  s.stats.peak_bytes = std::max(s.stats.peak_bytes, s.stats.live_bytes);
  if (auto it = s.free.find(size); it != s.free.end() && !it->second.empty()) {
    void* p = it->second.back();
    it->second.pop_back();
    return p;
  }
  void* p = from_system(size);
  if (!p) trim_locked(s), p = from_system(size);
  if (!p) {
    s.stats.live_bytes -= int64_t(size);
    fail("out of memory: {} bytes wanted, {} in use. A smaller batch or image size needs less.", bytes,
         s.stats.live_bytes);
  }
  s.stats.system_calls++;
  s.stats.reserved_bytes += int64_t(size);
  return p;
}

void release(void* block, size_t bytes) {
  const size_t size = size_class(bytes);
  State& s = state();
  std::lock_guard lock(s.mutex);
  s.stats.live_bytes -= int64_t(size);
  s.free[size].push_back(block);
}

Stats stats() {
  std::lock_guard lock(state().mutex);
  return state().stats;
}

void trim() {
  std::lock_guard lock(state().mutex);
  trim_locked(state());
}

}  // namespace fovea::arena
