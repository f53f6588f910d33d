// RandAugment, TrivialAugmentWide, AugMix: torchvision's spaces of changes and magnitudes.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "data/transforms/distributions.h"
#include "fovea/transforms.h"

namespace fovea::data {
namespace {

const char* const change_names[] = {"Identity",  "ShearX",     "ShearY",       "TranslateX", "TranslateY",
                                    "Rotate",    "Brightness", "Color",        "Contrast",   "Sharpness",
                                    "Posterize", "Solarize",   "AutoContrast", "Equalize"};

/// How strong the changes of a policy get.
struct Space {
  double shear, translate_part, translate, degrees, factor;  // largest: slope, part of the side, pixels ...
  double bits, bits_lost;                                    // posterize keeps bits .. bits - bits_lost
};
constexpr Space rand_space{0.3, 150.0 / 331.0, 0, 30, 0.9, 8, 4};
constexpr Space wide_space{0.99, 0, 32, 135, 0.99, 8, 6};
constexpr Space mix_space{0.3, 1.0 / 3, 0, 30, 0.9, 4, 4};

bool is_signed(Change c) { return c >= Change::shear_x && c <= Change::sharpness; }

/// The magnitude at `bin` of `bins`, without its sign.
double magnitude(const Space& s, Change change, int64_t bin, int64_t bins, const Tensor& image) {
  const double t = bins > 1 ? double(bin) / double(bins - 1) : 0;
  switch (change) {
    case Change::shear_x:
    case Change::shear_y:
      return t * s.shear;
    case Change::translate_x:
      return t * (s.translate_part * double(image.size(2)) + s.translate);
    case Change::translate_y:
      return t * (s.translate_part * double(image.size(1)) + s.translate);
    case Change::rotate:
      return t * s.degrees;
    case Change::brightness:
    case Change::color:
    case Change::contrast:
    case Change::sharpness:
      return t * s.factor;
    case Change::posterize:
      return std::nearbyint(s.bits - t * s.bits_lost);
    case Change::solarize:
      return 1 - t;
    default:
      return 0;
  }
}

/// The changes that suit an image: "Color" wants one or three channels.
std::vector<Change> changes_for(const Tensor& image, bool identity, bool values) {
  std::vector<Change> all;
  for (int c = 0; c <= int(Change::equalize); ++c) {
    const Change change = Change(c);
    const bool is_value = change >= Change::brightness && change <= Change::sharpness;
    if (change == Change::identity && !identity) continue;
    if (is_value && !values) continue;
    if (change == Change::color && image.size(0) != 1 && image.size(0) != 3) continue;
    all.push_back(change);
  }
  return all;
}

/// One change out of `changes` at `bin`, with a random sign where it has one.
void apply_one(Sample& sample, const Space& space, const std::vector<Change>& changes, int64_t bin,
               int64_t bins, Filter filter, const Fill& fill, Generator& random) {
  const Change change = changes[random.below(changes.size())];
  double m = magnitude(space, change, bin, bins, sample.image);
  if (is_signed(change) && random.uniform() < 0.5f) m = -m;
  functional::apply(sample, change, m, filter, fill);
}

void check_policy(const char* who, int64_t bins, Filter filter) {
  check(bins >= 2 && bins <= 1000, "[{}] num_magnitude_bins={} is not in 2..1000", who, bins);
  check(filter != Filter::bicubic, "[{}] interpolation is nearest or bilinear", who);
}

}  // namespace

const char* name_of(Change change) { return change_names[size_t(change)]; }

void functional::apply(Sample& sample, Change change, double m, Filter filter, const Fill& fill) {
  const Size size{sample.image.size(1), sample.image.size(2)};
  const double shear = std::atan(m) * 180 / std::numbers::pi;
  Tensor& x = sample.image;
  const float factor = float(1 + m);
  switch (change) {
    case Change::identity:
      return;
    case Change::shear_x:
      return warp(sample, affine_map(size, {.shear = {shear, 0}}, {0, 0}), filter, fill);
    case Change::shear_y:
      return warp(sample, affine_map(size, {.shear = {0, shear}}, {0, 0}), filter, fill);
    case Change::translate_x:
      return warp(sample, affine_map(size, {.translate = {std::trunc(m), 0}}), filter, fill);
    case Change::translate_y:
      return warp(sample, affine_map(size, {.translate = {0, std::trunc(m)}}), filter, fill);
    case Change::rotate:
      return warp(sample, affine_map(size, {.angle = -m}), filter, fill);
    case Change::brightness:
      return void(x = adjust_brightness(x, factor));
    case Change::color:
      return void(x = adjust_saturation(x, factor));
    case Change::contrast:
      return void(x = adjust_contrast(x, factor));
    case Change::sharpness:
      return void(x = adjust_sharpness(x, factor));
    case Change::posterize:
      return void(x = posterize(x, int(m)));
    case Change::solarize:
      return void(x = solarize(x, m));
    case Change::autocontrast:
      return void(x = autocontrast(x));
    case Change::equalize:
      return void(x = equalize(x));
  }
}

RandAugment::RandAugment(int64_t num_ops, int64_t magnitude, int64_t num_magnitude_bins, Filter interpolation,
                         Fill fill)
    : num_ops_(num_ops),
      magnitude_(magnitude),
      bins_(num_magnitude_bins),
      interpolation_(interpolation),
      fill_(std::move(fill)) {
  check_arguments();
}
void RandAugment::check_arguments() const {
  check_policy(name(), bins_, interpolation_);
  check(num_ops_ >= 0 && num_ops_ <= 100, "[RandAugment] num_ops={} is not in 0..100", num_ops_);
  check(magnitude_ >= 0 && magnitude_ < bins_, "[RandAugment] magnitude={} is not in 0..{}", magnitude_,
        bins_ - 1);
}
void RandAugment::apply(Sample& sample, Generator& random) const {
  const auto changes = changes_for(sample.image, true, true);
  for (int64_t i = 0; i < num_ops_; ++i)
    apply_one(sample, rand_space, changes, magnitude_, bins_, interpolation_, fill_, random);
}

TrivialAugmentWide::TrivialAugmentWide(int64_t num_magnitude_bins, Filter interpolation, Fill fill)
    : bins_(num_magnitude_bins), interpolation_(interpolation), fill_(std::move(fill)) {
  check_arguments();
}
void TrivialAugmentWide::check_arguments() const { check_policy(name(), bins_, interpolation_); }
void TrivialAugmentWide::apply(Sample& sample, Generator& random) const {
  const int64_t bin = int64_t(random.below(uint64_t(bins_)));
  apply_one(sample, wide_space, changes_for(sample.image, true, true), bin, bins_, interpolation_, fill_,
            random);
}

AugMix::AugMix(int64_t severity, int64_t mixture_width, int64_t chain_depth, float alpha, bool all_ops,
               Filter interpolation, Fill fill)
    : severity_(severity),
      width_(mixture_width),
      depth_(chain_depth),
      alpha_(alpha),
      all_ops_(all_ops),
      interpolation_(interpolation),
      fill_(std::move(fill)) {
  check_arguments();
}
void AugMix::check_arguments() const {
  check_policy(name(), 10, interpolation_);
  check(severity_ >= 1 && severity_ <= 10, "[AugMix] severity={} is not in 1..10", severity_);
  check(width_ >= 1 && width_ <= 100, "[AugMix] mixture_width={} is not in 1..100", width_);
  check(depth_ <= 100, "[AugMix] chain_depth={} is above 100", depth_);
  check(alpha_ > 0, "[AugMix] alpha={} is not above 0", alpha_);
}
void AugMix::apply(Sample& sample, Generator& random) const {
  constexpr int64_t bins = 10;
  const auto changes = changes_for(sample.image, false, all_ops_);
  const std::vector<double> share = dirichlet(2, double(alpha_), random);  // of the image, of its chains
  const std::vector<double> shares = dirichlet(width_, double(alpha_), random);
  const Tensor original = sample.image.contiguous();
  std::vector<double> mix = original.to_vector<double>();
  for (double& v : mix) v *= share[0];
  for (int64_t chain = 0; chain < width_; ++chain) {
    Sample copy{.image = original};
    const int64_t depth = depth_ > 0 ? depth_ : 1 + int64_t(random.below(3));
    for (int64_t i = 0; i < depth; ++i)
      apply_one(copy, mix_space, changes, int64_t(random.below(uint64_t(severity_))), bins, interpolation_,
                fill_, random);
    const Tensor values = copy.image.to(f32).contiguous();
    const float* v = values.data<float>();
    const double weight = share[1] * shares[size_t(chain)];
    for (double& m : mix) m += weight * double(*v++);
  }
  const Tensor mixed = Tensor::empty(original.shape(), f32);
  std::transform(mix.begin(), mix.end(), mixed.data<float>(), [](double v) { return float(v); });
  sample.image = mixed.to(original.dtype());
}

}  // namespace fovea::data
