// Every op against PyTorch: results and gradients recorded by reference/make_reference.py, replayed in f64
// and f32, on plain and blocked layouts; and ten steps of each optimizer.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "fovea/npy.h"
#include "samples.h"

namespace fovea {
namespace {

using nlohmann::json;
using testing::blockable;
using testing::run;
using testing::worst_error;

const std::string folder = FOVEA_SOURCE_DIR "/tests/op/reference/";

const json& reference() {
  static const json all = [] {
    std::ifstream file(folder + "cases.json");
    return json::parse(file);
  }();
  return all;
}

/// The array that `where` points at, floats as `real`; null is undefined.
Tensor load(const json& where, DType real) {
  static const Tensor values = load_npy(folder + "values.npy");
  if (where.is_null()) return {};
  const Dims shape = where.at("shape").get<std::vector<int64_t>>();
  const Tensor piece = values.narrow(0, where.at("at"), shape.numel()).clone().reshape(shape);
  const DType t = dtype_named(where.at("dtype"));
  return piece.to(t == f64 ? real : t);
}

Attr attr(const json& value) {
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_integer()) return value.get<int64_t>();
  if (value.is_number()) return value.get<double>();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_object()) return dtype_named(value.at("dtype"));
  return Dims(value.get<std::vector<int64_t>>());
}

NamedAttrs attrs(const json& named) {
  NamedAttrs all;
  for (const auto& [name, value] : named.items()) all.emplace_back(name, attr(value));
  return all;
}

std::vector<Tensor> load_all(const json& list, DType real) {
  std::vector<Tensor> all;
  for (const json& one : list) all.push_back(load(one, real));
  return all;
}

/// Blocked layout wherever it is possible; whether it was.
bool block(const Op& op, std::vector<Tensor>& in) {
  bool any = false;
  for (size_t i = 0; i < in.size(); ++i) {
    if (!blockable(in[i]) || op.parsed.tensors[std::min(i, op.parsed.tensors.size() - 1)].mutated) continue;
    in[i] = in[i].to(Layout::blocked8), any = true;
  }
  return any;
}

class Case {
 public:
  Case(const json& entry, DType real)
      : entry_(entry), real_(real), op_(find_op(entry.at("op"))), attrs_(attrs(entry.at("attrs"))) {}

  std::vector<Tensor> inputs() const { return load_all(entry_.at("inputs"), real_); }
  const Op& op() const { return op_; }

  void check_results(const std::vector<Tensor>& in) const {
    const auto expected = load_all(entry_.at("outputs"), real_), got = run(op_, in, attrs_);
    ASSERT_EQ(got.size(), expected.size());
    for (size_t i = 0; i < got.size(); ++i)
      EXPECT_LE(worst_error(got[i], expected[i]), tolerance()) << "result " << i;
  }

  void check_gradients(const std::vector<Tensor>& given) const {
    if (!entry_.contains("gradients")) return;
    std::vector<Tensor> in, wanted;
    std::vector<size_t> at;
    for (size_t i = 0; i < given.size(); ++i) {
      const bool written =
          i < op_.parsed.tensors.size() && op_.parsed.tensors[i].mutated && given[i].defined();
      in.push_back(written ? given[i].clone() : given[i]);
      if (entry_["gradients"][i].is_null()) continue;
      in[i] = given[i].detach().set_requires_grad();
      wanted.push_back(in[i]), at.push_back(i);
    }
    const auto out = apply(op_, in, attrs_of(op_, attrs_));
    const auto gradients = grad(weighted(out), wanted);
    for (size_t k = 0; k < at.size(); ++k) {
      ASSERT_TRUE(gradients[k].defined()) << "gradient of input " << at[k];
      EXPECT_LE(worst_error(gradients[k], load(entry_["gradients"][at[k]], real_)), tolerance())
          << "gradient of input " << at[k];
    }
  }

 private:
  /// In f32 an error may be that of the matrix between f32 and f64.
  double tolerance() const { return real_ == f64 ? 1e-10 : op_.tolerance * 10; }

  Tensor weighted(const std::vector<Tensor>& out) const {
    Tensor total;
    for (size_t i = 0; i < out.size(); ++i) {
      if (entry_["weights"][i].is_null()) continue;
      const Tensor part = call("sum", {call("mul", {out[i], load(entry_["weights"][i], real_)})});
      total = total.defined() ? call("add", {total, part}) : part;
    }
    return total;
  }

  const json& entry_;
  DType real_;
  const Op& op_;
  NamedAttrs attrs_;
};

TEST(Reference, ResultsAndGradientsArePyTorchs) {
  for (const json& entry : reference().at("cases"))
    for (DType real : {f64, f32}) {
      const Case c(entry, real);
      SCOPED_TRACE(entry.at("op").get<std::string>() + entry.at("attrs").dump() + " in " + name_of(real));
      auto in = c.inputs();
      c.check_results(in);
      c.check_gradients(in);
      if (!block(c.op(), in)) continue;
      SCOPED_TRACE("blocked");
      c.check_results(in);
      c.check_gradients(in);
    }
}

TEST(Reference, OptimizerStepsArePyTorchs) {
  for (const json& sequence : reference().at("sequences"))
    for (DType real : {f64, f32}) {
      const Op& op = find_op(sequence.at("op"));
      std::vector<Tensor> in{load(sequence.at("param"), real), {}};
      for (const json& given : sequence.at("states"))
        in.push_back(given ? zeros(in[0].shape(), real) : Tensor());
      for (const json& step : sequence.at("steps")) {
        in[1] = load(step.at("gradient"), real);
        apply(op, in, attrs_of(op, attrs(step.at("attrs"))));
        EXPECT_LE(worst_error(in[0], load(step.at("param"), real)), real == f64 ? 1e-12 : 1e-5)
            << op.name() << step.at("attrs").dump();
      }
    }
}

TEST(Reference, CoversEveryDifferentiableOp) {
  std::set<std::string> covered;
  for (const json& entry : reference().at("cases")) covered.insert(entry.at("op"));
  for (const auto& [name, reason] : reference().at("excluded").items()) {
    EXPECT_FALSE(covered.contains(name)) << name << " is excluded (" << reason << ") and covered";
    covered.insert(name);
  }
  for (const auto& [name, op] : op_table())
    EXPECT_TRUE(op->internal || !op->no_gradient.empty() || covered.contains(name))
        << name << " has no reference value: add a case (or an exclusion with its reason) to "
        << "tests/op/reference/make_reference.py and run it";
}

}  // namespace
}  // namespace fovea
