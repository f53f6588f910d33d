// What a capture (plan/) is told while a step is walked through: kernels, copies outside of ops, host work.
// None of them run then; the first replay does that. At most one recorder per thread; without one every hook
// costs a test of a pointer.
#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "fovea/tensor.h"

namespace fovea {

struct Kernel;
class Call;

class Recorder {
 public:
  virtual ~Recorder() = default;
  /// A kernel is to run; `in` and `out` are the tensors behind the views of `call`, which had `scratch`
  /// bytes.
  virtual void ran(const Kernel& kernel, const Call& call, const std::vector<Tensor>& in,
                   const std::vector<Tensor>& out, size_t scratch) = 0;
  /// Elements are to be copied or converted outside of ops, or set to zero.
  virtual void moved(const Tensor& from, const Tensor& to) = 0;
  virtual void zeroed(const Tensor& t) = 0;
  /// Work on the host that belongs to the step.
  virtual void repeated(std::function<void()> work) = 0;
  /// `counter` is to grow by one, which matters to kernels that read it alone.
  virtual void counted(std::shared_ptr<int64_t> counter) = 0;
  /// Something that the course of the step depends on: replay only while `holds`.
  virtual void guarded(std::function<bool()> holds) = 0;
  /// The gradient of `leaf` was forgotten, made, or added to; it was `before`.
  virtual void gradient(const Tensor& leaf, const Tensor& before) = 0;
  /// A tensor was made that does not belong to the step but stays (an optimizer's state): replays find it.
  virtual void found(const Tensor& t) = 0;
};

/// The recorder of this thread, or null.
Recorder* recorder();
/// Sets it; returns the one before.
Recorder* set_recorder(Recorder* r);

/// While alive, what happens in this thread is not recorded but done.
class Unrecorded {
 public:
  Unrecorded() : before_(set_recorder(nullptr)) {}
  ~Unrecorded() { set_recorder(before_); }
  Unrecorded(const Unrecorded&) = delete;
  Unrecorded& operator=(const Unrecorded&) = delete;

 private:
  Recorder* before_;
};

/// Runs `work` now or, if a step is being captured, at this place of every replay.
template <class F>
void repeat(F&& work) {
  if (Recorder* r = recorder()) r->repeated(std::forward<F>(work));
  else work();
}

/// Adds one now or, if a step is being captured, in every replay before what follows reads it.
inline void count(std::shared_ptr<int64_t> counter) {
  if (Recorder* r = recorder()) r->counted(std::move(counter));
  else ++*counter;
}

/// Leaves `leaf` without a gradient.
void forget_gradient(const Tensor& leaf);

}  // namespace fovea
