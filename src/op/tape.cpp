#include "op/tape.h"

#include <algorithm>
#include <atomic>
#include <map>

#include "tensor/recorder.h"

namespace fovea {
namespace {

thread_local bool recording = true;
thread_local Observer observer;
std::atomic<uint64_t> next_id{0};

/// Shape and place in the graph without the values. Leaves that want a gradient stay themselves: they own it.
Tensor ghost(const Tensor& t, bool keep_place) {
  if (!t.defined() || (keep_place && t.requires_grad() && t.is_leaf())) return t;
  Tensor g = t.detach();
  g.impl().storage = nullptr;
  if (keep_place) {
    g.impl().grad_fn = t.impl().grad_fn;
    g.impl().output_index = t.impl().output_index;
  }
  return g;
}

bool saves(const Op& op, const std::string& name, bool by_default) {
  if (!op.saves) return by_default;
  return std::find(op.saves->begin(), op.saves->end(), name) != op.saves->end();
}

constexpr uint32_t any_version = ~uint32_t{0};  // of values that the gradient does not read

uint32_t version_of(const Tensor& t) {
  return t.defined() && t.impl().storage ? t.impl().storage->version : any_version;
}

/// Where a gradient goes: a leaf by its identity, a result by its node and index.
using Place = std::pair<const void*, int>;
Place place_of(const Tensor& t) {
  return t.impl().grad_fn ? Place{t.impl().grad_fn.get(), t.impl().output_index} : Place{&t.impl(), -1};
}

void check_fresh(const Node& n) {
  for (size_t i = 0; i < n.versions.size(); ++i) {
    const bool input = i < n.inputs.size();
    const Tensor& t = input ? n.inputs[i] : n.outputs[i - n.inputs.size()];
    check(n.versions[i] == any_version || version_of(t) == n.versions[i],
          "[{}] {} {} of shape {} was changed in place after the forward pass", n.op->name(),
          input ? "input" : "result", input ? i : i - n.inputs.size(), t.defined() ? t.shape() : Dims{});
  }
}

/// One walk back over the tape.
class Walker {
 public:
  explicit Walker(BackwardOptions options) : options_(options) {}

  /// Gradients by place; `keep` are the results whose gradients the caller asks for.
  std::map<Place, Tensor> run(const Tensor& loss, const std::vector<Place>& keep) {
    check(loss.numel() == 1, "backward wants a loss of one element, not {}: reduce it with sum() or mean()",
          loss.describe());
    check(loss.requires_grad(), "the loss {} depends on no tensor that requires a gradient", loss.describe());
    add(loss, ones(loss.shape(), loss.dtype()));
    if (loss.impl().grad_fn) collect(loss.impl().grad_fn);
    while (!nodes_.empty()) {
      const auto node = std::prev(nodes_.end())->second;  // the latest call first
      nodes_.erase(std::prev(nodes_.end()));
      visit(*node, keep);
    }
    return std::move(grads_);
  }
  const std::map<Place, Tensor>& leaves() const { return leaves_; }

 private:
  void collect(const std::shared_ptr<Node>& node) { nodes_.emplace(node->id, node); }

  void add(const Tensor& t, const Tensor& g) {
    check(g.shape() == t.shape(), "gradient of shape {} for a tensor of shape {}", g.shape(), t.shape());
    Tensor& slot = grads_[place_of(t)];
    slot = slot.defined() ? call("add", {slot, g}) : g;
    if (t.is_leaf() && t.impl().requires_grad) leaves_[place_of(t)] = t;
  }

  void visit(Node& node, const std::vector<Place>& keep) {
    check(!node.released,
          "[{}] backward runs through this call a second time, but its values were released: set "
          "retain_graph in the first "
          "backward",
          node.op->name());
    Vjp v(*node.op, node.attrs);
    bool any = false;
    for (int i = 0; i < int(node.outputs.size()); ++i) {
      const Place place{&node, i};
      const auto it = grads_.find(place);
      v.gs.push_back(it == grads_.end() ? Tensor() : it->second);
      any |= v.gs.back().defined();
      if (it != grads_.end() && std::find(keep.begin(), keep.end(), place) == keep.end()) grads_.erase(it);
    }
    if (!any) return;
    check_fresh(node);
    v.ins = node.inputs;
    for (size_t i = 0; i < node.outputs.size(); ++i) v.outs.push_back(saved_output(node, int(i)));
    for (const auto& t : node.inputs) v.needed.push_back(t.defined() && t.requires_grad());
    const Grads gs = node.op->vjp(v);
    check(gs.size() == node.inputs.size(), "[{}] its vjp gave {} gradients for {} inputs", node.op->name(),
          gs.size(), node.inputs.size());
    for (size_t i = 0; i < gs.size(); ++i) {
      if (!v.needed[i] || !gs[i].defined()) continue;
      add(node.inputs[i], gs[i]);
      if (const auto& from = node.inputs[i].impl().grad_fn) collect(from);
    }
    if (!options_.create_graph && !options_.retain_graph) {
      node.released = true;
      node.inputs.clear(), node.outputs.clear(), node.versions.clear();
    }
  }

