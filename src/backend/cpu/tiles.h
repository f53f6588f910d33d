// How a length is cut into register tiles: as few as can be, as even as can be. A short tile has too few sums
// in flight for two products a cycle, so 7 are 4 + 3 and not 6 + 1.
#pragma once
#include <cstdint>

namespace fovea {

/// Calls f(begin, size) for the tiles of at most `most` that [0, n) is cut into.
template <class F>
void for_tiles(int64_t n, int64_t most, F&& f) {
  for (int64_t begin = 0, left = (n + most - 1) / most, size; begin < n; begin += size, --left) {
    size = (n - begin + left - 1) / left;
    f(begin, size);
  }
}

}  // namespace fovea
