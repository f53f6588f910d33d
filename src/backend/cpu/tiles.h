// How a length is cut into register tiles: as few as can be, as even as can be. A short tile has too few sums
// in flight for two products a cycle, so 7 are 4 + 3 and not 6 + 1.
#pragma once
#include <cstdint>

namespace fovea {

/// Cuts [0, n) into tiles of at most `most` and calls f(begin, size, count) for its runs of equal tiles.
template <class F>
void for_runs(int64_t n, int64_t most, F&& f) {
  if (n <= 0) return;
  const int64_t tiles = (n + most - 1) / most, size = n / tiles, longer = n % tiles;
  if (longer > 0) f(int64_t{0}, size + 1, longer);
  f(longer * (size + 1), size, tiles - longer);
}

/// The same tile by tile: f(begin, size).
template <class F>
void for_tiles(int64_t n, int64_t most, F&& f) {
  for_runs(n, most, [&](int64_t begin, int64_t size, int64_t count) {
    for (int64_t i = 0; i < count; ++i) f(begin + i * size, size);
  });
}

}  // namespace fovea
