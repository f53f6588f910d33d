// Transforms that move pixels; boxes, masks and key points go with them. Included by fovea/transforms.h.
#pragma once
#include "fovea/transforms.h"

namespace fovea::data {

/// A transform that does its work with probability p, and else nothing.
class Sometimes : public Transform {
 public:
  void check_arguments() const override;
  void apply(Sample& sample, Generator& random) const final;

 protected:
  explicit Sometimes(float p) : p_(p) {}
  virtual void change(Sample& sample, Generator& random) const = 0;
  float p_;
};

/// Mirrors left and right.
class RandomHorizontalFlip : public Sometimes {
 public:
  explicit RandomHorizontalFlip(float p = 0.5f);
  const char* name() const override { return "RandomHorizontalFlip"; }
  std::vector<Argument> arguments() override { return {{"p", &p_}}; }
  void change(Sample& sample, Generator& random) const override;
  bool fold(functional::Resampling& pass, Generator& random) const override;
};

/// Mirrors top and bottom.
class RandomVerticalFlip : public Sometimes {
 public:
  explicit RandomVerticalFlip(float p = 0.5f);
  const char* name() const override { return "RandomVerticalFlip"; }
  std::vector<Argument> arguments() override { return {{"p", &p_}}; }
  void change(Sample& sample, Generator& random) const override;
};

/// Scales to (height, width), or, given one number, the shorter side to it (the longer one truncates).
/// Antialiased.
class Resize : public Transform {
 public:
  Resize() = default;
  explicit Resize(Size size, Filter interpolation = Filter::bilinear);
  const char* name() const override { return "Resize"; }
  std::vector<Argument> arguments() override {
    return {{"size", &size_}, {"interpolation", &interpolation_}};
  }
  void check_arguments() const override;
  Dims output_shape(const Dims& input) const override;
  void apply(Sample& sample, Generator& random) const override;
  bool fold(functional::Resampling& pass, Generator& random) const override;

 private:
  Size size_;
  Filter interpolation_ = Filter::bilinear;
};

/// Scales to cover `size` keeping proportions and takes the centre: no place is left empty, none stretched.
class Cover : public Transform {
 public:
  Cover() = default;
  explicit Cover(Size size);
  const char* name() const override { return "Cover"; }
  std::vector<Argument> arguments() override { return {{"size", &size_}}; }
  void check_arguments() const override;
  Dims output_shape(const Dims& input) const override;
  void apply(Sample& sample, Generator& random) const override;
  bool fold(functional::Resampling& pass, Generator& random) const override;

 private:
  Size scaled(int64_t height, int64_t width) const;
  Size size_;
};

/// Scales to fit into `size` keeping proportions and pads evenly with `fill`: no pixel is lost, none
/// stretched.
class Letterbox : public Transform {
 public:
  Letterbox() = default;
  explicit Letterbox(Size size, Fill fill = 0);
  const char* name() const override { return "Letterbox"; }
  std::vector<Argument> arguments() override { return {{"size", &size_}, {"fill", &fill_}}; }
  void check_arguments() const override;
  Dims output_shape(const Dims& input) const override;
  void apply(Sample& sample, Generator& random) const override;

 private:
  Size size_;
  Fill fill_;
};

/// The centre; borders are rounded half to even as in torchvision. A smaller image is refused.
class CenterCrop : public Transform {
 public:
  CenterCrop() = default;
  explicit CenterCrop(Size size);
  const char* name() const override { return "CenterCrop"; }
  std::vector<Argument> arguments() override { return {{"size", &size_}}; }
  void check_arguments() const override;
  Dims output_shape(const Dims& input) const override;
  void apply(Sample& sample, Generator& random) const override;
  bool fold(functional::Resampling& pass, Generator& random) const override;

 private:
  Size size_;
};

/// Adds rows and columns.
class Pad : public Transform {
 public:
  Pad() = default;
  explicit Pad(Borders padding, Fill fill = 0, Padding padding_mode = Padding::constant);
  const char* name() const override { return "Pad"; }
  std::vector<Argument> arguments() override {
    return {{"padding", &padding_}, {"fill", &fill_}, {"padding_mode", &mode_}};
  }
  void check_arguments() const override;
  Dims output_shape(const Dims& input) const override;
  void apply(Sample& sample, Generator& random) const override;

 private:
  Borders padding_;
  Fill fill_;
  Padding mode_ = Padding::constant;
};

/// A window of `size` at a random place of the image with `padding` around it.
class RandomCrop : public Transform {
 public:
  RandomCrop() = default;
  explicit RandomCrop(Size size, Borders padding = 0, Padding padding_mode = Padding::constant, Fill fill = 0,
                      bool pad_if_needed = false);
  const char* name() const override { return "RandomCrop"; }
  std::vector<Argument> arguments() override {
    return {{"size", &size_},
            {"padding", &padding_},
            {"padding_mode", &mode_},
            {"fill", &fill_},
            {"pad_if_needed", &pad_if_needed_}};
  }
  void check_arguments() const override;
  Dims output_shape(const Dims& input) const override;
  void apply(Sample& sample, Generator& random) const override;
  bool fold(functional::Resampling& pass, Generator& random) const override;

