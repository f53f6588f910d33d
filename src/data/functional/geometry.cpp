// Moving pixels without changing them, and resizing.
#include <algorithm>
#include <cstring>

#include "data/functional/planes.h"

namespace fovea::data::functional {
namespace {

/// Where positions first .. first + count - 1 of a padded line of `n` pixels come from; -1: from nowhere.
std::vector<int64_t> sources(int64_t n, int64_t first, int64_t count, Padding mode) {
  std::vector<int64_t> s(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    int64_t at = first + i;
    if (mode == Padding::edge) at = std::clamp<int64_t>(at, 0, n - 1);
    if (mode == Padding::reflect) at = at < 0 ? -at : at >= n ? 2 * (n - 1) - at : at;
    if (mode == Padding::symmetric) at = at < 0 ? -at - 1 : at >= n ? 2 * n - 1 - at : at;
    s[size_t(i)] = at >= 0 && at < n ? at : -1;
  }
  return s;
}

template <class T>
void copy_window(const Tensor& from, const Tensor& to, int64_t top, int64_t left, Padding mode,
                 const Fill& fill) {
  const int64_t height = from.size(1), width = from.size(2), rows = to.size(1), columns = to.size(2);
  const auto ys = sources(height, top, rows, mode), xs = sources(width, left, columns, mode);
  const int64_t first = std::clamp<int64_t>(-left, 0, columns),
                last = std::clamp<int64_t>(width - left, first, columns);
  const T* channel = from.data<T>();
  T* out = to.data<T>();
  for (int64_t c = 0; c < from.size(0); ++c, channel += height * width)
    for (int64_t y = 0; y < rows; ++y, out += columns) {
      const T background = colour<T>(fill.of(c));
      if (ys[size_t(y)] < 0) {
        std::fill_n(out, columns, background);
        continue;
      }
      const T* const line = channel + ys[size_t(y)] * width;
      const auto beyond = [&](int64_t x) { return xs[size_t(x)] < 0 ? background : line[xs[size_t(x)]]; };
      for (int64_t x = 0; x < first; ++x) out[x] = beyond(x);
      if (last > first) std::copy(line + left + first, line + left + last, out + first);
      for (int64_t x = last; x < columns; ++x) out[x] = beyond(x);
    }
}

}  // namespace

Tensor crop(const Tensor& image, int64_t top, int64_t left, int64_t height, int64_t width, Padding mode,
            const Fill& fill) {
  constexpr int64_t most = int64_t{1} << 20;
  const Tensor x = planes_of(image, "crop");
  check(height > 0 && width > 0 && height <= most && width <= most && std::abs(top) <= most &&
            std::abs(left) <= most,
        "[crop] {} x {} at row {}, column {} is no window", height, width, top, left);
  check_fill("crop", fill, x);
  const int64_t bottom = top + height - x.size(1), right = left + width - x.size(2);
  const int64_t reach = mode == Padding::reflect ? 1 : 0;
  check(mode == Padding::constant || mode == Padding::edge ||
            (std::max(-top, bottom) <= x.size(1) - reach && std::max(-left, right) <= x.size(2) - reach),
        "[crop] an image {} cannot be mirrored over {} rows and {} columns", x.shape(),
        std::max(-top, bottom), std::max(-left, right));
  const Tensor out = Tensor::empty({x.size(0), height, width}, x.dtype());
  for_type(x.dtype(), [&](auto zero) { copy_window<decltype(zero)>(x, out, top, left, mode, fill); });
  return out;
}

Tensor horizontal_flip(const Tensor& image) {
  const Tensor x = planes_of(image, "horizontal_flip"), out = like(x);
  for_type(x.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* in = x.data<T>();
    const int64_t width = x.size(2), n = x.numel();
    for (int64_t at = 0; at < n; at += width) std::reverse_copy(in + at, in + at + width, out.data<T>() + at);
  });
  return out;
}

Tensor vertical_flip(const Tensor& image) {
  const Tensor x = planes_of(image, "vertical_flip"), out = like(x);
  const size_t row = size_t(x.size(2) * size_of(x.dtype())), plane = row * size_t(x.size(1));
  const char* in = static_cast<const char*>(x.raw());
  char* to = static_cast<char*>(out.raw());
  for (size_t at = 0; at < plane * size_t(x.size(0)); at += row) {
    const size_t channel = at / plane * plane;
    std::memcpy(to + channel + (plane - row - (at - channel)), in + at, row);
  }
  return out;
}

Tensor resize(const Tensor& image, int64_t height, int64_t width, Filter filter) {
  const Tensor x = planes_of(image, "resize");
  if (x.size(1) == height && x.size(2) == width) return x.clone();
  const Tensor out = Tensor::empty({x.size(0), height, width}, x.dtype());
  const size_t bytes = size_t(height * width * size_of(x.dtype()));
  for (int64_t c = 0; c < x.size(0); ++c)
    std::memcpy(static_cast<char*>(out.raw()) + size_t(c) * bytes,
                image::resize(x.select(0, c), height, width, filter).raw(), bytes);
  return out;
}

}  // namespace fovea::data::functional
