#include "image/thumbnail.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/html.h"

namespace fovea::image {
namespace {

/// RFC 4648.
std::string base64(std::span<const uint8_t> bytes) {
  constexpr char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t word = 0;
    const size_t n = std::min<size_t>(3, bytes.size() - i);
    for (size_t k = 0; k < 3; ++k) word = word << 8 | (k < n ? bytes[i + k] : 0u);
    for (size_t k = 0; k < 4; ++k) out += k <= n ? digits[word >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace

std::string data_uri(const Image& image, const std::string& format, int quality) {
  return fmt::format("data:image/{};base64,{}", format, base64(encode(image, format, quality)));
}

Thumbnail thumbnail(const Image& picture, int64_t side) {
  const Tensor pixels = shrink_to(render(picture), side);
  const bool small = std::max(pixels.size(0), pixels.size(1)) <= side / 2;  // every pixel counts
  return {data_uri(Image(pixels), small ? "png" : "jpeg", 80), pixels.size(1), pixels.size(0)};
}

std::string img_tag(const Thumbnail& t, int64_t side, const std::string& title) {
  if (t.uri.empty()) return "<div class=none></div>";
  const int64_t factor = std::max<int64_t>(1, side / 2 / std::max(t.width, t.height));
  return fmt::format("<img src=\"{}\" width={} height={}{} title=\"{}\" alt=\"\">", t.uri, t.width * factor,
                     t.height * factor, factor > 1 ? " class=small" : "", html_escaped(title));
}

}  // namespace fovea::image
