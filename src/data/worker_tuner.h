// WorkerTuner: how many threads should decode, by what it gains. One more where the caller waits, one less
// where those there are have nothing to do; a change that did not help is taken back and not tried again
// soon.
//   WorkerTuner tuner(most);
//   workers = tuner.next({.waiting = 0.3, .busy = 1.0, .batches_per_second = 120});
#pragma once
#include <algorithm>

namespace fovea::data {

class WorkerTuner {
 public:
  explicit WorkerTuner(int most) : most_(most) {}
  /// What was measured with workers() threads: parts of the time in which the caller waited and in which each
  /// thread worked, on average.
  struct Measured {
    double waiting = 0, busy = 0, batches_per_second = 0;
  };
  int next(const Measured& now) {
    if (before_ > 0) {  // one more was tried
      if (now.batches_per_second < before_ * least_gain) --workers_, hold_ = patience_, patience_ *= 2;
      before_ = 0;
    } else if (hold_ > 0) {
      --hold_;
    } else if (now.waiting > much_waiting && workers_ < most_) {
      before_ = now.batches_per_second, ++workers_;
    } else if (now.waiting < little_waiting && workers_ > 1 &&
               now.busy * workers_ < enough_work * (workers_ - 1)) {
      --workers_;
    }
    return workers_;
  }
  int workers() const { return workers_; }

 private:
  static constexpr double much_waiting = 0.05, little_waiting = 0.01, enough_work = 0.7, least_gain = 1.03;
  int most_, workers_ = 1, hold_ = 0, patience_ = 8;
  double before_ = 0;  // batches per second before one more was tried
};

}  // namespace fovea::data
