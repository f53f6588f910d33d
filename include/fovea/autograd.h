// Differentiation: ops called on tensors that require gradients are recorded on a tape; backward() and grad()
// walk it back by calling ops, so gradients can be differentiated again (create_graph). Threads: a tape
// belongs to the thread that recorded it; NoGrad guards are per thread.
//   Tensor w = randn({3, 2}).set_requires_grad();
//   sum(square(matmul(x, w))).backward();          // w.grad() is set
//   Tensor dw = grad(loss, {w})[0];                // without touching w.grad()
#pragma once
#include <functional>
#include <vector>

#include "fovea/op.h"

namespace fovea {

/// While alive, ops of this thread are not recorded.
class NoGrad {
 public:
  explicit NoGrad(bool on = true);
  ~NoGrad();
  NoGrad(const NoGrad&) = delete;
  NoGrad& operator=(const NoGrad&) = delete;

 private:
  bool before_;
};
bool grad_enabled();

struct BackwardOptions {
  bool create_graph = false;  // record the backward pass too, for second-order gradients
  bool retain_graph = false;  // keep saved values, so that the same graph can be walked again
};

/// Adds d(loss)/d(leaf) to grad() of every leaf that requires a gradient. *Requires* one element in `loss`.
/// Throws if a value saved for the backward pass was changed in place since.
void backward(const Tensor& loss, BackwardOptions options = {});

/// d(loss)/d(input) for each input (undefined where loss does not depend on it); leaves' grad() stay as they
/// are.
std::vector<Tensor> grad(const Tensor& loss, const std::vector<Tensor>& inputs, BackwardOptions options = {});

/// Called after every op of this thread with its inputs and results: for profiles, summaries, NaN hunts.
/// Nests.
using Observer = std::function<void(const Op&, const Attrs&, const std::vector<Tensor>& in,
                                    const std::vector<Tensor>& out)>;
class Observe {
 public:
  explicit Observe(Observer observer);
  ~Observe();
  Observe(const Observe&) = delete;
  Observe& operator=(const Observe&) = delete;

 private:
  Observer before_;
};

/// Sums `g` over the dimensions that `shape` was broadcast along, so that it has `shape` again.
Tensor sum_to(const Tensor& g, const Dims& shape);

}  // namespace fovea
