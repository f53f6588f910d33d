// An image for people: its header in words, its pixels as numbers, and a picture made of characters.
#include <algorithm>
#include <cmath>

#include "base/text.h"
#include "image/pixels.h"

namespace fovea::image {
namespace {

const char* turn_of(int orientation) {
  constexpr const char* turns[]{"as stored",
                                "mirror left to right",
                                "turn by 180 degrees",
                                "mirror top to bottom",
                                "swap rows and columns",
                                "turn clockwise by 90 degrees",
                                "swap rows and columns, turn by 180 degrees",
                                "turn anticlockwise by 90 degrees"};
  return turns[std::clamp(orientation, 1, 8) - 1];
}

std::string upper(std::string text) {
  for (char& c : text) c = char(std::toupper(uint8_t(c)));
  return text;
}

/// "157" or, with several channels, "157,153,174", each number `digits` wide.
template <class T>
std::string cell(const T* pixel, int64_t channels, int digits) {
  std::string text = fmt::format("{:>{}}", pixel[0], digits);
  for (int64_t c = 1; c < channels; ++c) text += fmt::format(",{:>{}}", pixel[c], digits);
  return text;
}

/// Pixels as u8 RGB on a gray ground where they are transparent; u16 is stretched over its own range, which
/// scanners and thermal cameras seldom fill.
Tensor visible(const Image& image) {
  Tensor pixels = upright(image);
  if (pixels.dtype() == u16) {
    const uint16_t* const from = pixels.data<uint16_t>();
    const auto [low, high] = std::minmax_element(from, from + pixels.numel());
    const float scale = *high > *low ? 1.0f / float(*high - *low) : 1.0f / 65535.0f;
    const float start = *high > *low ? float(*low) : 0.0f;
    const Tensor stretched = Tensor::empty(pixels.shape(), f32);
    for (int64_t i = 0; i < pixels.numel(); ++i)
      stretched.data<float>()[i] = (float(from[i]) - start) * scale;
    pixels = to_u8(stretched);
  }
  const Tensor rgb = to_rgb(pixels, image.color);
  if (image.color != ColorModel::gray_alpha && image.color != ColorModel::rgba) return rgb;
  const Tensor blended = Tensor::empty(rgb.shape(), u8);
  const int64_t channels = pixels.size(2);
  for (int64_t i = 0; i < rgb.numel(); ++i) {
    const int alpha = pixels.data<uint8_t>()[i / 3 * channels + channels - 1];
    blended.data<uint8_t>()[i] = uint8_t((rgb.data<uint8_t>()[i] * alpha + 128 * (255 - alpha) + 127) / 255);
  }
  return blended;
}

/// Fits the pixels into `columns` x `columns`: large ones shrink, small ones grow by a whole factor and stay
/// crisp.
Tensor fitted(const Tensor& rgb, int columns, int pixels_per_line) {
  const int64_t height = rgb.size(0), width = rgb.size(1), longest = std::max(height, width);
  if (longest <= columns) {
    const int64_t factor = columns / longest;
    return resize(rgb, std::max<int64_t>(1, height * factor * pixels_per_line / 2), width * factor,
                  Filter::nearest);
  }
  const double scale = double(columns) / double(longest);
  const auto scaled = [&](int64_t n, double by) { return std::max<int64_t>(1, std::lround(double(n) * by)); };
  return resize(rgb, scaled(height, scale * pixels_per_line / 2), scaled(width, scale));
}

std::string ascii_art(const Tensor& rgb) {
  constexpr std::string_view ramp = " .:-=+*#%@";
  const Tensor gray = to_gray(rgb, ColorModel::rgb);
  std::string out;
  for (int64_t y = 0; y < gray.size(0); ++y) {
    for (int64_t x = 0; x < gray.size(1); ++x)
      out += ramp[gray.data<uint8_t>()[y * gray.size(1) + x] * ramp.size() / 256];
    out += '\n';
  }
  return out;
}

/// An upper half block takes the upper pixel as its colour and the lower one as its ground.
std::string half_blocks(const Tensor& rgb) {
  const int64_t height = rgb.size(0), width = rgb.size(1);
  const auto color_at = [&](int64_t y, int64_t x) {
    const uint8_t* p = rgb.data<uint8_t>() + (y * width + x) * 3;
    return fmt::format("2;{};{};{}m", p[0], p[1], p[2]);
  };
  std::string out;
  for (int64_t y = 0; y < height; y += 2) {
    std::string ink, ground;  // as last set
    for (int64_t x = 0; x < width; ++x) {
      const std::string upper = color_at(y, x), lower = y + 1 < height ? color_at(y + 1, x) : "";
      if (upper != ink) out += "\x1b[38;" + upper;
      if (lower != ground) out += "\x1b[48;" + lower;
      ink = upper, ground = lower;
      out += "▀";
    }
    out += "\x1b[0m\n";
  }
  return out;
}

}  // namespace

std::string header_text(const Header& header) {
  std::vector<std::pair<std::string, std::string>> lines;
  if (!header.name.empty())
    lines.emplace_back("file", header.file_bytes ? fmt::format("{}, {} bytes", header.name,
                                                               thousands(int64_t(header.file_bytes)))
                                                 : header.name);
  if (!header.format.empty()) lines.emplace_back("format", upper(header.format));
  lines.emplace_back("size", fmt::format("{} x {} pixels (width x height)", header.width(), header.height()));
  lines.emplace_back("colour", fmt::format("{}, {} bit{} per sample", name_of(header.color), header.depth,
                                           header.depth == 1 ? "" : "s"));
  lines.emplace_back("table", fmt::format("{} {}, {} numbers", name_of(header.dtype), header.shape,
                                          thousands(header.shape.numel())));
  if (header.orientation != 1)
    lines.emplace_back("orientation", fmt::format("{}: {}", header.orientation, turn_of(header.orientation)));
  lines.insert(lines.end(), header.entries.begin(), header.entries.end());

  size_t widest = 0;
  for (const auto& line : lines) widest = std::max(widest, line.first.size());
  std::string out;
  for (const auto& [key, value] : lines) out += fmt::format("{:<{}}  {}\n", key, widest, value);
  return out;
}

std::string pixel_table(const Image& image, int max_rows, int max_columns) {
  check(max_rows > 0 && max_columns > 0, "[pixel_table] {} rows and {} columns show nothing", max_rows,
        max_columns);
  const Table t = table_of(image.pixels, "pixel_table");
  const int64_t rows = std::min<int64_t>(t.height, max_rows),
                columns = std::min<int64_t>(t.width, max_columns);
  const char* const gap = t.channels == 1 ? " " : "  ";
  std::string out;
  for_type(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const auto pixel = [&](int64_t y, int64_t x) {
      return t.tensor.data<T>() + (y * t.width + x) * t.channels;
    };
    T largest = 0;
    for (int64_t y = 0; y < rows; ++y)
      largest = std::max(largest, *std::max_element(pixel(y, 0), pixel(y, columns - 1) + t.channels));
    const int digits = std::max<int>(3, int(fmt::formatted_size("{}", largest)));
    for (int64_t y = 0; y < rows; ++y) {
      for (int64_t x = 0; x < columns; ++x) out += (x ? gap : "") + cell(pixel(y, x), t.channels, digits);
      out += columns < t.width ? std::string(gap) + "…\n" : "\n";
    }
    if (rows == t.height) return;
    const int64_t width = t.channels * (digits + 1) - 1;
    for (int64_t x = 0; x < columns; ++x) out += (x ? gap : "") + fmt::format("{:>{}}", "…", width);
    out += columns < t.width ? std::string(gap) + "…\n" : "\n";
  });
  return out;
}

std::string terminal_picture(const Image& image, int columns, bool color) {
  check(columns > 0 && columns <= 4096, "[terminal_picture] columns={} is outside of 1..4096", columns);
  check(image.pixels.defined() && image.pixels.numel() > 0, "[terminal_picture] the image has no pixels");
  const Tensor rgb = visible(image);
  return color ? half_blocks(fitted(rgb, columns, 2)) : ascii_art(fitted(rgb, columns, 1));
}

}  // namespace fovea::image
