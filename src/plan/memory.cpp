#include <algorithm>
#include <utility>

#include "op/chain.h"
#include "plan/rewrite.h"

namespace fovea::plan {
namespace {

constexpr int64_t line = 64;
/// Large ones with some lines more: what begins at a multiple of 4096 bytes meets in the same places of the
/// cache.
int64_t rounded(int64_t bytes) { return (bytes + line - 1) / line * line + (bytes >= 4096 ? 9 * line : 0); }

struct Life {  // of a place in memory: the steps from the first that writes to the last that reads
  int64_t first = -1, last = -1, bytes = 0, offset = -1;
};

/// Where buffers live: several that follow each other may share a place.
struct Places {
  std::vector<Life> lives;
  std::vector<size_t> of;  // by buffer

  explicit Places(const Program& p) : lives(p.buffers.size()), of(p.buffers.size()) {
    for (size_t b = 0; b < of.size(); ++b) of[b] = b;
    for (size_t i = 0; i < p.steps.size(); ++i) {
      const auto touch = [&](int b) {
        Life& l = lives[size_t(b)];
        if (p.buffers[size_t(b)].kind != Buffer::Kind::made) return;
        if (l.first < 0) l.first = int64_t(i), l.bytes = rounded(int64_t(p.buffers[size_t(b)].bytes));
        l.last = int64_t(i);
      };
      if (p.steps[i].host) continue;
      p.steps[i].for_reads(touch);
      p.steps[i].for_writes(touch);
    }
    for (const Repeat& r : p.repeats) keep_during(r);
  }

  /// Puts results of an elementwise step where inputs lie that nobody reads afterwards.
  void share(const Program& p) {
    for (size_t i = 0; i < p.steps.size(); ++i) {
      const Step& s = p.steps[i];
      if (s.host || !elementwise(s)) continue;
      std::optional<Chain> chain;
      if (!s.call->op().pointwise) chain = Chain::parse(s.call->s("chain"), s.call->inputs());
      for (size_t r = 0; r < s.out.size(); ++r)
        for (size_t k = 0; k < s.in.size(); ++k)
          if (fits(s, k, r) && (!chain || chain->may_replace(int(k), int(r))) &&
              join(p, s.in[k].buffer, s.out[r].buffer, int64_t(i)))
            break;
    }
  }

 private:
  /// What crosses the border of steps that repeat lives as long as they do.
  void keep_during(const Repeat& r) {
    const auto first = int64_t(r.first), last = int64_t(r.last);
    for (Life& l : lives) {
      if (l.first < first && l.last >= first && l.last < last) l.last = last - 1;
      if (l.first >= first && l.first < last && l.last >= last) l.first = first;
    }
  }

  /// Whether input k and result r are the same elements at the same places, each all of its buffer.
  static bool fits(const Step& s, size_t k, size_t r) {
    const View &x = s.call->ins[k], &y = s.call->outs[r];
    return s.in[k].buffer >= 0 && s.in[k].offset == 0 && s.out[r].offset == 0 && x.layout == y.layout &&
           x.dtype == y.dtype && x.shape == y.shape && (x.layout == Layout::blocked8 || x.contiguous());
  }

  bool join(const Program& p, int from, int to, int64_t step) {
    const auto made = [&](int b) { return p.buffers[size_t(b)].kind == Buffer::Kind::made; };
    if (!made(from) || !made(to) || from == to) return false;
    const size_t place = of[size_t(from)];
    Life &a = lives[place], &b = lives[size_t(to)];
    if (a.last != step || b.first != step || a.bytes != b.bytes || of[size_t(to)] != size_t(to)) return false;
    a.last = b.last, b.first = -1;
    of[size_t(to)] = place;
    return true;
  }
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

namespace {

Memory nothing_placed(const Program& p) {
  Memory m;
  m.buffer.assign(p.buffers.size(), -1);
  m.scratch.assign(p.steps.size(), 0);
  for (const Buffer& b : p.buffers)
    if (b.kind == Buffer::Kind::made) m.unplanned += rounded(int64_t(b.bytes));
  return m;
}

}  // namespace

Memory spread_memory(const Program& p) {
  Memory m = nothing_placed(p);
  const auto next = [&](size_t bytes) { return std::exchange(m.bytes, m.bytes + rounded(int64_t(bytes))); };
  for (size_t b = 0; b < p.buffers.size(); ++b)
    if (p.buffers[b].kind == Buffer::Kind::made) m.buffer[b] = next(p.buffers[b].bytes);
  for (size_t i = 0; i < p.steps.size(); ++i) m.scratch[i] = next(p.steps[i].scratch);
  return m;
}

Memory plan_memory(const Program& p) {
  Memory m = nothing_placed(p);
  Places places(p);
  places.share(p);
  struct Item {
    Life life;
    int64_t* result;
  };
  std::vector<Item> items;
  for (Life& l : places.lives)
    if (l.first >= 0) items.push_back({l, &l.offset});
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
  for (size_t b = 0; b < m.buffer.size(); ++b) m.buffer[b] = places.lives[places.of[b]].offset;
  return m;
}

}  // namespace fovea::plan
