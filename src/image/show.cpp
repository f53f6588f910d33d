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

/// Each number as a text: whole ones in full, others with four digits.
std::vector<std::string> numbers_of(const Tensor& t) {
  std::vector<std::string> out;
  const bool whole = is_integer(t.dtype());
  const Tensor dense = t.to(whole ? i64 : f32).contiguous();
  for (int64_t i = 0; i < dense.numel(); ++i)
    out.push_back(whole ? fmt::format("{}", dense.data<int64_t>()[i])
                        : fmt::format("{:.4g}", dense.data<float>()[i]));
  return out;
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
  if (header.frames > 1)
    lines.emplace_back("frames",
                       fmt::format("{}, this is number {}", thousands(header.frames), header.frame));
  if (header.duration > 0) lines.emplace_back("shown for", fmt::format("{:.4g} s", header.duration));
  if (header.slope != 1 || header.intercept != 0)
    lines.emplace_back("values", fmt::format("{:.6g} * number {} {:.6g}", header.slope,
                                             header.intercept < 0 ? '-' : '+', std::abs(header.intercept)));
  if (!header.unit.empty()) lines.emplace_back("unit", header.unit);
  if (header.window)
    lines.emplace_back("window",
                       fmt::format("{:.6g} wide around {:.6g}", header.window->width, header.window->center));
  if (header.inverted) lines.emplace_back("shown", "small values bright");
  if (header.spacing[0] > 0) {
    const auto& s = header.spacing;
    lines.emplace_back("spacing", fmt::format("{:.4g} x {:.4g}{} mm", s[0], s[1],
                                              s[2] > 0 ? fmt::format(" x {:.4g}", s[2]) : ""));
  }
  if (header.orientation != 1)
    lines.emplace_back("orientation", fmt::format("{}: {}", header.orientation, turn_of(header.orientation)));
  lines.insert(lines.end(), header.entries.begin(), header.entries.end());
  return aligned(lines);
}

std::string statistics_text(const Image& image) {
  const Tensor v = values(image);
  const int64_t channels = v.size(2), n = v.numel() / channels;
  constexpr const char* names[][4]{{"gray"},
                                   {"gray", "alpha"},
                                   {"red", "green", "blue"},
                                   {"red", "green", "blue", "alpha"},
                                   {"cyan", "magenta", "yellow", "black"},
                                   {"L*", "a*", "b*"},
                                   {"X", "Y", "Z"},
                                   {"hue", "saturation", "value"},
                                   {"Y", "Cb", "Cr"}};
  std::string out;
  for (int64_t c = 0; c < channels; ++c) {
    double sum = 0, squares = 0;
    float low = INFINITY, high = -INFINITY;
    int64_t finite = 0;
    for (int64_t i = c; i < v.numel(); i += channels) {
      const float x = v.data<float>()[i];
      if (!std::isfinite(x)) continue;
      sum += x, squares += double(x) * x, low = std::min(low, x), high = std::max(high, x), ++finite;
    }
    const std::string name =
        image.color == ColorModel::many ? fmt::format("channel {}", c) : names[int(image.color)][c];
    if (finite == 0) {
      out += fmt::format("{:<10} no finite value\n", name);
      continue;
    }
    const double mean = sum / double(finite),
                 deviation = std::sqrt(std::max(0.0, squares / double(finite) - mean * mean));
    out += fmt::format("{:<10} min {:.6g}  mean {:.6g}  max {:.6g}  std {:.6g}{}{}\n", name, low, mean, high,
                       deviation, image.unit.empty() ? "" : " " + image.unit,
                       finite < n ? fmt::format("  {} not finite", thousands(n - finite)) : "");
  }
  return out;
}

std::string pixel_table(const Image& image, int max_rows, int max_columns) {
  check(max_rows > 0 && max_columns > 0, "[pixel_table] {} rows and {} columns show nothing", max_rows,
        max_columns);
  check(image.pixels.defined(), "[pixel_table] the image has no pixels");
  const int64_t height = image.pixels.size(0), width = image.pixels.size(1), channels = image.pixels.size(2);
  const int64_t rows = std::min<int64_t>(height, max_rows), columns = std::min<int64_t>(width, max_columns);
  const std::vector<std::string> numbers = numbers_of(image.pixels.narrow(0, 0, rows).narrow(1, 0, columns));
  size_t digits = 3;
  for (const std::string& n : numbers) digits = std::max(digits, n.size());
  const char* const gap = channels == 1 ? " " : "  ";
  const std::string more = columns < width ? std::string(gap) + "…\n" : "\n";
  std::string out;
  for (int64_t y = 0; y < rows; ++y) {
    for (int64_t x = 0; x < columns; ++x)
      for (int64_t c = 0; c < channels; ++c)
        out += fmt::format("{}{:>{}}",
                           c > 0   ? ","
                           : x > 0 ? gap
                                   : "",
                           numbers[size_t((y * columns + x) * channels + c)], digits);
    out += more;
  }
  if (rows == height) return out;
  const size_t cell = size_t(channels) * (digits + 1) - 1;
  for (int64_t x = 0; x < columns; ++x) out += (x ? gap : "") + fmt::format("{:>{}}", "…", cell);
  return out + more;
}

std::string terminal_picture(const Image& image, int columns, bool color, const RenderOptions& options) {
  check(columns > 0 && columns <= 4096, "[terminal_picture] columns={} is outside of 1..4096", columns);
  check(image.pixels.defined() && image.pixels.numel() > 0, "[terminal_picture] the image has no pixels");
  const Tensor rgb = render(image, options);
  return color ? half_blocks(fitted(rgb, columns, 2)) : ascii_art(fitted(rgb, columns, 1));
}

}  // namespace fovea::image
