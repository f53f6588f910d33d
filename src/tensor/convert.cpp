#include "tensor/convert.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace fovea {
namespace {

struct Half {
  uint16_t bits;
};
struct Brain {
  uint16_t bits;
};

template <class T>
auto load(T v) {
  return v;
}
float load(Half v) { return f32_from_f16(v.bits); }
float load(Brain v) { return f32_from_bf16(v.bits); }

template <class To, class From>
To store(From v) {
  if constexpr (std::is_same_v<To, Half>) return {f16_from_f32(float(v))};
  else if constexpr (std::is_same_v<To, Brain>) return {bf16_from_f32(float(v))};
  else if constexpr (std::is_same_v<To, bool>) return v != From(0);
  else if constexpr (std::is_floating_point_v<To> || std::is_same_v<From, bool>) return To(v);
  else if constexpr (std::is_floating_point_v<From>) {
    if (std::isnan(v)) return 0;
    if (v <= From(std::numeric_limits<To>::min())) return std::numeric_limits<To>::min();
    if (v >= From(std::numeric_limits<To>::max())) return std::numeric_limits<To>::max();
    return To(v);
  } else {
    const int64_t low = std::numeric_limits<To>::min(), high = std::numeric_limits<To>::max();
    return To(int64_t(v) < low ? low : int64_t(v) > high ? high : int64_t(v));
  }
}

template <class From, class To>
void copy_row(const void* from, int64_t from_stride, void* to, int64_t to_stride, int64_t n) {
  const From* x = static_cast<const From*>(from);
  To* y = static_cast<To*>(to);
  if (from_stride == 1 && to_stride == 1)
    for (int64_t i = 0; i < n; ++i) y[i] = store<To>(load(x[i]));
  else
    for (int64_t i = 0; i < n; ++i) y[i * to_stride] = store<To>(load(x[i * from_stride]));
}

template <class F>
void with_type(DType t, F&& f) {
  switch (t) {
    case f32:
      return f(float{});
    case f64:
      return f(double{});
    case f16:
      return f(Half{});
    case bf16:
      return f(Brain{});
    case i32:
      return f(int32_t{});
    case i64:
      return f(int64_t{});
    case u8:
      return f(uint8_t{});
    case u16:
      return f(uint16_t{});
    case i16:
      return f(int16_t{});
    case boolean:
      return f(bool{});
  }
}

using CopyRow = void (*)(const void*, int64_t, void*, int64_t, int64_t);

CopyRow copy_row_for(DType from, DType to) {
  CopyRow row = nullptr;
  with_type(from, [&]<class From>(From) { with_type(to, [&]<class To>(To) { row = copy_row<From, To>; }); });
  return row;
}

/// Between plain and blocked8 layout without a change of type: the most frequent conversion, one 8-channel
/// block at a time.
template <class T>
void reorder(const View& from, const View& to) {
  const View& plain = from.layout == Layout::plain ? from : to;
  const int64_t pixels = plain.numel() / std::max<int64_t>(1, plain.size(0) * plain.size(1)),
                blocks = plain.numel() / (8 * pixels);
  const bool block = &plain == &from;
  parallel_for(blocks, std::max<int64_t>(1, 2048 / pixels), [&](int64_t begin, int64_t end) {
    for (int64_t b = begin; b < end; ++b) {
      const T* x = from.ptr<T>() + b * 8 * pixels;
      T* y = to.ptr<T>() + b * 8 * pixels;
      for (int64_t p = 0; p < pixels; ++p)
        for (int64_t c = 0; c < 8; ++c)
          block ? y[p * 8 + c] = x[c * pixels + p] : y[c * pixels + p] = x[p * 8 + c];
    }
  });
}

/// Whether both hold the same elements in the same order, without gaps.
bool alike(const View& from, const View& to) {
  return from.dtype == to.dtype && from.layout == to.layout && from.shape == to.shape &&
         (from.layout == Layout::blocked8 || (from.contiguous() && to.contiguous()));
}

void copy_bytes(const char* from, char* to, int64_t bytes) {
  parallel_for(bytes, 1 << 16, [&](int64_t begin, int64_t end) {
    std::memcpy(to + begin, from + begin, size_t(end - begin));
  });
}

}  // namespace

void convert_elements(const View& from, const View& to) {
  if (alike(from, to)) return copy_bytes(from.ptr<char>(), to.ptr<char>(), to.numel() * size_of(to.dtype));
  const bool reordering =
      from.layout != to.layout && from.dtype == to.dtype && from.shape == to.shape && from.numel() > 0;
  if (reordering && (from.layout == Layout::blocked8 || from.contiguous()) &&
      (to.layout == Layout::blocked8 || to.contiguous())) {
    if (size_of(from.dtype) == 4) return reorder<uint32_t>(from, to);
    if (size_of(from.dtype) == 8) return reorder<uint64_t>(from, to);
  }
  const CopyRow row = copy_row_for(from.dtype, to.dtype);
  const Walk walk(to.shape, {&from, &to});
  const int64_t from_size = size_of(from.dtype), to_size = size_of(to.dtype);
  walk.run([&](const auto& at, int64_t n) {
    row(from.ptr<char>() + at[0] * from_size, walk.inner_stride(0), to.ptr<char>() + at[1] * to_size,
        walk.inner_stride(1), n);
  });
}

}  // namespace fovea
