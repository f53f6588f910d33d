#include "data/inspect/thumbnails.h"

#include <algorithm>

#include "base/parallel.h"

namespace fovea::data {
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

Thumbnail thumbnail_of(const image::Image& picture, int64_t side) {
  const Tensor pixels = image::shrink_to(image::render(picture), side);
  const bool small = std::max(pixels.size(0), pixels.size(1)) <= side / 2;  // every pixel counts
  const char* const format = small ? "png" : "jpeg";
  return {
      fmt::format("data:image/{};base64,{}", format, base64(image::encode(image::Image(pixels), format, 80))),
      pixels.size(1), pixels.size(0)};
}

}  // namespace

std::map<int64_t, Thumbnail> thumbnails(const Inspection& in, const std::set<int64_t>& examples,
                                        int64_t side) {
  const std::vector<int64_t> wanted(examples.begin(), examples.end());
  std::vector<Thumbnail> made(wanted.size());
  parallel_for(int64_t(wanted.size()), 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const Facts& f = in.examples[size_t(wanted[size_t(i)])];
      if (!f.error.empty() || (f.format.empty() && f.height == 1)) continue;  // nothing to see
      try {
        made[size_t(i)] = thumbnail_of(in.picture(wanted[size_t(i)]), side);
      } catch (const Error&) {  // it was readable before: its file has changed
      }
    }
  });
  std::map<int64_t, Thumbnail> out;
  for (size_t i = 0; i < wanted.size(); ++i) out[wanted[i]] = std::move(made[i]);
  return out;
}

}  // namespace fovea::data
