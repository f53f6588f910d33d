// PartReader: the part of a JPEG file that a crop needs, and no more of it than the crop can show. Rows below
// the part are not even parsed, rows above and columns beside it are not transformed, and a picture that will
// shrink a lot is decoded at 1/2, 1/4 or 1/8 of its size (by the inverse cosine transform itself).
//   PartReader reader;  // one for each thread: it keeps its memory
//   if (reader.open(bytes, name)) const Part part = reader.read({.top = 90, .height = 200, .width = 300});
// What is not parsed is not checked: a file with damage beyond the part passes.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "fovea/image.h"

namespace fovea::image {

struct Box {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

/// Pixels of a picture from (top, left) on, `shrink` by `shrink` of them in one.
struct Part {
  Tensor pixels;  // u8 (h, w, 1 or 3)
  int64_t top = 0, left = 0, shrink = 1;
};

class PartReader {
 public:
  PartReader();
  ~PartReader();
  PartReader(PartReader&&) noexcept;
  PartReader& operator=(PartReader&&) noexcept;

  /// Whether `bytes`, which must outlive read(), are a JPEG file of gray or RGB pixels of 8 bits with a sound
  /// header. Other files are for decode().
  bool open(std::span<const uint8_t> bytes, const std::string& name);
  /// Of the picture, upright as Exif says.
  int64_t height() const;
  int64_t width() const;
  /// Of the pixels.
  ColorModel color() const;
  /// At least the part `box` of upright(decode(bytes)): the same bits if `shrink` is 1, else 2, 4 or 8. Once
  /// for each open(). Its memory is used again by the next call. Throws if the file is damaged there.
  Part read(const Box& box, int64_t shrink = 1);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace fovea::image
