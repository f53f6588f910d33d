// compile(step): a step is walked through once, which records its kernels and runs none of them, is planned,
// and is replayed from then on: the same kernels in memory planned once, without a tape or a shape rule.
//   auto step = compile([&](const Tensor& images, const Tensor& labels) {
//     const Tensor loss = cross_entropy(net(images), labels);
//     loss.backward();
//     optimizer.step();
//     optimizer.zero_grad();  // here nobody can ask for gradients afterwards: they need no place of their
//     own return loss;
//   });
//   for (auto& [images, labels] : loader.epoch(0)) total += step(images, labels).item();
// A replay gives the results of the eager step to rounding, and its bits with {.fuse = false}. What the step
// reads besides its arguments is read anew: parameters, optimizer states, running statistics, learning rates,
// random counters; unless {.freeze = true} says that it stays as it is, for predictions. Other C++ in it runs
// only while it is captured: reading a value (item()) is an error, and a branch stays as it was taken. New
// shapes, dtypes, threads or modes (train, eval) capture anew; plans are kept, one for each. Results carry no
// tape; arguments must not want gradients. Threads: a compiled step belongs to one thread.
#pragma once
#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>

#include "fovea/tensor.h"

namespace fovea {

/// One kernel of a plan.
struct PlanNode {
  std::string op = {}, kernel = {};                               // "conv2d", "cpu:winograd"
  std::string in = {}, out = {};                                  // dtype, shape and layout of each
  int64_t parts = 1;                                              // of the batch, one at a time
  int64_t bytes = 0;                                              // that it reads and writes
  double seconds = 0;                                             // the median of some replays
  std::vector<std::pair<std::string, std::string>> refused = {};  // tried before it, and why not
};

struct CompileOptions {
  /// Joins kernels: a convolution with its bias, residual and ReLU, batch norm with ReLU ... Rounding may
  /// differ.
  bool fuse = true;
  /// What the step reads but does not write (weights, running statistics) stays as it is: batch norms become
  /// part of convolutions, kernels transform weights once. Changes by ops, copy_ or load_state_dict are
  /// noticed, and the step captured anew; those by pointers are not.
  bool freeze = false;
  /// Runs the kernels of each replay twice, as planned and as captured, and throws where the outcome differs:
  /// by a bit without `fuse`, with it by more than 0.1 % of the largest value. Adaptive optimizers divide
  /// gradients near zero by their own size and so enlarge rounding: verify those without `fuse`.
  bool verify = false;
};

/// The plans of one step; compile() wraps it in the step's own signature.
class Plans {
 public:
  using Step = std::function<std::vector<Tensor>(std::span<const Tensor>)>;

  explicit Plans(const CompileOptions& options = {});
  ~Plans();
  Plans(Plans&&) noexcept;
  Plans& operator=(Plans&&) noexcept;

  /// Replays the plan for arguments like `in`, which is made first if there is none. The results stay as they
  /// are for as long as they are held.
  const std::vector<Tensor>& run(std::span<const Tensor> in, const Step& step);

  /// The kernels of the plan for arguments like `in`, timed over `rounds` replays: the step is really taken
  /// that often. Throws if there is no such plan.
  std::vector<PlanNode> explain(std::span<const Tensor> in, int rounds);

  struct Stats {
    int64_t captures = 0, replays = 0;
    int64_t kernels = 0;          // of the plan used last, host work not counted
    int64_t planned_bytes = 0;    // its memory ...
    int64_t unplanned_bytes = 0;  // ... and that of all tensors it puts there
  };
  const Stats& stats() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

template <class F>
class Compiled {
 public:
  explicit Compiled(F step, const CompileOptions& options = {}) : step_(std::move(step)), plans_(options) {}

  /// As the step itself; it takes tensors and returns a tensor, a vector of them, or nothing.
  template <class... Tensors>
  requires(std::is_same_v<std::remove_cvref_t<Tensors>, Tensor>&&...) auto operator()(const Tensors&... in) {
    using Result = std::invoke_result_t<F&, const Tensors&...>;
    const std::array<Tensor, sizeof...(in)> arguments{in...};
    const auto& results = plans_.run(arguments, [this](std::span<const Tensor> given) -> std::vector<Tensor> {
      return [&]<size_t... i>(std::index_sequence<i...>)->std::vector<Tensor> {
        if constexpr (std::is_void_v<Result>) return step_(given[i]...), std::vector<Tensor>{};
        else if constexpr (std::is_same_v<Result, Tensor>) return {step_(given[i]...)};
        else return step_(given[i]...);
      }
      (std::index_sequence_for<Tensors...>{});
    });
    if constexpr (std::is_same_v<Result, Tensor>) return results[0];
    else if constexpr (!std::is_void_v<Result>) return results;
  }
  /// See Plans::explain.
  template <class... Tensors>
  std::vector<PlanNode> explain(int rounds, const Tensors&... in) {
    return plans_.explain(std::array<Tensor, sizeof...(in)>{in...}, rounds);
  }
  const Plans::Stats& stats() const { return plans_.stats(); }

 private:
  F step_;
  Plans plans_;
};

template <class F>
Compiled<F> compile(F step, const CompileOptions& options = {}) {
  return Compiled<F>(std::move(step), options);
}

}  // namespace fovea
