// Elementwise steps that follow each other become one, evaluated tile by tile: what passes between them stays
// in the nearest cache, or is never written.
#include "op/chain.h"

#include <algorithm>
#include <set>

#include "plan/rewrite.h"

namespace fovea::plan {
namespace {

/// An elementwise step, or a chain of them.
struct Part {
  Chain chain;
  std::vector<Arg> in, out;
};

std::optional<Part> part_of(const Step& s) {
  if (!s.kernel || s.out.empty()) return std::nullopt;
  Part part;
  for (size_t k = 0; k < s.in.size(); ++k) part.in.push_back(input(s, int(k)));
  for (size_t k = 0; k < s.out.size(); ++k) part.out.push_back(result(s, int(k)));
  if (is(s, "pointwise_chain")) {
    part.chain = Chain::parse(s.call->s("chain"), int(s.in.size()));
    return part;
  }
  if (s.in.empty() || !loops_within(s.call->op(), s.call->dtype()) ||
      s.call->dtype() != s.call->out().dtype || (s.call->dtype() != f32 && s.call->dtype() != f64))
    return std::nullopt;
  Chain::Link link{&s.call->op(), {}, {}};
  for (size_t k = 0; k < s.in.size(); ++k) link.args.push_back({false, int(k)});
  for (const Attr& a : *s.attrs) link.attrs.push_back(std::get<double>(a));
  part.chain = {{std::move(link)}, {0}};
  return part;
}

bool lie_alike(const Arg& a, const Arg& b) {
  return a.place.buffer == b.place.buffer && a.place.offset == b.place.offset &&
         a.view.shape == b.view.shape && a.view.layout == b.view.layout &&
         (a.view.layout == Layout::blocked8 || a.view.strides == b.view.strides);
}

/// The chain that computes `first`, then `second`; results of `first` that are not `kept` go.
std::optional<Part> joined(const Part& first, const Part& second, const std::vector<bool>& kept) {
  Part both = first;
  const int links = int(first.chain.links.size());
  std::vector<Chain::Value> given;  // to the inputs of `second`
  for (const Arg& a : second.in) {
    const auto like = [&](const Arg& b) { return lie_alike(a, b); };
    if (const auto r = std::find_if(first.out.begin(), first.out.end(), like); r != first.out.end()) {
      given.push_back({true, first.chain.results[size_t(r - first.out.begin())]});
      continue;
    }
    auto x = std::find_if(both.in.begin(), both.in.end(), like);
    if (x == both.in.end()) x = both.in.insert(x, a);
    given.push_back({false, int(x - both.in.begin())});
  }
  for (Chain::Link link : second.chain.links) {
    for (Chain::Value& v : link.args)
      v = v.made ? Chain::Value{true, v.index + links} : given[size_t(v.index)];
    both.chain.links.push_back(std::move(link));
  }
  both.out.clear(), both.chain.results.clear();
  for (size_t r = 0; r < first.out.size(); ++r)
    if (kept[r]) both.out.push_back(first.out[r]), both.chain.results.push_back(first.chain.results[r]);
  for (size_t r = 0; r < second.out.size(); ++r)
    both.out.push_back(second.out[r]), both.chain.results.push_back(second.chain.results[r] + links);
  const bool fits = int(both.chain.links.size()) <= Chain::most_links &&
                    int(both.in.size()) <= Chain::most_inputs && int(both.out.size()) <= Chain::most_results;
  return fits ? std::optional(std::move(both)) : std::nullopt;
}

/// The first elementwise step behind i that reads a result of it as it is, whose own results lie alike.
int next_link(const Program& p, const Uses& u, int i, const Part& part) {
  int next = -1;
  for (const Arg& a : part.out) {
    if (!whole(p, a) || u.writers[size_t(a.place.buffer)] != std::vector<int>{i}) return -1;
    for (const int r : u.readers[size_t(a.place.buffer)]) {
      if (r <= i || (next >= 0 && r >= next)) continue;
      const auto reader = part_of(p.steps[size_t(r)]);
      const bool alike = reader && std::all_of(reader->out.begin(), reader->out.end(), [&](const Arg& b) {
                           return whole(p, b) && b.view.shape == a.view.shape &&
                                  b.view.layout == a.view.layout && b.view.dtype == a.view.dtype &&
                                  u.writers[size_t(b.place.buffer)] == std::vector<int>{r};
                         });
      const bool as_it_is = alike && std::all_of(reader->in.begin(), reader->in.end(), [&](const Arg& b) {
                              return b.place.buffer != a.place.buffer || lie_alike(a, b);
                            });
      if (as_it_is) next = r;
    }
  }
  return next;
}

/// Whether the program makes the buffer and nobody but step j reads it behind step i.
bool ends_with(const Program& p, const Uses& u, const Arg& a, int i, int j) {
  const auto& readers = u.readers[size_t(a.place.buffer)];
  return p.buffers[size_t(a.place.buffer)].kind == Buffer::Kind::made &&
         std::all_of(readers.begin(), readers.end(), [&](int r) { return r <= i || r == j; });
}

/// Bytes of those among `args`.
size_t bytes_ending(const Program& p, const Uses& u, const std::vector<Arg>& args, int i, int j) {
  std::set<int> buffers;
  for (const Arg& a : args)
    if (ends_with(p, u, a, i, j)) buffers.insert(a.place.buffer);
  size_t bytes = 0;
  for (const int b : buffers) bytes += p.buffers[size_t(b)].bytes;
  return bytes;
}

size_t bytes_of(const Program& p, const std::vector<Arg>& args) {
  size_t bytes = 0;
  for (const Arg& a : args) bytes += p.buffers[size_t(a.place.buffer)].bytes;
  return bytes;
}

bool written_between(const Uses& u, const std::vector<Arg>& args, int after, int before) {
  return std::any_of(args.begin(), args.end(),
                     [&](const Arg& a) { return u.written_between(a.place.buffer, after, before); });
}
bool read_between(const Uses& u, const std::vector<Arg>& args, int after, int before) {
  return std::any_of(args.begin(), args.end(),
                     [&](const Arg& a) { return u.read_between(a.place.buffer, after, before); });
}

/// Where steps i and j run as one: at i or at j, if what they read is there and nothing larger lives longer
/// for it than what goes; -1 if nowhere.
int meeting(const Program& p, const Uses& u, int i, const Part& first, int j, const Part& second) {
  const auto free = [&](const Part& part) {
    return !written_between(u, part.in, i, j) && !written_between(u, part.out, i, j) &&
           !read_between(u, part.out, i, j);
  };
  const bool neighbours = std::none_of(p.steps.begin() + i + 1, p.steps.begin() + j,
                                       [](const Step& s) { return s.kernel || s.host; });
  if (free(second) && (neighbours || bytes_of(p, second.out) <= bytes_ending(p, u, second.in, j, j)))
    return i;
  return free(first) && bytes_ending(p, u, first.in, i, i) <= bytes_ending(p, u, first.out, i, j) ? j : -1;
}

bool join(Program& p, const Uses& u, int i) {
  const auto first = part_of(p.steps[size_t(i)]);
  const int j = first ? next_link(p, u, i, *first) : -1;
  if (j < 0) return false;
  const auto second = part_of(p.steps[size_t(j)]);
  std::vector<bool> kept;
  for (const Arg& a : first->out) kept.push_back(!ends_with(p, u, a, i, j));
  const int at = meeting(p, u, i, *first, j, *second);
  const auto both = at < 0 ? std::nullopt : joined(*first, *second, kept);
  if (!both) return false;
  auto chain = call_of("pointwise_chain", {{"chain", both->chain.text()}}, both->in, both->out);
  if (!chain) return false;
  remove(p.steps[size_t(i)]), remove(p.steps[size_t(j)]);
  p.steps[size_t(at)] = std::move(*chain);
  return true;
}

}  // namespace

void chain_elementwise(Program& p) {
  size_t steps;
  do {
    steps = p.steps.size();
    rewrite(p, join);
  } while (p.steps.size() < steps);
}

}  // namespace fovea::plan
