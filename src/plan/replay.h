// A program bound to memory, ready to run again and again.
#pragma once
#include <span>

#include "fovea/compile.h"
#include "plan/program.h"

namespace fovea::plan {

class Replay {
 public:
  /// Plans `program` (passes, memory, pointers). Throws if it cannot be replayed.
  Replay(Program program, const CompileOptions& options);
  /// Runs the program as it was captured, each tensor in memory of its own.
  explicit Replay(Program program);
  ~Replay();
  Replay(const Replay&) = delete;
  Replay& operator=(const Replay&) = delete;

  /// Whether what the captured step depended on still holds.
  bool fits() const;
  /// Runs the step on `arguments`, which look like those of the capture.
  void run(std::span<const Tensor> arguments);
  /// The kernels alone, without work on the host.
  void run_kernels(std::span<const Tensor> arguments);
  /// The same, adding the seconds of each step to `times` (one list per step).
  void run_timed(std::span<const Tensor> arguments, std::vector<std::vector<double>>& times);
  const std::vector<Tensor>& results() const { return results_; }
  /// What outlives the step and is written by it, by buffer.
  const std::vector<int>& lasting() const { return lasting_; }

  const Program& program() const { return program_; }
  int64_t bytes() const { return memory_.bytes; }
  int64_t unplanned_bytes() const { return memory_.unplanned; }

 private:
  void place_and_bind(Memory memory);
  void bind();
  void prepare();
  void point_at(std::span<const Tensor> arguments);
  template <class F>
  void each_step(F&& f);
  void shift(size_t repeat, int64_t times);
  void finish();
  void give_results();
  Program program_;
  Memory memory_;
  char* block_ = nullptr;
  std::vector<std::unique_ptr<Storage>> prepared_;
  struct Patch {  // a view of an argument
    View* view;
    int argument;
    int64_t offset;
  };
  std::vector<Patch> patches_;
  struct Shift {  // a view that moves on each time that its step repeats
    View* view;
    int64_t bytes;
  };
  std::vector<std::vector<Shift>> shifts_;  // by repeat
  std::vector<Tensor> results_;
  std::vector<size_t> few_bytes_;  // of each result that is small and dense, else 0
  std::vector<int> lasting_;
};

}  // namespace fovea::plan
