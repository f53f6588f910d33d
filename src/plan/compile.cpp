#include "fovea/compile.h"

#include <algorithm>

#include "fovea/autograd.h"
#include "fovea/device.h"
#include "op/chain.h"
#include "op/dispatch.h"
#include "plan/capture.h"
#include "plan/replay.h"
#include "plan/verify.h"

namespace fovea {
namespace {

constexpr size_t most_plans = 16;

/// What a plan is made for: how the arguments look, and the settings that choose kernels.
struct Key {
  struct Argument {
    Dims shape;
    DType dtype;
    Layout layout;
    bool operator==(const Argument&) const = default;
  };
  std::vector<Argument> arguments;
  int threads;
  Precision precision;
  bool plain, grad;

  static Key of(std::span<const Tensor> in) {
    Key k{{}, num_threads(), fovea::precision(), plain_only(), grad_enabled()};
    for (const Tensor& t : in) k.arguments.push_back({t.shape(), t.dtype(), t.layout()});
    return k;
  }
  bool fits(std::span<const Tensor> in) const {
    if (threads != num_threads() || precision != fovea::precision() || plain != plain_only() ||
        grad != grad_enabled() || in.size() != arguments.size())
      return false;
    for (size_t i = 0; i < in.size(); ++i)
      if (!(arguments[i].shape == in[i].shape()) || arguments[i].dtype != in[i].dtype() ||
          arguments[i].layout != in[i].layout())
        return false;
    return true;
  }
};

struct Entry {
  Key key;
  std::unique_ptr<plan::Replay> replay, captured;  // captured: to verify against
};

bool dense(const Tensor& t) { return t.layout() == Layout::blocked8 || t.is_contiguous(); }

}  // namespace

struct Plans::State {
  CompileOptions options;
  std::vector<Entry> entries;  // the one used last is the last
  Stats stats;

  /// The entry for arguments like `in`, or null.
  Entry* find(std::span<const Tensor> in) {
    for (size_t i = entries.size(); i-- > 0;) {
      if (!entries[i].key.fits(in) || !entries[i].replay->fits()) continue;
      if (i + 1 < entries.size())
        std::rotate(entries.begin() + int64_t(i), entries.begin() + int64_t(i) + 1, entries.end());
      return &entries.back();
    }
    return nullptr;
  }

  void capture(std::span<const Tensor> in, const Step& step);
};

/// Walks through the step. Its arguments stand for those of each replay: no two of them share memory.
void Plans::State::capture(std::span<const Tensor> in, const Step& step) {
  std::vector<Tensor> arguments;
  for (const Tensor& t : in) arguments.push_back(Tensor::empty(t.shape(), t.dtype(), t.device(), t.layout()));
  plan::Capture capture(arguments);
  std::vector<Tensor> results = step(arguments);
  for (Tensor& t : results)
    if (t.defined()) t = t.detach();
  plan::Program program = capture.finish(std::move(results));
  arguments.clear();
  Entry e{.key = Key::of(in), .replay = nullptr, .captured = nullptr};
  if (options.verify) e.captured = std::make_unique<plan::Replay>(program.copy());
  e.replay = std::make_unique<plan::Replay>(std::move(program), options);
  ++stats.captures;
  if (entries.size() == most_plans) entries.erase(entries.begin());
  entries.push_back(std::move(e));
}

Plans::Plans(const CompileOptions& options) : state_(std::make_unique<State>()) { state_->options = options; }
Plans::~Plans() = default;
Plans::Plans(Plans&&) noexcept = default;
Plans& Plans::operator=(Plans&&) noexcept = default;

const std::vector<Tensor>& Plans::run(std::span<const Tensor> in, const Step& step) {
  check(!recorder(), "a compiled step runs inside of another one: call the step itself there");
  for (const Tensor& t : in)
    check(t.defined() && !t.requires_grad(),
          "an argument of a compiled step is {}: it must be a tensor off the tape",
          t.defined() ? "on the tape" : "undefined");
  if (!std::all_of(in.begin(), in.end(), dense)) {
    std::vector<Tensor> copies;
    for (const Tensor& t : in) copies.push_back(dense(t) ? t : t.contiguous());
    return run(copies, step);
  }
  const Entry* found = state_->find(in);
  if (!found) {
    state_->capture(in, step);
    found = &state_->entries.back();
  }
  ++state_->stats.replays;
  if (found->captured) {
    plan::run_verified(*found->replay, *found->captured, in, state_->options.fuse ? 1e-3 : 0);
    return found->captured->results();
  }
  found->replay->run(in);
  return found->replay->results();
}

namespace {

PlanNode node_of(const plan::Step& s, std::vector<double>& times) {
  const Call& c = *s.call;
  PlanNode n{.op = c.op().name(), .kernel = s.kernel->name, .in = describe(c.ins), .out = describe(c.outs)};
  for (const auto* views : {&c.ins, &c.outs})
    for (const View& v : *views)
      if (v) n.bytes += v.numel() * size_of(v.dtype);
  std::nth_element(times.begin(), times.begin() + int64_t(times.size() / 2), times.end());
  n.seconds = times[times.size() / 2];
  std::vector<Refusal> refusals;
  if (op_table().count(n.op)) chosen_kernel(c, &refusals);
  if (n.op == "pointwise_chain") n.op = Chain::parse(c.s("chain"), c.inputs()).name();
  for (auto& r : refusals) n.refused.emplace_back(r.kernel, std::move(r.reason));
  return n;
}

}  // namespace

std::vector<PlanNode> Plans::explain(std::span<const Tensor> in, int rounds) {
  check(rounds >= 1, "explain wants at least one round, not {}", rounds);
  const Entry* found = state_->find(in);
  check(found, "there is no plan for these arguments: run the step first");
  plan::Replay* replay = found->replay.get();
  std::vector<std::vector<double>> times;
  for (int i = 0; i < rounds; ++i) replay->run_timed(in, times);
  std::vector<PlanNode> nodes;
  const plan::Program& program = replay->program();
  for (size_t i = 0; i < program.steps.size(); ++i) {
    if (program.steps[i].host) continue;
    PlanNode& n = nodes.emplace_back(node_of(program.steps[i], times[i]));
    for (const plan::Repeat& r : program.repeats)
      if (r.first <= i && i < r.last) n.parts = r.times, n.bytes *= r.times;
  }
  return nodes;
}

const Plans::Stats& Plans::stats() const {
  if (!state_->entries.empty()) {
    const plan::Replay& r = *state_->entries.back().replay;
    state_->stats.kernels = std::count_if(r.program().steps.begin(), r.program().steps.end(),
                                          [](const plan::Step& s) { return !s.host; });
    state_->stats.planned_bytes = r.bytes(), state_->stats.unplanned_bytes = r.unplanned_bytes();
  }
  return state_->stats;
}

}  // namespace fovea
