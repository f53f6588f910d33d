// What reading pictures, looking at their headers and measuring their numbers share.
#pragma once
#include "fovea/picture.h"

namespace fovea::data {

/// Whether the file says what its numbers mean.
bool is_scaled(const image::Header& header);

/// A file's numbers (H,W,C) of format.dtype, which may be not finite, and the range of them that becomes
/// 0..1, if one does.
struct Numbers {
  Tensor pixels;
  std::vector<Range> range;
};
Numbers numbers_of(image::Image image, const PictureFormat& format);
/// Frames as channels of one picture.
Numbers numbers_of_frames(std::vector<image::Image> images, const std::string& name,
                          const PictureFormat& format);
/// The same of a file; `frame` is the one that Frames::each is at.
Numbers decode_numbers(std::span<const uint8_t> bytes, const std::string& name, const PictureFormat& format,
                       int64_t frame);
/// The range applied; throws naming `name` if numbers are left that are not finite.
Tensor picture_of(const Numbers& numbers, const std::string& name);

}  // namespace fovea::data
