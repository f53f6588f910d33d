// Resampler: one pass from a table of pixels to the input of a network, its memory kept from one call to the
// next. functional::resample_into() is the same for a single call. Not thread-safe: one per thread.
#pragma once
#include <span>
#include <vector>

#include "fovea/transforms/functional.h"

namespace fovea::data::functional {

/// A table (height, width, channels) of u8, u16 or f32 in somebody's memory, row after row.
struct PixelTable {
  const void* data = nullptr;
  DType dtype = u8;
  int64_t height = 0, width = 0, channels = 0;
};

/// The table holds the pixels of a picture from (top, left) on, `shrink` by `shrink` of them in one.
struct Place {
  int64_t top = 0, left = 0, shrink = 1;
};

/// Positions first .. last - 1 of a picture.
struct Interval {
  int64_t first, last;
};
/// What the outputs begin .. begin + outputs - 1 read if `length` pixels from `at` on are scaled to `scaled`.
Interval needed(int64_t at, int64_t length, int64_t scaled, int64_t begin, int64_t outputs);

class Resampler {
 public:
  /// resample_into(), where `r` speaks of the whole picture and the table holds what it needs of it, or all.
  /// Throws if it does not.
  void run(float* out, const PixelTable& table, const Place& place, const Resampling& r,
           std::span<const float> scale, std::span<const float> shift);

  /// Where the outputs of one direction come from: for each output the first pixel, and `count` weights.
  struct Taps {
    int64_t count = 0, outputs = 0;
    std::vector<int32_t> first;
    std::vector<float> weights;
  };

 private:
  Taps rows_, columns_;
  std::vector<float> spread_, row_;
};

}  // namespace fovea::data::functional
