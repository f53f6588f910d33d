#include "op/dispatch.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <utility>

#include "op/pointwise_run.h"
#include "op/table.h"

namespace fovea {
namespace {

thread_local std::string forced;

std::atomic<bool>& plain_switch() {
  static std::atomic<bool> on = [] {
    const char* layout = std::getenv("FOVEA_LAYOUT");
    return layout && std::string(layout) == "plain";
  }();
  return on;
}

/// A reason if the kernel works on blocked tensors where only plain ones are allowed.
const char* refuse_layout(const Kernel& kernel, const Call& call) {
  if (!kernel.layouts || !plain_only()) return nullptr;
  std::vector<Layout> in, out(call.op().parsed.results.size(), Layout::plain);
  layouts_of(kernel, call, in, out);
  const auto blocked = [](const auto& l) {
    return std::find(l.begin(), l.end(), Layout::blocked8) != l.end();
  };
  return blocked(in) || blocked(out) ? "plain layout is forced" : nullptr;
}

void run_reference(const Call& c) { c.op().reference(c); }

const Kernel& reference_of(const Op& op) {
  static const Kernel reference{.name = "reference", .run = run_reference};
  static const Kernel pointwise{.name = "reference", .run = run_pointwise_baseline, .inputs = Inputs::follow};
  static const Kernel reduction{.name = "reference",
                                .scratch = reduction_scratch,
                                .run = run_reduction_baseline,
                                .inputs = Inputs::strided,
                                .layouts = reduction_layouts};
  return op.pointwise ? pointwise : op.reduction ? reduction : reference;
}

/// Candidates every pointwise or reduction op has: its own text, compiled for this processor.
const std::vector<Kernel>& candidates_of(const Op& op) {
  static const std::vector<Kernel> pointwise{{.name = "cpu:avx2",
                                              .refuse = refuse_avx2,
                                              .run = run_pointwise_avx2,
                                              .inputs = Inputs::follow,
                                              .bind = bind_pointwise_avx2}};
  static const std::vector<Kernel> reduction{{.name = "cpu:avx2",
                                              .refuse = refuse_avx2,
                                              .scratch = reduction_scratch,
                                              .run = run_reduction_avx2,
                                              .inputs = Inputs::strided,
                                              .bind = bind_reduction_avx2}};
  return op.pointwise ? pointwise : op.reduction ? reduction : registered_kernels(op.name());
}

}  // namespace

const Kernel& choose_kernel(const Call& call, std::vector<Refusal>* refusals) {
  const Op& op = call.op();
  for (const Kernel& k : candidates_of(op)) {
    if (!forced.empty() && forced != k.name) continue;
    const char* reason = k.refuse ? k.refuse(call) : nullptr;
    if (!reason) reason = refuse_layout(k, call);
    if (!reason && k.slower && forced.empty()) reason = k.slower(call);
    if (!reason) return k;
    if (refusals) refusals->push_back({k.name, reason});
    check(forced.empty(), "[{}] kernel {} refuses: {} (inputs {})", op.name(), forced, reason,
          describe(call.ins));
  }
  return reference_of(op);
}

void layouts_of(const Kernel& kernel, const Call& call, std::vector<Layout>& in, std::vector<Layout>& out) {
  in.assign(call.ins.size(), Layout::plain);
  if (kernel.layouts) return kernel.layouts(call, in, out);
  if (kernel.inputs != Inputs::follow) return;
  const auto blocked = std::find_if(call.ins.begin(), call.ins.end(),
                                    [](const View& v) { return v.layout == Layout::blocked8; });
  for (size_t i = 0; i < in.size(); ++i) in[i] = call.ins[i].layout;
  if (blocked == call.ins.end()) return;
  out.assign(out.size(), Layout::blocked8);
  // Walking through both layouts at once costs more than to convert.
  for (size_t i = 0; i < in.size(); ++i)
    if (call.ins[i] && call.ins[i].shape == blocked->shape) in[i] = Layout::blocked8;
}

const std::vector<Kernel>& kernels_of(const std::string& op) { return candidates_of(find_op(op)); }

bool plain_only() { return plain_switch(); }
void set_plain_only(bool on) { plain_switch() = on; }

std::string chosen_kernel(const Call& call, std::vector<Refusal>* refusals) {
  return choose_kernel(call, refusals).name;
}

ForceKernel::ForceKernel(std::string name) : before_(std::exchange(forced, std::move(name))) {}
ForceKernel::~ForceKernel() { forced = before_; }

}  // namespace fovea
