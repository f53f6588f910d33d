// From any colour model to any other: numbers are unpacked into natural units, taken through RGB or XYZ or
// both, and packed again.
#include <algorithm>
#include <limits>
#include <vector>

#include "image/color_models.h"
#include "image/convert.h"

namespace fovea::image {
namespace {

template <class T>
constexpr float full_of() {
  if constexpr (std::is_floating_point_v<T>) return 1;
  else return float(std::numeric_limits<T>::max());
}

/// natural = (number - offset) / scale for each channel of a model.
struct Encoding {
  float scale[4], offset[4];
};

template <class T>
Encoding encoding_of(ColorModel color) {
  constexpr bool real = std::is_floating_point_v<T>;
  constexpr float full = full_of<T>(), middle = real ? 0.5f : (full + 1) / 2;
  switch (color) {
    case ColorModel::lab:
      if constexpr (real) return {{1, 1, 1, 1}, {}};
      else return {{full / 100, (full + 1) / 256, (full + 1) / 256, 1}, {0, middle, middle, 0}};
    case ColorModel::xyz: {
      const float one = real ? 1 : middle;
      return {{one, one, one, 1}, {}};
    }
    case ColorModel::ycbcr:
      return {{full, full, full, 1}, {0, middle, middle, 0}};
    default:
      return {{full, full, full, full}, {}};
  }
}

using Stage = void (*)(std::span<Pixel> block);

template <Pixel (*formula)(const Pixel&)>
void each(std::span<Pixel> block) {
  for (Pixel& p : block) p = formula(p);
}

bool is_of_the_eye(ColorModel color) { return color == ColorModel::lab || color == ColorModel::xyz; }

/// From the model to RGB, or to XYZ if the CIE defines it; null if it is that already.
Stage stage_from(ColorModel color) {
  switch (color) {
    case ColorModel::gray:
    case ColorModel::gray_alpha:
      return each<gray_to_rgb>;
    case ColorModel::cmyk:
      return each<cmyk_to_rgb>;
    case ColorModel::hsv:
      return each<hsv_to_rgb>;
    case ColorModel::ycbcr:
      return each<ycbcr_to_rgb>;
    case ColorModel::lab:
      return each<lab_to_xyz>;
    default:
      return nullptr;
  }
}

Stage stage_to(ColorModel color) {
  switch (color) {
    case ColorModel::gray:
      return each<rgb_to_gray>;
    case ColorModel::cmyk:
      return each<rgb_to_cmyk>;
    case ColorModel::hsv:
      return each<rgb_to_hsv>;
    case ColorModel::ycbcr:
      return each<rgb_to_ycbcr>;
    case ColorModel::lab:
      return each<xyz_to_lab>;
    default:
      return nullptr;
  }
}

std::vector<Stage> way(ColorModel from, ColorModel to) {
  std::vector<Stage> stages{stage_from(from)};
  if (is_of_the_eye(from) != is_of_the_eye(to))
    stages.push_back(is_of_the_eye(to) ? each<rgb_to_xyz> : each<xyz_to_rgb>);
  stages.push_back(stage_to(to));
  std::erase(stages, nullptr);
  return stages;
}

template <class T>
T packed(float natural, float scale, float offset) {
  const float v = natural * scale + offset;
  if constexpr (std::is_floating_point_v<T>) return v;
  else return v > 0 ? T(std::min(v, full_of<T>()) + 0.5f) : T{0};
}

/// By the formulas, some hundred pixels at a time.
template <class T>
void through_formulas(const Table& t, ColorModel from, ColorModel to, const Tensor& out) {
  const Encoding in = encoding_of<T>(from), as = encoding_of<T>(to);
  const std::vector<Stage> stages = way(from, to);
  const int64_t used = std::min<int64_t>(t.channels, from == ColorModel::gray_alpha ? 1
                                                     : from == ColorModel::rgba     ? 3
                                                                                    : 4);
  const int64_t channels = out.size(2), count = t.height * t.width;
  const T* source = t.tensor.data<T>();
  T* target = out.data<T>();
  std::array<Pixel, 256> buffer{};
  for (int64_t done = 0; done < count; done += int64_t(buffer.size())) {
    const std::span<Pixel> block(buffer.data(),
                                 size_t(std::min<int64_t>(int64_t(buffer.size()), count - done)));
    for (Pixel& p : block) {
      for (int64_t c = 0; c < used; ++c) p[size_t(c)] = (float(source[c]) - in.offset[c]) / in.scale[c];
      source += t.channels;
    }
    for (const Stage stage : stages) stage(block);
    for (const Pixel& p : block) {
      for (int64_t c = 0; c < channels; ++c) target[c] = packed<T>(p[size_t(c)], as.scale[c], as.offset[c]);
      target += channels;
    }
  }
}

/// out = f(pixel) for each pixel of the table, where f writes `channels` elements.
template <class F>
Tensor map_pixels(const Table& t, int64_t channels, F&& f) {
  const Tensor out = Tensor::empty({t.height, t.width, channels}, t.dtype());
  for_type(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = t.tensor.data<T>();
    T* to = out.data<T>();
    for (int64_t i = 0; i < t.height * t.width; ++i, from += t.channels, to += channels) f(from, to);
  });
  return out;
}

/// Pillow's luma: integers with a weight of 16 bits.
template <class T>
T luma(const T* p) {
  if constexpr (std::is_floating_point_v<T>) return luma_of({p[0], p[1], p[2]});
  else return T((uint32_t(p[0]) * 19595 + uint32_t(p[1]) * 38470 + uint32_t(p[2]) * 7471 + 0x8000) >> 16);
}

/// *Requires* a `to` without alpha.
Tensor colors_in(const Table& t, ColorModel from, ColorModel to) {
  const bool gray = from == ColorModel::gray || from == ColorModel::gray_alpha;
  const bool rgb = from == ColorModel::rgb || from == ColorModel::rgba;
  if (from == to) return t.tensor.reshape({t.height, t.width, t.channels});
  if (gray && to == ColorModel::gray)
    return map_pixels(t, 1, [](const auto* p, auto* out) { out[0] = p[0]; });
  if (gray && to == ColorModel::rgb)
    return map_pixels(t, 3, [](const auto* p, auto* out) { out[0] = out[1] = out[2] = p[0]; });
  if (rgb && to == ColorModel::rgb)
    return map_pixels(t, 3, [](const auto* p, auto* out) { out[0] = p[0], out[1] = p[1], out[2] = p[2]; });
  if (rgb && to == ColorModel::gray)
    return map_pixels(t, 1, [](const auto* p, auto* out) { out[0] = luma(p); });
  const Tensor out = Tensor::empty({t.height, t.width, channels_of(to)}, t.dtype());
  for_type(t.dtype(), [&](auto zero) { through_formulas<decltype(zero)>(t, from, to, out); });
  return out;
}

void check_color(const Table& t, ColorModel color, const char* who) {
  check(color != ColorModel::many, "[{}] {} channels have no colour: choose some, or render() them", who,
        t.channels);
  check(t.channels == channels_of(color), "[{}] {} has {} channels, but the image is {}", who, name_of(color),
        channels_of(color), t.tensor.describe());
}

Tensor converted(const Tensor& image, ColorModel from, ColorModel to, const char* who) {
  const Table t = table_of(image, who);
  check_color(t, from, who);
  check(to != ColorModel::many, "[{}] {} are no colour model to convert to", who, name_of(to));
  if (from == to || !has_alpha(to)) return colors_in(t, from, to);
  const Tensor colors = colors_in(t, from, to == ColorModel::rgba ? ColorModel::rgb : ColorModel::gray);
  return with_alpha(colors, has_alpha(from) ? t.tensor.narrow(2, t.channels - 1, 1) : Tensor());
}

}  // namespace

