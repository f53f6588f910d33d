// Every network of the zoo against PyTorch on the same weights: names, shapes, parameters, and what it
// computes with the kernels of default precision. reference/make_reference.py made the expected values.
#include <gtest/gtest.h>
#include <zlib.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "fill.h"
#include "fovea/autograd.h"
#include "fovea/init.h"
#include "fovea/ops.h"
#include "fovea/zoo.h"

namespace fovea {
namespace {

using nlohmann::json;

const json& references() {
  static const json all = json::parse(std::ifstream(FOVEA_SOURCE_DIR "/tests/zoo/reference/logits.json"));
  return all;
}

/// The networks that have a structure of their own.
std::vector<std::string> networks() {
  std::vector<std::string> names;
  for (const std::string& name : zoo::names())
    if (name != "perceptron" && name != "mlp") names.push_back(name);
  return names;
}

Dims input_of(const json& reference) { return reference.at("input").get<std::vector<int64_t>>(); }

nn::AnyModule filled(const std::string& name, const json& reference, DType dtype) {
  const init::Skip filled_next;
  const Dims input = input_of(reference);
  nn::AnyModule net = zoo::make(name, {.input = {input[1], input[2], input[3]}});
  net.to(dtype);
  test::fill(net);
  return net;
}

/// `logits` against every so manyth of them, by the largest magnitude of all.
void expect_logits(const Tensor& logits, const json& expected, double largest, double tolerance) {
  const auto wanted = expected.get<std::vector<double>>();
  const auto got = logits.detach().to_vector<double>();
  const int64_t each = logits.numel() / logits.size(0), stride = std::max<int64_t>(1, each / 15);
  size_t k = 0;
  for (int64_t n = 0; n < logits.size(0); ++n)
    for (int64_t i = 0; i < each; i += stride, ++k) {
      ASSERT_LT(k, wanted.size());
      EXPECT_NEAR(got[size_t(n * each + i)], wanted[k], tolerance * largest)
          << "image " << n << " logit " << i;
    }
  EXPECT_EQ(k, wanted.size());
  EXPECT_NEAR(max(abs(logits)).item(), largest, tolerance * largest);
}

void expect_outputs(const nn::Module& net, const json& expected, double tolerance) {
  const NoGrad guard;
  const Tensor x = test::images(input_of(expected), net.parameters()[0].dtype());
  net.eval();
  expect_logits(flatten(net(x), 1), expected.at("logits"), expected.at("largest"), tolerance);
  if (!expected.contains("training")) return;
  net.train();
  expect_logits(net(x), expected.at("training"), expected.at("training_largest"), tolerance);
  double variances = 0;
  for (const auto& [name, t] : net.named_buffers())
    if (name.ends_with("running_var")) variances += sum(t).item();
  const double wanted = expected.at("running_var");
  EXPECT_NEAR(variances, wanted, tolerance * wanted);
}

void expect_names_and_shapes(const nn::Module& net, const json& expected) {
  std::string lines;
  for (const auto& [name, t] : net.state_dict()) {
    std::string dims = t.shape().str();
    lines += name + " " + dims.substr(1, dims.size() - 2) + "\n";
  }
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), expected.at("tensors"));
  EXPECT_EQ(crc32(0, reinterpret_cast<const Bytef*>(lines.data()), uInt(lines.size())),
            expected.at("crc32").get<uint32_t>())
      << lines;
  EXPECT_EQ(net.num_parameters(), expected.at("parameters"));
}

class Reference : public testing::TestWithParam<std::string> {};

TEST_P(Reference, IsMet) {
  ASSERT_TRUE(references().contains(GetParam())) << "make_reference.py lacks it";
  const json& expected = references().at(GetParam());
  const nn::AnyModule net = filled(GetParam(), expected, f32);
  expect_names_and_shapes(net, expected);
  expect_outputs(net, expected, 1e-4);
}

/// The rounding of f32 hides nothing.
TEST(Reference, IsMetInF64) {
  for (const char* name : {"lenet5", "lstm", "crnn", "cnn_lstm", "resnet20", "mobilenet_v2", "squeezenet1_1"})
    expect_outputs(filled(name, references().at(name), f64), references().at(name), 1e-10);
}

/// torchvision's GoogLeNet() has 13,004,888 parameters with its auxiliary heads.
TEST(Reference, GoogLeNetsAuxiliaryHeads) {
  const NoGrad guard;
  const init::Skip filled_next;
  const zoo::GoogLeNet net(1000, 3, true);
  test::fill(net);
  EXPECT_EQ(net.num_parameters(), 13004888);
  const json& expected = references().at("googlenet_aux");
  expect_names_and_shapes(net, expected);
  const Tensor x = test::images(input_of(expected));
  net.eval();
  EXPECT_FALSE(net.outputs(x).aux1.defined());
  EXPECT_TRUE(same_bits(net.outputs(x).logits, net(x)));
  net.train();
  for (const auto& [path, module] : net.named_modules())
    if (path.ends_with("dropout")) module->train_only(false);
  const auto [logits, aux1, aux2] = net.outputs(x);
  expect_logits(logits, expected.at("logits"), expected.at("largest"), 1e-4);
  expect_logits(aux1, expected.at("aux1"), expected.at("aux1_largest"), 1e-4);
  expect_logits(aux2, expected.at("aux2"), expected.at("aux2_largest"), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Zoo, Reference, testing::ValuesIn(networks()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace fovea
