// Neural-network ops against PyTorch's results and gradients (reference/make_reference.py), in f64, in f32
// and in blocked layout.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "../op/samples.h"
#include "fovea/autograd.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

using nlohmann::json;
using testing::blockable;
using testing::worst_error;

Tensor tensor_of(const json& j, DType floats = f64) {
  if (j.is_null()) return {};
  const auto values = j["values"].get<std::vector<double>>();
  const Tensor t =
      Tensor::of(std::span<const double>(values)).reshape(j["shape"].get<std::vector<int64_t>>());
  return t.to(j["dtype"] == "i64" ? i64 : floats);
}

Attr attr_of(const json& j) {
  if (j.is_boolean()) return j.get<bool>();
  if (j.is_number_integer()) return j.get<int64_t>();
  if (j.is_number()) return j.get<double>();
  if (j.is_string()) return j.get<std::string>();
  return Dims(j.get<std::vector<int64_t>>());
}

struct Case {
  explicit Case(const json& j) : json_(j), op(find_op(j["op"])) {
    NamedAttrs named;
    for (const auto& [name, value] : j["attrs"].items()) named.push_back({name, attr_of(value)});
    attrs = attrs_of(op, named);
  }
  std::string name() const { return json_["op"].get<std::string>() + " " + json_["attrs"].dump(); }

  /// The op on the inputs in `dtype` and `layout`; results and gradients must be PyTorch's.
  void expect(DType dtype, Layout layout, double tolerance) const {
    std::vector<Tensor> in, wanted;
    for (size_t i = 0; i < json_["inputs"].size(); ++i) {
      Tensor t = tensor_of(json_["inputs"][i], dtype);
      if (layout == Layout::blocked8 && blockable(t)) t = t.to(layout);
      const bool leaf = !json_["grads"][i].is_null();
      if (leaf) t.set_requires_grad(), wanted.push_back(t);
      in.push_back(t);
    }
    const Tensor y = apply(op, in, attrs)[0];
    const json& outputs = json_["outputs"];
    EXPECT_LE(worst_error(y, tensor_of(outputs[0])), tolerance) << name();
    std::vector<Tensor> written;
    for (size_t i = 0; i < in.size(); ++i)
      if (op.parsed.tensors[i].mutated && in[i]) written.push_back(in[i]);
    for (size_t i = 1; i < outputs.size(); ++i)
      EXPECT_LE(worst_error(written.at(i - 1), tensor_of(outputs[i])), tolerance)
          << name() << " written " << i;

    std::vector<double> weights(size_t(y.numel()));
    for (size_t i = 0; i < weights.size(); ++i) weights[i] = double(1 + i % 7);
    const Tensor factor = Tensor::of(std::span<const double>(weights)).reshape(y.shape()).to(dtype);
    const auto grads = grad(sum(mul(y, factor)), wanted);
    for (size_t i = 0, k = 0; i < in.size(); ++i) {
      const json& expected = json_["grads"][i];
      if (expected.is_null()) continue;
      EXPECT_LE(worst_error(grads[k++], tensor_of(expected)), tolerance) << name() << " input " << i;
    }
  }

  const json& json_;
  const Op& op;
  Attrs attrs;
};

TEST(NeuralOps, MatchPyTorch) {
  std::ifstream file(FOVEA_SOURCE_DIR "/tests/ops/reference/cases.json");
  const json cases = json::parse(file);
  ASSERT_GE(cases.size(), 80u);
  for (const json& j : cases) {
    const Case c(j);
    c.expect(f64, Layout::plain, 1e-10);
    c.expect(f32, Layout::plain, 2e-5);
    c.expect(f32, Layout::blocked8, 2e-5);
  }
}

}  // namespace
}  // namespace fovea
