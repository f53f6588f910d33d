#include "fovea/nn/linear_chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "fovea/autograd.h"
#include "fovea/nn/layer.h"
#include "fovea/nn/norm.h"
#include "fovea/nn/pool.h"
#include "fovea/operators.h"
#include "fovea/ops.h"
#include "nn/chains.h"
#include "nn/eval_mode.h"

namespace fovea::nn {
namespace {

template <class... M>
bool is_one_of(const Module& m) {
  return (... || (dynamic_cast<const M*>(&m) != nullptr));
}

bool has_weights(const Module& m) { return is_one_of<Linear, Conv1d, Conv2d, Conv3d, ConvTranspose2d>(m); }

bool passes_on(const Module& m) {
  return is_one_of<Flatten, Identity, Dropout, Dropout2d, BatchNorm1d, BatchNorm2d, BatchNorm3d, AvgPool2d,
                   AdaptiveAvgPool2d>(m);
}

bool same(const Tensor& a, const Tensor& b) { return &a.impl() == &b.impl(); }

Dims without_batch(const Tensor& t) { return {t.shape().begin() + 1, t.shape().end()}; }

/// Channels, or the features of a table.
int64_t features(const Dims& example) { return example.empty() ? 1 : example[0]; }

constexpr int64_t most_inputs = 2048, most_weights = 1'000'000, most_shown = 64;

/// What the chain does to 0 and to each unit vector.
void find_function(LinearChain& chain, const std::vector<LinearRun::Link>& links) {
  const int64_t inputs = chain.input.numel(), outputs = chain.output.numel();
  if (inputs > most_inputs || inputs * outputs > most_weights) return;
  const DType type = links.front().x.dtype();
  const Tensor basis = slice(one_hot(cumsum(ones({inputs}, i64), 0), inputs + 1, type), 1, 1, inputs + 1);
  Dims shape = chain.input;
  shape.insert(0, inputs + 1);
  Tensor y = reshape(concat({zeros({1, inputs}, type), basis}, 0), shape);
  for (const auto& link : links) y = (*link.module)(y);
  y = reshape(y, {inputs + 1, outputs});
  chain.bias = reshape(slice(y, 0, 0, 1), {outputs}).clone();
  chain.weight = transpose(slice(y, 0, 1, inputs + 1) - slice(y, 0, 0, 1)).contiguous();
}

/// "[0.5, -1.25, 3]"
std::string text(const Tensor& row) {
  std::vector<std::string> numbers;
  for (double v : row.to_vector<double>()) numbers.push_back(fmt::format("{:.4g}", v));
  return fmt::format("[{}]", fmt::join(numbers, ", "));
}

}  // namespace

void RunObserver::enter(const Module& m, const Tensor&) {
  if (has_weights(m) || passes_on(m)) inside_ = true;
}

void RunObserver::leave(const Module& m, const Tensor& x, const Tensor& y) {
  const bool weighted = has_weights(m);
  if (!weighted && !passes_on(m)) return;
  inside_ = false;
  const LinearRun::Link link{&m, weighted, x, y};
  const auto before = std::find_if(runs_.rbegin(), runs_.rend(),
                                   [&](const LinearRun& r) { return r.open && same(r.links.back().y, x); });
  if (before != runs_.rend()) before->links.push_back(link);
  else if (weighted) runs_.push_back({{link}});
}

void RunObserver::called(const std::vector<Tensor>& in) {
  if (inside_) return;
  for (LinearRun& run : runs_)
    for (const Tensor& t : in)
      if (t.defined() && same(run.links.back().y, t)) run.open = false;
}

std::vector<LinearChain> chains_of(std::vector<LinearRun> runs) {
  std::vector<LinearChain> all;
  for (auto& [links, open] : runs) {
    while (!links.back().weighted) links.pop_back();
    if (std::count_if(links.begin(), links.end(), [](const auto& l) { return l.weighted; }) < 2) continue;
    LinearChain chain;
    chain.input = without_batch(links.front().x), chain.output = without_batch(links.back().y);
    chain.width = features(chain.input);
    for (const auto& link : links) {
      chain.layers.push_back(link.module->path());
      chain.parameters += link.module->num_parameters();
      if (link.weighted) chain.width = std::min(chain.width, features(without_batch(link.y)));
    }
    find_function(chain, links);
    all.push_back(std::move(chain));
  }
  return all;
}

bool LinearChain::low_rank() const { return width < std::min(features(input), features(output)); }

std::string LinearChain::describe() const {
  std::string all = fmt::format(
      "{} have no non-linearity between them: together one linear function of {} inputs and {} outputs",
      fmt::join(layers, ", "), input.numel(), output.numel());
  if (low_rank()) return all + fmt::format(", no wider than {} in between", width);
  if (!weight.defined()) return all;
  all += fmt::format(", {} parameters in place of {}", weight.numel() + bias.numel(), parameters);
  if (weight.numel() > most_shown) return all + fmt::format(": W {}, b {}", weight.shape(), bias.shape());
  for (int64_t i = 0; i < weight.size(0); ++i)
    all += fmt::format("\n  {} {}", i == 0 ? "W =" : "   ", text(weight.select(0, i)));
  return all + fmt::format("\n  b = {}", text(bias));
}

std::string warnings(const std::vector<LinearChain>& chains) {
  std::string text;
  std::vector<std::string> narrow;
  for (const LinearChain& c : chains)
    if (c.low_rank())
      narrow.push_back(fmt::format("{} .. {} ({})", c.layers.front(), c.layers.back(), c.width));
    else text += fmt::format("warning: {}\n", c.describe());
  if (!narrow.empty())
    text += fmt::format("note: linear together, but with fewer weights through a narrow middle: {}\n",
                        fmt::join(narrow, ", "));
  return text;
}

std::vector<LinearChain> linear_chains(const Module& module, const Dims& input, DType dtype) {
  const NoGrad no_grad;
  const EvalMode eval(module);
  std::vector<LinearRun> runs;
  {
    RunObserver observer(runs);
    const Observe ops([&](const Op&, const Attrs&, const std::vector<Tensor>& in,
                          const std::vector<Tensor>&) { observer.called(in); });
    module(zeros(input, dtype));
  }
  return chains_of(std::move(runs));
}

}  // namespace fovea::nn
