// Updates of parameters: joined with what makes the gradients, and moved to where nobody reads the old values
// any more.
#include <algorithm>
#include <set>

#include "plan/rewrite.h"

namespace fovea::plan {
namespace {

/// A matrix seen as its transpose.
Arg transposed(Arg a) {
  std::swap(a.view.shape[0], a.view.shape[1]);
  std::swap(a.view.strides[0], a.view.strides[1]);
  return a;
}

/// The gradient of a fully connected layer's weight, used by its update alone.
bool fuse_linear_update(Program& p, const Uses& u, int i) {
  const Step& s = p.steps[size_t(i)];
  if (!is(s, "sgd_step") || s.call->in(0).rank() != 2) return false;
  const int at = maker(p, u, input(s, 1));
  if (at < 0 || only_reader(p, u, input(s, 1)) != i) return false;
  const Step& product = p.steps[size_t(at)];
  if (!is(product, "matmul") || product.call->in(0).rank() != 2 || product.call->in(1).rank() != 2)
    return false;
  for (const Place& in : product.in)
    if (u.written_between(in.buffer, at, i)) return false;
  auto fused =
      call_of("sgd_step_linear", attributes(s),
              {input(s, 0), transposed(input(product, 0)), input(product, 1), input(s, 2), Arg(), Arg()}, {});
  if (!fused) return false;
  remove(p.steps[size_t(at)]);
  p.steps[size_t(i)] = std::move(*fused);
  return true;
}

/// Whether both are updated in the same way, each counting its own steps.
bool same_settings(const Step& weight, const Step& bias) {
  for (const auto& [name, value] : attributes(bias))
    if (name != "step" && (*weight.attrs)[size_t(weight.call->op().parsed.attr_index(name))] != value)
      return false;
  return true;
}

/// Whether nothing on the host between steps i and k matters to the update `s`.
bool host_is_apart(const Program& p, int i, int k, const Step& s) {
  return std::none_of(p.steps.begin() + std::min(i, k), p.steps.begin() + std::max(i, k),
                      [&](const Step& t) { return t.host && (!t.counter || s.follows(t.counter)); });
}

/// The bias of a fully connected layer, whose gradient is the sum over the examples, is updated with its
/// weight.
bool fuse_bias_update(Program& p, const Uses& u, int i) {
  const Step& s = p.steps[size_t(i)];
  if (!is(s, "sgd_step") || s.call->in(0).rank() != 1) return false;
  const int at = maker(p, u, input(s, 1));
  if (at < 0 || only_reader(p, u, input(s, 1)) != i || !is(p.steps[size_t(at)], "sum")) return false;
  const Step& sum = p.steps[size_t(at)];
  const Arg g = input(sum, 0);
  if (g.view.rank() != 2 || sum.call->d("dims") != Dims{0}) return false;
  for (const int k : u.readers[size_t(g.place.buffer)]) {
    const Step& update = p.steps[size_t(k)];
    if (!is(update, "sgd_step_linear") || update.in[4].buffer >= 0 || !same(p, input(update, 1), g) ||
        !same_settings(update, s))
      continue;
    bool free =
        host_is_apart(p, i, k, s) && !u.written_between(g.place.buffer, std::min(at, k), std::max(at, k));
    for (const int b : {s.in[0].buffer, s.in[2].buffer})
      free = free && !u.written_between(b, std::min(i, k), std::max(i, k)) &&
             !u.read_between(b, std::min(i, k), std::max(i, k));
    if (!free) continue;
    NamedAttrs attrs = attributes(update);
    attrs.emplace_back("bias_step", (*s.attrs)[size_t(s.call->op().parsed.attr_index("step"))]);
    auto fused = call_of(
        "sgd_step_linear", attrs,
        {input(update, 0), input(update, 1), input(update, 2), input(update, 3), input(s, 0), input(s, 2)},
        {});
    if (!fused) return false;
    p.steps[size_t(k)] = std::move(*fused);
    remove(p.steps[size_t(at)]), remove(p.steps[size_t(i)]);
    return true;
  }
  return false;
}

/// Whether two steps may change places; `moved`, which counts or updates a parameter, comes behind the other.
bool independent(const Step& before, const Step& moved) {
  if (before.host && !before.counter) return false;
  if (moved.counter) return !before.follows(moved.counter);
  if (before.counter) return !moved.follows(before.counter);
  std::set<int> reads, writes;
  moved.for_reads([&](int b) { reads.insert(b); });
  moved.for_writes([&](int b) { writes.insert(b); });
  bool free = true;
  before.for_reads([&](int b) { free = free && !writes.contains(b); });
  before.for_writes([&](int b) { free = free && !writes.contains(b) && !reads.contains(b); });
  return free;
}

}  // namespace

void fuse_updates(Program& p) {
  rewrite(p, fuse_linear_update);
  rewrite(p, fuse_bias_update);
}

void update_early(Program& p) {
  for (size_t i = 1; i < p.steps.size(); ++i) {
    const Step& s = p.steps[i];
    if (!s.counter && (s.host || s.call->op().chapter() != "optimizer")) continue;
    size_t at = i;
    while (at > 0 && independent(p.steps[at - 1], s)) --at;
    std::rotate(&p.steps[at], &p.steps[i], &p.steps[i] + 1);
  }
}

}  // namespace fovea::plan
