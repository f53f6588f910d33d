#include <algorithm>

#include "base/arena.h"
#include "fovea/autograd.h"
#include "op/dispatch.h"
#include "op/tape.h"
#include "tensor/recorder.h"

namespace fovea {
namespace {

struct Scratch {
  explicit Scratch(size_t bytes)
      : bytes(bytes), data(bytes ? static_cast<char*>(arena::allocate(bytes)) : nullptr) {}
  ~Scratch() {
    if (data) arena::release(data, bytes);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  size_t bytes;
  char* data;
};

const Signature::TensorArg& arg_of(const Signature& s, size_t i) {
  return s.tensors[std::min(i, s.tensors.size() - 1)];
}

Attrs completed(const Op& op, Attrs attrs) {
  const auto& args = op.parsed.attrs;
  check(attrs.size() <= args.size(), "[{}] got {} attributes, takes {}", op.name(), attrs.size(),
        args.size());
  while (attrs.size() < args.size()) attrs.push_back(args[attrs.size()].fallback);
  return attrs;
}

/// Checks count, definedness and dtypes of the inputs; returns the dtype of the call.
DType check_inputs(const Op& op, const Attrs& attrs, const std::vector<Tensor>& in) {
  const Signature& s = op.parsed;
  const bool list = !s.tensors.empty() && s.tensors.back().list;
  check(list ? in.size() >= s.tensors.size() : in.size() == s.tensors.size(),
        "[{}] takes {}{} tensors, got {}", op.name(), list ? "at least " : "", s.tensors.size(), in.size());
  std::optional<DType> dtype;
  for (size_t i = 0; i < in.size(); ++i) {
    const auto& arg = arg_of(s, i);
    if (!in[i].defined()) {
      check(arg.optional, "[{}] {} is undefined", op.name(), arg.name);
      continue;
    }
    check(in[i].impl().storage != nullptr, "[{}] {} {} has no values any more (not saved by the tape)",
          op.name(), arg.name, in[i].shape());
    if (arg.dtype) {
      check(in[i].dtype() == *arg.dtype, "[{}] {} wants dtype {} but is {}: convert it with cast(x, {})",
            op.name(), arg.name, name_of(*arg.dtype), in[i].describe(), name_of(*arg.dtype));
      continue;
    }
    if (!dtype) dtype = in[i].dtype();
    check(in[i].dtype() == *dtype,
          "[{}] {} is {} but the inputs before it are {}: convert one with cast(x, {})", op.name(), arg.name,
          in[i].describe(), name_of(*dtype), name_of(*dtype));
  }
  if (!dtype) {
    const int at = s.attr_index("dtype");
    dtype = at >= 0 ? std::get<DType>(attrs[size_t(at)]) : f32;
  }
  check(op.compose || allows(op.dtypes, *dtype),
        "[{}] does not compute in {}: convert the inputs to {} with cast(x, f32)", op.name(), name_of(*dtype),
        op.dtypes == DTypes::floats ? "f32 or f64" : "f32, f64, i32 or i64");
  return *dtype;
}

Call make_call(const Op& op, const Attrs& attrs, const std::vector<Tensor>& in, DType dtype) {
  std::vector<View> views;
  views.reserve(in.size());
  for (const auto& t : in) views.push_back(view_of(t));
  Call c(op, attrs, std::move(views));
  c.dtype_ = dtype;
  return c;
}

/// Brings the inputs into the layouts `kernel` wants, in `held` where that makes a copy.
void convert_inputs(const Kernel& kernel, const std::vector<Layout>& layouts, const std::vector<Tensor>& in,
                    Call& c, std::vector<Tensor>& held) {
  const bool strided = kernel.inputs == Inputs::strided || kernel.inputs == Inputs::follow;
  for (size_t i = 0; i < in.size(); ++i) {
    if (!in[i].defined()) continue;
    const bool fits =
        c.ins[i].layout == layouts[i] && (strided || layouts[i] == Layout::blocked8 || c.ins[i].contiguous());
    if (fits) continue;
    check(!arg_of(c.op().parsed, i).mutated,
          "[{}] writes into {} {}, which must be dense and in plain layout", c.op().name(),
          arg_of(c.op().parsed, i).name, in[i].describe());
    Tensor t = in[i].detach();
    t = layouts[i] == t.layout() ? t.contiguous() : t.to(layouts[i]);
    c.ins[i] = view_of(t);
    held.resize(in.size());
    held[i] = std::move(t);
  }
}

std::vector<Tensor> run_kernel(Call& c, const std::vector<Tensor>& in) {
  const Op& op = c.op();
  for (const auto& rule : op.require) rule(c);
  const Specs specs = op.shape ? op.shape(c) : Specs{};
  const Kernel& kernel = choose_kernel(c);
  std::vector<Layout> in_layouts, out_layouts(specs.size(), Layout::plain);
  layouts_of(kernel, c, in_layouts, out_layouts);
  std::vector<Tensor> held, out;
  convert_inputs(kernel, in_layouts, in, c, held);
  for (size_t i = 0; i < specs.size(); ++i) {
    out.push_back(Tensor::empty(specs[i].shape, specs[i].dtype, kernel.device, out_layouts[i]));
    c.outs.push_back(view_of(out.back()));
  }
  const size_t bytes = kernel.scratch ? kernel.scratch(c) : 0;
  if (Recorder* r = recorder()) [[unlikely]] {
    for (size_t i = 0; i < in.size(); ++i)
      if (held.resize(in.size()); !held[i].defined()) held[i] = in[i];
    r->ran(kernel, c, held, out, bytes);
    return out;
  }
  const Scratch scratch(bytes);
  c.scratch = scratch.data;
  kernel.run(c);
  return out;
}

bool any_requires_grad(const std::vector<Tensor>& in) {
  return std::any_of(in.begin(), in.end(), [](const Tensor& t) { return t.requires_grad(); });
}

void note_writes(const Op& op, const std::vector<Tensor>& in) {
  for (size_t i = 0; i < in.size(); ++i)
    if (in[i].defined() && arg_of(op.parsed, i).mutated) in[i].impl().storage->version++;
}

void check_writes(const Op& op, const std::vector<Tensor>& in) {
  if (!grad_enabled()) return;
  for (size_t i = 0; i < in.size(); ++i)
    check(!arg_of(op.parsed, i).mutated || !in[i].requires_grad(),
          "[{}] would write into {} {}, which is on the tape: wrap the call in a NoGrad guard", op.name(),
          arg_of(op.parsed, i).name, in[i].describe());
}

/// Runs `f`; an error from deeper down that does not name this op yet is told again with its name and inputs.
template <class F>
auto named(const Op& op, const std::vector<Tensor>& in, F&& f) {
  try {
    return f();
  } catch (const Error& e) {
    const std::string text = e.what(), tag = "[" + op.name() + "]";
    if (text.find(tag) != std::string::npos) throw;
    std::vector<View> views;
    for (const auto& t : in) views.push_back(view_of(t));
    fail("{} {} (inputs {})", tag, text, describe(views));
  }
}

}  // namespace

std::vector<Tensor> apply(const Op& op, const std::vector<Tensor>& in, Attrs given) {
  const Attrs attrs = completed(op, std::move(given));
  const DType dtype = check_inputs(op, attrs, in);
  if (op.compose) return named(op, in, [&] { return op.compose(Args(op, attrs, in)); });
  check_writes(op, in);
  std::vector<Tensor> out;
  if (op.view) {
    std::vector<Tensor> source;
    for (const auto& t : in) source.push_back(t.detach());
    out = {named(op, in, [&] { return op.view(Args(op, attrs, source)).detach(); })};
  } else {
    Call c = make_call(op, attrs, in, dtype);
    out = named(op, in, [&] { return run_kernel(c, in); });
  }
  note_writes(op, in);
  if (grad_enabled() && op.vjp && any_requires_grad(in)) record(op, attrs, in, out);
  observe(op, attrs, in, out);
  return out;
}

Tensor call(const std::string& name, const std::vector<Tensor>& in, const NamedAttrs& attrs) {
  const Op& op = find_op(name);
  auto out = apply(op, in, attrs_of(op, attrs));
  return out.empty() ? Tensor() : out[0];
}

}  // namespace fovea
