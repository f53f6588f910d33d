// Filters, maps and explanations as pictures, by their pixels.
#include <gtest/gtest.h>

#include "../files.h"
#include "fovea/ops.h"
#include "fovea/see.h"
#include "fovea/zoo.h"

namespace fovea {
namespace {

using test::error_of;

std::vector<int> pixel(const Tensor& rgb, int64_t y, int64_t x) {
  std::vector<int> out;
  for (int64_t c = 0; c < 3; ++c) out.push_back(rgb.at<uint8_t>({y, x, c}));
  return out;
}

TEST(Filters, AreTilesOnAScaleOfTheirOwn) {
  const nn::Sequential net({{"conv", nn::Conv2d(1, 2, 2)}});
  net.named_parameters()[0].second.copy_from(tensor({0, 1, -1, 0.5, 4, 0, 0, -2}, {2, 1, 2, 2}));
  const Tensor picture = see::filters(net, "conv");
  ASSERT_EQ(picture.shape(), (Dims{2 + 66, 2 + 2 * 66, 3}));  // two tiles of 2x2, 32 times as large
  EXPECT_EQ(pixel(picture, 0, 0), (std::vector<int>{48, 48, 48}));
  EXPECT_EQ(pixel(picture, 2, 2), (std::vector<int>{128, 128, 128}));
  EXPECT_EQ(pixel(picture, 2, 65), (std::vector<int>{255, 255, 255}));
  EXPECT_EQ(pixel(picture, 65, 2), (std::vector<int>{0, 0, 0}));
  EXPECT_EQ(pixel(picture, 2, 68), (std::vector<int>{255, 255, 255}));
  EXPECT_EQ(pixel(picture, 65, 131), (std::vector<int>{64, 64, 64}));
}

TEST(Filters, OfColoursOfManyChannelsAndOfLinearLayers) {
  EXPECT_EQ(see::filters(zoo::make("resnet20"), "conv1").shape(), (Dims{2 + 4 * 98, 2 + 4 * 98, 3}));
  EXPECT_EQ(see::filters(zoo::make("lenet5"), "conv2").shape(), (Dims{2 + 16 * 32, 2 + 6 * 32, 3}));
  EXPECT_EQ(see::filters(zoo::make("perceptron"), "fc", {1, 28, 28}).shape(),
            (Dims{2 + 3 * 114, 2 + 4 * 114, 3}));
  EXPECT_EQ(see::filter_layers(zoo::make("lenet5"), {1, 28, 28}),
            (std::vector<std::string>{"conv1", "conv2"}));
  EXPECT_EQ(see::filter_layers(zoo::make("mlp"), {1, 28, 28}), (std::vector<std::string>{"fc1"}));
  const std::string error = error_of([] { see::filters(zoo::make("lenet5"), "fc1", {1, 28, 28}); });
  EXPECT_NE(error.find("these have: conv1, conv2"), std::string::npos) << error;
}

TEST(FeatureMaps, AreTilesOnOneScale) {
  const nn::Sequential net({{"conv", nn::Conv2d(1, 2, 1, {.bias = false})}, {"flat", nn::Flatten()}});
  net.named_parameters()[0].second.copy_from(tensor({1, 2}, {2, 1, 1, 1}));
  Tensor x = zeros({1, 1, 40, 40});
  x.at<float>({0, 0, 0, 0}) = 1;
  const Tensor picture = see::feature_maps(net, "conv", x);
  ASSERT_EQ(picture.shape(), (Dims{2 + 242, 2 + 2 * 242, 3}));
  EXPECT_EQ(pixel(picture, 2, 244), (std::vector<int>{253, 231, 37}));  // the end of viridis
  EXPECT_EQ(pixel(picture, 9, 9), (std::vector<int>{68, 1, 84}));       // its start
  EXPECT_EQ(pixel(picture, 2, 2), (std::vector<int>{33, 144, 141}));    // its middle: half of the largest
  EXPECT_EQ(see::map_layers(net, x), (std::vector<std::string>{"conv"}));
  EXPECT_NE(error_of([&] { see::feature_maps(net, "flat", x); }).find("of this network do: conv"),
            std::string::npos);
}

TEST(InputPicture, IsWhatTheNetworkSaw) {
  const Tensor x = tensor({-1, 1, 0, 0, 1, -1}, {3, 1, 2});
  const float mean[]{0.5f, 0.5f, 0.5f}, std[]{0.5f, 0.5f, 0.5f};
  const Tensor seen = see::input_picture(x, mean, std);
  EXPECT_EQ(pixel(seen, 0, 0), (std::vector<int>{0, 128, 255}));
  EXPECT_EQ(pixel(seen, 0, 1), (std::vector<int>{255, 128, 0}));
  EXPECT_EQ(pixel(see::input_picture(tensor({-5, 5}, {1, 1, 2})), 0, 1), (std::vector<int>{255, 255, 255}));
  EXPECT_NE(error_of([&] { see::input_picture(x, std::span(mean).first(2)); }).find("2 means"),
            std::string::npos);
}

TEST(Overlay, BlendsThePictureWithTheHeat) {
  const Tensor black = full({2, 2, 3}, 0, u8);
  const Tensor seen = see::overlay(black, tensor({0, 1, 0, 1}, {2, 2}), 0.5);
  EXPECT_EQ(pixel(seen, 0, 0), (std::vector<int>{0, 0, 64}));  // jet from (0,0,128) to (128,0,0)
  EXPECT_EQ(pixel(seen, 1, 1), (std::vector<int>{64, 0, 0}));
  EXPECT_EQ(pixel(see::overlay(black, zeros({2, 2})), 1, 1), (std::vector<int>{0, 0, 64})) << "no heat";
  EXPECT_EQ(see::overlay(full({8, 6, 3}, 9, u8), tensor({1}, {1, 1})).shape(), (Dims{8, 6, 3}));
  EXPECT_NE(error_of([&] { see::overlay(black, zeros({1, 2, 2})); }).find("a map (h,w)"), std::string::npos);
}

/// Of 256 colours none is the middle.
TEST(SignedMap, IsWhiteAtZero) {
  const Tensor seen = see::signed_map(tensor({-2, 0, 1, 2}, {2, 2}));
  EXPECT_EQ(pixel(seen, 0, 0), (std::vector<int>{0, 0, 255}));
  EXPECT_EQ(pixel(seen, 0, 1), (std::vector<int>{255, 254, 254}));
  EXPECT_EQ(pixel(seen, 1, 1), (std::vector<int>{255, 0, 0}));
  EXPECT_EQ(pixel(see::signed_map(zeros({1, 1})), 0, 0), (std::vector<int>{255, 254, 254}));
}

}  // namespace
}  // namespace fovea
