#include "plan/rewrite.h"

#include <algorithm>

#include "op/dispatch.h"

namespace fovea::plan {

Uses::Uses(const Program& p) : writers(p.buffers.size()), readers(p.buffers.size()) {
  for (size_t i = 0; i < p.steps.size(); ++i) {
    if (!p.steps[i].kernel) continue;
    p.steps[i].for_reads([&](int b) { readers[size_t(b)].push_back(int(i)); });
    p.steps[i].for_writes([&](int b) { writers[size_t(b)].push_back(int(i)); });
  }
}

namespace {

bool any_between(const std::vector<int>& steps, int after, int before) {
  return std::any_of(steps.begin(), steps.end(), [&](int i) { return i > after && i < before; });
}

}  // namespace

bool Uses::written_between(int buffer, int after, int before) const {
  return buffer >= 0 && any_between(writers[size_t(buffer)], after, before);
}
bool Uses::read_between(int buffer, int after, int before) const {
  return buffer >= 0 && any_between(readers[size_t(buffer)], after, before);
}

Arg input(const Step& s, int i) { return {s.call->ins[size_t(i)], s.in[size_t(i)]}; }
Arg result(const Step& s, int i) { return {s.call->outs[size_t(i)], s.out[size_t(i)]}; }

bool repeats_itself(const Step& s) {
  if (s.host) return false;
  return std::none_of(s.attrs->begin(), s.attrs->end(), [](const Attr& a) {
    return std::holds_alternative<Live<int64_t>>(a) || std::holds_alternative<Live<double>>(a);
  });
}

bool whole(const Program& p, const Arg& a) {
  return a.place.buffer >= 0 && a.place.offset == 0 &&
         size_t(a.view.numel() * size_of(a.view.dtype)) == p.buffers[size_t(a.place.buffer)].bytes &&
         (a.view.layout == Layout::blocked8 || a.view.contiguous());
}

bool same(const Program& p, const Arg& a, const Arg& b) {
  return a.place.buffer == b.place.buffer && whole(p, a) && whole(p, b) && a.view.shape == b.view.shape &&
         a.view.layout == b.view.layout;
}

int maker(const Program& p, const Uses& u, const Arg& a) {
  if (!whole(p, a)) return -1;
  const auto& by = u.writers[size_t(a.place.buffer)];
  return p.buffers[size_t(a.place.buffer)].kind == Buffer::Kind::made && by.size() == 1 ? by[0] : -1;
}

int only_reader(const Program& p, const Uses& u, const Arg& a) {
  if (maker(p, u, a) < 0) return -1;
  const auto& by = u.readers[size_t(a.place.buffer)];
  return by.size() == 1 ? by[0] : -1;
}

NamedAttrs attributes(const Step& s, NamedAttrs more) {
  const auto& args = s.call->op().parsed.attrs;
  for (size_t i = 0; i < args.size(); ++i) more.emplace_back(args[i].name, (*s.attrs)[i]);
  return more;
}

std::optional<Step> call_of(const char* op, const NamedAttrs& attrs, const std::vector<Arg>& in,
                            const std::vector<Arg>& out, bool constant_weight) {
  const Op& record = find_op(op);
  Step s;
  s.attrs = std::make_unique<const Attrs>(attrs_of(record, attrs));
  std::vector<View> views;
  for (const Arg& a : in) views.push_back(a.view), s.in.push_back(a.place);
  s.call = std::make_unique<Call>(record, *s.attrs, std::move(views));
  s.call->dtype_ = in[0].view.dtype;
  s.call->constant_weight = constant_weight;
  s.kernel = &choose_kernel(*s.call);
  if (std::string_view(s.kernel->name) == "reference") return std::nullopt;
  std::vector<Layout> in_layouts, out_layouts(out.size(), Layout::plain);
  layouts_of(*s.kernel, *s.call, in_layouts, out_layouts);
  const bool strided = s.kernel->inputs == Inputs::strided || s.kernel->inputs == Inputs::follow;
  const auto fits = [](const View& v, Layout wanted, bool strided) {
    return !v || (v.layout == wanted && (strided || wanted == Layout::blocked8 || v.contiguous()));
  };
  for (size_t i = 0; i < in.size(); ++i)
    if (!fits(in[i].view, in_layouts[i], strided)) return std::nullopt;
  for (size_t i = 0; i < out.size(); ++i) {
    if (!fits(out[i].view, out_layouts[i], false)) return std::nullopt;
    s.call->outs.push_back(out[i].view), s.out.push_back(out[i].place);
  }
  s.scratch = s.kernel->scratch ? s.kernel->scratch(*s.call) : 0;
  return s;
}

void rewrite(Program& p, Rule rule) {
  Uses uses(p);
  for (size_t i = 0; i < p.steps.size(); ++i)
    if (p.steps[i].kernel && rule(p, uses, int(i))) uses = Uses(p);
  std::erase_if(p.steps, [](const Step& s) { return !s.kernel && !s.host; });
}

void remove(Step& s) { s = Step(); }

bool elementwise(const Step& s) { return s.kernel && (s.call->op().pointwise || is(s, "pointwise_chain")); }

}  // namespace fovea::plan
