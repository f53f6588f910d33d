// Colour profiles: which pictures one can be applied to; the work is that of Little CMS.
#include "image/profile.h"

#include "base/module.h"
#include "image/convert.h"

namespace fovea::image {

const ProfileEngine* profile_engine = nullptr;

namespace {

const ProfileEngine& engine(const std::string& who) {
  static const std::string missing = load_module("lcms", FOVEA_HAVE_LCMS, "liblcms2-dev");
  check(profile_engine, "{}: colour profiles go through Little CMS: {}", who, missing);
  return *profile_engine;
}

/// The model without alpha if a profile can describe it.
ColorModel profiled(const Image& image, const std::string& who) {
  switch (image.color) {
    case ColorModel::gray:
    case ColorModel::gray_alpha:
      return ColorModel::gray;
    case ColorModel::rgb:
    case ColorModel::rgba:
      return ColorModel::rgb;
    case ColorModel::cmyk:
      return ColorModel::cmyk;
    default:
      fail("{}: a colour profile is applied to gray, RGB or CMYK, not to {}", who, name_of(image.color));
  }
}

/// Little CMS wants ink of f32 as 0..100.
Tensor percent(const Tensor& ink) {
  const Tensor out = Tensor::empty(ink.shape(), f32);
  for (int64_t i = 0; i < ink.numel(); ++i) out.data<float>()[i] = 100 * ink.data<float>()[i];
  return out;
}

}  // namespace

bool has_profiles() { return FOVEA_HAVE_LCMS; }

Image apply_profile(const Image& image, Intent intent) {
  const std::string who = image.name.empty() ? "[apply_profile] the image" : image.name;
  if (image.color == ColorModel::lab || image.color == ColorModel::xyz) {
    Image plain = image;
    plain.icc.clear();
    return convert(plain, ColorModel::rgb);
  }
  const ColorModel from = profiled(image, who);
  check(!image.icc.empty(), "{} has no colour profile", who);
  const Table t = table_of(to_computable(image.pixels), "apply_profile");
  Tensor colors = has_alpha(image.color) ? t.tensor.narrow(2, 0, t.channels - 1).contiguous() : t.tensor;
  if (from == ColorModel::cmyk && t.dtype() == f32) colors = percent(colors);
  const Tensor rgb = Tensor::empty({t.height, t.width, 3}, t.dtype());
  engine(who).run({.icc = image.icc,
                   .from = from,
                   .intent = intent,
                   .dtype = t.dtype(),
                   .pixels = colors.raw(),
                   .rgb = rgb.raw(),
                   .count = t.height * t.width,
                   .name = who});
  Image out = image;
  out.pixels = has_alpha(image.color) ? with_alpha(rgb, t.tensor.narrow(2, t.channels - 1, 1)) : rgb;
  describe_pixels(out, has_alpha(image.color) ? ColorModel::rgba : ColorModel::rgb);
  return out;
}

std::string profile_name(std::span<const uint8_t> icc) { return engine("[profile_name]").describe(icc); }

}  // namespace fovea::image
