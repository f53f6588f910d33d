// How the formats that need a library are recognised: known even where the library is missing, so that the
// error can name it.
#pragma once
#include <cstring>

#include "image/codec.h"

namespace fovea::image {

inline bool starts_with(View8 b, std::string_view start, size_t at = 0) {
  return b.size() >= at + start.size() && std::memcmp(b.data() + at, start.data(), start.size()) == 0;
}

inline bool is_gif(View8 b) { return starts_with(b, "GIF87a") || starts_with(b, "GIF89a"); }
inline bool is_webp(View8 b) { return starts_with(b, "RIFF") && starts_with(b, "WEBP", 8); }
inline bool is_tiff(View8 b) {
  using namespace std::string_view_literals;
  return starts_with(b, "II*\0"sv) || starts_with(b, "MM\0*"sv) || starts_with(b, "II+\0"sv) ||
         starts_with(b, "MM\0+"sv);
}
/// A JP2 file or a bare codestream.
inline bool is_jpeg2000(View8 b) {
  using namespace std::string_view_literals;
  return starts_with(b, "\0\0\0\x0cjP  \r\n\x87\n"sv) || starts_with(b, "\xff\x4f\xff\x51"sv);
}

}  // namespace fovea::image
