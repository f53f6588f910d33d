// Transforms that change values and leave every pixel at its place. Included by fovea/transforms.h.
#pragma once
#include "fovea/transforms/geometry.h"

namespace fovea::data {

/// Brightness, contrast, saturation and hue in random order. Saturation and hue want RGB, or gray, which they
/// leave; contrast of other channels is about the mean of each.
class ColorJitter : public Transform {
 public:
  explicit ColorJitter(Factor brightness = 0, Factor contrast = 0, Factor saturation = 0, Angle hue = 0);
  const char* name() const override { return "ColorJitter"; }
  std::vector<Argument> arguments() override {
    return {
        {"brightness", &brightness_}, {"contrast", &contrast_}, {"saturation", &saturation_}, {"hue", &hue_}};
  }
  void check_arguments() const override;
  void apply(Sample& sample, Generator& random) const override;

 private:
  Factor brightness_, contrast_, saturation_;
  Angle hue_;
};

/// The luma of RGB in 1 or 3 channels.
class Grayscale : public Transform {
 public:
  explicit Grayscale(int64_t num_output_channels = 1);
  const char* name() const override { return "Grayscale"; }
  std::vector<Argument> arguments() override { return {{"num_output_channels", &channels_}}; }
  void check_arguments() const override;
  Dims output_shape(const Dims& input) const override;
  void apply(Sample& sample, Generator& random) const override;

 private:
  int64_t channels_;
};

/// Takes the colour from RGB and leaves three channels.
class RandomGrayscale : public Sometimes {
 public:
  explicit RandomGrayscale(float p = 0.1f);
  const char* name() const override { return "RandomGrayscale"; }
  std::vector<Argument> arguments() override { return {{"p", &p_}}; }
  void change(Sample& sample, Generator& random) const override;
};

class GaussianBlur : public Transform {
 public:
  GaussianBlur() = default;
  explicit GaussianBlur(Size kernel_size, Range sigma = {0.1f, 2});
  const char* name() const override { return "GaussianBlur"; }
  std::vector<Argument> arguments() override { return {{"kernel_size", &kernel_}, {"sigma", &sigma_}}; }
  void check_arguments() const override;
  void apply(Sample& sample, Generator& random) const override;

 private:
  Size kernel_ = 3;
  Range sigma_{0.1f, 2};
};

class RandomAdjustSharpness : public Sometimes {
 public:
  explicit RandomAdjustSharpness(float sharpness_factor = 2, float p = 0.5f);
  const char* name() const override { return "RandomAdjustSharpness"; }
  std::vector<Argument> arguments() override { return {{"sharpness_factor", &factor_}, {"p", &p_}}; }
  void check_arguments() const override;
  void change(Sample& sample, Generator& random) const override;

 private:
  float factor_;
};

class RandomAutocontrast : public Sometimes {
 public:
  explicit RandomAutocontrast(float p = 0.5f);
  const char* name() const override { return "RandomAutocontrast"; }
  std::vector<Argument> arguments() override { return {{"p", &p_}}; }
  void change(Sample& sample, Generator& random) const override;
};

class RandomEqualize : public Sometimes {
 public:
  explicit RandomEqualize(float p = 0.5f);
  const char* name() const override { return "RandomEqualize"; }
  std::vector<Argument> arguments() override { return {{"p", &p_}}; }
  void change(Sample& sample, Generator& random) const override;
};

/// Contrast-limited adaptive histogram equalisation with a random clip limit, in tiles.
class CLAHE : public Sometimes {
 public:
  explicit CLAHE(Range clip_limit = {1, 4}, Size tile_grid_size = 8, float p = 0.5f);
  const char* name() const override { return "CLAHE"; }
  std::vector<Argument> arguments() override {
    return {{"clip_limit", &clip_limit_}, {"tile_grid_size", &tiles_}, {"p", &p_}};
  }
  void check_arguments() const override;
  void change(Sample& sample, Generator& random) const override;

 private:
  Range clip_limit_;
  Size tiles_;
};

/// Keeps the upper `bits` of each number.
class RandomPosterize : public Sometimes {
 public:
  explicit RandomPosterize(int64_t bits = 4, float p = 0.5f);
  const char* name() const override { return "RandomPosterize"; }
  std::vector<Argument> arguments() override { return {{"bits", &bits_}, {"p", &p_}}; }
  void check_arguments() const override;
  void change(Sample& sample, Generator& random) const override;

 private:
  int64_t bits_;
};

/// Inverts numbers from `threshold` on: 0..1 of the type's range, so that it means the same at every depth
/// (torchvision wants it in the image's numbers).
class RandomSolarize : public Sometimes {
 public:
  explicit RandomSolarize(float threshold = 0.5f, float p = 0.5f);
  const char* name() const override { return "RandomSolarize"; }
  std::vector<Argument> arguments() override { return {{"threshold", &threshold_}, {"p", &p_}}; }
  void check_arguments() const override;
  void change(Sample& sample, Generator& random) const override;

 private:
  float threshold_;
};

class RandomInvert : public Sometimes {
 public:
  explicit RandomInvert(float p = 0.5f);
  const char* name() const override { return "RandomInvert"; }
  std::vector<Argument> arguments() override { return {{"p", &p_}}; }
  void change(Sample& sample, Generator& random) const override;
};

/// Fills a random rectangle of a part `scale` of the area with `value`, or with uniform noise (Zhong et al.
/// 2017). Boxes and masks stay.
class RandomErasing : public Sometimes {
 public:
  explicit RandomErasing(float p = 0.5f, Range scale = {0.02f, 0.33f}, Range ratio = {0.3f, 3.3f},
                         Fill value = 0, bool random = false);
  const char* name() const override { return "RandomErasing"; }
  std::vector<Argument> arguments() override {
    return {{"p", &p_}, {"scale", &scale_}, {"ratio", &ratio_}, {"value", &value_}, {"random", &noise_}};
  }
  void check_arguments() const override;
  void change(Sample& sample, Generator& random) const override;

 private:
  Range scale_, ratio_;
  Fill value_;
  bool noise_;
};

/// y = (x / max - mean) / std as f32, max being the largest number of the type (1 for f32): one value each,
/// or one per channel. The last step of a pipeline, where it takes the place of the loader's own.
class Normalize : public Transform {
 public:
  Normalize() = default;
  Normalize(Fill mean, Fill std);
  const char* name() const override { return "Normalize"; }
  std::vector<Argument> arguments() override { return {{"mean", &mean_}, {"std", &std_}}; }
  void check_arguments() const override;
  void apply(Sample& sample, Generator& random) const override;
  const Fill& mean() const { return mean_; }
  const Fill& std() const { return std_; }

 private:
  Fill mean_, std_ = 1;
};

}  // namespace fovea::data
