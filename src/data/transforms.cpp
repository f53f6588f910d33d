#include "fovea/transforms.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "fovea/image.h"

namespace fovea::data {
namespace {

/// Calls f with a value of the element type.
template <class F>
void with_type(DType dtype, F&& f) {
  switch (dtype) {
    case u8:
      return f(uint8_t{});
    case u16:
      return f(uint16_t{});
    case f32:
      return f(float{});
    default:
      fail("transforms take pixels of u8, u16 or f32, not {}", name_of(dtype));
  }
}

void check_image(const char* who, const Dims& shape) {
  check(shape.size() == 3 && shape.numel() > 0, "[{}] wants an image (C,H,W), not {}", who, shape);
}

/// The place that position `i` of a line of `n` pixels shows: itself, its mirror image, or -1 for zero.
int64_t inside(int64_t i, int64_t n, Padding mode) {
  if (i >= 0 && i < n) return i;
  if (mode == Padding::zero) return -1;
  return i < 0 ? -i : 2 * (n - 1) - i;
}

/// Copies the window of `to`'s size whose corner is at (top, left) of `from`, which may lie partly outside.
template <class T>
void copy_window(const Tensor& from, const Tensor& to, int64_t top, int64_t left, Padding mode) {
  const int64_t height = from.size(1), width = from.size(2), columns = to.size(2);
  const int64_t first = std::clamp<int64_t>(-left, 0, columns),
                last = std::clamp<int64_t>(width - left, first, columns);
  const T* channel = from.data<T>();
  T* out = to.data<T>();
  for (int64_t c = 0; c < from.size(0); ++c, channel += height * width)
    for (int64_t y = 0; y < to.size(1); ++y, out += columns) {
      const int64_t row = inside(top + y, height, mode);
      if (row < 0) {
        std::fill_n(out, columns, T{0});
        continue;
      }
      const T* line = channel + row * width;
      const auto beyond = [&](int64_t x) {
        const int64_t column = inside(left + x, width, mode);
        return column < 0 ? T{0} : line[column];
      };
      for (int64_t x = 0; x < first; ++x) out[x] = beyond(x);
      std::copy(line + left + first, line + left + last, out + first);
      for (int64_t x = last; x < columns; ++x) out[x] = beyond(x);
    }
}

}  // namespace

Dims Compose::output_shape(Dims shape) const {
  for (const auto& step : steps_) shape = step->output_shape(shape);
  return shape;
}

std::string Compose::describe() const {
  std::string out;
  for (const auto& step : steps_) out += (out.empty() ? "" : ", ") + step->describe();
  return out.empty() ? "none" : out;
}

RandomHorizontalFlip::RandomHorizontalFlip(float p) : p_(p) {
  check(p >= 0 && p <= 1, "RandomHorizontalFlip: p is a probability, not {}", p);
}
Dims RandomHorizontalFlip::output_shape(const Dims& input) const {
  check_image("RandomHorizontalFlip", input);
  return input;
}
void RandomHorizontalFlip::apply(const Tensor& from, const Tensor& to, Generator& random) const {
  const bool flip = random.uniform() < p_;
  with_type(from.dtype(), [&](auto zero) {
    using T = decltype(zero);
    const T* in = from.data<T>();
    T* out = to.data<T>();
    const int64_t width = from.size(2), pixels = from.numel();
    if (!flip) return void(std::copy_n(in, pixels, out));
    for (int64_t at = 0; at < pixels; at += width) std::reverse_copy(in + at, in + at + width, out + at);
  });
}
std::string RandomHorizontalFlip::describe() const { return fmt::format("RandomHorizontalFlip({})", p_); }

RandomCrop::RandomCrop(int64_t size, int64_t padding, Padding mode)
    : size_(size), padding_(padding), mode_(mode) {
  check(size > 0 && padding >= 0, "RandomCrop: size {} and padding {} make no crop", size, padding);
}
Dims RandomCrop::output_shape(const Dims& input) const {
  check_image("RandomCrop", input);
  const int64_t shorter = std::min(input[1], input[2]);
  check(size_ <= shorter + 2 * padding_, "[RandomCrop] {} is larger than an image {} padded by {}", size_,
        input, padding_);
  check(mode_ == Padding::zero || padding_ < shorter,
        "[RandomCrop] an image {} cannot be mirrored over {} pixels", input, padding_);
  return {input[0], size_, size_};
}
void RandomCrop::apply(const Tensor& from, const Tensor& to, Generator& random) const {
  const int64_t top = int64_t(random.below(uint64_t(from.size(1) + 2 * padding_ - size_ + 1))) - padding_;
  const int64_t left = int64_t(random.below(uint64_t(from.size(2) + 2 * padding_ - size_ + 1))) - padding_;
  with_type(from.dtype(), [&](auto zero) { copy_window<decltype(zero)>(from, to, top, left, mode_); });
}
std::string RandomCrop::describe() const {
  if (padding_ == 0) return fmt::format("RandomCrop({})", size_);
  return fmt::format("RandomCrop({}, padding={} {})", size_, padding_,
                     mode_ == Padding::zero ? "zero" : "reflect");
}

CenterCrop::CenterCrop(int64_t size) : size_(size) {
  check(size > 0, "CenterCrop: size {} makes no crop", size);
}
Dims CenterCrop::output_shape(const Dims& input) const {
  check_image("CenterCrop", input);
  check(size_ <= std::min(input[1], input[2]), "[CenterCrop] {} is larger than an image {}", size_, input);
  return {input[0], size_, size_};
}
void CenterCrop::apply(const Tensor& from, const Tensor& to, Generator&) const {
  const auto offset = [&](int64_t n) { return int64_t(std::nearbyint(double(n - size_) / 2)); };
  with_type(from.dtype(), [&](auto zero) {
    copy_window<decltype(zero)>(from, to, offset(from.size(1)), offset(from.size(2)), Padding::zero);
  });
}
std::string CenterCrop::describe() const { return fmt::format("CenterCrop({})", size_); }

Resize::Resize(int64_t size) : size_(size) { check(size > 0, "Resize: {} is no size", size); }
Dims Resize::output_shape(const Dims& input) const {
  check_image("Resize", input);
  return {input[0], size_, size_};
}
void Resize::apply(const Tensor& from, const Tensor& to, Generator&) const {
  with_type(from.dtype(), [&](auto zero) {
    using T = decltype(zero);
    for (int64_t c = 0; c < from.size(0); ++c) {
      const Tensor scaled = image::resize(from.select(0, c), size_, size_);
      std::copy_n(scaled.data<T>(), scaled.numel(), to.data<T>() + c * scaled.numel());
    }
  });
}
std::string Resize::describe() const { return fmt::format("Resize({})", size_); }

RandomAffine::RandomAffine(float degrees, float translate, float min_scale, float max_scale)
    : degrees_(degrees), translate_(translate), min_scale_(min_scale), max_scale_(max_scale) {
  check(degrees >= 0 && degrees <= 180 && translate >= 0 && translate <= 1,
        "RandomAffine: degrees={} translate={} are not "
        "in 0..180 and 0..1",
        degrees, translate);
  check(min_scale > 0 && min_scale <= max_scale, "RandomAffine: scale {} to {} is no range", min_scale,
        max_scale);
}
Dims RandomAffine::output_shape(const Dims& input) const {
  check_image("RandomAffine", input);
  return input;
}

namespace {

/// Maps a pixel of the result to where it comes from: x' = a x + b y + c, y' = -b x + a y + d.
struct Similarity {
  float a, b, c, d;
};

/// std::floor is a library call on processors without SSE4.
int floor_of(float v) {
  const int towards_zero = int(v);
  return towards_zero - (v < float(towards_zero));
}

template <class T>
void resample(const Tensor& from, const Tensor& to, const Similarity& m) {
  const int height = int(from.size(1)), width = int(from.size(2));
  const T* channel = from.data<T>();
  T* out = to.data<T>();
  for (int64_t k = 0; k < from.size(0); ++k, channel += int64_t(height) * width) {
    const auto pixel = [&](int y, int x) {
      return y >= 0 && y < height && x >= 0 && x < width ? float(channel[int64_t(y) * width + x]) : 0.f;
    };
    for (int y = 0; y < height; ++y)
      for (int x = 0; x < width; ++x, ++out) {
        const float sx = m.a * float(x) + m.b * float(y) + m.c, sy = m.a * float(y) - m.b * float(x) + m.d;
        const int x0 = floor_of(sx), y0 = floor_of(sy);
        const float u = sx - float(x0), v = sy - float(y0);
        const auto blend = [&](float a, float b, float c, float d) {
          return (1 - v) * ((1 - u) * a + u * b) + v * ((1 - u) * c + u * d);
        };
        const bool within = x0 >= 0 && x0 < width - 1 && y0 >= 0 && y0 < height - 1;
        const int64_t at = int64_t(y0) * width + x0;
        const float value =
            within ? blend(channel[at], channel[at + 1], channel[at + width], channel[at + width + 1])
                   : blend(pixel(y0, x0), pixel(y0, x0 + 1), pixel(y0 + 1, x0), pixel(y0 + 1, x0 + 1));
        *out = std::is_integral_v<T> ? T(value + 0.5f) : T(value);
      }
  }
}

}  // namespace

void RandomAffine::apply(const Tensor& from, const Tensor& to, Generator& random) const {
  const auto between = [&](float low, float high) { return low + (high - low) * random.uniform(); };
  const float angle = between(-degrees_, degrees_) * std::numbers::pi_v<float> / 180;
  const float dx = between(-translate_, translate_) * float(from.size(2));
  const float dy = between(-translate_, translate_) * float(from.size(1));
  const float scale = between(min_scale_, max_scale_);
  const float a = std::cos(angle) / scale, b = std::sin(angle) / scale;
  const float cx = float(from.size(2) - 1) / 2, cy = float(from.size(1) - 1) / 2;
  const Similarity m{a, b, cx - a * (cx + dx) - b * (cy + dy), cy - a * (cy + dy) + b * (cx + dx)};
  with_type(from.dtype(), [&](auto zero) { resample<decltype(zero)>(from, to, m); });
}
std::string RandomAffine::describe() const {
  return fmt::format("RandomAffine({} degrees, translate={}, scale={}..{})", degrees_, translate_, min_scale_,
                     max_scale_);
}

}  // namespace fovea::data
