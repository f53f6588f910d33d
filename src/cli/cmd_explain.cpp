// `fovea explain`: where the time of a training step or of a prediction goes, kernel by kernel.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/workload.h"
#include "cli/keys.h"
#include "cli/setup.h"
#include "fovea/autograd.h"
#include "fovea/compile.h"
#include "fovea/generative.h"
#include "fovea/ops.h"
#include "fovea/optim.h"
#include "fovea/random.h"
#include "fovea/rbm.h"

namespace fovea::cli {
namespace {

struct Keys {
  NetworkKeys network{.batch = 32};
  ComputeKeys compute;
  std::string mode = "train", by = "node";
  int rounds = 10;
  bool why = false, json = false, fuse = true;
};

struct Explained {
  std::vector<PlanNode> nodes;
  Plans::Stats stats;
  std::vector<nn::LinearChain> chains = {};
};

/// A step of contrastive divergence.
Explained explain_training(const rbm::EnergyModel& model, const Network& n, const Keys& k) {
  optim::SGD optimizer(model, {.lr = 1e-4, .momentum = 0.5});
  const rbm::ContrastiveDivergence cd(model);
  auto step = compile(
      [&](const Tensor& images) {
        const Tensor error = cd.backward(images);
        optimizer.step();
        optimizer.zero_grad();
        return error;
      },
      {.fuse = k.fuse});
  const Tensor x = rand(n.input);
  for (int i = 0; i < 4; ++i) step(x);
  return {step.explain(k.rounds, x), step.stats()};
}

/// A step of all players.
Explained explain_training(const generative::Model& model, const Network& n, const Keys& k) {
  std::vector<std::unique_ptr<optim::Optimizer>> optimizers;
  for (const auto& player : model.players())
    optimizers.push_back(std::make_unique<optim::Adam>(*player.module, optim::AdamOptions{.lr = 1e-4}));
  auto step = compile(
      [&](const Tensor& x) {
        return model.learn(x, x, [&](const Tensor& loss, size_t i) {
          loss.backward();
          optimizers[i]->step();
          optimizers[i]->zero_grad();
        });
      },
      {.fuse = k.fuse});
  model.train();
  const Tensor x = rand(n.input);
  for (int i = 0; i < 4; ++i) step(x);
  return {step.explain(k.rounds, x), step.stats()};
}

Explained explain_training(const Network& n, const Keys& k) {
  const nn::Module* inside = n.net.ptr().get();
  if (const auto* energy = dynamic_cast<const rbm::EnergyModel*>(inside))
    return explain_training(*energy, n, k);
  if (const auto* model = dynamic_cast<const generative::Model*>(inside))
    return explain_training(*model, n, k);
  check(!dynamic_cast<const rbm::DBN*>(inside),
        "the layers of a dbn are trained one after the other: explain one of them, as rbm:500, or "
        "mode=predict");
  n.net.train();
  optim::SGD optimizer(n.net, {.lr = 1e-4, .momentum = 0.9});
  auto step = compile(
      [&](const Tensor& images, const Tensor& labels) {
        const Tensor loss = bench::loss_of(n.net(images), labels);
        loss.backward();
        optimizer.step();
        optimizer.zero_grad();
        return loss;
      },
      {.fuse = k.fuse});
  const Tensor x = rand(n.input);
  const Tensor y = [&] {
    const NoGrad guard;
    Dims said = n.net(x).shape();
    if (said.size() == 3) return randint({n.input[0]}, 0, said[2] - 1);
    const int64_t classes = said[1];
    said.erase(1);
    return randint(said, 0, classes);
  }();
  for (int i = 0; i < 4; ++i) step(x, y);
  return {step.explain(k.rounds, x, y), step.stats()};
}

Explained explain_prediction(const Network& n, const Keys& k) {
  n.net.eval();
  const NoGrad guard;
  auto forward = compile([&](const Tensor& x) { return n.net(x); }, {.fuse = k.fuse, .freeze = true});
  const Tensor x = rand(n.input);
  for (int i = 0; i < 3; ++i) forward(x);
  return {forward.explain(k.rounds, x), forward.stats()};
}

struct Line {
  PlanNode node;
  int calls = 1;
};

/// Nodes of one op and kernel as one line, the slowest first.
std::vector<Line> grouped(const std::vector<PlanNode>& nodes) {
  std::vector<Line> lines;
  for (const PlanNode& n : nodes) {
    const auto same = std::find_if(lines.begin(), lines.end(), [&](const Line& l) {
      return l.node.op == n.op && l.node.kernel == n.kernel;
    });
    if (same == lines.end()) lines.push_back({n});
    else ++same->calls, same->node.bytes += n.bytes, same->node.seconds += n.seconds;
  }
  std::stable_sort(lines.begin(), lines.end(),
                   [](const Line& a, const Line& b) { return a.node.seconds > b.node.seconds; });
  return lines;
}

void print(const Explained& e, const Keys& k) {
  const bool by_kernel = k.by == "kernel";
  std::vector<Line> lines;
  if (by_kernel) lines = grouped(e.nodes);
  else
    for (const PlanNode& n : e.nodes) lines.push_back({n});
  double total = 0;
  for (const PlanNode& n : e.nodes) total += n.seconds;
  fmt::print("{:>4}  {:<24} {:<20} {:>9} {:>6} {:>9} {:>7}  {}\n", "", "op", "kernel", "us", "%", "MB",
             "GB/s", by_kernel ? "calls" : "results");
  for (size_t i = 0; i < lines.size(); ++i) {
    const auto& [n, calls] = lines[i];
    const std::string parts = n.parts > 1 ? fmt::format("{} x ", n.parts) : "";
    const std::string results =
        parts + (n.out.empty() ? n.in : n.out);  // what is written in place stands among the inputs
    fmt::print("{:>4}  {:<24} {:<20} {:>9.1f} {:>6.1f} {:>9.3f} {:>7.1f}  {}\n", i + 1, n.op, n.kernel,
               1e6 * n.seconds, 100 * n.seconds / total, double(n.bytes) / 1e6,
               double(n.bytes) / n.seconds / 1e9, by_kernel ? std::to_string(calls) : results);
    if (k.why)
      for (const auto& [kernel, reason] : n.refused) fmt::print("{:>31}not {}: {}\n", "", kernel, reason);
  }
  fmt::print("{} kernels, {:.1f} us, {:.2f} MB of memory for {:.2f} MB of tensors\n", e.nodes.size(),
             1e6 * total, double(e.stats.planned_bytes) / 1e6, double(e.stats.unplanned_bytes) / 1e6);
  fmt::print("{}", nn::warnings(e.chains));
}

void print_json(const Explained& e) {
  nlohmann::json nodes = nlohmann::json::array();
  for (const PlanNode& n : e.nodes)
    nodes.push_back({{"op", n.op},
                     {"kernel", n.kernel},
                     {"in", n.in},
                     {"out", n.out},
                     {"parts", n.parts},
                     {"bytes", n.bytes},
                     {"seconds", n.seconds},
                     {"refused", n.refused}});
  nlohmann::json chains = nlohmann::json::array();
  for (const nn::LinearChain& c : e.chains)
    chains.push_back({{"layers", c.layers},
                      {"inputs", c.input.numel()},
                      {"outputs", c.output.numel()},
                      {"parameters", c.parameters},
                      {"low_rank", c.low_rank()}});
  fmt::print("{}\n", nlohmann::json{{"nodes", nodes},
                                    {"linear_chains", chains},
                                    {"planned_bytes", e.stats.planned_bytes},
                                    {"unplanned_bytes", e.stats.unplanned_bytes}}
                         .dump(2));
}

int run(const Keys& k) {
  use(k.compute);
  manual_seed(0);
  const Network n = network_of(k.network);
  n.net.to(dtype_named(k.compute.dtype));
  const auto chains = nn::linear_chains(n.net, n.input, dtype_named(k.compute.dtype));
  Explained e = k.mode == "train" ? explain_training(n, k) : explain_prediction(n, k);
  e.chains = chains;
  k.json ? print_json(e) : print(e, k);
  return 0;
}

}  // namespace

const Command explain_command{
    "explain", "the compiled step of a network, kernel by kernel: time, memory, why this kernel",
    "  fovea explain model=resnet20 batch=128\n  fovea explain model=lenet5 by=kernel\n"
    "  fovea explain model=lenet5 mode=predict batch=1 why=true\n",
    [](KeySet& app) -> std::function<int()> {
      auto k = std::make_shared<Keys>();
      add_network_keys(app, k->network);
      app.add_option("--mode", k->mode, "train or predict")->check(one_of({"train", "predict"}));
      app.add_option("--by", k->by, "node: in the order they run; kernel: summed, the slowest first")
          ->check(one_of({"node", "kernel"}));
      app.add_option("--rounds", k->rounds, "replays to time")->check(at_least(1));
      app.add_option("--fuse", k->fuse, "false: the kernels of the step as it is written, nothing joined");
      app.add_flag("--why", k->why, "name the kernels that were refused, and why");
      app.add_flag("--json", k->json, "for machines");
      add_compute_keys(app, k->compute);
      return [k] { return run(*k); };
    }};

}  // namespace fovea::cli
