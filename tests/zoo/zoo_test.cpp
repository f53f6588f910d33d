// The zoo: parameter counts, names and results of the published networks, and what make() accepts and
// refuses.
#include "fovea/zoo.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "../files.h"
#include "fovea/autograd.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

using test::error_of;

/// The formula of reference/make_reference.py.
Tensor value(const Dims& shape, int k) {
  std::vector<double> v(size_t(shape.numel()));
  for (size_t i = 0; i < v.size(); ++i) {
    const double at = double(i);
    v[i] = std::sin(1.7 * at + 0.9 * k + 0.0003 * at * at);
  }
  return Tensor::of<double>(v, shape);
}

void fill(const nn::Module& net) {
  const NoGrad guard;
  int k = 0;
  for (const auto& [name, t] : net.state_dict()) {
    if (name.ends_with("num_batches_tracked")) continue;
    Tensor v = value(t.shape(), k++);
    if (t.rank() > 1) v = affine(v, std::sqrt(6 / double(t.numel() / t.size(0))));
    else if (name.ends_with("running_var") ||
             (name.find("bn") != std::string::npos && name.ends_with("weight")))
      v = affine(v, 0.5, 1);
    t.copy_from(v);
  }
}

void expect_reference(const std::string& model, const Dims& input) {
  std::ifstream file(FOVEA_SOURCE_DIR "/tests/zoo/reference/logits.json");
  const auto reference = nlohmann::json::parse(file).at(model);
  const nn::AnyModule net = zoo::make(model);
  net.to(f64);
  net.eval();
  fill(net);
  std::vector<std::string> names;
  for (const auto& [name, t] : net.state_dict()) names.push_back(name);
  EXPECT_EQ(names, reference.at("names").get<std::vector<std::string>>());
  const NoGrad guard;
  const auto logits = net(value(input, 100)).to_vector<double>();
  const auto expected = reference.at("logits").get<std::vector<double>>();
  ASSERT_EQ(logits.size(), expected.size());
  for (size_t i = 0; i < logits.size(); ++i)
    EXPECT_NEAR(logits[i], expected[i], 1e-9 * (1 + std::abs(expected[i])));
}

TEST(Zoo, LeNet5GivesPyTorchsLogits) { expect_reference("lenet5", {2, 1, 28, 28}); }
TEST(Zoo, ResNet20GivesPyTorchsLogits) { expect_reference("resnet20", {2, 3, 32, 32}); }

/// He et al. 2015 give 0.27, 0.46, 0.66 and 0.85 M; the exact counts are those of the published checkpoints.
TEST(Zoo, ParameterCountsArePublished) {
  const std::map<std::string, int64_t> counts{
      {"perceptron", 7850},   {"mlp:784-128-10", 101770}, {"mlp", 101770},      {"lenet5", 61706},
      {"resnet20", 269722},   {"resnet32", 464154},       {"resnet44", 658586}, {"resnet56", 853018},
      {"mlp:3-4-2:tanh", 26}, {"mlp:3-4-4-1", 41}};
  for (const auto& [name, count] : counts) EXPECT_EQ(zoo::make(name).num_parameters(), count) << name;
}

TEST(Zoo, LeNet5InNumbers) {
  const nn::Summary s = nn::summary(zoo::lenet5(), {1, 1, 28, 28});
  EXPECT_EQ(s.totals(), "61,706 parameters (61,470 weights + 236 biases)  0.42 MMAC");
  EXPECT_EQ(s.macs, 28 * 28 * 6 * 25 + 10 * 10 * 16 * 150 + 400 * 120 + 120 * 84 + 84 * 10);
  ASSERT_EQ(s.rows.size(), 12u);
  EXPECT_EQ(s.rows[0].path, "conv1");
  EXPECT_EQ(s.rows[0].arithmetic, "6*1*5*5 + 6 = 156");
  EXPECT_EQ(s.rows[0].output, (Dims{1, 6, 28, 28}));
  std::ostringstream table;
  table << s;
  EXPECT_NE(table.str().find("conv2    Conv2d(6, 16, kernel=5)"), std::string::npos) << table.str();
}

TEST(Zoo, SummaryLeavesModeAndStatisticsAlone) {
  const auto net = zoo::resnet20();
  const Tensor mean = net.named_buffers()[0].second;
  nn::summary(net, {1, 3, 32, 32});
  EXPECT_TRUE(net.training());
  EXPECT_EQ(sum(mean).item(), 0);
  EXPECT_EQ(net.named_buffers()[2].second.item(), 0);
}

TEST(Zoo, EveryNameRunsForwardAndBackward) {
  for (const auto& name : zoo::names()) {
    const zoo::Info info = zoo::info(name, {.classes = 4});
    const nn::AnyModule net = zoo::make(name, {.classes = 4});
    Dims shape = info.input;
    shape.insert(0, 2);
    const Tensor logits = net(randn(shape));
    EXPECT_EQ(logits.shape(), (Dims{2, 4})) << name;
    sum(logits).backward();
    for (const auto& [path, p] : net.named_parameters())
      EXPECT_TRUE(p.grad().defined()) << name << " " << path;
  }
}

TEST(Zoo, MlpTakesSizesAndActivation) {
  for (const char* activation :
       {"relu", "tanh", "sigmoid", "leaky_relu", "elu", "selu", "gelu", "silu", "softplus", "maxout"})
    EXPECT_EQ(zoo::make(fmt::format("mlp:6-5-3:{}", activation))(ones({2, 1, 2, 3})).shape(), (Dims{2, 3}))
        << activation;
  EXPECT_EQ(zoo::make("mlp", {.classes = 3, .input = {2, 2}})(ones({1, 2, 2})).shape(), (Dims{1, 3}));
}

TEST(Zoo, InputsAndClassesAreTheDatas) {
  EXPECT_EQ(zoo::make("lenet5", {.classes = 26, .input = {3, 32, 32}})(ones({1, 3, 32, 32})).shape(),
            (Dims{1, 26}));
  EXPECT_EQ(zoo::make("resnet20", {.classes = 2, .input = {1, 28, 28}})(ones({1, 1, 28, 28})).shape(),
            (Dims{1, 2}));
}

TEST(Zoo, RefusesWithTheNearestName) {
  EXPECT_NE(error_of([] { zoo::make("lenet"); }).find("did you mean lenet5"), std::string::npos);
  EXPECT_NE(error_of([] { zoo::make("mlp:3-2:rellu"); }).find("did you mean relu"), std::string::npos);
  for (const char* name :
       {"", "mlp:", "mlp:3", "mlp:3-", "mlp:3--2", "mlp:a-2", "mlp:3-0", "mlp:99999999999999999999-2"})
    EXPECT_THROW(zoo::make(name), Error) << name;
  EXPECT_NE(error_of([] {
              zoo::make("mlp:784-10", {.input = {3, 32, 32}});
            }).find("3072"),
            std::string::npos);
  EXPECT_NE(error_of([] { zoo::make("mlp:784-10", {.classes = 3}); }).find("10 classes, not 3"),
            std::string::npos);
  EXPECT_NE(error_of([] { zoo::make("lenet5", {.input = {1, 30, 30}}); }).find("30x30"), std::string::npos);
  EXPECT_THROW(zoo::make("resnet20", {.input = {32, 32}}), Error);
  EXPECT_THROW(zoo::cifar_resnet(21), Error);
}

}  // namespace
}  // namespace fovea
