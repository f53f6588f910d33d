// Flips, crops, resizing and padding.
#include <algorithm>
#include <cmath>

#include "fovea/transforms.h"

namespace fovea::data {
namespace {

void check_size(const char* who, const Size& size) {
  constexpr int64_t most = 1 << 16;
  check(size.height > 0 && size.width > 0 && size.height <= most && size.width <= most,
        "[{}] {} x {} is no size in 1..{}", who, size.height, size.width, most);
}

void check_range(const char* who, const char* what, const Range& r, float low, float high) {
  check(r.low <= r.high && r.low >= low && r.high <= high, "[{}] {}={}..{} is no range within {}..{}", who,
        what, r.low, r.high, low, high);
}

int64_t centred(int64_t n, int64_t size) { return std::lrint(double(n - size) / 2); }

/// Takes a window of the window that `pass` makes; false if it reaches beyond.
bool fold_crop(functional::Resampling& pass, int64_t top, int64_t left, const Size& size) {
  if (top < 0 || left < 0 || top + size.height > pass.out_height || left + size.width > pass.out_width)
    return false;
  pass.out_top += top;
  pass.out_left += pass.flip ? pass.out_width - left - size.width : left;
  pass.out_height = size.height, pass.out_width = size.width;
  return true;
}

/// Scales the window that `pass` makes; false if it is scaled already.
bool fold_resize(functional::Resampling& pass, int64_t height, int64_t width) {
  if (pass.scaled_height != pass.height || pass.scaled_width != pass.width) return false;
  pass.top += pass.out_top, pass.left += pass.out_left;
  pass.height = pass.out_height, pass.width = pass.out_width;
  pass.out_top = pass.out_left = 0;
  pass.out_height = pass.scaled_height = height, pass.out_width = pass.scaled_width = width;
  return true;
}

}  // namespace

// ---- Sometimes, flips ----

void Sometimes::check_arguments() const {
  check(p_ >= 0 && p_ <= 1, "[{}] p is a probability, not {}", name(), p_);
}
void Sometimes::apply(Sample& sample, Generator& random) const {
  if (random.uniform() < p_) change(sample, random);
}

RandomHorizontalFlip::RandomHorizontalFlip(float p) : Sometimes(p) { check_arguments(); }
void RandomHorizontalFlip::change(Sample& sample, Generator&) const { functional::horizontal_flip(sample); }
bool RandomHorizontalFlip::fold(functional::Resampling& pass, Generator& random) const {
  if (random.uniform() < p_) pass.flip = !pass.flip;
  return true;
}

RandomVerticalFlip::RandomVerticalFlip(float p) : Sometimes(p) { check_arguments(); }
void RandomVerticalFlip::change(Sample& sample, Generator&) const { functional::vertical_flip(sample); }

// ---- Resize, Letterbox ----

Resize::Resize(Size size, Filter interpolation) : size_(size), interpolation_(interpolation) {
  check_arguments();
}
void Resize::check_arguments() const { check_size(name(), size_); }
Dims Resize::output_shape(const Dims& input) const {
  const Dims in = Transform::output_shape(input);
  if (!size_.single) return {in[0], size_.height, size_.width};
  const int64_t longer = size_.height * std::max(in[1], in[2]) / std::min(in[1], in[2]);
  return in[1] <= in[2] ? Dims{in[0], size_.height, longer} : Dims{in[0], longer, size_.height};
}
void Resize::apply(Sample& sample, Generator&) const {
  const Dims shape = output_shape(sample.image.shape());
  functional::resize(sample, shape[1], shape[2], interpolation_);
}
bool Resize::fold(functional::Resampling& pass, Generator&) const {
  const Dims shape = output_shape({1, pass.out_height, pass.out_width});
  return interpolation_ == Filter::bilinear && fold_resize(pass, shape[1], shape[2]);
}

Cover::Cover(Size size) : size_(size) { check_arguments(); }
void Cover::check_arguments() const { check_size(name(), size_); }
Dims Cover::output_shape(const Dims& input) const {
  return {Transform::output_shape(input)[0], size_.height, size_.width};
}
/// The smallest size of an image's proportions that covers.
Size Cover::scaled(int64_t height, int64_t width) const {
  if (size_.width * height >= size_.height * width)  // the width decides
    return {std::max(size_.height, height * size_.width / width), size_.width};
  return {size_.height, std::max(size_.width, width * size_.height / height)};
}
void Cover::apply(Sample& sample, Generator& random) const {
  const Size size = scaled(sample.image.size(1), sample.image.size(2));
  functional::resize(sample, size.height, size.width);
  CenterCrop({size_.height, size_.width}).apply(sample, random);
}
bool Cover::fold(functional::Resampling& pass, Generator& random) const {
  const Size size = scaled(pass.out_height, pass.out_width);
  return fold_resize(pass, size.height, size.width) &&
         CenterCrop({size_.height, size_.width}).fold(pass, random);
}

Letterbox::Letterbox(Size size, Fill fill) : size_(size), fill_(std::move(fill)) { check_arguments(); }
void Letterbox::check_arguments() const { check_size(name(), size_); }
Dims Letterbox::output_shape(const Dims& input) const {
  return {Transform::output_shape(input)[0], size_.height, size_.width};
}
void Letterbox::apply(Sample& sample, Generator&) const {
  const Dims in = Transform::output_shape(sample.image.shape());
  const double scale = std::min(double(size_.height) / double(in[1]), double(size_.width) / double(in[2]));
  const auto scaled = [&](int64_t n, int64_t most) {
    return std::clamp<int64_t>(std::lrint(double(n) * scale), 1, most);
  };
  const int64_t height = scaled(in[1], size_.height), width = scaled(in[2], size_.width);
  functional::resize(sample, height, width);
  functional::crop(sample, -((size_.height - height) / 2), -((size_.width - width) / 2), size_.height,
                   size_.width, Padding::constant, fill_);
}

// ---- Crops, Pad ----

CenterCrop::CenterCrop(Size size) : size_(size) { check_arguments(); }
void CenterCrop::check_arguments() const { check_size(name(), size_); }
Dims CenterCrop::output_shape(const Dims& input) const {
  const Dims in = Transform::output_shape(input);
  check(size_.height <= in[1] && size_.width <= in[2],
        "[CenterCrop] {} x {} is larger than an image {}; Resize first", size_.height, size_.width, input);
  return {in[0], size_.height, size_.width};
}
void CenterCrop::apply(Sample& sample, Generator&) const {
  const Dims in = sample.image.shape();
  output_shape(in);
  functional::crop(sample, centred(in[1], size_.height), centred(in[2], size_.width), size_.height,
                   size_.width);
}
bool CenterCrop::fold(functional::Resampling& pass, Generator&) const {
  return fold_crop(pass, centred(pass.out_height, size_.height), centred(pass.out_width, size_.width), size_);
}

Pad::Pad(Borders padding, Fill fill, Padding padding_mode)
    : padding_(padding), fill_(std::move(fill)), mode_(padding_mode) {
  check_arguments();
}
void Pad::check_arguments() const {
  for (const int64_t n : {padding_.left, padding_.top, padding_.right, padding_.bottom})
    check(n >= 0, "[Pad] {} is no number of pixels to add", n);
}
Dims Pad::output_shape(const Dims& input) const {
  const Dims in = Transform::output_shape(input);
  return {in[0], in[1] + padding_.top + padding_.bottom, in[2] + padding_.left + padding_.right};
}
void Pad::apply(Sample& sample, Generator&) const {
  const Dims shape = output_shape(sample.image.shape());
  functional::crop(sample, -padding_.top, -padding_.left, shape[1], shape[2], mode_, fill_);
}

RandomCrop::RandomCrop(Size size, Borders padding, Padding padding_mode, Fill fill, bool pad_if_needed)
    : size_(size),
      padding_(padding),
      mode_(padding_mode),
      fill_(std::move(fill)),
      pad_if_needed_(pad_if_needed) {
  check_arguments();
}
void RandomCrop::check_arguments() const {
  check_size(name(), size_);
  Pad(padding_, fill_, mode_);
}
Dims RandomCrop::output_shape(const Dims& input) const {
  const Dims in = Transform::output_shape(input);
  const int64_t height = in[1] + padding_.top + padding_.bottom,
                width = in[2] + padding_.left + padding_.right;
  check(pad_if_needed_ || (size_.height <= height && size_.width <= width),
        "[RandomCrop] {} x {} is larger than an image {} with its padding; pad_if_needed=true pads it",
        size_.height, size_.width, input);
  const int64_t most_y = std::max(padding_.top, padding_.bottom),
                most_x = std::max(padding_.left, padding_.right);
  check(mode_ == Padding::constant || mode_ == Padding::edge || (most_y < in[1] && most_x < in[2]),
        "[RandomCrop] an image {} cannot be mirrored over {} rows and {} columns", input, most_y, most_x);
  return {in[0], size_.height, size_.width};
}
std::pair<int64_t, int64_t> RandomCrop::draw(int64_t height, int64_t width, Generator& random) const {
  const auto place = [&](int64_t n, int64_t before, int64_t after, int64_t size) {
    const int64_t needed =
        std::max<int64_t>(size - (n + before + after), 0);  // on both sides, as torchvision
    const int64_t room = n + before + after + 2 * needed - size;
    return int64_t(random.below(uint64_t(room + 1))) - before - needed;
  };
  const int64_t top = place(height, padding_.top, padding_.bottom, size_.height);
  return {top, place(width, padding_.left, padding_.right, size_.width)};
}
void RandomCrop::apply(Sample& sample, Generator& random) const {
  output_shape(sample.image.shape());
  const auto [top, left] = draw(sample.image.size(1), sample.image.size(2), random);
  functional::crop(sample, top, left, size_.height, size_.width, mode_, fill_);
}
bool RandomCrop::fold(functional::Resampling& pass, Generator& random) const {
  output_shape({1, pass.out_height, pass.out_width});
  const auto [top, left] = draw(pass.out_height, pass.out_width, random);
  return fold_crop(pass, top, left, size_);
}

RandomResizedCrop::RandomResizedCrop(Size size, Range scale, Range ratio, Filter interpolation)
    : size_(size), scale_(scale), ratio_(ratio), interpolation_(interpolation) {
  check_arguments();
}
void RandomResizedCrop::check_arguments() const {
  check_size(name(), size_);
  check_range(name(), "scale", scale_, 0, 1);
  check_range(name(), "ratio", ratio_, 1e-3f, 1e3f);
}
Dims RandomResizedCrop::output_shape(const Dims& input) const {
  return {Transform::output_shape(input)[0], size_.height, size_.width};
}
RandomResizedCrop::Window RandomResizedCrop::draw(int64_t height, int64_t width, Generator& random) const {
  const Range log_ratio{std::log(ratio_.low), std::log(ratio_.high)};
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double area = double(height * width) * double(scale_.draw(random));
    const double ratio = std::exp(double(log_ratio.draw(random)));
    const int64_t w = std::lrint(std::sqrt(area * ratio)), h = std::lrint(std::sqrt(area / ratio));
    if (w <= 0 || w > width || h <= 0 || h > height) continue;
    const int64_t top = int64_t(random.below(uint64_t(height - h + 1)));
    return {top, int64_t(random.below(uint64_t(width - w + 1))), h, w};
  }
  int64_t h = height, w = width;  // the largest of a ratio that is allowed
  const double ratio = double(width) / double(height);
  if (ratio < ratio_.low) h = std::min<int64_t>(std::lrint(double(w) / double(ratio_.low)), height);
  else if (ratio > ratio_.high) w = std::min<int64_t>(std::lrint(double(h) * double(ratio_.high)), width);
  return {(height - h) / 2, (width - w) / 2, h, w};
}
void RandomResizedCrop::apply(Sample& sample, Generator& random) const {
  const Window w = draw(sample.image.size(1), sample.image.size(2), random);
  functional::crop(sample, w.top, w.left, w.height, w.width);
  functional::resize(sample, size_.height, size_.width, interpolation_);
}
bool RandomResizedCrop::fold(functional::Resampling& pass, Generator& random) const {
  const Window w = draw(pass.out_height, pass.out_width, random);
  return interpolation_ == Filter::bilinear && fold_crop(pass, w.top, w.left, {w.height, w.width}) &&
         fold_resize(pass, size_.height, size_.width);
}

}  // namespace fovea::data
