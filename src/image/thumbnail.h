// Pictures as text that an HTML page holds itself.
#pragma once
#include "fovea/image.h"

namespace fovea::image {

/// "data:image/png;base64,..." of encode(image, format, quality); `format` is png, jpeg or webp.
std::string data_uri(const Image& image, const std::string& format, int quality = 85);

struct Thumbnail {
  std::string uri;  // "data:image/jpeg;base64,..."; empty: there is none
  int64_t width = 0, height = 0;
};
/// The picture as render() makes it, at most `side` pixels wide and high.
Thumbnail thumbnail(const Image& picture, int64_t side);

/// It as an <img> with a title; small ones grow by a whole factor to half of `side` at least.
std::string img_tag(const Thumbnail& thumbnail, int64_t side, const std::string& title);

}  // namespace fovea::image
