// Reader: examples of a data set with what goes wrong handled: a cache, and a stand-in for what cannot be
// read. Threads: read() may run in many threads at once.
#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "data/decoder.h"

namespace fovea::data {

class ExampleReader {
 public:
  using Warn = std::function<void(const std::string&)>;
  /// `pictures`: read_picture() will be used, and its results are what is cached.
  ExampleReader(std::shared_ptr<const Dataset> dataset, bool cache, bool pictures, Warn warn);

  /// Reads example `index`, or the next readable one after it, into `row`; returns its number.
  /// Throws once more than 1 % of the set turned out unreadable.
  int64_t read(int64_t index, const Tensor& row);
  /// The same for pictures, or the part that `choose` wants. What stands in for an unreadable one is read
  /// whole, so that it does not depend on what was wanted of it before.
  int64_t read_picture(int64_t index, PictureDecoder& decoder, const PictureDecoder::Choose& choose,
                       Picture& picture);
  std::vector<std::string> bad_examples() const;
  const Dataset& dataset() const { return *dataset_; }

 private:
  template <class F>
  int64_t first_readable(int64_t index, const F& read);
  void read_cached(int64_t index, const Tensor& row);
  Picture cached_picture(int64_t index, PictureDecoder& decoder);
  bool known_bad(int64_t index) const;
  void note_bad(int64_t index, const std::string& reason);

  std::shared_ptr<const Dataset> dataset_;
  Warn warn_;
  bool by_parts_;
  std::unique_ptr<char[]> cache_;
  std::vector<Tensor> pictures_;
  std::atomic<int64_t> picture_bytes_{0};
  std::unique_ptr<std::atomic<uint8_t>[]> cached_;  // per example: 0 absent, 1 being written, 2 there
  mutable std::mutex mutex_;                        // of bad_
  std::map<int64_t, std::string> bad_;
  std::atomic<int64_t> bad_count_{0};
};

}  // namespace fovea::data