bool has_alpha(ColorModel color) { return color == ColorModel::gray_alpha || color == ColorModel::rgba; }

Tensor with_alpha(const Tensor& colors, const Tensor& alpha) {
  const int64_t channels = colors.size(2);
  const Tensor out = Tensor::empty({colors.size(0), colors.size(1), channels + 1}, colors.dtype());
  const Tensor opacity = alpha.defined() ? alpha.contiguous() : Tensor();
  for_type(colors.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* from = colors.data<T>();
    T* to = out.data<T>();
    for (int64_t i = 0; i < colors.size(0) * colors.size(1); ++i, from += channels) {
      to = std::copy_n(from, channels, to);
      *to++ = opacity.defined() ? opacity.data<T>()[i] : T(full_of<T>());
    }
  });
  return out;
}

void describe_pixels(Image& image, ColorModel color) {
  image.color = color, image.shape = image.pixels.shape(), image.dtype = image.pixels.dtype();
  image.depth = int(8 * size_of(image.dtype));
  image.icc.clear();
}

Tensor convert(const Tensor& image, ColorModel from, ColorModel to) {
  return converted(image, from, to, "convert");
}

Image convert(const Image& image, ColorModel to) {
  const bool by_itself = is_of_the_eye(image.color) || (image.color == ColorModel::cmyk && to == image.color);
  if (!image.icc.empty() && !by_itself) return convert(apply_profile(image), to);
  if (image.color == to) return image;
  Image out = image;
  out.pixels = convert(to_computable(image.pixels), image.color, to);
  describe_pixels(out, to);
  return out;
}

Tensor to_gray(const Tensor& image, ColorModel color) {
  return converted(image, color, ColorModel::gray, "to_gray");
}

Tensor to_rgb(const Tensor& image, ColorModel color) {
  return converted(image, color, ColorModel::rgb, "to_rgb");
}

Tensor to_gray(const Image& image) { return to_gray(to_computable(image.pixels), image.color); }

Tensor to_rgb(const Image& image) { return to_rgb(to_computable(image.pixels), image.color); }

}  // namespace fovea::image
