#include <algorithm>

#include "plan/program.h"

namespace fovea::plan {
namespace {

using Kind = Buffer::Kind;

/// Whether the step gives the same each time, if its inputs do.
bool repeats_itself(const Step& s) {
  if (s.host) return false;
  return std::none_of(s.attrs->begin(), s.attrs->end(), [](const Attr& a) {
    return std::holds_alternative<Live<int64_t>>(a) || std::holds_alternative<Live<double>>(a);
  });
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
      if (!written[size_t(b)] && (kind == Kind::made || kind == Kind::kept)) known[size_t(b)] = true;
      same &= known[size_t(b)];
    });
    s.for_writes([&](int b) {
      const Kind kind = p.buffers[size_t(b)].kind;
      same &= kind == Kind::made && writers[size_t(b)] == 1;
      if (known[size_t(b)] && p.refusal.empty())
        p.refusal = fmt::format("[{}] changes a tensor that the step filled by hand", s.call->op().name());
    });
    if (!s.host) s.for_writes([&](int b) { written[size_t(b)] = true, known[size_t(b)] = same; });
    if (!same) left.push_back(std::move(s));
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

namespace {

constexpr int64_t line = 64;
int64_t rounded(int64_t bytes) { return (bytes + line - 1) / line * line; }

struct Life {
  int64_t first, last, bytes, offset = -1;
};

/// The lowest place for `life` beside those that overlap it in time.
int64_t place(const std::vector<Life>& placed, const Life& life) {
  std::vector<std::pair<int64_t, int64_t>> taken;
  for (const Life& o : placed)
    if (o.first <= life.last && life.first <= o.last) taken.emplace_back(o.offset, o.offset + o.bytes);
  std::sort(taken.begin(), taken.end());
  int64_t at = 0;
  for (const auto& [begin, end] : taken) {
    if (at + life.bytes <= begin) break;
    at = std::max(at, end);
  }
  return at;
}

}  // namespace

Memory plan_memory(const Program& p) {
  Memory m;
  m.buffer.assign(p.buffers.size(), -1);
  m.scratch.assign(p.steps.size(), 0);
  std::vector<Life> lives(p.buffers.size(), Life{-1, -1, 0});
  for (size_t i = 0; i < p.steps.size(); ++i) {
    const auto touch = [&](int b) {
      Life& l = lives[size_t(b)];
      if (p.buffers[size_t(b)].kind != Kind::made) return;
      if (l.first < 0)
        l.first = int64_t(i), l.bytes = rounded(int64_t(p.buffers[size_t(b)].storage->bytes()));
      l.last = int64_t(i);
    };
    if (p.steps[i].host) continue;
    p.steps[i].for_reads(touch);
    p.steps[i].for_writes(touch);
  }
  struct Item {
    Life life;
    int64_t* result;
  };
  std::vector<Item> items;
  for (size_t b = 0; b < lives.size(); ++b)
    if (lives[b].first >= 0) items.push_back({lives[b], &m.buffer[b]}), m.unplanned += lives[b].bytes;
  for (size_t i = 0; i < p.steps.size(); ++i)
    if (p.steps[i].scratch > 0)
      items.push_back({{int64_t(i), int64_t(i), rounded(int64_t(p.steps[i].scratch))}, &m.scratch[i]});
  // Large ones first: they fragment least.
  std::stable_sort(items.begin(), items.end(),
                   [](const Item& a, const Item& b) { return a.life.bytes > b.life.bytes; });
  std::vector<Life> placed;
  for (Item& item : items) {
    item.life.offset = *item.result = place(placed, item.life);
    m.bytes = std::max(m.bytes, item.life.offset + item.life.bytes);
    placed.push_back(item.life);
  }
  return m;
}

}  // namespace fovea::plan
