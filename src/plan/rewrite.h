// What passes that rewrite a program share: who uses which buffer, matching, and new calls.
#pragma once
#include <optional>

#include "plan/program.h"

namespace fovea::plan {

/// The steps that write and read each buffer, in order. Steps without kernel and host work are gone.
struct Uses {
  explicit Uses(const Program& p);
  std::vector<std::vector<int>> writers, readers;  // by buffer

  /// Whether a step in (after, before) writes the buffer.
  bool written_between(int buffer, int after, int before) const;
  bool read_between(int buffer, int after, int before) const;
};

/// A tensor of a step.
struct Arg {
  View view;
  Place place;
};
Arg input(const Step& s, int i);
Arg result(const Step& s, int i = 0);

inline bool is(const Step& s, std::string_view op) { return s.kernel && s.call->op().name() == op; }
/// Whether each element of its results depends on one of each input alone.
bool elementwise(const Step& s);
/// Whether the step gives the same each time, if its inputs do.
bool repeats_itself(const Step& s);
/// Whether there is no tensor, or one that is the same in each replay.
inline bool constant(const Program& p, const Place& place) {
  return place.buffer < 0 || p.buffers[size_t(place.buffer)].kind == Buffer::Kind::constant;
}
/// Whether it is all of its buffer, dense.
bool whole(const Program& p, const Arg& a);
/// Whether both are the same elements, each all of its buffer, in the same order.
bool same(const Program& p, const Arg& a, const Arg& b);
/// The step that alone writes all of `a`, which the step makes; -1 if there is none.
int maker(const Program& p, const Uses& u, const Arg& a);
/// The step that alone reads `a`, which the step makes; -1 if there is none.
int only_reader(const Program& p, const Uses& u, const Arg& a);

/// The attributes of a step by name, and more.
NamedAttrs attributes(const Step& s, NamedAttrs more = {});

/// A call of `op` for the arguments as they lie, or nothing if no kernel but a reference takes it so.
std::optional<Step> call_of(const char* op, const NamedAttrs& attrs, const std::vector<Arg>& in,
                            const std::vector<Arg>& out, bool constant_weight = false);

/// Applies rule(p, uses, step) everywhere; a rule that changed something says true and leaves steps it
/// replaced empty.
using Rule = bool (*)(Program&, const Uses&, int);
void rewrite(Program& p, Rule rule);
/// Makes a step empty.
void remove(Step& s);

}  // namespace fovea::plan
