// The times of all frames, in the order they are shown, and where decoding can start: by a walk over the
// packets, or by decoding all of them where packets do not tell (hidden frames, fields, packets without
// times).
#pragma once
#include <string>
#include <vector>

#include "video/stream.h"

namespace fovea::video {

class Timeline {
 public:
  Timeline(const Place& place, const Options& options);

  int64_t count() const { return int64_t(times_.size()); }
  int64_t time(int64_t frame) const { return times_[size_t(frame)]; }
  /// The last frame, not after `frame`, at which decoding can start; 0 if the times are no good to find
  /// frames by.
  int64_t start_before(int64_t frame) const;
  /// What is wrong after the last of them; empty if nothing is.
  const std::string& broken() const { return broken_; }

 private:
  bool walk(const Place& place, const Options& options);
  void decode(const Place& place, const Options& options);

  std::vector<int64_t> times_, starts_;
  std::string broken_;
};

}  // namespace fovea::video
