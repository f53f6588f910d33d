#include "image/yuv.h"

#include <algorithm>

#include "image/samples.h"

namespace fovea::image {
namespace {

/// A sample of one or two bytes.
template <class T>
float sample(const uint8_t* plane, int64_t i) {
  return float(load<T>(plane + i * int64_t(sizeof(T))));
}

template <class T>
Tensor gray_of(const uint8_t* luma, const YuvLayout& layout) {
  const Tensor out = Tensor::empty({layout.height, layout.width, 1}, sizeof(T) == 1 ? u8 : u16);
  const int shift = int(8 * sizeof(T)) - layout.depth;
  for (int64_t i = 0; i < out.numel(); ++i) {
    const uint32_t v = load<T>(luma + i * int64_t(sizeof(T)));
    // The high bits once more below: the largest number becomes the largest of the type.
    out.data<T>()[i] =
        T(std::min<uint32_t>(v << shift | (shift ? v >> (layout.depth - shift) : 0), uint32_t(T(~T{0}))));
  }
  return out;
}

template <class T>
Tensor rgb_of(const uint8_t* luma, const YuvLayout& layout) {
  const Tensor out = Tensor::empty({layout.height, layout.width, 3}, sizeof(T) == 1 ? u8 : u16);
  const int64_t height = layout.height, width = layout.width;
  const uint8_t* const cb = luma + height * width * int64_t(sizeof(T));
  const uint8_t* const cr = cb + layout.chroma_width * layout.chroma_height * int64_t(sizeof(T));
  const float largest = float(T(~T{0})), unit = float(1 << (layout.depth - 8)), top = unit * 256 - 1;
  const float black = layout.full_range ? 0 : 16 * unit, centre = 128 * unit;
  const float scale = largest / (layout.full_range ? top : 219 * unit);
  const float chroma_scale = largest / (layout.full_range ? top : 224 * unit);
  const auto clip = [&](float v) { return T(std::clamp(v + 0.5f, 0.0f, largest)); };
  T* to = out.data<T>();
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x, to += 3) {
      const int64_t c =
          y * layout.chroma_height / height * layout.chroma_width + x * layout.chroma_width / width;
      const float l = (sample<T>(luma, y * width + x) - black) * scale;
      const float b = (sample<T>(cb, c) - centre) * chroma_scale,
                  r = (sample<T>(cr, c) - centre) * chroma_scale;
      to[0] = clip(l + 1.402f * r), to[1] = clip(l - 0.344136f * b - 0.714136f * r),
      to[2] = clip(l + 1.772f * b);
    }
  return out;
}

}  // namespace

Tensor pixels_of_yuv(std::span<const uint8_t> planes, const YuvLayout& layout) {
  check(int64_t(planes.size()) >= layout.bytes(), "{} bytes are no picture of {} x {}", planes.size(),
        layout.width, layout.height);
  const uint8_t* const luma = planes.data();
  if (layout.depth <= 8)
    return layout.gray() ? gray_of<uint8_t>(luma, layout) : rgb_of<uint8_t>(luma, layout);
  return layout.gray() ? gray_of<uint16_t>(luma, layout) : rgb_of<uint16_t>(luma, layout);
}

}  // namespace fovea::image
