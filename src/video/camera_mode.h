// What a camera offers and how its buffers become pixels: the part of camera.cpp that needs no camera.
#pragma once
#include <span>
#include <string_view>

#include "fovea/video.h"

namespace fovea::video {

/// Four letters as V4L2 stores them.
constexpr uint32_t fourcc(const char (&name)[5]) {
  return uint32_t(uint8_t(name[0])) | uint32_t(uint8_t(name[1])) << 8 | uint32_t(uint8_t(name[2])) << 16 |
         uint32_t(uint8_t(name[3])) << 24;
}
/// "YUYV"
std::string fourcc_name(uint32_t code);

struct CameraMode {
  uint32_t code = 0;  // of the pixels
  int64_t width = 0, height = 0;
  Rational rate = {};  // 0/1: not told

  image::ColorModel color() const;
  DType dtype() const;
};

/// Whether buffers of such pixels are understood: YUYV, MJPG, JPEG, GREY, "Y16 ".
bool is_known_mode(uint32_t code);

/// The mode nearest to the size that is wanted (the largest if none is), then to the rate, then without
/// compression. Throws if none is of known pixels.
CameraMode choose_mode(std::span<const CameraMode> modes, const Options& wanted, const std::string& name);

/// The pixels of one buffer, whose rows are `pitch` bytes apart (0: without gaps). Throws if it is too short
/// or a damaged JPEG.
Tensor pixels_of_buffer(std::span<const uint8_t> buffer, const CameraMode& mode, int64_t pitch,
                        const std::string& name);

}  // namespace fovea::video
