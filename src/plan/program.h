// A captured step: the kernels that ran, in order, on numbered buffers.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fovea/kernel.h"

namespace fovea::plan {

/// Memory behind tensors of the step.
struct Buffer {
  enum class Kind : uint8_t {
    outside,   // there before the step: parameters, states
    argument,  // of the step: another one in each replay
    made,      // made and forgotten in the step: its place is planned
    kept,      // made in the step and held by somebody afterwards, or a result
    constant,  // made in the step, the same in each replay
  };
  std::shared_ptr<Storage> storage;  // null for what the step makes and forgets
  std::weak_ptr<Storage> made = {};  // during the capture, which must not keep everything alive
  size_t bytes = 0;
  Kind kind = Kind::outside;
  int argument = -1;
};

/// Where a view of a call points to.
struct Place {
  int buffer = -1;     // -1: no tensor
  int64_t offset = 0;  // bytes
  int64_t next = 0;    // bytes on, each time that its step repeats
};

struct Step {
  const Kernel* kernel = nullptr;
  std::unique_ptr<const Attrs> attrs;  // behind `call`
  std::unique_ptr<Call> call;
  std::unique_ptr<const Bound> bound;  // the kernel made ready for `call`, if it can be
  size_t scratch = 0;
  std::vector<Place> in, out;
  std::function<void()> host;        // work on the host: then there is no kernel
  const int64_t* counter = nullptr;  // if all that the host does is to count this on

  /// Whether an attribute is this number.
  bool follows(const int64_t* number) const;

  bool writes_input(size_t i) const;
  /// Calls f(buffer) for what the step reads, or writes. An input written in place is both.
  void for_reads(const std::function<void(int)>& f) const;
  void for_writes(const std::function<void(int)>& f) const;
};

/// Steps [first, last) that run `times` times in turn, each time on the next part of the examples.
struct Repeat {
  size_t first, last;
  int64_t times;
};

/// A parameter or state as the capture found it.
struct Leaf {
  std::shared_ptr<TensorImpl> tensor;
  const Storage* storage;
  bool requires_grad;
  bool holds() const { return tensor->storage.get() == storage && tensor->requires_grad == requires_grad; }
};

struct Program {
  Program copy() const;

  std::vector<Buffer> buffers;
  std::vector<Step> steps;
  std::vector<Repeat> repeats;  // in order
  std::vector<Tensor> results;
  std::vector<Leaf> leaves;                          // replay only while all of these hold ...
  std::vector<std::function<bool()>> guards;         // ... and these
  std::vector<std::pair<Tensor, Tensor>> gradients;  // leaves and the gradients that a replay gives them
};

// The passes, in the order in which they run.
/// Throws if a kernel changes what the host filled: a replay could not fill it again.
/// Computes once what is the same in each replay and drops the steps that do so.
void fold_constants(Program& p);
/// Drops steps whose results nobody reads.
void drop_dead(Program& p);
/// Computes once what the step computes twice.
void share_equal(Program& p);
/// Makes what the step reads but never writes constant, for as long as nobody writes it elsewhere.
void freeze(Program& p);
/// Makes batch norms with constant statistics part of the constant convolution or linear layer before them,
/// and constant linear layers in a row one.
void fold_weights(Program& p);
/// Chooses the kernels of steps with constant weights again, now that they may prepare them.
void choose_prepared(Program& p);
/// Joins kernels with what is done to their results.
void fuse(Program& p);
/// Joins elementwise steps that follow each other.
void chain_elementwise(Program& p);
/// Takes large batches part by part through steps whose tensors outgrow the cache.
void split_batch(Program& p);
/// Joins the gradients of weights with their updates; *after* update_early.
void fuse_updates(Program& p);
/// Moves updates of parameters, and the counting of their steps, to where nobody reads the old ones any more.
void update_early(Program& p);

/// Offsets in one block of memory for the made buffers and the scratch of each step, by their lifetimes.
struct Memory {
  std::vector<int64_t> buffer;   // by buffer, -1 where it is not planned
  std::vector<int64_t> scratch;  // by step
  int64_t bytes = 0, unplanned = 0;
};
Memory plan_memory(const Program& p);
/// The same with a place of its own for each buffer.
Memory spread_memory(const Program& p);

}  // namespace fovea::plan
