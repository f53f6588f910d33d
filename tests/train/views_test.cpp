// Test-time augmentation, and how the card of a network keeps the way its files are read.
#include "fovea/views.h"

#include <cmath>

#include "../files.h"
#include "fovea/checkpoint.h"
#include "fovea/ops.h"
#include "fovea/transforms/batch.h"

namespace fovea::train {
namespace {

/// Two logits: the upper left pixel, and the sum of a row weighted by place.
nn::AnyModule lopsided() {
  return nn::Lambda("lopsided", [](const Tensor& x) {
    const Tensor flat = flatten(x, 1), weights = Tensor::empty({flat.size(1), 2}, x.dtype());
    for (int64_t i = 0; i < weights.numel(); ++i) weights.data<float>()[i] = std::sin(float(i * i));
    return matmul(flat, weights);
  });
}

Tensor picture(int64_t side) {
  const Tensor x = Tensor::empty({2, 3, side, side});
  for (int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] = std::cos(float(i) * 0.7f);
  return x;
}

/// The mean of softmax(net(view)) over views made one by one.
std::vector<double> mean_over(const nn::AnyModule& net, const std::vector<Tensor>& views) {
  std::vector<double> mean(4, 0);
  for (const Tensor& view : views) {
    const auto p = softmax(net(view.contiguous()), 1).to_vector<double>();
    for (size_t i = 0; i < mean.size(); ++i) mean[i] += p[i] / double(views.size());
  }
  return mean;
}

void expect_mean(Views kind, const Tensor& images, const std::vector<Tensor>& views) {
  const nn::AnyModule net = lopsided();
  const auto actual = exp(with_views(net, kind, {3, 4, 4})(images)).to_vector<double>(),
             wanted = mean_over(net, views);
  for (size_t i = 0; i < wanted.size(); ++i) EXPECT_NEAR(actual[i], wanted[i], 1e-6) << int(kind);
}

TEST(Views, AverageProbabilities) {
  const Tensor x = picture(4), mirrored = flip(x, {3});
  EXPECT_TRUE(same_bits(with_views(lopsided(), Views::one, {3, 4, 4})(x), lopsided()(x)));
  expect_mean(Views::mirror, x, {x, mirrored});
  expect_mean(Views::flips, x, {x, mirrored, flip(x, {2}), flip(mirrored, {2})});
  // The crops are those of data::five_crop and data::ten_crop, which work on one image.
  const Tensor large = picture(7);
  for (const Views kind : {Views::five_crop, Views::ten_crop}) {
    const auto crops = kind == Views::five_crop ? data::five_crop : data::ten_crop;
    const auto first = crops(large.select(0, 0).contiguous(), 4),
               second = crops(large.select(0, 1).contiguous(), 4);
    std::vector<Tensor> views;
    for (size_t i = 0; i < first.size(); ++i) views.push_back(stack({first[i], second[i]}, 0));
    expect_mean(kind, large, views);
  }
}

TEST(Views, TellWhichPicturesTheyWant) {
  const auto text = [](Views views, const char* transforms) {
    return transforms_for(views, data::parse_transforms(transforms), {3, 28, 28}).describe();
  };
  EXPECT_EQ(text(Views::mirror, "Cover(32), CenterCrop(28)"), "Cover(32), CenterCrop(28)");
  EXPECT_EQ(text(Views::ten_crop, "Cover(32), CenterCrop(28)"), "Cover(32)");
  EXPECT_EQ(text(Views::five_crop, "Cover(28)"), "Cover(32x32)");
  EXPECT_EQ(views_named("ten_crop"), Views::ten_crop);
  EXPECT_NE(test::error_of([] { views_named("ten"); }).find("flips"), std::string::npos);
  EXPECT_THROW(with_views(lopsided(), Views::mirror, {4}), Error);
}

TEST(ModelCard, KeepsHowFilesAreRead) {
  using image::ColorModel;
  for (const data::PictureFormat& format :
       {data::PictureFormat{}, data::PictureFormat{.color = ColorModel::gray, .channels = 1, .dtype = u16},
        data::PictureFormat{.color = ColorModel::many,
        .channels = 5,
        .dtype = f32,
        .values = true,
        .frames = {data::Frames::channels},
        .range = {{-160, 240.1f}}},
        data::PictureFormat{.color = ColorModel::cmyk,
        .channels = 4,
        .dtype = f32,
        .frames = {.index = 3},
        .own_window = true}}) {
    ModelCard card;
    card.pictures = format;
    EXPECT_EQ(ModelCard::from_metadata(card.to_metadata(), "x").pictures, format);
  }
  EXPECT_FALSE(ModelCard::from_metadata({}, "x").pictures);
  const Metadata good = [] {
    ModelCard card;
    card.pictures = data::PictureFormat{};
    return card.to_metadata();
  }();
  for (const auto& [from, to] : {std::pair{"\"u8\"", "\"i64\""},
                                 {"RGB", "red"},
                                 {"\"0\"", "\"last\""},
                                 {"[]", "[[0]]"},
                                 {"[]", "[[0,1]]"},
                                 {":3", ":-3"},
                                 {"{", "["}}) {
    Metadata bad = good;
    std::string& text = bad["pictures"];
    const size_t at = text.find(from);
    ASSERT_NE(at, text.npos) << from;
    text.replace(at, std::string(from).size(), to);
    EXPECT_NE(test::error_of([&] {
                ModelCard::from_metadata(bad, "net.safetensors");
              }).find("net.safetensors: its entry pictures is damaged"),
              std::string::npos)
        << text;
  }
}

}  // namespace
}  // namespace fovea::train
