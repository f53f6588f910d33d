// Reader: examples of a data set with what goes wrong handled: a cache, and a stand-in for what cannot be
// read. Threads: read() and read_picture() may run in many threads at once, after open_cache().
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "data/cache.h"

namespace fovea::data {

class ExampleReader {
 public:
  /// `pictures`: read_picture() will be used, and its results are what is cached, their shorter side at most
  /// `cache_side` (0: any).
  ExampleReader(std::shared_ptr<const Dataset> dataset, bool pictures, int64_t cache_side, Note warn,
                Note inform);

  /// Before the first read. `threads` decode if there is something to pack.
  void open_cache(Cache kind, int threads);

  /// Reads example `index`, or the next readable one after it, into `row`; returns its number.
  /// Throws once more than 1 % of the set turned out unreadable.
  int64_t read(int64_t index, const Tensor& row);
  /// The same for pictures, or the part that `choose` wants. What stands in for an unreadable one is read
  /// whole, so that it does not depend on what was wanted of it before.
  int64_t read_picture(int64_t index, PictureDecoder& decoder, const PictureDecoder::Choose& choose,
                       Picture& picture);
  std::vector<std::string> bad_examples() const;
  const Dataset& dataset() const { return *dataset_; }
  /// What all examples take when they are decoded, by the mean of those seen so far; 0 if there are none.
  int64_t decoded_bytes() const;

 private:
  template <class F>
  int64_t first_readable(int64_t index, const F& read);
  void read_cached(int64_t index, const Tensor& row);
  Picture whole_picture(int64_t index, PictureDecoder& decoder) const;
  bool known_bad(int64_t index) const;
  void note_bad(int64_t index, const std::string& reason);
  void count(int64_t height, int64_t width);

  std::shared_ptr<const Dataset> dataset_;
  bool pictures_;
  int64_t cache_side_;
  Note warn_, inform_;
  std::unique_ptr<ExampleCache> cache_;
  std::atomic<int64_t> seen_{0}, seen_pixels_{0};
  mutable std::mutex mutex_;  // of bad_
  std::map<int64_t, std::string> bad_;
  std::atomic<int64_t> bad_count_{0};
};

}  // namespace fovea::data
