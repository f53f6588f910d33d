// Walks through a step and writes down its program; nothing of it runs.
#pragma once
#include <map>
#include <set>
#include <span>

#include "plan/program.h"
#include "tensor/recorder.h"

namespace fovea::plan {

class Capture : public Recorder {
 public:
  /// From now on until finish() or destruction everything this thread runs belongs to the step. *Requires*
  /// that no two arguments share a storage.
  explicit Capture(std::span<const Tensor> arguments);
  ~Capture() override;
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  /// Ends the capture; gradients are again what they were. `results` of the step, off the tape.
  Program finish(std::vector<Tensor> results);

  void ran(const Kernel& kernel, const Call& call, const std::vector<Tensor>& in,
           const std::vector<Tensor>& out, size_t scratch) override;
  void moved(const Tensor& from, const Tensor& to) override;
  void zeroed(const Tensor& t) override;
  void repeated(std::function<void()> work) override;
  void counted(std::shared_ptr<int64_t> counter) override;
  void guarded(std::function<bool()> holds) override;
  void gradient(const Tensor& leaf, const Tensor& before) override;
  void found(const Tensor& t) override;

 private:
  enum class Seen { read, written };
  Place place_of(const Tensor& t, Seen how = Seen::read);
  void guard_leaf(const Tensor& t, const Place& place);
  void end();
  Recorder* before_;
  uint64_t first_id_;
  Program program_;
  std::map<uint64_t, int> buffers_;  // by the id of their storage
  std::set<const TensorImpl*> guarded_;
  std::vector<std::pair<Tensor, Tensor>> found_gradients_;  // leaves and what they had before
};

}  // namespace fovea::plan
