#include "plan/program.h"

#include <algorithm>

namespace fovea::plan {

bool Step::writes_input(size_t i) const {
  const auto& tensors = call->op().parsed.tensors;
  return !tensors.empty() && tensors[std::min(i, tensors.size() - 1)].mutated;
}

void Step::for_reads(const std::function<void(int)>& f) const {
  for (const Place& p : in)
    if (p.buffer >= 0) f(p.buffer);
}

void Step::for_writes(const std::function<void(int)>& f) const {
  for (const Place& p : out)
    if (p.buffer >= 0) f(p.buffer);
  for (size_t i = 0; i < in.size(); ++i)
    if (in[i].buffer >= 0 && writes_input(i)) f(in[i].buffer);
}

}  // namespace fovea::plan
