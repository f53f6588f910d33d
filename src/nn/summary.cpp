#include "fovea/nn/summary.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ostream>

#include "fovea/autograd.h"
#include "nn/chains.h"
#include "nn/eval_mode.h"

namespace fovea::nn {
namespace {

/// 1234567 as "1,234,567".
std::string grouped(int64_t n) {
  std::string text = std::to_string(n);
  for (int at = int(text.size()) - 3; at > 0; at -= 3) text.insert(size_t(at), ",");
  return text;
}

/// "bias", "bias_hh_l0", "visible_bias"
bool is_bias(const std::string& name) { return name.starts_with("bias") || name.ends_with("_bias"); }

/// The factors of a weight: those of a matrix as inputs * outputs.
std::string factors(const Dims& shape) {
  std::vector<int64_t> f = shape.vec();
  if (f.size() == 2) std::swap(f[0], f[1]);
  return fmt::format("{}", fmt::join(f, "*"));
}

std::string arithmetic(const NamedTensors& parameters) {
  std::vector<std::string> terms;
  int64_t total = 0;
  for (const auto& [name, p] : parameters) terms.push_back(factors(p.shape())), total += p.numel();
  if (terms.empty()) return "";
  const std::string sum = fmt::format("{}", fmt::join(terms, " + "));
  return sum == std::to_string(total) ? sum : fmt::format("{} = {}", sum, total);
}

/// Multiply-accumulates of one op call; 0 for all but convolutions, matrix products and recurrent
/// steps.
int64_t macs_of(const Op& op, const std::vector<Tensor>& in, const std::vector<Tensor>& out) {
  const std::string& name = op.name();
  if (name == "matmul") return out[0].numel() * in[0].size(in[0].rank() - 1);
  if (name.starts_with("conv_transpose")) return in[0].numel() * (in[1].numel() / in[1].size(0));
  if (name == "linear" || name.starts_with("conv")) return out[0].numel() * (in[1].numel() / in[1].size(0));
  if (name.ends_with("_sequence")) return out[0].numel() * in[1].size(0);
  return 0;
}

/// Writes one row per call of a module that has parameters of its own or no modules inside.
class Rows : public ModuleObserver {
 public:
  explicit Rows(Summary& s) : summary_(s) {}

  void enter(const Module&, const Tensor&) override { open_.push_back(summary_.macs); }

  void leave(const Module& m, const Tensor&, const Tensor& y) override {
    const int64_t before = open_.back();
    open_.pop_back();
    if (!m.children().empty() && m.own_parameters().empty()) return;
    SummaryRow row;
    row.path = m.path(), row.layer = m.describe(), row.output = y.shape();
    row.arithmetic = arithmetic(m.own_parameters()), row.macs = summary_.macs - before;
    for (const auto& [name, p] : m.own_parameters()) {
      (is_bias(name) ? row.biases : row.weights) += p.numel();
      (is_bias(name) ? row.bias_factors : row.weight_factors).push_back(factors(p.shape()));
    }
    summary_.rows.push_back(std::move(row));
  }

 private:
  Summary& summary_;
  std::vector<int64_t> open_;  // the MACs so far, where each module that runs began
};

}  // namespace

std::string Summary::totals() const {
  const int64_t batch = input.empty() ? 1 : std::max<int64_t>(input[0], 1);
  const double each = double(macs) / double(batch);
  const auto work = each >= 1e9   ? fmt::format("{:.2f} GMAC", each * 1e-9)
                    : each >= 1e4 ? fmt::format("{:.2f} MMAC", each * 1e-6)
                                  : fmt::format("{} MAC", int64_t(each));
  return fmt::format("{} parameters ({} weights + {} biases)  {}", grouped(parameters()), grouped(weights),
                     grouped(biases), work);
}

std::string Summary::arithmetic() const {
  std::vector<std::string> w, b;
  int64_t total = 0;
  for (const SummaryRow& row : rows) {
    w.insert(w.end(), row.weight_factors.begin(), row.weight_factors.end());
    b.insert(b.end(), row.bias_factors.begin(), row.bias_factors.end());
    total += row.weights + row.biases;
  }
  constexpr size_t longest = 100;
  const std::string text = fmt::format("{} = {} weights, {} = {} biases", fmt::join(w, " + "), weights,
                                       fmt::join(b, " + "), biases);
  const bool several = w.size() > 1 && !b.empty();
  return several && total == parameters() && text.size() <= longest ? text : "";
}

Summary summary(const Module& module, const Dims& input, DType dtype) {
  Summary s;
  s.input = input;
  const NoGrad no_grad;
  const EvalMode eval(module);
  std::vector<LinearRun> runs;
  {
    Rows rows(s);
    RunObserver observer(runs);
    const Observe count(
        [&](const Op& op, const Attrs&, const std::vector<Tensor>& in, const std::vector<Tensor>& out) {
          s.macs += macs_of(op, in, out);
          observer.called(in);
        });
    module(zeros(input, dtype));
  }
  s.chains = chains_of(std::move(runs));
  for (const auto& [path, p] : module.named_parameters())
    (is_bias(path.substr(path.rfind('.') + 1)) ? s.biases : s.weights) += p.numel();
  return s;
}

std::ostream& operator<<(std::ostream& out, const Summary& s) {
  std::vector<std::array<std::string, 5>> table{{"name", "layer", "output", "parameters", "MACs"}};
  for (const auto& r : s.rows)
    table.push_back({r.path, r.layer, r.output.str(), r.arithmetic, r.macs ? grouped(r.macs) : ""});
  std::array<size_t, 5> width{};
  for (const auto& line : table)
    for (size_t i = 0; i < width.size(); ++i) width[i] = std::max(width[i], line[i].size());
  for (const auto& line : table) {
    std::string text;
    for (size_t i = 0; i + 1 < line.size(); ++i) text += fmt::format("{:<{}}  ", line[i], width[i]);
    text += fmt::format("{:>{}}", line.back(), width.back());
    out << text.substr(0, text.find_last_not_of(' ') + 1) << '\n';
  }
  if (const std::string sums = s.arithmetic(); !sums.empty()) out << sums << '\n';
  return out << s.totals() << '\n' << warnings(s.chains);
}

}  // namespace fovea::nn
