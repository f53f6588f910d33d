// Pictures: how the image files of a data set become tables of pixels that are alike, whatever their depth
// and channels. A set decides its PictureFormat once, by what its files are like and what the user asked for;
// a trained model keeps it, so that validation and prediction read exactly as training did. Nothing is ever
// narrowed: a file that is deeper than the format is refused. docs/depth.md has the rules.
//   data::PictureFormat format{.color = image::ColorModel::gray, .channels = 1, .dtype = u16};
//   Tensor pixels = data::read_picture("thermal.tif", format);  // (H,W,1) u16
// Threads: everything here may run in many threads at once.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "fovea/image.h"
#include "fovea/transforms.h"

namespace fovea::data {

/// What is read of a file with several pictures (pages, slices, frames): one of them; each, as an example of
/// its own; all of them, one behind the other as channels of one picture; or, of a video, some that are
/// spread over it, each an example or together the channels of one.
struct Frames {
  enum Kind : uint8_t { one, each, channels, spread } kind = one;
  int64_t index = 0;  // of `one`; how many of `spread`, and of a video's `channels`
  /// "0", "each", "channels", "channels:8" or "spread:8"
  std::string describe() const;
  bool operator==(const Frames&) const = default;
};
/// What describe() wrote; "first" is 0. Throws saying what is wanted.
Frames parse_frames(const std::string& text);

struct PictureFormat {
  image::ColorModel color = image::ColorModel::rgb;  // of each frame; many: channels as they are
  int64_t channels = 3;                              // of the whole picture
  DType dtype = u8;  // u8, u16 or f32: what files are widened to. u8 to u16 is times 257, so that white stays
                     // white; f32 holds the file's own numbers
  bool values = false;  // physical ones (image::values): Hounsfield units, degrees; dtype is f32
  Frames frames = {};
  std::vector<Range> range = {};  // the numbers that become 0 and 1, beyond which they are cut; one for all
                                  // channels or one for each; dtype is f32
  bool own_window = false;        // the range is the window that each file brings along

  /// "gray u16", "5 channels f32 (values), each frame, -160..240 to 0..1"
  std::string describe() const;
  bool operator==(const PictureFormat&) const = default;
};

/// The file as the format has it: (H,W,C) of format.dtype, upright, X-rays whose smallest value is white
/// turned round unless they are physical values. `frame` is the one that Frames::each is at. Throws naming
/// the file and what would be right: if it is unreadable, its channels do not fit, it is deeper than the
/// format, it has a scale of its own that the format does not apply, or its numbers are not finite (a range
/// takes NaN as its low end).
Tensor read_picture(const std::string& path, const PictureFormat& format, int64_t frame = 0);
/// The same from memory; `name` is for messages.
Tensor decode_picture(std::span<const uint8_t> bytes, const std::string& name, const PictureFormat& format,
                      int64_t frame = 0);

}  // namespace fovea::data