  /// The result as the rule may read it: back on the tape, if the gradient itself is recorded.
  Tensor saved_output(Node& node, int i) {
    Tensor out = node.outputs[size_t(i)].detach();
    if (!options_.create_graph) return out;
    out.impl().grad_fn = node.shared_from_this();
    out.impl().output_index = i;
    return out;
  }

  BackwardOptions options_;
  std::map<uint64_t, std::shared_ptr<Node>> nodes_;
  std::map<Place, Tensor> grads_;
  std::map<Place, Tensor> leaves_;
};

}  // namespace

NoGrad::NoGrad(bool on) : before_(recording) {
  if (on) recording = false;
}
NoGrad::~NoGrad() { recording = before_; }
bool grad_enabled() { return recording; }

Observe::Observe(Observer o) {
  before_ = observer;
  if (before_)
    observer = [outer = before_, inner = std::move(o)](const auto& op, const auto& attrs, const auto& in,
                                                       const auto& out) {
      inner(op, attrs, in, out);
      outer(op, attrs, in, out);
    };
  else observer = std::move(o);
}
Observe::~Observe() { observer = std::move(before_); }

void observe(const Op& op, const Attrs& attrs, const std::vector<Tensor>& in,
             const std::vector<Tensor>& out) {
  if (observer) [[unlikely]]
    observer(op, attrs, in, out);
}

Node::~Node() {
  // A long chain is taken apart in a loop: destructors that call each other would overflow the stack.
  thread_local std::vector<std::shared_ptr<Node>>* pending = nullptr;
  std::vector<std::shared_ptr<Node>> local;
  const bool outermost = !pending;
  if (outermost) pending = &local;
  for (auto& t : inputs)
    if (t.defined() && t.ptr().use_count() == 1 && t.impl().grad_fn)
      pending->push_back(std::move(t.impl().grad_fn));
  inputs.clear();
  if (!outermost) return;
  while (!local.empty()) {
    auto node = std::move(local.back());
    local.pop_back();
    node.reset();
  }
  pending = nullptr;
}

void record(const Op& op, const Attrs& attrs, const std::vector<Tensor>& in, std::vector<Tensor>& out) {
  auto node = std::make_shared<Node>();
  node->op = &op;
  node->attrs = attrs;
  node->id = next_id++;
  const auto& args = op.parsed.tensors;
  for (size_t i = 0; i < in.size(); ++i) {
    const bool keep = saves(op, args[std::min(i, args.size() - 1)].name, true);
    node->inputs.push_back(keep ? in[i] : ghost(in[i], true));
    node->versions.push_back(keep ? version_of(in[i]) : any_version);
  }
  for (size_t i = 0; i < out.size(); ++i) {
    const bool keep = saves(op, op.parsed.results[i], false);
    node->outputs.push_back(keep ? out[i].detach() : ghost(out[i], false));
    node->versions.push_back(version_of(node->outputs.back()));
    if (!is_float(out[i].dtype())) continue;
    out[i].impl().grad_fn = node;
    out[i].impl().output_index = int(i);
  }
}

/// `g` as a leaf may own it: dense, and shared with nobody (rules may hand one tensor to several inputs).
static Tensor owned(const Tensor& g) {
  const bool alone = g.ptr().use_count() == 1 && g.impl().storage.use_count() == 1;
  return alone && (g.is_contiguous() || g.layout() == Layout::blocked8) ? g : g.contiguous().clone();
}

void backward(const Tensor& loss, BackwardOptions options) {
  Walker walker(options);
  const NoGrad guard(!options.create_graph);
  auto grads = walker.run(loss, {});
  for (const auto& [place, leaf] : walker.leaves()) {
    const Tensor& g = grads.at(place);
    const Tensor old = leaf.grad();
    const bool in_place = old.defined() && old.is_contiguous() && !options.create_graph;
    if (in_place) call("accumulate", {old, g});
    else leaf.set_grad(old.defined() ? call("add", {old, g}) : owned(g));
    if (Recorder* r = recorder()) r->gradient(leaf, old);
  }
}

std::vector<Tensor> grad(const Tensor& loss, const std::vector<Tensor>& inputs, BackwardOptions options) {
  std::vector<Place> keep;
  for (const auto& t : inputs) {
    check(t.requires_grad(), "grad: input {} does not require a gradient", t.describe());
    keep.push_back(place_of(t));
  }
  Walker walker(options);
  const NoGrad guard(!options.create_graph);
  const auto grads = walker.run(loss, keep);
  std::vector<Tensor> out;
  for (const Place& p : keep) {
    const auto it = grads.find(p);
    out.push_back(it == grads.end() ? Tensor() : it->second);
  }
  return out;
}

void Tensor::backward() const { fovea::backward(*this); }

Tensor sum_to(const Tensor& g, const Dims& shape) {
  if (g.shape() == shape) return g;
  Dims axes;
  const int lead = g.rank() - shape.size();
  for (int i = 0; i < g.rank(); ++i)
    if (i < lead || (shape[i - lead] == 1 && g.size(i) != 1)) axes.push_back(i);
  const Tensor summed = call("sum", {g}, {{"dims", axes}, {"keepdim", true}});
  return summed.shape() == shape ? summed : call("reshape", {summed}, {{"shape", shape}});
}

}  // namespace fovea
