#include "video/camera_mode.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <tuple>

#include "image/yuv.h"
#include "tensor/elements.h"
#include "video/stream.h"

namespace fovea::video {
namespace {

constexpr uint32_t yuyv = fourcc("YUYV"), mjpg = fourcc("MJPG"), jpeg = fourcc("JPEG"), grey = fourcc("GREY"),
                   y16 = fourcc("Y16 ");

/// Smaller is better.
auto distance(const CameraMode& mode, const Options& wanted) {
  const double pixels = double(mode.width * mode.height);
  const double size =
      wanted.width > 0 && wanted.height > 0
          ? std::abs(double(mode.width - wanted.width)) + std::abs(double(mode.height - wanted.height))
          : -pixels;
  const double rate = mode.rate.num > 0 ? mode.rate.value() : wanted.rate.value();
  const double too_slow = std::max(0.0, wanted.rate.value() - rate),
               too_fast = std::max(0.0, rate - wanted.rate.value());
  return std::tuple(size, too_slow, mode.code == mjpg || mode.code == jpeg, too_fast);
}

/// Brightness and colour alternate; brought into planes.
Bytes planes_of_yuyv(std::span<const uint8_t> buffer, const CameraMode& mode, int64_t pitch) {
  const int64_t half = mode.width / 2;
  Bytes planes(size_t(2 * mode.width * mode.height));
  uint8_t* luma = planes.data();
  uint8_t* cb = luma + mode.width * mode.height;
  uint8_t* cr = cb + half * mode.height;
  for (int64_t y = 0; y < mode.height; ++y) {
    const uint8_t* from = buffer.data() + y * pitch;
    for (int64_t x = 0; x < half; ++x, from += 4)
      *luma++ = from[0], *cb++ = from[1], *luma++ = from[2], *cr++ = from[3];
  }
  return planes;
}

}  // namespace

std::string fourcc_name(uint32_t code) {
  std::string name;
  for (int i = 0; i < 4; ++i) name += char(code >> (8 * i));
  return printable(name);
}

image::ColorModel CameraMode::color() const {
  return code == grey || code == y16 ? image::ColorModel::gray : image::ColorModel::rgb;
}

DType CameraMode::dtype() const { return code == y16 ? u16 : u8; }

bool is_known_mode(uint32_t code) {
  return code == yuyv || code == mjpg || code == jpeg || code == grey || code == y16;
}

CameraMode choose_mode(std::span<const CameraMode> modes, const Options& wanted, const std::string& name) {
  const CameraMode* best = nullptr;
  std::string offered;
  for (const CameraMode& mode : modes) {
    if (const std::string kind = fourcc_name(mode.code); offered.find(kind) == offered.npos)
      offered += " " + kind;
    if (!is_known_mode(mode.code) || mode.width <= 0 || mode.height <= 0) continue;
    if (!best || distance(mode, wanted) < distance(*best, wanted)) best = &mode;
  }
  check(best != nullptr, "{} offers pixels of{}; YUYV, MJPG, GREY and Y16 are understood", name,
        offered.empty() ? " no kind" : offered);
  return *best;
}

Tensor pixels_of_buffer(std::span<const uint8_t> buffer, const CameraMode& mode, int64_t pitch,
                        const std::string& name) {
  if (mode.code == mjpg || mode.code == jpeg) {
    const image::Image picture = image::decode(buffer, name);
    check(picture.width() == mode.width && picture.height() == mode.height,
          "{} sends {} x {} pixels, not {} x {}", name, picture.width(), picture.height(), mode.width,
          mode.height);
    return image::to_rgb(picture);
  }
  check(is_known_mode(mode.code), "{}: pixels of {} are not understood", name, fourcc_name(mode.code));
  check(mode.code != yuyv || mode.width % 2 == 0, "{}: {} pixels in a row of YUYV are not even", name,
        mode.width);
  const int64_t row = mode.width * (mode.code == grey ? 1 : 2), step = std::max(pitch, row);
  check(int64_t(buffer.size()) >= step * (mode.height - 1) + row,
        "{}: a buffer of {} bytes is no picture of {} x {}", name, buffer.size(), mode.width, mode.height);
  if (mode.code == yuyv)
    return image::pixels_of_yuv(planes_of_yuyv(buffer, mode, step), {.width = mode.width,
                                                                     .height = mode.height,
                                                                     .chroma_width = mode.width / 2,
                                                                     .chroma_height = mode.height});
  const Tensor pixels = Tensor::empty({mode.height, mode.width, 1}, mode.dtype());
  for (int64_t y = 0; y < mode.height; ++y)
    std::memcpy(static_cast<char*>(pixels.raw()) + y * row, buffer.data() + y * step, size_t(row));
  return pixels;
}

}  // namespace fovea::video
