// Policies that choose among changes at random: RandAugment, TrivialAugmentWide, AugMix. They change the
// image and geometry of the annotations alike. Included by fovea/transforms.h.
#pragma once
#include "fovea/transforms/geometry.h"

namespace fovea::data {

/// The changes that policies choose from, as in torchvision (Cubuk et al. 2018).
enum class Change : uint8_t {
  identity,
  shear_x,
  shear_y,
  translate_x,
  translate_y,
  rotate,
  brightness,
  color,
  contrast,
  sharpness,
  posterize,
  solarize,
  autocontrast,
  equalize
};
/// "ShearX"
const char* name_of(Change change);

namespace functional {
/// Does `change` with torchvision's magnitude: the shear, pixels, degrees, the factor beyond 1, bits, or the
/// threshold of 0..1.
void apply(Sample& sample, Change change, double magnitude, Filter filter = Filter::nearest,
           const Fill& fill = 0);
}  // namespace functional

/// `num_ops` random changes of one strength: `magnitude` of `num_magnitude_bins` (Cubuk et al. 2019). Images
/// of other channels than gray and RGB have no "Color".
class RandAugment : public Transform {
 public:
  explicit RandAugment(int64_t num_ops = 2, int64_t magnitude = 9, int64_t num_magnitude_bins = 31,
                       Filter interpolation = Filter::nearest, Fill fill = 0);
  const char* name() const override { return "RandAugment"; }
  std::vector<Argument> arguments() override {
    return {{"num_ops", &num_ops_},
            {"magnitude", &magnitude_},
            {"num_magnitude_bins", &bins_},
            {"interpolation", &interpolation_},
            {"fill", &fill_}};
  }
  void check_arguments() const override;
  void apply(Sample& sample, Generator& random) const override;

 private:
  int64_t num_ops_, magnitude_, bins_;
  Filter interpolation_;
  Fill fill_;
};

/// One random change of random strength, from a wide range (Mueller and Hutter 2021).
class TrivialAugmentWide : public Transform {
 public:
  explicit TrivialAugmentWide(int64_t num_magnitude_bins = 31, Filter interpolation = Filter::nearest,
                              Fill fill = 0);
  const char* name() const override { return "TrivialAugmentWide"; }
  std::vector<Argument> arguments() override {
    return {{"num_magnitude_bins", &bins_}, {"interpolation", &interpolation_}, {"fill", &fill_}};
  }
  void check_arguments() const override;
  void apply(Sample& sample, Generator& random) const override;

 private:
  int64_t bins_;
  Filter interpolation_;
  Fill fill_;
};

/// A random mixture of the image and `mixture_width` chains of changes (Hendrycks et al. 2020). A chain has
/// `chain_depth` changes, or 1 to 3 if that is not above 0. It mixes the image with moved copies of itself,
/// so boxes, masks and points, which cannot be in two places, stay.
class AugMix : public Transform {
 public:
  explicit AugMix(int64_t severity = 3, int64_t mixture_width = 3, int64_t chain_depth = -1, float alpha = 1,
                  bool all_ops = true, Filter interpolation = Filter::bilinear, Fill fill = 0);
  const char* name() const override { return "AugMix"; }
  std::vector<Argument> arguments() override {
    return {{"severity", &severity_}, {"mixture_width", &width_}, {"chain_depth", &depth_},
            {"alpha", &alpha_},       {"all_ops", &all_ops_},     {"interpolation", &interpolation_},
            {"fill", &fill_}};
  }
  void check_arguments() const override;
  void apply(Sample& sample, Generator& random) const override;

 private:
  int64_t severity_, width_, depth_;
  float alpha_;
  bool all_ops_;
  Filter interpolation_;
  Fill fill_;
};

}  // namespace fovea::data
