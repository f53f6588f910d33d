// Rotation, affine maps, perspective, elastic fields.
#include <cmath>

#include "fovea/transforms.h"

namespace fovea::data {
namespace {

void check_angle(const char* who, const char* what, const Range& r) {
  check(r.low <= r.high && r.low >= -360 && r.high <= 360, "[{}] {}={}..{} is no range of degrees", who, what,
        r.low, r.high);
}

void check_filter(const char* who, Filter filter) {
  check(filter != Filter::bicubic, "[{}] interpolation is nearest or bilinear", who);
}

Size size_of_image(const Sample& sample) { return {sample.image.size(1), sample.image.size(2)}; }

}  // namespace

RandomRotation::RandomRotation(Angle degrees, Filter interpolation, Fill fill)
    : degrees_(degrees), interpolation_(interpolation), fill_(std::move(fill)) {
  check_arguments();
}
void RandomRotation::check_arguments() const {
  check_angle(name(), "degrees", degrees_);
  check_filter(name(), interpolation_);
}
void RandomRotation::apply(Sample& sample, Generator& random) const {
  const double angle = double(degrees_.draw(random));
  functional::warp(sample, functional::affine_map(size_of_image(sample), {.angle = -angle}), interpolation_,
                   fill_);
}

RandomAffine::RandomAffine(Angle degrees, Pair translate, Range scale, Angle shear, Angle shear_y,
                           Filter interpolation, Fill fill)
    : degrees_(degrees),
      translate_(translate),
      scale_(scale),
      shear_(shear),
      shear_y_(shear_y),
      interpolation_(interpolation),
      fill_(std::move(fill)) {
  check_arguments();
}
void RandomAffine::check_arguments() const {
  check_angle(name(), "degrees", degrees_);
  check(translate_.x >= 0 && translate_.x <= 1 && translate_.y >= 0 && translate_.y <= 1,
        "[RandomAffine] translate={}/{} are not parts in 0..1 of width and height", translate_.x,
        translate_.y);
  check(scale_.low > 0 && scale_.low <= scale_.high, "[RandomAffine] scale={}..{} is no range above 0",
        scale_.low, scale_.high);
  for (const Angle& a : {shear_, shear_y_})
    check(a.low <= a.high && a.low > -90 && a.high < 90,
          "[RandomAffine] shear {}..{} is no range within -90..90", a.low, a.high);
  check_filter(name(), interpolation_);
}
void RandomAffine::apply(Sample& sample, Generator& random) const {
  const Size size = size_of_image(sample);
  functional::Affine t;
  t.angle = double(degrees_.draw(random));
  const auto shift = [&](float part, int64_t n) {
    const float most = part * float(n);
    return double(std::nearbyint(Range{-most, most}.draw(random)));
  };
  t.translate[0] = shift(translate_.x, size.width);
  t.translate[1] = shift(translate_.y, size.height);
  t.scale = double(scale_.draw(random));
  t.shear[0] = double(shear_.draw(random));
  t.shear[1] = double(shear_y_.draw(random));
  functional::warp(sample, functional::affine_map(size, t), interpolation_, fill_);
}

RandomPerspective::RandomPerspective(float distortion_scale, float p, Filter interpolation, Fill fill)
    : Sometimes(p), distortion_(distortion_scale), interpolation_(interpolation), fill_(std::move(fill)) {
  check_arguments();
}
void RandomPerspective::check_arguments() const {
  Sometimes::check_arguments();
  check(distortion_ >= 0 && distortion_ <= 1, "[RandomPerspective] distortion_scale={} is not in 0..1",
        distortion_);
  check_filter(name(), interpolation_);
}
void RandomPerspective::change(Sample& sample, Generator& random) const {
  const int64_t height = sample.image.size(1), width = sample.image.size(2);
  const auto inwards = [&](int64_t n) {
    return double(random.below(uint64_t(double(distortion_) * double(n / 2)) + 1));
  };
  const double right = double(width - 1), bottom = double(height - 1);
  std::array<std::array<double, 2>, 4> from{{{0, 0}, {right, 0}, {right, bottom}, {0, bottom}}}, to = from;
  for (auto& [x, y] : to) {
    x += (x > 0 ? -1 : 1) * inwards(width);
    y += (y > 0 ? -1 : 1) * inwards(height);
  }
  functional::warp(sample, functional::perspective_map(from, to), interpolation_, fill_);
}

ElasticTransform::ElasticTransform(Pair alpha, Pair sigma, Filter interpolation, Fill fill)
    : alpha_(alpha), sigma_(sigma), interpolation_(interpolation), fill_(std::move(fill)) {
  check_arguments();
}
void ElasticTransform::check_arguments() const {
  check(alpha_.x >= 0 && alpha_.y >= 0, "[ElasticTransform] alpha={}/{} is below 0", alpha_.x, alpha_.y);
  check(sigma_.x >= 0 && sigma_.y >= 0 && sigma_.x <= 100 && sigma_.y <= 100,
        "[ElasticTransform] sigma={}/{} is not in 0..100", sigma_.x, sigma_.y);
  check_filter(name(), interpolation_);
}
void ElasticTransform::apply(Sample& sample, Generator& random) const {
  const int64_t height = sample.image.size(1), width = sample.image.size(2);
  const uint64_t high = random.next();
  Generator field(high << 32 | random.next(), random.stream());  // a step has few numbers of its own
  const Tensor displacement = Tensor::empty({2, height, width});
  for (const int axis : {0, 1}) {
    const float alpha = axis == 0 ? alpha_.x : alpha_.y, sigma = axis == 0 ? sigma_.x : sigma_.y;
    const Tensor plane = displacement.narrow(0, axis, 1);
    float* const p = plane.data<float>();
    for (int64_t i = 0; i < height * width; ++i) p[i] = 2 * field.uniform() - 1;
    if (sigma > 0)
      plane.copy_from(functional::gaussian_blur(plane, int64_t(8 * sigma + 1) | 1, double(sigma)));
    for (int64_t i = 0; i < height * width; ++i) p[i] *= alpha / 2;  // of a picture that is 2 wide and high
  }
  functional::elastic(sample, displacement, interpolation_, fill_);
}

SanitizeBoundingBoxes::SanitizeBoundingBoxes(float min_size, float min_area)
    : min_size_(min_size), min_area_(min_area) {}
void SanitizeBoundingBoxes::apply(Sample& sample, Generator&) const {
  functional::sanitize_boxes(sample, min_size_, min_area_);
}

}  // namespace fovea::data
