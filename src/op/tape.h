// The tape: one Node per recorded call. A Node keeps the values its op's gradient reads (Op::saves); of other
// inputs and of the results it keeps shape and place in the graph only, so that activations die as early as
// they can.
#pragma once
#include "fovea/autograd.h"

namespace fovea {

struct Node : std::enable_shared_from_this<Node> {
  const Op* op;
  Attrs attrs;
  std::vector<Tensor> inputs;      // values, or ghosts without storage
  std::vector<Tensor> outputs;     // off the tape: values, or ghosts
  std::vector<uint32_t> versions;  // of the storages of inputs, then outputs
  uint64_t id;                     // in order of recording
  bool released = false;

  ~Node();
};

/// Records the call; `out` become its results on the tape.
void record(const Op& op, const Attrs& attrs, const std::vector<Tensor>& in, std::vector<Tensor>& out);

/// Tells the observers of this thread.
void observe(const Op& op, const Attrs& attrs, const std::vector<Tensor>& in, const std::vector<Tensor>& out);

}  // namespace fovea
