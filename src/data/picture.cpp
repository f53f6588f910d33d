#include "fovea/picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/file.h"
#include "data/picture.h"

namespace fovea::data {
namespace {

using image::ColorModel;

constexpr std::string_view spread_prefix = "spread:", channels_prefix = "channels:";  // of Frames as text

std::string named(ColorModel color, int64_t channels) {
  return color == ColorModel::many ? fmt::format("{} channels", channels) : image::name_of(color);
}

/// u8, u16 or f32: what the numbers of a file are computed in.
DType computable(DType d) { return d == u8 || d == u16 ? d : f32; }

/// What becomes of 0 where white is 0: X-rays may be stored so, and are turned round to be like all others.
double turning_point(const image::Image& image) {
  const DType d = image.pixels.dtype();
  if (d == f16 || d == f32 || d == f64) return 0;
  if (d == i16 || d == i32) return -1;
  return image.depth <= 8 ? 255 : std::exp2(image.depth) - 1;
}

Tensor turned_round(const Tensor& in, double point) {
  const Tensor out = Tensor::empty(in.shape(), in.dtype());
  const auto turn = [&]<class T>(T least) {
    const T* x = in.data<T>();
    std::transform(x, x + in.numel(), out.data<T>(),
                   [&](T v) { return T(std::max(double(least), point - double(v))); });
  };
  if (in.dtype() == u8) turn(uint8_t{});
  else if (in.dtype() == u16) turn(uint16_t{});
  else turn(std::numeric_limits<float>::lowest());
  return out;
}

/// Wider, never narrower: 8 bits to 16 by 257, whole numbers to f32 as they are.
Tensor widened(const Tensor& pixels, DType depth) {
  if (pixels.dtype() == depth) return pixels;
  if (depth == f32) return pixels.to(f32);
  const Tensor out = Tensor::empty(pixels.shape(), u16);
  const uint8_t* in = pixels.data<uint8_t>();
  std::transform(in, in + pixels.numel(), out.data<uint16_t>(), [](uint8_t v) { return uint16_t(v * 257); });
  return out;
}

void check_depth(const image::Header& h, const PictureFormat& f) {
  if (f.values) return;
  const DType d = computable(h.dtype);
  check(d == u8 || d == f.dtype || f.dtype == f32,
        "{} holds {} numbers, but pictures here are {}: train with depth={} to read such files", h.name,
        name_of(h.dtype), f.describe(), d == u16 ? 16 : 32);
  check(!is_scaled(h),
        "{} holds numbers with a scale{}, but pictures here are {}: train with depth=32 to read values",
        h.name, h.unit.empty() ? "" : " (" + h.unit + ")", f.describe());
}

void check_channels(const image::Header& h, const PictureFormat& f, int64_t wanted) {
  const bool colors = f.color != ColorModel::many && h.color != ColorModel::many;
  check(colors || h.channels() == wanted, "{} has {}, but pictures here are {}: {} channels are wanted",
        h.name, named(h.color, h.channels()), f.describe(), wanted);
}

/// One frame with `wanted` channels. Colours are converted in the file's own type, whose full range they
/// know.
Tensor table_of(image::Image image, const PictureFormat& f, int64_t wanted) {
  check_channels(image, f, wanted);
  check_depth(image, f);
  const double turning = turning_point(image);
  image.pixels = image::to_computable(image::upright(image));
  const bool colors = f.color != ColorModel::many && image.color != ColorModel::many;
  if (colors && image.color != f.color) image.pixels = image::convert(image.pixels, image.color, f.color);
  if (f.values) image.pixels = image::values(image);
  else if (image.inverted) image.pixels = turned_round(image.pixels, turning);
  const Dims shape{image.pixels.size(0), image.pixels.size(1), wanted};
  return widened(image.pixels, f.dtype).reshape(shape).contiguous();
}

/// The frames behind one another as channels.
Tensor stacked(const std::vector<Tensor>& frames, const std::string& name, const PictureFormat& f) {
  const Dims shape = frames[0].shape();
  const int64_t c = shape[2], n = int64_t(frames.size());
  check(n * c == f.channels, "{} has {} frames of {}, but pictures here are {}", name, n, named(f.color, c),
        f.describe());
  const Tensor out = Tensor::empty({shape[0], shape[1], f.channels}, f.dtype);
  for (int64_t k = 0; k < n; ++k) {
    check(frames[size_t(k)].shape() == shape,
          "{}: frame {} is {} and not {}, so they are no channels of one picture", name, k,
          frames[size_t(k)].shape(), shape);
    out.narrow(2, k * c, c).copy_from(frames[size_t(k)]);
  }
  return out;
}

/// The window that the file brings along, among the numbers as they are read.
Range window_of(const image::Image& image, const PictureFormat& f) {
  check(image.window.has_value(), "{} has no window of its own: give normalize=window:CENTER/WIDTH",
        image.name);
  const auto [center, width] = *image.window;
  const double middle = image.inverted && !f.values ? turning_point(image) - center : center;
  return {float(middle - width / 2), float(middle + width / 2)};
}

/// (x - low) / (high - low) of each channel, cut at 0 and 1; NaN is 0.
Tensor ranged(const Tensor& pixels, std::span<const Range> range) {
  const int64_t channels = pixels.size(2), n = pixels.numel();
  check(range.size() == 1 || int64_t(range.size()) == channels, "{} ranges do not fit {} channels",
        range.size(), channels);
  const Tensor x = pixels.to(f32).contiguous(), out = Tensor::empty(x.shape(), f32);
  for (int64_t c = 0; c < channels; ++c) {
    const auto [low, high] = range[range.size() == 1 ? 0 : size_t(c)];
    check(low < high, "the range {}..{} is empty", low, high);
    const double scale = 1 / (double(high) - double(low));
    for (int64_t i = c; i < n; i += channels) {
      const double v = (double(x.data<float>()[i]) - double(low)) * scale;
      out.data<float>()[i] = v > 0 ? float(std::min(v, 1.)) : 0;
    }
  }
  return out;
}

void check_finite(const Tensor& pixels, const std::string& name) {
  if (pixels.dtype() != f32) return;
  const float* x = pixels.data<float>();
  const int64_t bad = std::count_if(x, x + pixels.numel(), [](float v) { return !std::isfinite(v); });
  check(bad == 0,
        "{} holds {} numbers that are not finite; normalize=range:LOW..HIGH takes them as LOW or HIGH", name,
        bad);
}

}  // namespace

bool is_scaled(const image::Header& h) { return h.thermal || h.slope != 1 || h.intercept != 0; }

std::string Frames::describe() const {
  if (kind == each) return "each";
  if (kind == channels && index == 0) return "channels";
  return fmt::format("{}{}", kind == spread ? spread_prefix : kind == channels ? channels_prefix : "", index);
}

Frames parse_frames(const std::string& text) {
  if (text == "each") return {Frames::each};
  if (text == "channels") return {Frames::channels};
  if (text == "first") return {};
  Frames f;
  std::string_view number = text;
  const auto take = [&](std::string_view prefix, Frames::Kind kind) {
    if (!text.starts_with(prefix)) return;
    number.remove_prefix(prefix.size());
    f.kind = kind;
  };
  take(spread_prefix, Frames::spread), take(channels_prefix, Frames::channels);
  const char* const last = number.data() + number.size();
  const auto [end, error] = std::from_chars(number.data(), last, f.index);
  check(error == std::errc{} && end == last && f.index >= (f.kind == Frames::one ? 0 : 1),
        "frames={} is neither first, a number from 0, each (an example of its own) nor channels (of one "
        "picture; of a video with their number, as channels:8)",
        text);
  return f;
}

std::string PictureFormat::describe() const {
  std::string out = fmt::format(
      "{} {}", frames.kind == Frames::channels ? named(ColorModel::many, channels) : named(color, channels),
      name_of(dtype));
  if (values) out += " (values)";
  if (frames.kind == Frames::each) out += ", each frame";
  else if (frames.kind == Frames::channels) out += ", frames as channels";
  else if (frames.kind == Frames::spread) out += fmt::format(", {} frames of a video", frames.index);
  else if (frames.index > 0) out += fmt::format(", frame {}", frames.index);
  if (own_window) out += ", each in its own window";
  for (size_t i = 0; i < range.size(); ++i)
    out += fmt::format("{}{}..{}", i ? "/" : ", ", range[i].low, range[i].high);
  return range.empty() ? out : out + " to 0..1";
}

Numbers numbers_of(image::Image image, const PictureFormat& f) {
  std::vector<Range> range = f.range;
  if (f.own_window) range = {window_of(image, f)};
  return {table_of(std::move(image), f, f.channels), std::move(range)};
}

Numbers decode_numbers(std::span<const uint8_t> bytes, const std::string& name, const PictureFormat& f,
                       int64_t frame) {
  if (f.frames.kind != Frames::channels) {
    const int64_t index = f.frames.kind == Frames::one ? f.frames.index : frame;
    return numbers_of(image::decode(bytes, name, {.frame = index}), f);
  }
  return numbers_of_frames(image::decode_frames(bytes, name), name, f);
}

Numbers numbers_of_frames(std::vector<image::Image> images, const std::string& name, const PictureFormat& f) {
  std::vector<Range> range = f.range;
  if (f.own_window) range = {window_of(images[0], f)};
  const int64_t wanted = f.color == ColorModel::many ? images[0].channels() : image::channels_of(f.color);
  std::vector<Tensor> frames;
  for (image::Image& image : images) frames.push_back(table_of(std::move(image), f, wanted));
  return {stacked(frames, name, f), std::move(range)};
}

Tensor picture_of(const Numbers& numbers, const std::string& name) {
  if (!numbers.range.empty()) return ranged(numbers.pixels, numbers.range);
  check_finite(numbers.pixels, name);
  return numbers.pixels;
}

Tensor decode_picture(std::span<const uint8_t> bytes, const std::string& name, const PictureFormat& format,
                      int64_t frame) {
  return picture_of(decode_numbers(bytes, name, format, frame), name);
}

Tensor read_picture(const std::string& path, const PictureFormat& format, int64_t frame) {
  return decode_picture(read_file(path), path, format, frame);
}

}  // namespace fovea::data
