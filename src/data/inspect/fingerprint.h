// Fingerprints: by which two pictures are told to be the same, or nearly. Threads: pure functions.
#pragma once
#include <array>
#include <vector>

#include "fovea/image.h"

namespace fovea::data {

/// Equal tables of pixels (numbers, type, shape, colour model) have equal hashes; others differ, but for one
/// in 2^64.
uint64_t hash_of(const image::Image& picture);
uint64_t hash_of(std::span<const uint8_t> bytes, uint64_t seed = 0);

/// How a picture looks, whatever its size, depth, brightness and contrast.
struct Look {
  /// Signs of its 8x8 lowest frequencies against their median: the discrete cosine transform of a 32x32 gray
  /// picture without constant rows and columns (pHash; Zauner 2010).
  uint64_t signs = 0;
  /// 16x16 gray, of mean 0 and deviation `scale`: products of two looks are their correlation.
  std::array<int8_t, 256> thumbnail{};
  static constexpr int scale = 24;

  /// Whether the picture has anything to see; looks of flat ones are all alike.
  bool seen = false;
};
Look look_of(const image::Image& picture);
/// -1..1
double correlation(const Look& a, const Look& b);

/// What looks most like picture `i`: an index, or -1.
struct Twins {
  int64_t same = -1;   // among those before it in its own group
  int64_t other = -1;  // among those of other groups
};
/// From which correlation on two of these looks are the same picture rather than two of a kind: 6 robust
/// deviations above the median of what the nearest neighbour of a picture usually has (Fisher's z), within
/// 0.97..0.998. Handwritten digits are much nearer to each other than photographs.
double correlation_of_twins(std::span<const Look> looks);
/// For each look its twins: at most `bits` of 64 signs differ (0..7), and the correlation is at least
/// `least_correlation`. By multi-index hashing (Norouzi et al., CVPR 2012): two numbers of 64 bits that
/// differ in 7 or fewer differ in one or none of some 16 of them.
std::vector<Twins> find_twins(std::span<const Look> looks, std::span<const uint8_t> groups, int bits,
                              double least_correlation);

}  // namespace fovea::data
