// The zoo: parameter counts of the published networks, and what make() accepts and refuses.
#include "fovea/zoo.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <sstream>

#include "../files.h"
#include "fovea/autograd.h"
#include "fovea/init.h"
#include "fovea/operators.h"
#include "fovea/random.h"

namespace fovea {
namespace {

using test::error_of;

/// He et al. 2015 give 0.27, 0.46, 0.66 and 0.85 M for CIFAR; the exact counts are those of the published
/// checkpoints, torchvision's for ImageNet, and Caffe's for alexnet_original.
TEST(Zoo, ParameterCountsArePublished) {
  const init::Skip only_counted;
  const std::map<std::string, int64_t> counts{{"perceptron", 7850},
                                              {"mlp:784-128-10", 101770},
                                              {"mlp", 101770},
                                              {"mlp:3-4-2:tanh", 26},
                                              {"mlp:3-4-4-1", 41},
                                              {"lenet5", 61706},
                                              {"resnet20", 269722},
                                              {"resnet32", 464154},
                                              {"resnet44", 658586},
                                              {"resnet56", 853018},
                                              {"alexnet", 61100840},
                                              {"alexnet_original", 60965224},
                                              {"vgg11", 132863336},
                                              {"vgg13", 133047848},
                                              {"vgg16", 138357544},
                                              {"vgg19", 143667240},
                                              {"resnet18", 11689512},
                                              {"resnet34", 21797672},
                                              {"resnet50", 25557032},
                                              {"resnet101", 44549160},
                                              {"resnet152", 60192808},
                                              {"se_resnet50", 28088024},
                                              {"zfnet", 62357608},
                                              {"mobilenet_v1", 4231976},
                                              {"mobilenet_v2", 3504872},
                                              {"mobilenet_v3_large", 5483032},
                                              {"mobilenet_v3_small", 2542856},
                                              {"efficientnet_b0", 5288548},
                                              {"vit_tiny", 5717416},
                                              {"googlenet", 6624904},
                                              {"densenet121", 7978856},
                                              {"squeezenet1_0", 1248424},
                                              {"squeezenet1_1", 1235496},
                                              {"unet", 31037698},
                                              {"lstm", 82186},
                                              {"lstm:64", 24714},
                                              {"lstm:64-64", 57994},
                                              {"gru", 61962},
                                              {"rnn", 21514},
                                              {"crnn", 547915},
                                              {"crnn:64", 8710411},
                                              {"cnn_lstm", 303386}};
  for (const auto& [name, count] : counts) EXPECT_EQ(zoo::make(name).num_parameters(), count) << name;
  for (const std::string& name : zoo::names()) EXPECT_TRUE(counts.contains(name)) << name;
}

/// Mean and standard deviation of a fresh parameter, as the sources of torchvision draw it.
struct Start {
  std::string net, parameter;
  double mean, std;
};
const std::vector<Start> starts{
    {"alexnet_original", "conv1.weight", 0, 0.01},
    {"alexnet_original", "conv1.bias", 0, 0},
    {"alexnet_original", "conv2.bias", 1, 0},
    {"alexnet_original", "fc7.weight", 0, 0.01},
    {"resnet18", "conv1.weight", 0, std::sqrt(2.0 / (64 * 7 * 7))},
    {"resnet18", "layer4.0.downsample.0.weight", 0, std::sqrt(2.0 / 512)},
    {"resnet18", "layer4.1.bn2.weight", 1, 0},
    {"resnet18", "layer4.1.bn2.bias", 0, 0},
    {"resnet18", "fc.weight", 0, std::sqrt(1 / (3 * 512.0))},
    {"mobilenet_v2", "features.17.conv.1.0.weight", 0, std::sqrt(2.0 / (960 * 3 * 3))},
    {"mobilenet_v2", "classifier.1.weight", 0, 0.01},
    {"mobilenet_v2", "classifier.1.bias", 0, 0},
    {"mobilenet_v3_large", "classifier.3.weight", 0, 0.01},
    {"mobilenet_v3_large", "features.4.block.2.fc1.bias", 0, 0},
    {"efficientnet_b0", "classifier.1.weight", 0, 1 / std::sqrt(3000.0)},
    {"vit_tiny", "conv_proj.weight", 0, std::sqrt(1 / (3 * 16 * 16.0))},
    {"vit_tiny", "encoder.pos_embedding", 0, 0.02},
    {"vit_tiny", "encoder.layers.encoder_layer_3.self_attention.in_proj_weight", 0,
     std::sqrt(2 / (192 + 3 * 192.0))},
    {"vit_tiny", "heads.head.weight", 0, 0},
    {"googlenet", "inception3a.branch2.1.conv.weight", 0, 0.01},
    {"googlenet", "fc.weight", 0, 0.01},
    {"densenet121", "features.conv0.weight", 0, std::sqrt(2.0 / (3 * 7 * 7))},
    {"densenet121", "classifier.bias", 0, 0},
    {"squeezenet1_1", "features.0.weight", 0, std::sqrt(2.0 / (3 * 3 * 3))},
    {"squeezenet1_1", "classifier.1.weight", 0, 0.01},
    {"squeezenet1_1", "classifier.1.bias", 0, 0}};

TEST(Zoo, WeightsStartAsTorchvisions) {
  manual_seed(1);
  std::map<std::string, std::map<std::string, Tensor>> parameters;
  for (const Start& s : starts) {
    if (!parameters.contains(s.net)) {
      const int64_t side = s.net == "alexnet_original" ? 67 : 224;
      for (const auto& [name, p] : zoo::make(s.net, {.input = {3, side, side}}).state_dict())
        parameters[s.net][name] = p;
    }
    const Tensor p = parameters.at(s.net).at(s.parameter);
    const double n = double(p.numel()), average = mean(p).item(),
                 spread = std::sqrt(mean(square(p - s.mean)).item());
    EXPECT_NEAR(average, s.mean, 5 * s.std / std::sqrt(n)) << s.net << " " << s.parameter;
    EXPECT_NEAR(spread, s.std, 5 * s.std / std::sqrt(2 * n)) << s.net << " " << s.parameter;
  }
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

TEST(Zoo, XorByHand) {
  const auto net = zoo::make("xor_by_hand");
  EXPECT_EQ(net(tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2})).detach().to_vector<float>(),
            (std::vector<float>{0, 1, 1, 0}));
  EXPECT_NE(error_of([] { zoo::make("xor_by_hand", {.classes = 2}); }).find("nothing to learn"),
            std::string::npos);
}

TEST(Zoo, SummaryLeavesModeAndStatisticsAlone) {
  const auto net = zoo::resnet20();
  const Tensor mean = net.named_buffers()[0].second;
  nn::summary(net, {1, 3, 32, 32});
  EXPECT_TRUE(net.training());
  EXPECT_EQ(sum(mean).item(), 0);
  EXPECT_EQ(net.named_buffers()[2].second.item(), 0);
}

TEST(Zoo, MlpTakesSizesAndActivation) {
  for (const char* activation : {"relu", "tanh", "sigmoid", "leaky_relu", "elu", "selu", "gelu", "silu",
                                 "softplus", "maxout", "maxout:3", "leaky_relu:0.1", "none"})
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

/// Info::smallest is the smallest: there is a result, and one pixel less is too few for a layer.
TEST(Zoo, SmallestImages) {
  const init::Skip only_shapes;
  const NoGrad guard;
  for (const std::string& name : zoo::names()) {
    const zoo::Info info = zoo::info(name);
    const int64_t side = info.smallest, channels = info.input[0];
    if (side == 1) continue;
    const auto net = zoo::make(name, {.classes = 2, .input = {channels, side, side}});
    net.eval();
    const Dims said = info.output == zoo::Output::steps    ? Dims{1, side / 4 - 1, 3}
                      : info.output == zoo::Output::pixels ? Dims{1, 2, side, side}
                                                           : Dims{1, 2};
    EXPECT_EQ(net(zeros({1, channels, side, side})).shape(), said) << name;
    EXPECT_THROW(net(zeros({1, channels, side - 1, side - 1})), Error) << name;
    EXPECT_NE(error_of([&] {
                zoo::make(name, {.input = {channels, side, side - 1}});
              }).find(fmt::format("{} takes images (C,H,W) of {}x{} or more", name, side, side)),
              std::string::npos);
  }
}

TEST(Zoo, RefusesWithTheNearestName) {
  EXPECT_NE(error_of([] {
              zoo::make("crnn", {.input = {1, 28, 100}});
            }).find("32x32 or more"),
            std::string::npos);
  EXPECT_NE(error_of([] { zoo::crnn(10, 1, 16); }).find("32 rows or more"), std::string::npos);
  EXPECT_NE(error_of([] { zoo::make("crnn:8-8"); }).find("crnn:16"), std::string::npos);
  EXPECT_NE(error_of([] {
              zoo::make("cnn_lstm", {.input = {3, 32, 32}});
            }).find("frames=channels:8"),
            std::string::npos);
  EXPECT_NE(error_of([] { zoo::make("lenet"); }).find("did you mean lenet5"), std::string::npos);
  EXPECT_NE(error_of([] { zoo::make("mlp:3-2:rellu"); }).find("did you mean relu"), std::string::npos);
  EXPECT_NE(error_of([] { zoo::make("mlp:3-2:maxout:x"); }).find("write maxout:3"), std::string::npos);
  for (const char* name :
       {"", "mlp:", "mlp:3", "mlp:3-", "mlp:3--2", "mlp:a-2", "mlp:3-0", "mlp:99999999999999999999-2",
        "lstm:", "lstm:3-4", "lstm:x", "unet:", "unet:0", "unet:8-8"})
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
  EXPECT_NE(error_of([] { zoo::resnet(20); }).find("cifar_resnet"), std::string::npos);
  EXPECT_THROW(zoo::vgg(12), Error);
  EXPECT_THROW(zoo::make("alexnet_original", {.input = {3, 80, 90}}), Error);
}

}  // namespace
}  // namespace fovea