 private:
  std::pair<int64_t, int64_t> draw(int64_t height, int64_t width, Generator& random) const;
  Size size_;
  Borders padding_;
  Padding mode_ = Padding::constant;
  Fill fill_;
  bool pad_if_needed_ = false;
};

/// A window of a random part `scale` of the area and with a random `ratio` of width to height, scaled to
/// `size` (Szegedy et al. 2015); after ten misses the largest in the centre.
class RandomResizedCrop : public Transform {
 public:
  RandomResizedCrop() = default;
  explicit RandomResizedCrop(Size size, Range scale = {0.08f, 1}, Range ratio = {0.75f, 4.f / 3},
                             Filter interpolation = Filter::bilinear);
  const char* name() const override { return "RandomResizedCrop"; }
  std::vector<Argument> arguments() override {
    return {{"size", &size_}, {"scale", &scale_}, {"ratio", &ratio_}, {"interpolation", &interpolation_}};
  }
  void check_arguments() const override;
  Dims output_shape(const Dims& input) const override;
  void apply(Sample& sample, Generator& random) const override;
  bool fold(functional::Resampling& pass, Generator& random) const override;

 private:
  struct Window {
    int64_t top, left, height, width;
  };
  Window draw(int64_t height, int64_t width, Generator& random) const;
  Size size_;
  Range scale_{0.08f, 1}, ratio_{0.75f, 4.f / 3};
  Filter interpolation_ = Filter::bilinear;
};

/// Turns by degrees counter-clockwise about the centre; `fill` comes in from outside.
class RandomRotation : public Transform {
 public:
  RandomRotation() = default;
  explicit RandomRotation(Angle degrees, Filter interpolation = Filter::nearest, Fill fill = 0);
  const char* name() const override { return "RandomRotation"; }
  std::vector<Argument> arguments() override {
    return {{"degrees", &degrees_}, {"interpolation", &interpolation_}, {"fill", &fill_}};
  }
  void check_arguments() const override;
  void apply(Sample& sample, Generator& random) const override;

 private:
  Angle degrees_;
  Filter interpolation_ = Filter::nearest;
  Fill fill_;
};

/// Turns by degrees clockwise, shifts by up to `translate` of width and height (whole pixels), scales, and
/// shears by degrees, each uniform, about the centre.
class RandomAffine : public Transform {
 public:
  RandomAffine() = default;
  explicit RandomAffine(Angle degrees, Pair translate = 0, Range scale = {1, 1}, Angle shear = 0,
                        Angle shear_y = 0, Filter interpolation = Filter::nearest, Fill fill = 0);
  const char* name() const override { return "RandomAffine"; }
  std::vector<Argument> arguments() override {
    return {{"degrees", &degrees_}, {"translate", &translate_}, {"scale", &scale_},
            {"shear", &shear_},     {"shear_y", &shear_y_},     {"interpolation", &interpolation_},
            {"fill", &fill_}};
  }
  void check_arguments() const override;
  void apply(Sample& sample, Generator& random) const override;

 private:
  Angle degrees_;
  Pair translate_;
  Range scale_{1, 1};
  Angle shear_, shear_y_;
  Filter interpolation_ = Filter::nearest;
  Fill fill_;
};

/// Moves each corner inwards by up to half of `distortion_scale` of the sides.
class RandomPerspective : public Sometimes {
 public:
  explicit RandomPerspective(float distortion_scale = 0.5f, float p = 0.5f,
                             Filter interpolation = Filter::bilinear, Fill fill = 0);
  const char* name() const override { return "RandomPerspective"; }
  std::vector<Argument> arguments() override {
    return {
        {"distortion_scale", &distortion_}, {"p", &p_}, {"interpolation", &interpolation_}, {"fill", &fill_}};
  }
  void check_arguments() const override;
  void change(Sample& sample, Generator& random) const override;

 private:
  float distortion_;
  Filter interpolation_;
  Fill fill_;
};

/// Moves every pixel by alpha times a random field blurred with sigma (Simard et al. 2003).
class ElasticTransform : public Transform {
 public:
  explicit ElasticTransform(Pair alpha = 50, Pair sigma = 5, Filter interpolation = Filter::bilinear,
                            Fill fill = 0);
  const char* name() const override { return "ElasticTransform"; }
  std::vector<Argument> arguments() override {
    return {{"alpha", &alpha_}, {"sigma", &sigma_}, {"interpolation", &interpolation_}, {"fill", &fill_}};
  }
  void check_arguments() const override;
  void apply(Sample& sample, Generator& random) const override;

 private:
  Pair alpha_, sigma_;
  Filter interpolation_;
  Fill fill_;
};

/// Drops boxes that the steps before have cut down to less than this.
class SanitizeBoundingBoxes : public Transform {
 public:
  explicit SanitizeBoundingBoxes(float min_size = 1, float min_area = 1);
  const char* name() const override { return "SanitizeBoundingBoxes"; }
  std::vector<Argument> arguments() override { return {{"min_size", &min_size_}, {"min_area", &min_area_}}; }
  void apply(Sample& sample, Generator& random) const override;

 private:
  float min_size_, min_area_;
};

}  // namespace fovea::data
