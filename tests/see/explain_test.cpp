// Explanations against Captum on the same weights (reference/make_reference.py), against what they promise,
// and with what cannot be meant.
#include <fstream>
#include <nlohmann/json.hpp>

#include "../files.h"
#include "../zoo/fill.h"
#include "fovea/autograd.h"
#include "fovea/init.h"
#include "fovea/operators.h"
#include "fovea/see.h"
#include "fovea/zoo.h"

namespace fovea {
namespace {

using nlohmann::json;
using test::error_of;

const json& references() {
  static const json all =
      json::parse(std::ifstream(FOVEA_SOURCE_DIR "/tests/see/reference/explanations.json"));
  return all;
}

nn::AnyModule filled(const std::string& name, DType dtype = f32) {
  const init::Skip filled_next;
  nn::AnyModule net = zoo::make(name);
  net.to(dtype);
  test::fill(net);
  return net;
}

Dims shape_of(const json& j) { return j.get<std::vector<int64_t>>(); }
const Tensor classes = tensor({3, 8}, {2}, i64);

/// Every so manyth number, by the largest magnitude of all.
void expect_near(const Tensor& got, const json& expected, double tolerance) {
  ASSERT_EQ(got.shape(), shape_of(expected.at("shape")));
  const double largest = expected.at("largest");
  const auto wanted = expected.at("values").get<std::vector<double>>(), all = got.to_vector<double>();
  for (size_t i = 0, at = 0; i < wanted.size(); ++i, at += expected.at("stride").get<size_t>())
    EXPECT_NEAR(all[at], wanted[i], tolerance * largest) << "number " << at;
  EXPECT_NEAR(max(abs(got)).item(), largest, tolerance * largest);
}

void expect_as_captum(const std::string& name, DType dtype, double tolerance, double tolerance_of_parts) {
  const json& expected = references().at(name);
  const nn::AnyModule net = filled(name, dtype);
  const Tensor x = test::images(shape_of(expected.at("input")), dtype);
  const Tensor baseline = Tensor::empty({1, x.size(1), x.size(2), x.size(3)}, dtype);
  test::fill(baseline, 101, 0.25, 0);

  expect_near(see::input_gradient(net, x, classes), expected.at("gradient"), tolerance);
  expect_near(see::saliency_map(net, x, classes), expected.at("saliency"), tolerance);
  const auto [parts, error] = see::integrated_gradients(net, x, classes, {.baseline = baseline});
  expect_near(parts, expected.at("integrated"), tolerance_of_parts);
  for (int64_t i = 0; i < 2; ++i)
    EXPECT_NEAR(error.to_vector<double>()[size_t(i)],
                expected.at("integrated_error")[size_t(i)].get<double>(), 1e-3);
  expect_near(see::occlusion(net, x, classes, {.window = 5, .stride = 3, .value = 0.25}),
              expected.at("occlusion"), tolerance);
  for (const auto& [layer, cam] : expected.at("grad_cam").items())
    expect_near(see::grad_cam(net, x, classes, layer), cam, tolerance);
}

TEST(Explain, LeNetAsCaptum) { expect_as_captum("lenet5", f32, 1e-4, 1e-4); }
/// Captum rounds to f32 on its way.
TEST(Explain, LeNetAsCaptumInF64) { expect_as_captum("lenet5", f64, 1e-7, 1e-7); }
TEST(Explain, ResNetAsCaptumInF64) { expect_as_captum("resnet20", f64, 1e-7, 1e-7); }
/// With the most exact kernels: where rounding moves the input of a ReLU across 0, a gradient on the way
/// jumps. Captum in f32 is 1.4e-3 away from itself in f64.
TEST(Explain, ResNetAsCaptum) {
  const Precision before = precision();
  set_precision(Precision::highest);
  expect_as_captum("resnet20", f32, 1e-4, 1e-3);
  set_precision(before);
}

TEST(Explain, PartsSumUpToTheScore) {
  const nn::AnyModule net = zoo::make("mlp:16-12-3:tanh");  // smooth: the rule has nearly no error
  const Tensor x = randn({3, 1, 4, 4}), y = tensor({0, 1, 2}, {3}, i64);
  const auto [parts, error] = see::integrated_gradients(net, x, y, {.steps = 20});
  const Tensor score = sum(net(x) * one_hot(y, 3), {1}),
               nothing = sum(net(zeros(x.shape())) * one_hot(y, 3), {1});
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(sum(parts.select(0, i)).item(),
                score.detach().at<float>({i}) - nothing.detach().at<float>({i}), 1e-4);
    EXPECT_NEAR(error.at<float>({i}), 0, 1e-4);
  }
}

/// The gradient of a linear map is its weights, for every input; its parts are weight times way.
TEST(Explain, ALinearMapIsItsWeights) {
  const nn::AnyModule net = zoo::perceptron(4, 2);
  const Tensor w = net.named_parameters()[0].second.detach().select(0, 1).reshape({1, 1, 2, 2});
  const Tensor x = tensor({1, 2, 3, 4}, {1, 1, 2, 2}), y = tensor({1}, {1}, i64);
  EXPECT_LT(max(abs(see::input_gradient(net, x, y) - w)).item(), 1e-6);
  EXPECT_LT(max(abs(see::integrated_gradients(net, x, y, {.steps = 3}).parts - w * x)).item(), 1e-6);
  const Tensor fall = see::occlusion(net, x, y, {.window = 1, .stride = 1});
  EXPECT_LT(max(abs(fall - reshape(w * x, {1, 2, 2}))).item(), 1e-6);
  const Tensor smooth = see::saliency_map(net, x, y, {.samples = 4, .noise = 0.3, .seed = 1});
  EXPECT_LT(max(abs(smooth - reshape(abs(w), {1, 2, 2}))).item(), 1e-6);
}

TEST(Explain, LeavesTheNetworkAsItWas) {
  const nn::AnyModule net = zoo::make("lenet5");
  net.train();
  net.parameters()[0].set_requires_grad(false);
  see::grad_cam(net, randn({1, 1, 28, 28}), tensor({0}, {1}, i64));
  EXPECT_TRUE(net.training());
  EXPECT_FALSE(net.parameters()[0].requires_grad());
  EXPECT_TRUE(net.parameters()[1].requires_grad());
  EXPECT_FALSE(net.parameters()[1].grad().defined());
}

TEST(Explain, GradCamLooksAtTheLastMaps) {
  EXPECT_EQ(see::cam_layer(zoo::make("lenet5"), zeros({1, 1, 28, 28})), "relu2");
  EXPECT_EQ(see::cam_layer(zoo::make("resnet20"), zeros({1, 3, 32, 32})), "layer3");
  EXPECT_NE(error_of([] {
              see::cam_layer(zoo::make("mlp"), zeros({1, 1, 28, 28}));
            }).find("no convolution"),
            std::string::npos);
}

TEST(Explain, RefusesWhatCannotBeMeant) {
  const nn::AnyModule net = zoo::make("lenet5");
  const Tensor x = zeros({1, 1, 28, 28}), one = tensor({1}, {1}, i64);
  const std::pair<std::function<void()>, const char*> cases[] = {
      {[&] { see::grad_cam(net, x, one, "conv3"); }, "did you mean conv1?"},
      {[&] { see::grad_cam(net, x, one, "fc1"); }, "of this network do: conv1, relu1, pool1"},
      {[&] { see::input_gradient(net, x, tensor({10}, {1}, i64)); },
       "class 10 is outside of the network's 10"},
      {[&] {
         see::input_gradient(net, x, tensor({1, 2}, {2}, i64));
       },
       "1 examples want as many classes"},
      {[&] { see::input_gradient(net, x, tensor({1}, {1})); }, "i64, not f32"},
      {[&] {
         see::saliency_map(net, zeros({1, 784}), one);
       },
       "wants images (N,C,H,W)"},
      {[&] { see::integrated_gradients(net, x, one, {.steps = 0}); }, "steps=0"},
      {[&] { see::occlusion(net, x, one, {.window = 4, .stride = 5}); }, "does not cover"},
      {[&] { see::occlusion(net, x, one, {.window = 29}); }, "28 x 28"},
  };
  for (const auto& [work, message] : cases)
    EXPECT_NE(error_of(work).find(message), std::string::npos) << message << " is not in: " << error_of(work);
}

TEST(Dream, MakesUnitsLargeAndRepeatsItself) {
  const nn::AnyModule net = filled("lenet5");
  const see::Dreams first = see::dream(net, "conv2", {3, 7}, {1, 28, 28}, {.steps = 12, .seed = 5});
  EXPECT_EQ(first.images.shape(), (Dims{2, 1, 28, 28}));
  EXPECT_GT(min(first.after - first.before).item(), 0.2);
  EXPECT_LE(max(abs(first.images)).item(), 3);
  const see::Dreams again = see::dream(net, "conv2", {3, 7}, {1, 28, 28}, {.steps = 12, .seed = 5});
  EXPECT_TRUE(same_bits(first.images, again.images));
  const see::Dreams of_class =
      see::dream(net, "fc3", {7}, {1, 28, 28}, {.steps = 6, .low = scalar(0), .high = scalar(1)});
  EXPECT_GE(min(of_class.images).item(), 0);
  EXPECT_GT(of_class.after.item(), of_class.before.item());
}

TEST(Dream, RefusesWhatCannotBeMeant) {
  const nn::AnyModule net = zoo::make("lenet5");
  const Dims input{1, 28, 28};
  const std::pair<std::function<void()>, const char*> cases[] = {
      {[&] { see::dream(net, "conv2", {16}, input); }, "unit 16 is outside of the 16 of conv2"},
      {[&] { see::dream(net, "conv2", {0}, {784}); }, "(C,H,W)"},
      {[&] { see::dream(net, "conv2", {}, input); }, "of 0"},
      {[&] { see::dream(net, "conv9", {0}, input); }, "has no layer conv9"},
      {[&] { see::dream(net, "conv2", {0}, input, {.steps = 0}); }, "steps=0"},
  };
  for (const auto& [work, message] : cases)
    EXPECT_NE(error_of(work).find(message), std::string::npos) << message << " is not in: " << error_of(work);
}

}  // namespace
}  // namespace fovea
