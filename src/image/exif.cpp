// The one Exif field that matters to pixels: the orientation.
#include "image/codec.h"

namespace fovea::image {
namespace {

/// Unsigned number of `n` bytes at `at`, 0 beyond the end: Exif blocks are often damaged and only give a
/// hint.
uint32_t number(View8 b, size_t at, int n, bool little) {
  if (at > b.size() || b.size() - at < size_t(n)) return 0;
  uint32_t v = 0;
  for (int i = 0; i < n; ++i) v = v << 8 | b[at + size_t(little ? n - 1 - i : i)];
  return v;
}

}  // namespace

int exif_orientation(View8 tiff) {
  constexpr uint32_t orientation_tag = 0x0112;
  if (tiff.size() < 8 || tiff[0] != tiff[1] || (tiff[0] != 'I' && tiff[0] != 'M')) return 1;
  const bool little = tiff[0] == 'I';
  const size_t directory = number(tiff, 4, 4, little);
  const uint32_t fields = number(tiff, directory, 2, little);
  for (uint32_t i = 0; i < fields; ++i) {
    const size_t field = directory + 2 + size_t(i) * 12;
    if (number(tiff, field, 2, little) != orientation_tag) continue;
    const uint32_t value = number(tiff, field + 8, 2, little);
    return value >= 1 && value <= 8 ? int(value) : 1;
  }
  return 1;
}

}  // namespace fovea::image
