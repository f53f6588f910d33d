// The limits of a file: what it may ask for before memory is taken.
#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/text.h"
#include "image/codec.h"

namespace fovea::image {
namespace {

int64_t from_environment(const char* name, int64_t otherwise) {
  const char* const text = std::getenv(name);
  if (!text) return otherwise;
  char* end = nullptr;
  const long long value = std::strtoll(text, &end, 10);
  check(end != text && *end == 0 && value > 0, "{}={} is no positive number", name, text);
  return value;
}

Limits limits_of_environment() {
  const Limits usual{};
  return {.pixels = from_environment("FOVEA_MAX_PIXELS", usual.pixels),
          .side = from_environment("FOVEA_MAX_SIDE", usual.side),
          .channels = from_environment("FOVEA_MAX_CHANNELS", usual.channels),
          .bytes = from_environment("FOVEA_MAX_BYTES", usual.bytes),
          .frames = from_environment("FOVEA_MAX_FRAMES", usual.frames),
          .expansion = from_environment("FOVEA_MAX_EXPANSION", usual.expansion)};
}

/// `what` of `have` is refused if it is more than `limit`.
void check_limit(const Source& source, const char* what, double have, int64_t limit, const char* variable) {
  check(have <= double(limit),
        "{} promises {:.0f} {}, more than the limit {} ({} or ReadOptions::limits raises it)", source.name,
        have, what, thousands(limit), variable);
}

}  // namespace

const Limits& default_limits() {
  static const Limits limits = limits_of_environment();
  return limits;
}

Header header_of(const Source& source, const char* format) {
  Header header;
  header.name = source.name, header.format = format, header.file_bytes = source.bytes.size();
  header.frame = source.options.frame;
  return header;
}

Range frames_of(const Source& source, int64_t frames) {
  const int64_t first = source.options.frame;
  check_limit(source, "frames", double(frames), source.options.limits.frames, "FOVEA_MAX_FRAMES");
  check(first >= 0 && first < frames, "{} has {} frame{}, 0 to {}: frame={} does not exist", source.name,
        frames, frames == 1 ? "" : "s", frames - 1, first);
  return {first, std::min(source.count, frames - first)};
}

void check_plausible(const Source& source, const Header& header, double pixels_per_byte) {
  const Limits& limits = source.options.limits;
  const double height = double(header.height()), width = double(header.width()), channels = header.channels();
  check(height > 0 && width > 0 && channels > 0, "{} has no pixels: {:.0f} x {:.0f} of {:.0f} channels",
        header.name, width, height, channels);
  const auto size = [&] {
    return fmt::format("{} promises {:.0f} x {:.0f} pixels", header.name, width, height);
  };
  check(height * width <= double(limits.pixels),
        "{}, more than the limit {} (FOVEA_MAX_PIXELS or ReadOptions::limits raises it)", size(),
        thousands(limits.pixels));
  check_limit(source, "pixels on a side", std::max(height, width), limits.side, "FOVEA_MAX_SIDE");
  check_limit(source, "channels", channels, limits.channels, "FOVEA_MAX_CHANNELS");
  if (pixels_per_byte > 0) {
    const double most = std::ceil((double(header.file_bytes) + 64) * pixels_per_byte);
    check(height * width <= most, "{}, but its {} bytes can hold at most {:.0f}: damaged or truncated",
          size(), header.file_bytes, most);
  }
  const double frames = double(frames_of(source, header.frames).count);
  const double bytes = height * width * channels * double(size_of(header.dtype)) * frames;
  check_limit(source, "bytes of pixels", bytes, limits.bytes, "FOVEA_MAX_BYTES");
  constexpr double least = 65536;
  const double stored = std::max(double(header.file_bytes), least);
  check(bytes <= stored * double(limits.expansion),
        "{} of {:.0f} bytes, more than {} for each of the file's (FOVEA_MAX_EXPANSION or ReadOptions::limits "
        "raises it)",
        size(), bytes, thousands(limits.expansion));
}

}  // namespace fovea::image
