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

bool Step::follows(const int64_t* number) const {
  return attrs && std::any_of(attrs->begin(), attrs->end(), [&](const Attr& a) {
           const auto* live = std::get_if<Live<int64_t>>(&a);
           return live && live->value.get() == number;
         });
}

Program Program::copy() const {
  Program p;
  p.buffers = buffers, p.results = results, p.leaves = leaves, p.guards = guards, p.gradients = gradients;
  p.repeats = repeats;
  for (const Step& from : steps) {
    Step s;
    s.kernel = from.kernel, s.scratch = from.scratch, s.in = from.in, s.out = from.out, s.host = from.host;
    s.counter = from.counter;
    if (from.call) {
      s.attrs = std::make_unique<const Attrs>(*from.attrs);
      s.call = std::make_unique<Call>(from.call->op(), *s.attrs, from.call->ins, from.call->outs);
      s.call->dtype_ = from.call->dtype_, s.call->constant_weight = from.call->constant_weight;
    }
    p.steps.push_back(std::move(s));
  }
  return p;
}

}  // namespace fovea::plan
