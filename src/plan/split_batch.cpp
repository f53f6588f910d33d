// Steps that compute each example by itself, on tensors that outgrow the cache, take the batch in parts: a
// few examples go through all of them while what lies between two steps stays in the cache, and needs no more
// memory than they do.
#include <algorithm>
#include <set>

#include "plan/rewrite.h"

namespace fovea::plan {
namespace {

constexpr int64_t cached = 16 << 20;  // bytes of tensors of one step

/// Whether the step computes each example of its first dimension by itself. Weights must be constants: others
/// might have as many rows as there are examples.
bool by_example(const Program& p, const Step& s) {
  static const std::set<std::string_view> ops{"avg_pool2d",    "channel_affine",      "conv2d",
                                              "conv2d_expand", "conv2d_fused",        "linear",
                                              "linear_fused",  "local_response_norm", "max_pool2d_forward"};
  const Op& op = s.call->op();
  if (elementwise(s)) return true;
  if (op.name() == "concat") return s.call->i("dim") > 0;
  for (size_t i = 1; i < std::min<size_t>(3, s.in.size()); ++i)
    if (!constant(p, s.in[i])) return false;
  return ops.contains(op.name());
}

template <class F>
void each_arg(const Step& s, F&& f) {
  for (size_t i = 0; i < s.in.size(); ++i) f(input(s, int(i)));
  for (size_t i = 0; i < s.out.size(); ++i) f(result(s, int(i)));
}

/// A step as this pass sees it.
struct Look {
  int64_t examples = 0;  // 0: it cannot be split
  int64_t bytes = 0;     // of the examples
  int64_t weights = 0;   // of what is the same for all, as its kernel reads it
};

Look look_at(const Program& p, const Step& s) {
  if (s.host || !s.kernel || !by_example(p, s)) return {};
  Look look{.examples = s.call->outs.size() > 0 && s.call->out().rank() > 1 ? s.call->out().size(0) : 0};
  each_arg(s, [&](const Arg& a) {
    if (!a.view) return;
    const int64_t bytes = a.view.numel() * size_of(a.view.dtype);
    const bool spread = elementwise(s) && a.view.rank() == s.call->out().rank();
    if (constant(p, a.place) && !spread) look.weights += bytes;
    else if (!whole(p, a) || a.view.rank() != s.call->out().rank() || a.view.size(0) != look.examples)
      look.examples = -1;
    else look.bytes += bytes;
  });
  if (look.examples < 2) return {};
  if (s.kernel->prepared) look.weights = std::max(look.weights, int64_t(s.kernel->prepared(*s.call)));
  return look;
}

/// In how many parts the step's examples stay in the cache.
int64_t parts_of(const Look& l) { return (l.bytes + cached - 1) / cached; }

/// Whether parts save more than it costs to read the weights for each of them.
bool pays(const Look& l) {
  return l.examples > 1 && parts_of(l) > 1 && l.weights * parts_of(l) < l.bytes / 2;
}

/// The least number of equal parts, at least `least`.
int64_t equal_parts(int64_t examples, int64_t least) {
  int64_t parts = std::min(least, examples);
  while (examples % parts != 0) ++parts;
  return parts;
}

/// Steps of one repeat, each on one part of the examples, or nothing if a kernel does not take it so.
std::vector<Step> split(const Program& p, const Repeat& r) {
  const Uses uses(p);
  const auto inside = [&](int b) {
    const auto here = [&](const std::vector<int>& steps) {
      return std::all_of(steps.begin(), steps.end(),
                         [&](int i) { return size_t(i) >= r.first && size_t(i) < r.last; });
    };
    return p.buffers[size_t(b)].kind == Buffer::Kind::made && here(uses.readers[size_t(b)]) &&
           here(uses.writers[size_t(b)]);
  };
  const auto part = [&](Arg a, const Step& s) {
    const bool spread = elementwise(s) && a.view && a.view.rank() == s.call->out().rank();
    if (!a.view || (constant(p, a.place) && !spread)) return a;
    a.view.shape[0] /= r.times;
    if (!inside(a.place.buffer)) a.place.next = a.view.numel() * size_of(a.view.dtype);
    return a;
  };
  std::vector<Step> steps;
  for (size_t i = r.first; i < r.last; ++i) {
    const Step& s = p.steps[i];
    std::vector<Arg> in, out;
    for (size_t k = 0; k < s.in.size(); ++k) in.push_back(part(input(s, int(k)), s));
    for (size_t k = 0; k < s.out.size(); ++k) out.push_back(part(result(s, int(k)), s));
    auto made = call_of(s.call->op().name().c_str(), attributes(s), in, out, s.call->constant_weight);
    if (!made) return {};
    steps.push_back(std::move(*made));
  }
  return steps;
}

/// Makes the steps of `r` repeat.
void apply(Program& p, const Repeat& r) {
  std::vector<Step> steps = split(p, r);
  if (steps.empty()) return;
  std::set<int> shrunk;
  for (const Step& s : steps)
    each_arg(s, [&](const Arg& a) {
      if (a.view && !constant(p, a.place) && a.place.next == 0) shrunk.insert(a.place.buffer);
    });
  for (const int b : shrunk) p.buffers[size_t(b)].bytes /= size_t(r.times);
  std::move(steps.begin(), steps.end(), p.steps.begin() + int64_t(r.first));
  p.repeats.push_back(r);
}

}  // namespace

void split_batch(Program& p) {
  std::vector<Look> looks;
  for (const Step& s : p.steps) looks.push_back(look_at(p, s));
  for (size_t i = 0; i < looks.size(); ++i) {
    Repeat r{i, i, 1};
    for (; r.last < looks.size() && pays(looks[r.last]) && looks[r.last].examples == looks[i].examples;
         ++r.last)
      r.times = std::max(r.times, parts_of(looks[r.last]));
    if (r.last - r.first < 2) continue;
    r.times = equal_parts(looks[i].examples, r.times);
    apply(p, r);
    i = r.last - 1;
  }
}

}  // namespace fovea::plan
