#include "train/chain_rule.h"

#include <fmt/format.h>

#include <map>

namespace fovea::train {
namespace {

/// Of each input: {g} is the blame of the result, {y} the result, {a} {b} {c} the inputs.
const std::map<std::string, std::vector<const char*>>& formulas() {
  static const std::map<std::string, std::vector<const char*>> all{
      {"linear", {"{g} {b}", "({g})^T {a}", "sum of {g} over the examples"}},
      {"matmul", {"{g} {b}^T", "{a}^T {g}"}},
      {"conv2d", {"{g} * {b} turned by 180 degrees", "{a} * {g}", "sum of {g} over examples and pixels"}},
      {"add", {"{g}", "{g}"}},
      {"sub", {"{g}", "-{g}"}},
      {"mul", {"{g} {b}", "{g} {a}"}},
      {"div", {"{g} / {b}", "-{g} {y} / {b}"}},
      {"neg", {"-{g}"}},
      {"square", {"{g} 2 {a}"}},
      {"abs", {"{g} sign({a})"}},
      {"exp", {"{g} {y}"}},
      {"log", {"{g} / {a}"}},
      {"sum", {"{g} for every element"}},
      {"mean", {"{g} / n for each of n elements"}},
      {"relu", {"{g} [{a} > 0]"}},
      {"leaky_relu", {"{g} ({a} > 0 ? 1 : slope)"}},
      {"elu", {"{g} ({a} > 0 ? 1 : {y} + alpha)"}},
      {"sigmoid", {"{g} {y} (1 - {y})"}},
      {"tanh", {"{g} (1 - {y}^2)"}},
      {"softplus", {"{g} sigmoid({a})"}},
      {"step", {"0: no direction to learn by"}},
      {"cross_entropy", {"{g} (softmax({a}) - one-hot({b})) / N"}},
      {"reshape", {"{g} in the shape of {a}"}},
      {"max_pool2d", {"{g} where the maximum of each window was"}},
      {"avg_pool2d", {"{g} / n for each of the n pixels of a window"}}};
  return all;
}

}  // namespace

std::string chain_rule_term(const std::string& op, size_t index, const std::vector<std::string>& in,
                            const std::string& out) {
  const auto name = [&](size_t i) { return i < in.size() ? in[i] : std::string(); };
  const std::string blame = "dL/d" + out;
  const auto found = formulas().find(op);
  if (found == formulas().end() || index >= found->second.size())
    return fmt::format("{} through {}", blame, op);
  return fmt::format(fmt::runtime(found->second[index]), fmt::arg("g", blame), fmt::arg("y", out),
                     fmt::arg("a", name(0)), fmt::arg("b", name(1)), fmt::arg("c", name(2)));
}

}  // namespace fovea::train
