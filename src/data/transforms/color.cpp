// Changes of values: jitter, gray, blur, histograms, erasing, normalising.
#include <algorithm>
#include <cmath>

#include "fovea/transforms.h"

namespace fovea::data {
namespace {

void check_range(const char* who, const char* what, const Range& r, float low, float high) {
  check(r.low <= r.high && r.low >= low && r.high <= high, "[{}] {}={}..{} is no range within {}..{}", who,
        what, r.low, r.high, low, high);
}

}  // namespace

ColorJitter::ColorJitter(Factor brightness, Factor contrast, Factor saturation, Angle hue)
    : brightness_(brightness), contrast_(contrast), saturation_(saturation), hue_(hue) {
  check_arguments();
}
void ColorJitter::check_arguments() const {
  for (const auto& [what, r] : {std::pair<const char*, Range>{"brightness", brightness_},
                                {"contrast", contrast_},
                                {"saturation", saturation_}})
    check_range(name(), what, r, 0, 1e6f);
  check_range(name(), "hue", hue_, -0.5f, 0.5f);
}
void ColorJitter::apply(Sample& sample, Generator& random) const {
  std::array<int, 4> order{0, 1, 2, 3};
  for (size_t i = 4; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
  const float brightness = brightness_.draw(random), contrast = contrast_.draw(random);
  const float saturation = saturation_.draw(random), hue = hue_.draw(random);
  Tensor& x = sample.image;
  for (const int step : order) {
    if (step == 0 && brightness != 1) x = functional::adjust_brightness(x, brightness);
    if (step == 1 && contrast != 1) x = functional::adjust_contrast(x, contrast);
    if (step == 2 && saturation != 1) x = functional::adjust_saturation(x, saturation);
    if (step == 3 && hue != 0) x = functional::adjust_hue(x, hue);
  }
}

Grayscale::Grayscale(int64_t num_output_channels) : channels_(num_output_channels) { check_arguments(); }
void Grayscale::check_arguments() const {
  check(channels_ == 1 || channels_ == 3, "[Grayscale] num_output_channels={} is not 1 or 3", channels_);
}
Dims Grayscale::output_shape(const Dims& input) const {
  const Dims in = Transform::output_shape(input);
  return {channels_, in[1], in[2]};
}
void Grayscale::apply(Sample& sample, Generator&) const {
  sample.image = functional::rgb_to_grayscale(sample.image, channels_);
}

RandomGrayscale::RandomGrayscale(float p) : Sometimes(p) { check_arguments(); }
void RandomGrayscale::change(Sample& sample, Generator&) const {
  sample.image = functional::rgb_to_grayscale(sample.image, sample.image.size(0));
}

GaussianBlur::GaussianBlur(Size kernel_size, Range sigma) : kernel_(kernel_size), sigma_(sigma) {
  check_arguments();
}
void GaussianBlur::check_arguments() const {
  check(kernel_.height > 0 && kernel_.width > 0 && kernel_.height % 2 == 1 && kernel_.width % 2 == 1,
        "[GaussianBlur] kernel_size={}x{} has no middle: its sides are odd", kernel_.height, kernel_.width);
  check_range(name(), "sigma", sigma_, 1e-3f, 1e3f);
}
void GaussianBlur::apply(Sample& sample, Generator& random) const {
  sample.image = functional::gaussian_blur(sample.image, kernel_, double(sigma_.draw(random)));
}

RandomAdjustSharpness::RandomAdjustSharpness(float sharpness_factor, float p)
    : Sometimes(p), factor_(sharpness_factor) {
  check_arguments();
}
void RandomAdjustSharpness::check_arguments() const {
  Sometimes::check_arguments();
  check(factor_ >= 0, "[RandomAdjustSharpness] sharpness_factor={} is below 0", factor_);
}
void RandomAdjustSharpness::change(Sample& sample, Generator&) const {
  sample.image = functional::adjust_sharpness(sample.image, factor_);
}

RandomAutocontrast::RandomAutocontrast(float p) : Sometimes(p) { check_arguments(); }
void RandomAutocontrast::change(Sample& sample, Generator&) const {
  sample.image = functional::autocontrast(sample.image);
}

RandomEqualize::RandomEqualize(float p) : Sometimes(p) { check_arguments(); }
void RandomEqualize::change(Sample& sample, Generator&) const {
  sample.image = functional::equalize(sample.image);
}

CLAHE::CLAHE(Range clip_limit, Size tile_grid_size, float p)
    : Sometimes(p), clip_limit_(clip_limit), tiles_(tile_grid_size) {
  check_arguments();
}
void CLAHE::check_arguments() const {
  Sometimes::check_arguments();
  check_range(name(), "clip_limit", clip_limit_, 0, 1e6f);
  check(tiles_.height > 0 && tiles_.width > 0, "[CLAHE] tile_grid_size={}x{} is no number of tiles",
        tiles_.height, tiles_.width);
}
void CLAHE::change(Sample& sample, Generator& random) const {
  sample.image = functional::clahe(sample.image, double(clip_limit_.draw(random)), tiles_);
}

RandomPosterize::RandomPosterize(int64_t bits, float p) : Sometimes(p), bits_(bits) { check_arguments(); }
void RandomPosterize::check_arguments() const {
  Sometimes::check_arguments();
  check(bits_ >= 0 && bits_ <= 16, "[RandomPosterize] bits={} is not in 0..16", bits_);
}
void RandomPosterize::change(Sample& sample, Generator&) const {
  sample.image = functional::posterize(sample.image, int(bits_));
}

RandomSolarize::RandomSolarize(float threshold, float p) : Sometimes(p), threshold_(threshold) {
  check_arguments();
}
void RandomSolarize::check_arguments() const {
  Sometimes::check_arguments();
  check(threshold_ >= 0 && threshold_ <= 1,
        "[RandomSolarize] threshold={} is not in 0..1: a part of the type's range", threshold_);
}
void RandomSolarize::change(Sample& sample, Generator&) const {
  sample.image = functional::solarize(sample.image, double(threshold_));
}

RandomInvert::RandomInvert(float p) : Sometimes(p) { check_arguments(); }
void RandomInvert::change(Sample& sample, Generator&) const {
  sample.image = functional::invert(sample.image);
}

RandomErasing::RandomErasing(float p, Range scale, Range ratio, Fill value, bool random)
    : Sometimes(p), scale_(scale), ratio_(ratio), value_(std::move(value)), noise_(random) {
  check_arguments();
}
void RandomErasing::check_arguments() const {
  Sometimes::check_arguments();
  check_range(name(), "scale", scale_, 0, 1);
  check_range(name(), "ratio", ratio_, 1e-3f, 1e3f);
}
namespace {

/// A rectangle of the image's type: of `value`, or of noise over the type's range.
Tensor patch(const Tensor& image, int64_t height, int64_t width, const Fill& value, bool noise,
             Generator& random) {
  const Tensor p = Tensor::empty({image.size(0), height, width}, f32);
  const uint64_t high = random.next();
  Generator own(high << 32 | random.next(), random.stream());  // a step has few numbers of its own
  const float bound = image.dtype() == u8 ? 255.f : image.dtype() == u16 ? 65535.f : 1.f;
  float* v = p.data<float>();
  for (int64_t c = 0; c < image.size(0); ++c)
    for (int64_t i = 0; i < height * width; ++i) *v++ = noise ? own.uniform() * bound : value.of(c);
  return p.to(image.dtype());
}

}  // namespace
void RandomErasing::change(Sample& sample, Generator& random) const {
  const Tensor& x = sample.image;
  check(value_.values.size() == 1 || int64_t(value_.values.size()) == x.size(0),
        "[RandomErasing] value has {} numbers, but the image {} has {} channels", value_.values.size(),
        x.shape(), x.size(0));
  const Range log_ratio{std::log(ratio_.low), std::log(ratio_.high)};
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = double(x.size(1) * x.size(2)) * double(scale_.draw(random));
    const double ratio = std::exp(double(log_ratio.draw(random)));
    const int64_t h = std::lrint(std::sqrt(area * ratio)), w = std::lrint(std::sqrt(area / ratio));
    if (h >= x.size(1) || w >= x.size(2) || h == 0 || w == 0) continue;
    const int64_t top = int64_t(random.below(uint64_t(x.size(1) - h + 1)));
    const int64_t left = int64_t(random.below(uint64_t(x.size(2) - w + 1)));
    sample.image = functional::erase(x, top, left, patch(x, h, w, value_, noise_, random));
    return;
  }
}

Normalize::Normalize(Fill mean, Fill std) : mean_(std::move(mean)), std_(std::move(std)) {
  check_arguments();
}
void Normalize::check_arguments() const {
  for (const float s : std_.values) check(s > 0, "[Normalize] a deviation is {}; it must be above 0", s);
  check(!mean_.values.empty() && !std_.values.empty(), "[Normalize] wants mean and std");
}
void Normalize::apply(Sample& sample, Generator&) const {
  const Tensor& x = sample.image;
  for (const auto* list : {&mean_.values, &std_.values})
    check(list->size() == 1 || int64_t(list->size()) == x.size(0),
          "[Normalize] {} numbers do not fit the channels of an image {}", list->size(), x.shape());
  const float scale = x.dtype() == u8 ? 1.f / 255 : x.dtype() == u16 ? 1.f / 65535 : 1.f;
  const Tensor out = x.dtype() == f32 ? x.clone() : x.to(f32);
  float* v = out.data<float>();
  for (int64_t c = 0; c < x.size(0); ++c)
    for (int64_t i = 0; i < x.size(1) * x.size(2); ++i, ++v) *v = (*v * scale - mean_.of(c)) / std_.of(c);
  sample.image = out;
}

}  // namespace fovea::data
