// What a file format offers to image.cpp. A new format is one file with a Codec and its line in codecs().
#pragma once
#include <csetjmp>
#include <string_view>

#include "base/file.h"
#include "fovea/image.h"
#include "tensor/elements.h"  // printable

namespace fovea::image {

using View8 = std::span<const uint8_t>;

/// A file to decode: its bytes, its name for messages, what the caller allows.
struct Source {
  View8 bytes;
  const std::string& name;
  const ReadOptions& options;
  int64_t count = 1;  // frames wanted from options.frame on
};

/// The frames that `source` asks for, out of `frames`; throws if the first does not exist or the limit is
/// passed.
struct Range {
  int64_t first = 0, count = 0;
};
Range frames_of(const Source& source, int64_t frames);

struct Codec {
  const char* name;
  std::vector<std::string_view> extensions;  // lower case, without the dot
  bool (*matches)(View8 bytes);
  Header (*probe)(const Source& source) = nullptr;  // null: the library is missing in this build
  std::vector<Image> (*decode)(const Source& source) = nullptr;
  Bytes (*encode)(const Image& image, int quality) = nullptr;
  const char* library = "";
  const char* package = "";
};
extern const Codec jpeg_codec, png_codec, bmp_codec, pnm_codec, tga_codec, npy_codec, nifti_codec, y4m_codec,
    gif_codec, webp_codec, tiff_codec, dicom_codec, jpeg2000_codec;

/// Fills the facts that every header has.
Header header_of(const Source& source, const char* format);

/// Throws if the header, times the frames wanted, is beyond a limit, or if more than `pixels_per_byte` pixels
/// (0: not known) come from each byte of the file. Called before memory is taken.
void check_plausible(const Source& source, const Header& header, double pixels_per_byte = 0);

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
