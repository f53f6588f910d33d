// Pipeline: one thread's way from an example to its place in a batch: read, transform, normalise. Scratch is
// kept, so that the steady state allocates nothing. Not thread-safe: one per thread.
#pragma once
#include <vector>

#include "data/reader.h"
#include "fovea/loader.h"

namespace fovea::data {

/// Pixels of one channel after the other to normalised f32.
class Normalizer {
 public:
  Normalizer(const Dims& shape, DType dtype, const Normalization& normalization);
  void apply(const Tensor& row, float* out) const;

 private:
  int64_t channels_, pixels_;  // pixels per channel
  std::vector<float> table_;   // u8: 256 results per channel
  std::vector<float> scale_, shift_;
};

class Pipeline {
 public:
  Pipeline(ExampleReader& reader, const Compose& transforms, const Normalization& normalization,
           uint64_t seed);
  /// Writes example `index` as epoch `epoch` sees it to `out`; returns its label.
  int64_t run(int64_t epoch, int64_t index, float* out);

 private:
  ExampleReader& reader_;
  Compose transforms_;
  uint64_t seed_;
  std::vector<Tensor> stages_;  // the example as read, then after each transform
  Normalizer normalizer_;
};

/// 0..n-1, shuffled by (seed, epoch) if asked for.
std::vector<int64_t> epoch_order(int64_t n, bool shuffle, uint64_t seed, int64_t epoch);

}  // namespace fovea::data
