// What a step computes twice is computed once.
#include <algorithm>

#include "plan/rewrite.h"

namespace fovea::plan {
namespace {

bool same_elements(const Arg& a, const Arg& b) {
  return a.place.buffer == b.place.buffer && a.place.offset == b.place.offset &&
         a.view.dtype == b.view.dtype && a.view.layout == b.view.layout && a.view.shape == b.view.shape &&
         (a.view.layout == Layout::blocked8 || a.view.strides == b.view.strides);
}

/// Whether all that the step does is to make results that nobody else writes, from its inputs alone.
bool pure(const Program& p, const Uses& u, int i) {
  const Step& s = p.steps[size_t(i)];
  if (!repeats_itself(s)) return false;
  for (size_t k = 0; k < s.in.size(); ++k)
    if (s.writes_input(k)) return false;
  for (size_t k = 0; k < s.out.size(); ++k)
    if (maker(p, u, result(s, int(k))) != i) return false;
  return !s.out.empty();
}

/// Whether the host may change a tensor in a step of (after, before).
bool host_between(const Program& p, int after, int before) {
  return std::any_of(p.steps.begin() + after, p.steps.begin() + before,
                     [](const Step& s) { return s.host && !s.counter; });
}

/// Whether steps i < j compute the same.
bool equal(const Program& p, const Uses& u, int i, int j) {
  const Step &a = p.steps[size_t(i)], &b = p.steps[size_t(j)];
  if (a.kernel != b.kernel || &a.call->op() != &b.call->op() || *a.attrs != *b.attrs ||
      a.in.size() != b.in.size())
    return false;
  for (size_t k = 0; k < a.in.size(); ++k)
    if (!same_elements(input(a, int(k)), input(b, int(k))) || u.written_between(a.in[k].buffer, i, j))
      return false;
  for (size_t k = 0; k < a.out.size(); ++k)
    if (a.call->outs[k].layout != b.call->outs[k].layout) return false;
  return pure(p, u, i) && !host_between(p, i, j);
}

/// Everything that reads `from` reads `to`.
void redirect(Program& p, int from, int to) {
  for (Step& s : p.steps)
    for (Place& place : s.in)
      if (place.buffer == from) place.buffer = to;
}

bool share(Program& p, const Uses& u, int j) {
  Step& s = p.steps[size_t(j)];
  if (s.in.empty() || s.in[0].buffer < 0 || !pure(p, u, j)) return false;
  for (const int i : u.readers[size_t(s.in[0].buffer)]) {
    if (i >= j) break;
    if (!equal(p, u, i, j)) continue;
    for (size_t k = 0; k < s.out.size(); ++k) redirect(p, s.out[k].buffer, p.steps[size_t(i)].out[k].buffer);
    remove(s);
    return true;
  }
  return false;
}

}  // namespace

void share_equal(Program& p) { rewrite(p, share); }

}  // namespace fovea::plan
