#include <algorithm>

#include "plan/rewrite.h"

namespace fovea::plan {
namespace {

using Kind = Buffer::Kind;

/// Runs a step whose inputs are constants. What it made during the capture is gone by now.
void compute_once(Program& p, Step& s) {
  const auto point = [&](std::vector<View>& views, const std::vector<Place>& places, bool result) {
    for (size_t i = 0; i < views.size(); ++i) {
      if (places[i].buffer < 0) continue;
      Buffer& b = p.buffers[size_t(places[i].buffer)];
      if (result) b.storage = std::make_shared<Storage>(b.bytes, Device{}), b.kind = Kind::constant;
      views[i].data = b.storage->data() + places[i].offset;
    }
  };
  point(s.call->ins, s.in, false);
  point(s.call->outs, s.out, true);
  const Storage scratch(s.scratch, Device{});
  s.call->scratch = scratch.data();
  s.kernel->run(*s.call);
}

}  // namespace

void fold_constants(Program& p) {
  std::vector<int> writers(p.buffers.size());
  for (const Step& s : p.steps) s.for_writes([&](int b) { ++writers[size_t(b)]; });
  std::vector<bool> known(p.buffers.size()), written(p.buffers.size());
  std::vector<Step> left;
  for (Step& s : p.steps) {
    bool same = repeats_itself(s);
    s.for_reads([&](int b) {
      const Kind kind = p.buffers[size_t(b)].kind;
      // Read before any kernel wrote it: filled on the host.
      const bool filled = !written[size_t(b)] && (kind == Kind::made || kind == Kind::kept);
      if (filled || kind == Kind::constant) known[size_t(b)] = true;
      same &= known[size_t(b)];
    });
    s.for_writes([&](int b) {
      const Kind kind = p.buffers[size_t(b)].kind;
      same &= kind == Kind::made && writers[size_t(b)] == 1;
      check(!known[size_t(b)],
            "a compiled step fills a tensor by hand, which [{}] then changes: make it by zeros() or full(), "
            "or run "
            "the step uncompiled",
            s.call->op().name());
    });
    if (!s.host) s.for_writes([&](int b) { written[size_t(b)] = true, known[size_t(b)] = same; });
    if (same) compute_once(p, s);
    else left.push_back(std::move(s));
  }
  for (size_t b = 0; b < p.buffers.size(); ++b)
    if (known[b] && p.buffers[b].kind == Kind::made) p.buffers[b].kind = Kind::constant;
  p.steps = std::move(left);
}

void drop_dead(Program& p) {
  std::vector<bool> wanted(p.buffers.size());
  for (size_t b = 0; b < p.buffers.size(); ++b)
    wanted[b] = p.buffers[b].kind == Kind::outside || p.buffers[b].kind == Kind::kept;
  std::vector<bool> live(p.steps.size());
  for (size_t i = p.steps.size(); i-- > 0;) {
    const Step& s = p.steps[i];
    live[i] = bool(s.host);
    if (!s.host) s.for_writes([&](int b) { live[i] = live[i] || wanted[size_t(b)]; });
    if (live[i] && !s.host) s.for_reads([&](int b) { wanted[size_t(b)] = true; });
  }
  size_t at = 0;
  std::erase_if(p.steps, [&](const Step&) { return !live[at++]; });
}

}  // namespace fovea::plan
