// Every layer and loss against PyTorch: its weights load by name, its results and statistics are equal
// (reference/make_reference.py).
#include <gtest/gtest.h>

#include "fovea/nn.h"
#include "fovea/op.h"
#include "fovea/ops.h"

namespace fovea {
namespace {

/// The reference tensors of one case by what follows its name, in the order of the file.
struct Reference {
  Tensor x, y, target;
  NamedTensors before, after;
};

const std::map<std::string, Reference>& references() {
  static const auto all = [] {
    std::map<std::string, Reference> cases;
    for (const auto& [name, tensor] :
         load_safetensors(FOVEA_SOURCE_DIR "/tests/nn/reference/layers.safetensors")) {
      const size_t slash = name.find('/');
      Reference& r = cases[name.substr(0, slash)];
      const std::string rest = name.substr(slash + 1);
      if (rest == "x") r.x = tensor;
      else if (rest == "y") r.y = tensor;
      else if (rest == "target") r.target = tensor;
      else if (rest.starts_with("before/")) r.before.emplace_back(rest.substr(7), tensor);
      else if (rest.starts_with("after/")) r.after.emplace_back(rest.substr(6), tensor);
    }
    return cases;
  }();
  return all;
}

void expect_near(const Tensor& a, const Tensor& b, const std::string& what) {
  ASSERT_EQ(a.shape(), b.shape()) << what;
  const auto x = a.detach().to_vector<double>(), y = b.detach().to_vector<double>();
  for (size_t i = 0; i < x.size(); ++i)
    ASSERT_NEAR(x[i], y[i], 1e-12 * (1 + std::abs(y[i]))) << what << " at " << i;
}

struct LayerCase {
  const char* name;
  nn::AnyModule module;
};

std::vector<LayerCase> layers() {
  using namespace nn;
  return {{"linear", Linear(5, 4)},
          {"linear_no_bias", Linear(5, 4, {.bias = false})},
          {"conv1d", Conv1d(4, 6, 3, {.stride = 2, .padding = 1, .groups = 2})},
          {"conv2d",
           Conv2d(4, 3, {3, 2}, {.stride = {2, 1}, .padding = {1, 0}, .dilation = {1, 2}, .bias = false})},
          {"conv3d", Conv3d(2, 3, 2, {.padding = 1})},
          {"conv_transpose2d",
           ConvTranspose2d(4, 6, 3, {.stride = 2, .padding = 1, .output_padding = 1, .groups = 2})},
          {"embedding", Embedding(7, 3)},
          {"max_pool2d", MaxPool2d(3, {.stride = 2, .padding = 1, .ceil_mode = true})},
          {"max_pool2d_plain", MaxPool2d(2)},
          {"avg_pool2d",
           AvgPool2d({3, 2}, {.stride = 2, .padding = 1, .ceil_mode = true, .count_include_pad = false})},
          {"adaptive_avg_pool2d", AdaptiveAvgPool2d({4, 2})},
          {"adaptive_max_pool2d", AdaptiveMaxPool2d(3)},
          {"batch_norm1d", BatchNorm1d(5)},
          {"batch_norm1d_length", BatchNorm1d(5, {.momentum = 0.3})},
          {"batch_norm2d", BatchNorm2d(4, {.eps = 1e-3})},
          {"batch_norm2d_eval", BatchNorm2d(4)},
          {"batch_norm2d_plain", BatchNorm2d(4, {.affine = false})},
          {"batch_norm3d", BatchNorm3d(2)},
          {"layer_norm", LayerNorm({6, 5})},
          {"group_norm", GroupNorm(2, 4)},
          {"local_response_norm", LocalResponseNorm(3, 0.1, 0.6, 2)},
          {"flatten", Flatten()},
          {"relu", ReLU()},
          {"relu6", ReLU6()},
          {"leaky_relu", LeakyReLU(0.1)},
          {"elu", ELU(0.7)},
          {"selu", SELU()},
          {"sigmoid", Sigmoid()},
          {"tanh", Tanh()},
          {"softplus", Softplus()},
          {"gelu", GELU()},
          {"gelu_tanh", GELU(true)},
          {"silu", SiLU()},
          {"hardswish", Hardswish()},
          {"softmax", Softmax(1)},
          {"log_softmax", LogSoftmax(2)},
          {"prelu", PReLU(4)},
          {"maxout_linear", MaxoutLinear(5, 4, 3)},
          {"celu", CELU(0.75)},
          {"logsigmoid", LogSigmoid()},
          {"softsign", Softsign()},
          {"mish", Mish()},
          {"hardtanh", Hardtanh(-0.5, 1.5)},
          {"threshold", Threshold(0.5, -7)},
          {"hardshrink", Hardshrink(0.3)},
          {"softshrink", Softshrink(0.3)},
          {"tanhshrink", Tanhshrink()},
          {"glu", GLU(1)}};
}

std::vector<std::pair<std::string, nn::Loss>> losses() {
  using namespace nn;
  const Tensor weight = tensor({0.5, 1, 2, 0.1}, {}, f64);
  return {
      {"cross_entropy", CrossEntropyLoss()},
      {"cross_entropy_options",
       CrossEntropyLoss({.weight = weight, .ignore_index = 1, .label_smoothing = 0.1, .reduction = "sum"})},
      {"nll", NLLLoss()},
      {"mse", MSELoss()},
      {"mse_none", MSELoss("none")},
      {"l1", L1Loss()},
      {"huber", HuberLoss(0.6)},
      {"smooth_l1", SmoothL1Loss(0.6)},
      {"bce_with_logits", BCEWithLogitsLoss()},
      {"kl_div", KLDivLoss("batchmean")}};
}

TEST(Layer, EveryReferenceIsUsed) { EXPECT_EQ(layers().size() + losses().size(), references().size()); }

TEST(Layer, ResultsAndStatisticsArePyTorchs) {
  for (const auto& [name, module] : layers()) {
    const Reference& r = references().at(name);
    module.to(f64);
    module.train(std::string(name) != "batch_norm2d_eval");
    module.load_state_dict(r.before);
    expect_near(module(r.x), r.y, name);
    const auto buffers = module.named_buffers();
    for (size_t i = 0; i < r.after.size(); ++i) {
      ASSERT_EQ(buffers.at(i).first, r.after[i].first);
      expect_near(buffers[i].second, r.after[i].second, name + (" " + r.after[i].first));
    }
  }
}

TEST(Layer, LossesArePyTorchs) {
  for (const auto& [name, loss] : losses()) {
    const Reference& r = references().at(name);
    expect_near(reshape(loss(r.x, r.target), {-1}), r.y, name);
  }
}

TEST(Layer, DescribeTellsWhatIsNotUsual) {
  EXPECT_EQ(nn::Conv2d(3, 64, 7, {.stride = 2, .padding = 3, .bias = false}).describe(),
            "Conv2d(3, 64, kernel=7, stride=2, padding=3, bias=false)");
  EXPECT_EQ(nn::Conv2d(4, 8, {3, 5}, {.groups = 2}).describe(), "Conv2d(4, 8, kernel=(3,5), groups=2)");
  EXPECT_EQ(nn::MaxPool2d(3, {.stride = 2}).describe(), "MaxPool2d(3, stride=2)");
  EXPECT_EQ(nn::Linear(3, 4).describe(), "Linear(3, 4)");
  EXPECT_EQ(nn::MaxoutLinear(3, 4, 2).describe(), "MaxoutLinear(3, 4, pieces=2)");
}

TEST(Layer, RefusesWhatMakesNoSense) {
  EXPECT_THROW(nn::Conv2d(3, 4, {1, 2, 3}), Error);
  EXPECT_THROW(nn::Conv2d(3, 4, 3, {.groups = 2}), Error);
  EXPECT_THROW(nn::GroupNorm(3, 4), Error);
  EXPECT_THROW(nn::Dropout(1.5), Error);
  EXPECT_THROW(nn::BatchNorm2d(3)(ones({2, 3})), Error);
  EXPECT_THROW(nn::BatchNorm1d(3)(ones({2, 3, 4, 4})), Error);
}

TEST(Layer, DropoutActsInTrainingOnly) {
  const Tensor x = ones({40, 50});
  const nn::Dropout dropout(0.25);
  const auto values = dropout(x).to_vector<float>();
  const auto kept =
      std::count_if(values.begin(), values.end(), [](float v) { return std::abs(v - 4.0f / 3) < 1e-6f; });
  EXPECT_EQ(std::count(values.begin(), values.end(), 0.0f) + kept, 2000);
  EXPECT_NEAR(double(kept), 1500, 100);  // 5 standard deviations
  dropout.eval();
  EXPECT_TRUE(same_bits(dropout(x), x));
}

TEST(Layer, Dropout2dDropsWholeChannels) {
  const nn::Dropout2d dropout(0.5);
  const Tensor y = dropout(ones({30, 20, 3, 3}));
  const auto sums = sum(y, {2, 3}).to_vector<float>();
  const auto dropped = std::count(sums.begin(), sums.end(), 0.0f);
  EXPECT_EQ(std::count(sums.begin(), sums.end(), 18.0f) + dropped, 600);
  EXPECT_NEAR(double(dropped), 300, 65);
  dropout.eval();
  EXPECT_EQ(sum(dropout(ones({1, 2, 3, 3}))).item(), 18);
}

TEST(Layer, MaxoutTakesTheLargestOfNeighbours) {
  const Tensor x = tensor({1, 5, -2, -3, 0, 0}, {1, 6});
  EXPECT_EQ(nn::Maxout(2)(x).to_vector<float>(), (std::vector<float>{5, -2, 0}));
}

TEST(Activation, EveryNameMakesItsOp) {
  const Tensor x = tensor({-3, -0.7, 0, 0.2, 5});
  for (const std::string& name : nn::activation_names()) {
    if (name == "prelu") continue;  // the only one with a weight
    const std::string numbers = name == "threshold" ? ":0.1,20" : "";
    const NamedAttrs attrs =
        name == "threshold" ? NamedAttrs{{"threshold", 0.1}, {"value", 20.0}} : NamedAttrs();
    EXPECT_TRUE(same_bits(nn::make_activation(name + numbers)(x), call(name, {x}, attrs))) << name;
  }
  EXPECT_EQ(nn::make_activation("prelu")(tensor({-1, 2})).to_vector<float>(), (std::vector<float>{-0.25, 2}));
}

TEST(Activation, TheSlopeIsTheLecturesWhereItIsGiven) {
  const Tensor x = tensor({-1});
  EXPECT_FLOAT_EQ(float(nn::make_activation("leaky_relu")(x).item()), -0.01f);
  EXPECT_FLOAT_EQ(float(nn::make_activation("leaky_relu:0.1")(x).item()), -0.1f);
  EXPECT_EQ(nn::make_activation("leaky_relu:0.1").describe(), "LeakyReLU(0.1)");
  EXPECT_EQ(nn::make_activation("hardtanh:-2,2").describe(), "Hardtanh(-2, 2)");
}

TEST(Activation, RefusesWrongNamesAndNumbers) {
  const auto error_of = [](const std::string& name) -> std::string {
    try {
      nn::make_activation(name);
    } catch (const Error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_NE(error_of("mesh").find("did you mean mish"), std::string::npos);
  EXPECT_NE(error_of("relu:0.1").find("1 numbers too many for relu(x)"), std::string::npos);
  EXPECT_NE(error_of("threshold:1").find("lacks value"), std::string::npos);
  for (const char* name : {"", "leaky_relu:x", "leaky_relu:0.1,", "leaky_relu:nan", "leaky_relu:1e999"})
    EXPECT_NE(error_of(name), "") << name;
}

}  // namespace
}  // namespace fovea
