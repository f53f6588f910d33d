// Moving pixels without changing them: crop, pad, flip, orientation.
#include <algorithm>
#include <cmath>
#include <cstring>

#include "image/pixels.h"

namespace fovea::image {
namespace {

/// to[x] = from[source[x]], pixels of C elements (0: `channels` of them, known only at run time).
template <int C, class T>
void gather_row(const T* from, T* to, const std::vector<int64_t>& source, int64_t channels) {
  const int64_t n = C ? C : channels;
  for (size_t x = 0; x < source.size(); ++x)
    for (int64_t c = 0; c < n; ++c) to[int64_t(x) * n + c] = from[source[x] * n + c];
}

std::vector<int64_t> range(int64_t n) {
  std::vector<int64_t> r(static_cast<size_t>(n));
  for (int64_t i = 0; i < n; ++i) r[size_t(i)] = i;
  return r;
}

std::vector<int64_t> reversed(int64_t n) {
  std::vector<int64_t> r = range(n);
  std::reverse(r.begin(), r.end());
  return r;
}

/// Where the entries of a side of `n`, padded with `before` and `after`, come from.
std::vector<int64_t> padded(int64_t n, int64_t before, int64_t after, PadMode mode) {
  std::vector<int64_t> r(static_cast<size_t>(before + n + after));
  for (int64_t i = 0; i < int64_t(r.size()); ++i) {
    int64_t from = i - before;
    if (mode == PadMode::reflect && from < 0) from = -from;
    if (mode == PadMode::reflect && from >= n) from = 2 * (n - 1) - from;
    r[size_t(i)] = std::clamp<int64_t>(from, 0, n - 1);
  }
  return r;
}

char* bytes_of(const Tensor& t) { return static_cast<char*>(t.raw()); }

/// Copies `n` rows of `bytes`; rows begin every `from_step` and `to_step` bytes.
void copy_rows(const char* from, int64_t from_step, char* to, int64_t to_step, int64_t bytes, int64_t n) {
  for (int64_t y = 0; y < n; ++y) std::memcpy(to + y * to_step, from + y * from_step, size_t(bytes));
}

/// Rows become columns.
Tensor transposed(const Table& t) {
  const Tensor out = Tensor::empty(t.shape(t.width, t.height), t.dtype());
  const int64_t pixel = t.channels * size_of(t.dtype());
  for (int64_t y = 0; y < t.height; ++y)
    copy_rows(bytes_of(t.tensor) + y * t.width * pixel, pixel, bytes_of(out) + y * pixel, t.height * pixel,
              pixel, t.width);
  return out;
}

}  // namespace

Tensor gather(const Table& t, const std::vector<int64_t>& rows, const std::vector<int64_t>& columns) {
  const Tensor out = Tensor::empty(t.shape(int64_t(rows.size()), int64_t(columns.size())), t.dtype());
  for_type(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const int64_t stride = int64_t(columns.size()) * t.channels;
    for (size_t y = 0; y < rows.size(); ++y) {
      const T* const from = t.tensor.data<T>() + rows[y] * t.width * t.channels;
      T* const to = out.data<T>() + int64_t(y) * stride;
      if (t.channels == 1) gather_row<1>(from, to, columns, 1);
      else if (t.channels == 3) gather_row<3>(from, to, columns, 3);
      else gather_row<0>(from, to, columns, t.channels);
    }
  });
  return out;
}

Tensor crop(const Tensor& image, int64_t top, int64_t left, int64_t height, int64_t width) {
  const Table t = table_of(image, "crop");
  check(
      height > 0 && width > 0 && top >= 0 && left >= 0 && height <= t.height - top && width <= t.width - left,
      "[crop] {} x {} at row {}, column {} lies outside of the image {}", height, width, top, left,
      image.shape());
  const Tensor out = Tensor::empty(t.shape(height, width), t.dtype());
  const int64_t pixel = t.channels * size_of(t.dtype());
  copy_rows(bytes_of(t.tensor) + (top * t.width + left) * pixel, t.width * pixel, bytes_of(out),
            width * pixel, width * pixel, height);
  return out;
}

Tensor center_crop(const Tensor& image, int64_t height, int64_t width) {
  const Table t = table_of(image, "center_crop");
  check(height <= t.height && width <= t.width,
        "[center_crop] {} x {} is larger than the image {}; resize or pad it first", height, width,
        image.shape());
  return crop(image, std::lrint(double(t.height - height) / 2), std::lrint(double(t.width - width) / 2),
              height, width);
}

Tensor pad(const Tensor& image, int64_t top, int64_t left, int64_t bottom, int64_t right, PadMode mode,
           double value) {
  const Table t = table_of(image, "pad");
  constexpr int64_t most = int64_t{1} << 20;
  for (const int64_t side : {top, left, bottom, right})
    check(side >= 0 && side <= most, "[pad] {} rows or columns are outside of 0..{}", side, most);
  check(t.dtype() == f32 || (value >= 0 && value <= (t.dtype() == u8 ? 255 : 65535)),
        "[pad] value {} does not fit {}", value, name_of(t.dtype()));
  check(mode != PadMode::reflect || (std::max(top, bottom) < t.height && std::max(left, right) < t.width),
        "[pad] an image {} can mirror at most {} rows and {} columns", image.shape(), t.height - 1,
        t.width - 1);
  if (mode != PadMode::constant)
    return gather(t, padded(t.height, top, bottom, mode), padded(t.width, left, right, mode));
  const Tensor out = Tensor::empty(t.shape(top + t.height + bottom, left + t.width + right), t.dtype());
  for_type(t.dtype(), [&](auto zero) {
    using T = decltype(zero);
    std::fill_n(out.data<T>(), out.numel(), T(value));
  });
  const int64_t pixel = t.channels * size_of(t.dtype());
  copy_rows(bytes_of(t.tensor), t.width * pixel, bytes_of(out) + (top * out.size(1) + left) * pixel,
            out.size(1) * pixel, t.width * pixel, t.height);
  return out;
}

Tensor flip_horizontal(const Tensor& image) {
  const Table t = table_of(image, "flip_horizontal");
  return gather(t, range(t.height), reversed(t.width));
}

Tensor flip_vertical(const Tensor& image) {
  const Table t = table_of(image, "flip_vertical");
  const Tensor out = Tensor::empty(t.tensor.shape(), t.dtype());
  const int64_t row = t.width * t.channels * size_of(t.dtype());
  copy_rows(bytes_of(t.tensor), row, bytes_of(out) + (t.height - 1) * row, -row, row, t.height);
  return out;
}

Tensor upright(const Image& image) {
  const int how = image.orientation;
  check(how >= 1 && how <= 8, "[upright] Exif knows the orientations 1..8, not {}", how);
  if (how == 1) return image.pixels;
  Tensor pixels = to_computable(image.pixels);
  if (how >= 5) pixels = transposed(table_of(pixels, "upright"));
  if (how == 2 || how == 3 || how == 6 || how == 7) pixels = flip_horizontal(pixels);
  if (how == 3 || how == 4 || how == 7 || how == 8) pixels = flip_vertical(pixels);
  return pixels;
}

}  // namespace fovea::image
