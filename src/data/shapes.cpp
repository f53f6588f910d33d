// Circles, squares and triangles on a textured ground, with the mask of what is where. Colour hints at the
// class (circles are redder than they would be, squares greener, triangles bluer), form tells it.
#include <algorithm>
#include <array>
#include <cmath>

#include "fovea/data.h"
#include "fovea/random.h"

namespace fovea::data {
namespace {

constexpr float tilt = 0.3f;  // of squares and triangles at most, in radians
using Rgb = std::array<float, 3>;

float between(float low, float high, Generator& random) { return Range{low, high}.draw(random); }
Rgb any_color(float low, float high, Generator& random) {
  Rgb color;
  for (float& c : color) c = between(low, high, random);
  return color;
}

Rgb grayish(Generator& random) {
  const float gray = between(60, 190, random);
  return any_color(gray - 25, gray + 25, random);
}

/// Waves of brightness across the picture.
struct Stripes {
  explicit Stripes(Generator& random)
      : across(between(0.2f, 1.2f, random)),
        down(between(-1.2f, 1.2f, random)),
        height(between(5, 25, random)) {}
  float operator()(float x, float y) const { return height * std::sin(across * x + down * y); }
  float across, down, height;
};

/// Of class 1 circle, 2 square, 3 triangle.
struct Form {
  Form(float side, Generator& random)
      : label(uint8_t(1 + random.below(3))),
        x(between(0.1f, 0.9f, random) * side),
        y(between(0.1f, 0.9f, random) * side),
        radius(between(0.14f, 0.26f, random) * side),
        angle(between(-tilt, tilt, random)),
        color(any_color(20, 110, random)) {
    color[label - 1u] += 115;
  }
  bool covers(float px, float py) const {
    const float cosine = std::cos(angle), sine = std::sin(angle), right = (px - x) / radius,
                down = (py - y) / radius, u = cosine * right + sine * down, v = cosine * down - sine * right;
    if (label == 1) return u * u + v * v < 1;
    if (label == 2) return std::max(std::abs(u), std::abs(v)) < 0.85f;
    return v < 0.6f && std::sqrt(3.f) * std::abs(u) < v + 1.2f;
  }
  uint8_t label;
  float x, y, radius, angle;
  Rgb color;
};

/// One picture, its forms from back to front.
struct Scene {
  Scene(int64_t side, Generator& random) : color(grayish(random)), texture(random) {
    for (uint64_t n = 2 + random.below(3); n > 0; --n) forms.emplace_back(float(side), random);
  }
  /// The form at the centre of a pixel; null: the ground.
  const Form* at(int64_t px, int64_t py) const {
    for (size_t i = forms.size(); i > 0; --i)
      if (forms[i - 1].covers(float(px) + 0.5f, float(py) + 0.5f)) return &forms[i - 1];
    return nullptr;
  }
  Rgb color;
  Stripes texture;
  std::vector<Form> forms;
};

class Shapes : public Dataset {
 public:
  Shapes(int64_t side, Split split, uint64_t seed) : side_(side), seed_(seed) {
    name_ = "shapes", split_ = split, shape_ = {3, side, side}, task_ = Task::segment;
    classes_ = {"background", "circle", "square", "triangle"};
    augment_ = Compose(RandomHorizontalFlip());
  }
  int64_t size() const override { return split_ == Split::train ? 1000 : 200; }
  int64_t label(int64_t) const override { return 0; }
  void read(int64_t index, const Tensor& row) const override {
    constexpr float noise = 8;
    Generator random = generator(index);
    const Scene scene(side_, random);
    uint8_t* out = row.data<uint8_t>();
    for (int64_t y = 0; y < side_; ++y)
      for (int64_t x = 0; x < side_; ++x) {
        const Form* form = scene.at(x, y);
        const float wave = (form ? 0 : scene.texture(float(x), float(y))) + noise * random.normal();
        for (size_t c = 0; c < 3; ++c)
          out[(int64_t(c) * side_ + y) * side_ + x] =
              uint8_t(std::clamp((form ? form->color : scene.color)[c] + wave, 0.f, 255.f));
      }
  }
  Tensor mask(int64_t index) const override {
    Generator random = generator(index);
    const Scene scene(side_, random);
    const Tensor classes = Tensor::empty({side_, side_}, u8);
    for (int64_t y = 0; y < side_; ++y)
      for (int64_t x = 0; x < side_; ++x) {
        const Form* form = scene.at(x, y);
        classes.data<uint8_t>()[y * side_ + x] = form ? form->label : 0;
      }
    return classes;
  }

 private:
  Generator generator(int64_t index) const {
    Generator random(seed_, split_ == Split::train ? 0x5a7121 : 0x5a7e57);
    random.seek(uint64_t(index) << 32);
    return random;
  }
  int64_t side_;
  uint64_t seed_;
};

}  // namespace

std::shared_ptr<Dataset> make_shapes(int64_t side, Split split, uint64_t seed) {
  check(side >= 16 && side <= 1024, "shapes wants pictures of 16 to 1024 pixels, not {}", side);
  return std::make_shared<Shapes>(side, split, seed);
}

}  // namespace fovea::data
