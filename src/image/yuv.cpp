#include "image/yuv.h"

#include <algorithm>
#include <vector>

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

/// What a row of colour adds to red, green and blue.
struct Tints {
  explicit Tints(int64_t width) : red(size_t(width)), green(size_t(width)), blue(size_t(width)) {}
  std::vector<float> red, green, blue;
};

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
  const auto clip = [&](float v) { return T(std::min(std::max(v + 0.5f, 0.0f), largest)); };
  std::vector<int32_t> column(static_cast<size_t>(width));  // of colour
  for (int64_t x = 0; x < width; ++x) column[size_t(x)] = int32_t(x * layout.chroma_width / width);
  Tints tints(layout.chroma_width);
  int64_t tinted = -1;  // the row of colour that they are of
  T* to = out.data<T>();
  for (int64_t y = 0; y < height; ++y) {
    const int64_t row = y * layout.chroma_height / height;
    for (int64_t c = 0; c < layout.chroma_width && row != tinted; ++c) {
      const float b = (sample<T>(cb, row * layout.chroma_width + c) - centre) * chroma_scale;
      const float r = (sample<T>(cr, row * layout.chroma_width + c) - centre) * chroma_scale;
      tints.red[size_t(c)] = 1.402f * r, tints.blue[size_t(c)] = 1.772f * b;
      tints.green[size_t(c)] = -0.344136f * b - 0.714136f * r;
    }
    tinted = row;
    for (int64_t x = 0; x < width; ++x, to += 3) {
      const float l = (sample<T>(luma, y * width + x) - black) * scale;
      const auto c = size_t(column[size_t(x)]);
      to[0] = clip(l + tints.red[c]), to[1] = clip(l + tints.green[c]), to[2] = clip(l + tints.blue[c]);
    }
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
