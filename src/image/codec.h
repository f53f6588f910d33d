// What a file format offers to image.cpp. A new format is one file with a Codec and its line in codecs().
#pragma once
#include <array>
#include <csetjmp>
#include <string_view>

#include "base/file.h"
#include "fovea/image.h"

namespace fovea::image {

using View8 = std::span<const uint8_t>;

struct Codec {
  const char* name;
  std::array<std::string_view, 4> extensions;  // lower case, without the dot
  bool (*matches)(View8 bytes);
  Header (*probe)(View8 bytes, const std::string& name);
  Image (*decode)(View8 bytes, const std::string& name);
  Bytes (*encode)(const Image& image, int quality);
};
extern const Codec jpeg_codec, png_codec;

/// Refuses sizes beyond max_pixels, or with more than `pixels_per_byte` for each byte of the file, before
/// memory is taken.
void check_plausible(const Header& header, double pixels_per_byte);

/// Text from a hostile file: control characters and bytes beyond ASCII become '?', at most 80 characters.
std::string printable(std::string_view text);

/// The orientation 1..8 in an Exif block ("II*" or "MM*" first), 1 if there is none.
int exif_orientation(View8 tiff);

/// Where a C library's error handler leaves its message and jumps back to.
struct Failure {
  std::jmp_buf back;
  char message[256] = "";
  char warning[256] = "";  // the first warning that is no error
};

/// Runs `f`, which calls a C library whose errors jump to `failure.back`, and throws them as "name: problem:
/// message". *Requires* that nothing with a destructor lives in `f` while the library is called.
template <class F>
void guarded(Failure& failure, const std::string& name, const char* problem, F&& f) {
  if (setjmp(failure.back) != 0) fail("{}: {}: {}", name, problem, failure.message);
  f();
}

}  // namespace fovea::image
