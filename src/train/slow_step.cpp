#include "fovea/slow_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "train/chain_rule.h"

namespace fovea::train {
namespace {

struct OpCall {
  std::string op;
  std::vector<Tensor> in;
  Tensor out;
};

/// Writes down every op of a forward pass, and gives tensors the names of the modules that made them.
class Story : public nn::ModuleObserver {
 public:
  void name(const Tensor& t, const std::string& name) { names_[t.ptr().get()] = name; }
  const std::string& name_of(const Tensor& t) const {
    static const std::string constant = "constant";
    const auto found = names_.find(t.ptr().get());
    return found == names_.end() ? constant : found->second;
  }
  std::vector<std::string> names_of(const std::vector<Tensor>& tensors) const {
    std::vector<std::string> names;
    for (const Tensor& t : tensors) names.push_back(t.defined() ? name_of(t) : "");
    return names;
  }
  const std::vector<OpCall>& calls() const { return calls_; }

  void add(const Op& op, const std::vector<Tensor>& in, const Tensor& out) {
    calls_.push_back({op.name(), in, out});
    std::string wanted =
        paths_.empty() || paths_.back().empty() ? op.name() : paths_.back() + "." + op.name();
    for (int number = 2; !used_.insert(wanted).second; ++number)
      wanted = fmt::format("{}{}", op.name(), number);
    name(out, wanted);
  }
  void enter(const nn::Module& module, const Tensor&) override { paths_.push_back(module.path()); }
  void leave(const nn::Module& module, const Tensor& x, const Tensor& y) override {
    paths_.pop_back();
    if (module.children().empty() && !module.path().empty() && y.ptr() != x.ptr()) name(y, module.path());
  }

 private:
  std::map<const TensorImpl*, std::string> names_;
  std::set<std::string> used_;
  std::vector<std::string> paths_;
  std::vector<OpCall> calls_;
};

/// The tensors that the loss blames, from the loss back, each after all ops that read it.
std::vector<SlowStep::Blame> blamed(const Story& story, const Tensor& loss) {
  std::vector<SlowStep::Blame> all{{"loss", "1", {}}};
  std::vector<Tensor> tensors{loss};
  std::map<const TensorImpl*, size_t> place{{loss.ptr().get(), 0}};
  const auto& calls = story.calls();
  for (size_t k = calls.size(); k-- > 0;) {
    const OpCall& c = calls[k];
    if (!place.contains(c.out.ptr().get())) continue;
    const auto names = story.names_of(c.in);
    for (size_t i = 0; i < c.in.size(); ++i) {
      if (!c.in[i].defined() || !c.in[i].requires_grad()) continue;
      const std::string term = chain_rule_term(c.op, i, names, story.name_of(c.out));
      const auto [at, fresh] = place.emplace(c.in[i].ptr().get(), all.size());
      if (!fresh) {
        all[at->second].term += " + " + term;
        continue;
      }
      all.push_back({names[i], term, {}});
      tensors.push_back(c.in[i]);
    }
  }
  const auto gradients = grad(loss, tensors, {.retain_graph = true});
  for (size_t i = 0; i < all.size(); ++i) all[i].gradient = gradients[i];
  return all;
}

}  // namespace

SlowStep slow_step(const nn::Module& model, const Tensor& x, const Tensor& t,
                   const std::function<Tensor(const Tensor& y, const Tensor& t)>& objective,
                   optim::Optimizer& optimizer, bool maximise) {
  SlowStep s;
  Story story;
  story.name(x, "x"), story.name(t, "t");
  for (const auto& [name, p] : model.named_parameters()) story.name(p, name);
  Tensor loss;
  {
    const Observe observe(
        [&](const Op& op, const Attrs&, const auto& in, const auto& out) { story.add(op, in, out[0]); });
    const Tensor value = objective(model(x), t);
    loss = maximise ? -value : value;
  }
  check(loss.numel() == 1, "slow_step: the objective gives {}, not one number", loss.describe());
  check(loss.requires_grad(), "slow_step: the objective does not depend on any parameter");
  story.name(loss, "loss");
  s.forward.push_back({"x", "the batch", x});
  for (const OpCall& c : story.calls())
    s.forward.push_back({story.name_of(c.out),
                         fmt::format("{}({})", c.op, fmt::join(story.names_of(c.in), ", ")), c.out.detach()});
  s.backward = blamed(story, loss);
  s.loss = loss.item();
  optimizer.zero_grad();
  loss.backward();
  for (const auto& [name, p] : model.named_parameters())
    s.updates.push_back({name, p.detach().clone(), p.grad().defined() ? p.grad().clone() : Tensor(), {}});
  optimizer.step();
  optimizer.zero_grad();
  for (size_t i = 0; i < s.updates.size(); ++i)
    s.updates[i].after = model.named_parameters()[i].second.detach().clone();
  const NoGrad guard;
  s.loss_after = (maximise ? -objective(model(x), t) : objective(model(x), t)).item();
  return s;
}

}  // namespace fovea::train
