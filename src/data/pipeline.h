// Pipeline: one thread's way from an example to its place in a batch: read, transform, normalise. Where the
// transforms begin with decoded pictures and only crop, scale and mirror, all of it is one pass. Not
// thread-safe: one per thread.
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
  /// Per channel: y = x * scale + shift.
  const std::vector<float>& scale() const { return scale_; }
  const std::vector<float>& shift() const { return shift_; }

 private:
  int64_t channels_, pixels_;  // pixels per channel
  std::vector<float> table_;   // u8: 256 results per channel
  std::vector<float> scale_, shift_;
};

class Pipeline {
 public:
  /// `shape` is what the transforms make. `pictures`: they begin with files in their own size.
  Pipeline(ExampleReader& reader, const Compose& transforms, const Normalization& normalization,
           const Dims& shape, bool pictures, uint64_t seed);
  /// Writes example `index` as epoch `epoch` sees it to `out`; returns the number of what was read.
  int64_t run(int64_t epoch, int64_t index, float* out);
  /// The same of a set to segment; the classes of the pixels go to `classes`, (H,W).
  void run_masked(int64_t epoch, int64_t index, float* out, int64_t* classes);

 private:
  int64_t run_picture(int64_t epoch, int64_t index, float* out);
  size_t fold(functional::Resampling& pass, int64_t epoch, int64_t index) const;
  Tensor resampled(const Picture& picture, const functional::Resampling& pass);
  Tensor resampled_at_once(const Picture& picture, const functional::Resampling& pass);
  void finish(Sample& sample, int64_t epoch, int64_t index, size_t first, float* out) const;

  ExampleReader& reader_;
  Compose transforms_;
  Dims shape_;
  uint64_t seed_;
  bool pictures_;
  Tensor example_;  // as read
  PictureDecoder decoder_;
  functional::Resampler resampler_;
  Normalizer normalizer_;
};

/// 0..n-1, shuffled by (seed, epoch) if asked for.
std::vector<int64_t> epoch_order(int64_t n, bool shuffle, uint64_t seed, int64_t epoch);

}  // namespace fovea::data
