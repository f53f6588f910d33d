// `fovea step`: learning in slow motion, on a few examples and a network small enough to read.
#include <nlohmann/json.hpp>

#include "cli/command.h"
#include "cli/lesson.h"
#include "fovea/slow_step.h"

namespace fovea::cli {
namespace {

constexpr int64_t most_shown = 16;  // elements of a tensor

struct Keys {
  std::string data = "dollars", model;
  int64_t batch = 1, steps = 1;
  double lr0 = 0.002;
  uint64_t seed = 0;
  bool maximise = false, json = false;
};

std::string shown(const Tensor& t) {
  const auto values = t.to_vector<double>();
  const int64_t columns = t.rank() == 0 ? 1 : t.size(-1), n = int64_t(values.size());
  if (n == 1) return fmt::format("{:.4g}", values[0]);
  std::string text = "[";
  for (int64_t i = 0; i < std::min(n, most_shown); ++i)
    text += fmt::format("{}{:.4g}", i == 0 ? "" : i % columns == 0 ? "; " : " ", values[size_t(i)]);
  return text + (n > most_shown ? fmt::format(" ..]  {}", t.shape()) : "]");
}

void print(const train::SlowStep& s, const Keys& k) {
  fmt::print("\nforward: what every part says\n");
  for (const auto& v : s.forward) fmt::print("  {:<18} {:<40} = {}\n", v.name, v.formula, shown(v.value));
  fmt::print("\nbackward: who is to blame, from the loss back (chain rule)\n");
  for (const auto& b : s.backward)
    fmt::print("  dL/d{:<14} {:<40} = {}\n", b.name, b.term, shown(b.gradient));
  fmt::print("\nupdate: each parameter a step against its gradient (learning rate {:.4g})\n", k.lr0);
  for (const auto& u : s.updates)
    fmt::print("  {:<18} {} - {:.4g} * {}  =  {}\n", u.name, shown(u.before), k.lr0,
               u.gradient.defined() ? shown(u.gradient) : "0", shown(u.after));
}

nlohmann::ordered_json json_of(const Tensor& t) {
  return {{"shape", t.shape().vec()}, {"values", t.to_vector<double>()}};
}

nlohmann::ordered_json json_of(const train::SlowStep& s) {
  nlohmann::ordered_json j{{"loss", s.loss}, {"loss_after", s.loss_after}};
  for (const auto& v : s.forward)
    j["forward"].push_back({{"name", v.name}, {"formula", v.formula}, {"value", json_of(v.value)}});
  for (const auto& b : s.backward)
    j["backward"].push_back({{"name", b.name}, {"term", b.term}, {"gradient", json_of(b.gradient)}});
  for (const auto& u : s.updates)
    j["updates"].push_back({{"name", u.name}, {"before", json_of(u.before)}, {"after", json_of(u.after)}});
  return j;
}

/// Guess, error, adjust: a line for each further step.
void print_line(int64_t step, const train::SlowStep& s) {
  std::string guess, adjust;
  for (const auto& u : s.updates) {
    if (u.before.numel() > most_shown) continue;
    guess += fmt::format("{}{} {}", guess.empty() ? "" : ", ", u.name, shown(u.before));
    adjust += (adjust.empty() ? "" : ", ") + shown(u.after);
  }
  fmt::print("{:>5}  {:<50} {:>12.5g}  {}\n", step, guess, s.loss, adjust);
}

int run(const Keys& k) {
  const Lesson lesson = lesson_of(k.data, k.model, k.batch, k.seed);
  const nn::AnyModule& net = lesson.net;
  optim::SGD optimizer(net, {.lr = k.lr0});
  nlohmann::ordered_json all = nlohmann::ordered_json::array();
  if (!k.json)
    fmt::print("{} learns {} from {} example{}: objective {}, to be made {}\n", lesson.model,
               lesson.set->name(), k.batch, k.batch == 1 ? "" : "s",
               lesson.entropy ? "cross-entropy" : "mean squared error", k.maximise ? "larger" : "smaller");
  for (int64_t step = 1; step <= k.steps; ++step) {
    const auto s = train::slow_step(net, lesson.x, lesson.t, lesson.objective(), optimizer, k.maximise);
    if (k.json) all.push_back(json_of(s));
    else if (step == 1) print(s, k);
    if (!k.json && step == 1) fmt::print("\nloss {:.6g} -> {:.6g}\n", s.loss, s.loss_after);
    if (!k.json && k.steps > 1) {
      if (step == 1) fmt::print("\n{:>5}  {:<50} {:>12}  {}\n", "step", "guess", "error", "adjusted to");
      print_line(step, s);
    }
  }
  if (k.json) fmt::print("{}\n", all.dump(2));
  return 0;
}

}  // namespace

const Command step_command{
    "step", "learning in slow motion: values, loss, each gradient with its chain rule, each update",
    "  fovea step data=dollars steps=8                     # guess, error, adjust: one constant\n"
    "  fovea step data=miles model=mlp:1-1 batch=4         # a line\n"
    "  fovea step data=truth:0110 model=mlp:2-2-1:tanh batch=4 lr0=0.5\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      app.add_option("--data", k->data,
                     "miles, kilometers, dollars; or as for train: its first examples are taken");
      app.add_option("--model", k->model,
                     "constant (one number), mlp:1-1 (a line), mlp:SIZES[:ACTIVATION], or any other");
      app.add_option("--batch", k->batch, "examples")->check(at_least(1));
      app.add_option("--steps", k->steps, "the first in slow motion, the others a line each")
          ->check(at_least(1));
      app.add_option("--lr0", k->lr0, "learning rate");
      app.add_option("--seed", k->seed, "of the first weights");
      app.add_flag("--maximise", k->maximise, "make the objective larger: its negative is made smaller");
      app.add_flag("--json", k->json, "for machines");
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli
