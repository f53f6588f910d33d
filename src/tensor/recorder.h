// What a capture (plan/) is told while a step runs: kernels, copies outside of ops, host work. At most one
// per thread; without one every hook costs a test of a pointer.
#pragma once
#include <functional>
#include <vector>

#include "fovea/tensor.h"

namespace fovea {

struct Kernel;
class Call;

class Recorder {
 public:
  virtual ~Recorder() = default;
  /// A kernel ran; `in` and `out` are the tensors behind the views of `call`, which had `scratch` bytes.
  virtual void ran(const Kernel& kernel, const Call& call, const std::vector<Tensor>& in,
                   const std::vector<Tensor>& out, size_t scratch) = 0;
  /// Elements were copied or converted outside of ops.
  virtual void moved(const Tensor& from, const Tensor& to) = 0;
  virtual void zeroed(const Tensor& t) = 0;
  /// Work on the host that belongs to the step.
  virtual void repeated(std::function<void()> work) = 0;
  /// Something that the course of the step depends on: replay only while `holds`.
  virtual void guarded(std::function<bool()> holds) = 0;
  /// The gradient of `leaf` was forgotten, made, or added to.
  enum class Gradient { cleared, made, added };
  virtual void gradient(const Tensor& leaf, Gradient what) = 0;
  /// This run did something that a replay must not do again (it made an optimizer's state, say): the next run
  /// is captured instead.
  virtual void refused(const char* why) = 0;
};

/// The recorder of this thread, or null.
Recorder* recorder();
/// Sets it; returns the one before.
Recorder* set_recorder(Recorder* r);

/// Runs `work` now and, if a step is being captured, at the same place of every replay.
template <class F>
void repeat(F&& work) {
  work();
  if (Recorder* r = recorder()) r->repeated(std::forward<F>(work));
}

}  // namespace fovea
