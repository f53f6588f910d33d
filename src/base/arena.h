// The caching allocator under every tensor: freed blocks are kept by size and handed out again, so that a
// training step in its steady state asks the operating system for nothing and touches no fresh page.
// Thread-safe. Memory is not cleared.
#pragma once
#include <cstddef>
#include <cstdint>

namespace fovea::arena {

/// At least `bytes`, aligned to 64. Throws Error when the system has no more. *Ensures* non-null, even for 0
/// bytes.
void* allocate(size_t bytes);
/// Returns a block from `allocate(bytes)` to the cache.
void release(void* block, size_t bytes);

struct Stats {
  int64_t live_bytes = 0;      // handed out now
  int64_t peak_bytes = 0;      // most ever handed out
  int64_t reserved_bytes = 0;  // taken from the system (live + cached)
  int64_t system_calls = 0;    // times the system was asked: constant in steady state
};
Stats stats();
/// Gives all cached blocks back to the system.
void trim();

}  // namespace fovea::arena
