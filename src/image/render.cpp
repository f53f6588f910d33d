// Any table of pixels as an eye can see it: window, palette, choice of channels.
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "image/pixels.h"

namespace fovea::image {
namespace {

struct Palette {
  const char* name;
  std::vector<std::array<uint8_t, 3>> stops;  // equally spaced, straight lines between
};

/// viridis: samples of S. van der Walt and N. Smith's colours, 2015; jet: as MATLAB's; rainbow: samples of
/// matplotlib's (|2x - 0.5|, sin(pi x), cos(pi x / 2)); iron: as thermal cameras draw;
/// bwr: matplotlib's, for values of both signs.
const std::vector<Palette>& palettes() {
  static const std::vector<Palette> all{{"gray", {{0, 0, 0}, {255, 255, 255}}},
                                        {"iron",
                                         {{0, 0, 10},
                                          {70, 0, 125},
                                          {155, 0, 157},
                                          {215, 40, 90},
                                          {240, 110, 10},
                                          {255, 185, 10},
                                          {255, 255, 245}}},
                                        {"hot",
                                         {{0, 0, 0},
                                          {85, 0, 0},
                                          {170, 0, 0},
                                          {255, 0, 0},
                                          {255, 85, 0},
                                          {255, 170, 0},
                                          {255, 255, 0},
                                          {255, 255, 128},
                                          {255, 255, 255}}},
                                        {"rainbow",
                                         {{128, 0, 255},
                                          {96, 50, 254},
                                          {64, 98, 250},
                                          {32, 142, 244},
                                          {0, 180, 236},
                                          {32, 212, 225},
                                          {64, 236, 212},
                                          {96, 250, 197},
                                          {128, 255, 180},
                                          {159, 250, 162},
                                          {191, 236, 142},
                                          {223, 212, 120},
                                          {255, 180, 98},
                                          {255, 142, 74},
                                          {255, 98, 50},
                                          {255, 50, 25},
                                          {255, 0, 0}}},
                                        {"viridis",
                                         {{68, 1, 84},
                                          {71, 44, 122},
                                          {59, 81, 139},
                                          {44, 113, 142},
                                          {33, 144, 141},
                                          {39, 173, 129},
                                          {92, 200, 99},
                                          {170, 220, 50},
                                          {253, 231, 37}}},
                                        {"jet",
                                         {{0, 0, 128},
                                          {0, 0, 255},
                                          {0, 128, 255},
                                          {0, 255, 255},
                                          {128, 255, 128},
                                          {255, 255, 0},
                                          {255, 128, 0},
                                          {255, 0, 0},
                                          {128, 0, 0}}},
                                        {"bwr", {{0, 0, 255}, {255, 255, 255}, {255, 0, 0}}}};
  return all;
}

/// The 256 colours of a palette.
std::array<std::array<uint8_t, 3>, 256> colors_of(const std::string& name) {
  std::array<std::array<uint8_t, 3>, 256> table{};
  for (const Palette& p : palettes()) {
    if (p.name != name) continue;
    for (size_t i = 0; i < 256; ++i) {
      const double at = double(i) * double(p.stops.size() - 1) / 255;
      const size_t low = std::min(size_t(at), p.stops.size() - 2);
      for (size_t c = 0; c < 3; ++c)
        table[i][c] = uint8_t(
            std::lround(p.stops[low][c] + (at - double(low)) * (p.stops[low + 1][c] - p.stops[low][c])));
    }
    return table;
  }
  fail("palette={} is none of {}", name, fmt::format("{}", fmt::join(palette_names(), " ")));
}

/// The range of the numbers that are finite; NaN and infinities are the mark of "nothing measured".
Window range_of(const Tensor& t) {
  const float* const p = t.data<float>();
  float low = INFINITY, high = -INFINITY;
  for (int64_t i = 0; i < t.numel(); ++i)
    if (std::isfinite(p[i])) low = std::min(low, p[i]), high = std::max(high, p[i]);
  if (low > high) return {0, 0};
  return {(double(low) + high) / 2, double(high) - low};
}

/// f32 of any range to u8: the window from black to white; an empty one shows all middle gray.
Tensor windowed(const Tensor& t, const Window& window, bool inverted) {
  const Tensor out = Tensor::empty(t.shape(), u8);
  const float* const from = t.data<float>();
  uint8_t* const to = out.data<uint8_t>();
  const double low = window.center - window.width / 2;
  for (int64_t i = 0; i < t.numel(); ++i) {
    double v = window.width > 0 ? (double(from[i]) - low) / window.width * 255 : 128;
    v = v >= 0 ? std::min(v, 255.0) : 0;  // NaN: 0
    to[i] = uint8_t(inverted ? 255.5 - v : v + 0.5);
  }
  return out;
}

Tensor channels(const Tensor& pixels, int64_t first, int64_t count) {
  return pixels.narrow(2, first, count).contiguous();
}

Tensor painted(const Tensor& gray, const std::string& palette) {
  const auto table = colors_of(palette);
  const Tensor out = Tensor::empty({gray.size(0), gray.size(1), 3}, u8);
  for (int64_t i = 0; i < gray.numel(); ++i)
    std::copy_n(table[gray.data<uint8_t>()[i]].data(), 3, out.data<uint8_t>() + i * 3);
  return out;
}

/// Blended with middle gray where it is transparent. *Requires* u8.
Tensor blended(const Tensor& rgb, const Tensor& alpha) {
  const Tensor out = Tensor::empty(rgb.shape(), u8);
  for (int64_t i = 0; i < rgb.numel(); ++i) {
    const int a = alpha.data<uint8_t>()[i / 3];
    out.data<uint8_t>()[i] = uint8_t((rgb.data<uint8_t>()[i] * a + 128 * (255 - a) + 127) / 255);
  }
  return out;
}

/// The channels that are looked at as numbers: those asked for, or the first of many; none if the colours
/// are.
std::vector<int64_t> shown_channels(const Image& image, const RenderOptions& options) {
  if (!options.bands.empty()) return options.bands;
  if (options.channel >= 0) return {options.channel};
  if (image.color != ColorModel::many) return {};
  return image.pixels.size(2) >= 3 ? std::vector<int64_t>{0, 1, 2} : std::vector<int64_t>{0};
}

Tensor chosen(const Tensor& pixels, const std::vector<int64_t>& wanted) {
  const auto count = int64_t(wanted.size());
  const Tensor out = Tensor::empty({pixels.size(0), pixels.size(1), count}, pixels.dtype());
  for (int64_t i = 0; i < count; ++i) out.narrow(2, i, 1).copy_from(pixels.narrow(2, wanted[size_t(i)], 1));
  return out;
}

/// From the value that `low` of 100 finite numbers do not reach to the one that 100 - `high` exceed.
Window percentiles_of(const Tensor& t, double low, double high) {
  std::vector<float> finite;
  for (int64_t i = 0; i < t.numel(); ++i)
    if (std::isfinite(t.data<float>()[i])) finite.push_back(t.data<float>()[i]);
  if (finite.empty()) return {0, 0};
  const auto at = [&](double percent) {
    const auto place = finite.begin() + std::llround(percent / 100 * double(finite.size() - 1));
    std::nth_element(finite.begin(), place, finite.end());
    return double(*place);
  };
  const double first = at(low), last = at(high);
  return {(first + last) / 2, last - first};
}

/// Which values become black and white. Deep pictures seldom fill their range.
Window window_of(const Image& image, const RenderOptions& options, const Tensor& t) {
  if (options.window) return *options.window;
  if (options.percentiles) return percentiles_of(t, (*options.percentiles)[0], (*options.percentiles)[1]);
  return image.window && image.color == ColorModel::gray ? *image.window : range_of(t);
}

void check_options(const Image& image, const RenderOptions& options) {
  check(image.pixels.defined() && image.pixels.numel() > 0, "[render] the image has no pixels");
  const int64_t count = image.pixels.size(2);
  check(options.channel < count, "[render] channel={} of {} channels does not exist", options.channel, count);
  check(options.bands.empty() || options.bands.size() == 3, "[render] bands are three, not {}",
        options.bands.size());
  for (const int64_t band : options.bands)
    check(band >= 0 && band < count, "[render] bands: channel {} of {} does not exist", band, count);
  check(!options.window || options.window->width > 0, "[render] a window of width {} shows nothing",
        options.window ? options.window->width : 0);
  if (const auto& p = options.percentiles)
    check((*p)[0] >= 0 && (*p)[0] < (*p)[1] && (*p)[1] <= 100,
          "[render] percentiles {} and {} are no range in 0..100", (*p)[0], (*p)[1]);
}

/// What an eye is to see of a picture: the channels that are shown, without alpha.
struct Shown {
  Image picture;
  Tensor opacity = {};       // u8; undefined: all is opaque
  bool as_it_is = false;     // 8 bits that are neither windowed nor turned round
  bool coordinates = false;  // of a colour: fractions of a full range, which windows do not touch
};

Shown shown_of(const Image& image, const RenderOptions& options) {
  if (options.profile && !image.icc.empty() && options.channel < 0 && options.bands.empty()) {
    RenderOptions rest = options;
    rest.profile = false;
    return shown_of(apply_profile(image), rest);
  }
  Shown shown;
  Image& turned = shown.picture;
  static_cast<Header&>(turned) = image;
  turned.pixels = upright(image);
  if (const std::vector<int64_t> wanted = shown_channels(image, options); !wanted.empty()) {
    turned.pixels = chosen(turned.pixels, wanted);
    turned.color = wanted.size() == 1 ? ColorModel::gray : ColorModel::rgb;
  }
  const bool alpha = turned.color == ColorModel::gray_alpha || turned.color == ColorModel::rgba;
  shown.as_it_is = turned.pixels.dtype() == u8 && !options.window && !options.percentiles && !turned.window &&
                   !turned.thermal && !turned.inverted;
  shown.coordinates = turned.color >= ColorModel::cmyk && turned.color < ColorModel::many;
  if (shown.coordinates) turned.pixels = to_u8(to_rgb(turned)), turned.color = ColorModel::rgb;
  else if (alpha) {
    const int64_t last = turned.pixels.size(2) - 1;
    const DType d = turned.pixels.dtype();
    if (d == u8 || d == u16) shown.opacity = to_u8(channels(turned.pixels, last, 1));
    turned.pixels = channels(turned.pixels, 0, last),
    turned.color = last == 1 ? ColorModel::gray : ColorModel::rgb;
  }
  return shown;
}

}  // namespace

std::span<const char* const> palette_names() {
  static const std::vector<const char*> names = [] {
    std::vector<const char*> out;
    for (const Palette& p : palettes()) out.push_back(p.name);
    return out;
  }();
  return names;
}

std::optional<Window> shown_window(const Image& image, const RenderOptions& options) {
  check_options(image, options);
  const Shown shown = shown_of(image, options);
  if (shown.as_it_is || shown.coordinates) return {};
  return window_of(shown.picture, options, values(shown.picture));
}

Tensor render(const Image& image, const RenderOptions& options) {
  check_options(image, options);
  const Shown shown = shown_of(image, options);
  Tensor bytes = shown.picture.pixels;
  if (!shown.as_it_is && !shown.coordinates) {
    const Tensor v = values(shown.picture);
    bytes = windowed(v, window_of(shown.picture, options, v), image.inverted);
  }
  const Tensor rgb = bytes.size(2) == 1 ? painted(bytes, options.palette) : bytes;
  return shown.opacity.defined() ? blended(rgb, shown.opacity) : rgb;
}

}  // namespace fovea::image
