#include "image/samples.h"

namespace fovea::image {
namespace {

struct Named {
  const char* name;
  Sample sample;
};
constexpr Named samples[]{
    {"u8", {Sample::unsigned_integer, 1}},
    {"i8", {Sample::signed_integer, 1}},
    {"u16", {Sample::unsigned_integer, 2}},
    {"i16", {Sample::signed_integer, 2}},
    {"u32", {Sample::unsigned_integer, 4}},
    {"i32", {Sample::signed_integer, 4}},
    {"u64", {Sample::unsigned_integer, 8}},
    {"i64", {Sample::signed_integer, 8}},
    {"f16", {Sample::real, 2}},
    {"f32", {Sample::real, 4}},
    {"f64", {Sample::real, 8}},
};

template <class From, class To>
void convert(View8 raw, bool big_endian, const Tensor& to) {
  To* const out = static_cast<To*>(to.raw());
  if constexpr (std::is_same_v<From, To>) {
    std::memcpy(out, raw.data(), raw.size());
    if (sizeof(From) == 1 || big_endian == (std::endian::native == std::endian::big)) return;
  }
  for (int64_t i = 0; i < to.numel(); ++i)
    out[i] = To(load<From>(raw.data() + size_t(i) * sizeof(From), big_endian));
}

}  // namespace

Sample sample_named(const std::string& name, const char* who) {
  for (const auto& [known, sample] : samples)
    if (name == known) return sample;
  fail("{}: dtype={} is none of u8 i8 u16 i16 u32 i32 u64 i64 f16 f32 f64", who, name);
}

DType dtype_of(const Sample& s) {
  if (s.kind == Sample::real) return s.bytes == 2 ? f16 : s.bytes == 4 ? f32 : f64;
  if (s.kind == Sample::signed_integer) return s.bytes <= 2 ? i16 : s.bytes == 4 ? i32 : i64;
  return s.bytes == 1 ? u8 : s.bytes == 2 ? u16 : s.bytes == 4 ? i64 : f64;
}

Tensor tensor_from(View8 raw, const Dims& shape, const Sample& s, const std::string& name) {
  check(int64_t(raw.size()) == shape.numel() * s.bytes,
        "{}: {} numbers of {} bytes want {} bytes, {} are there", name, shape.numel(), s.bytes,
        shape.numel() * s.bytes, raw.size());
  const Tensor to = Tensor::empty(shape, dtype_of(s));
  const bool big = s.big_endian;
  switch (int(s.kind) * 16 + s.bytes) {
    case Sample::unsigned_integer * 16 + 1:
      convert<uint8_t, uint8_t>(raw, big, to);
      break;
    case Sample::unsigned_integer * 16 + 2:
      convert<uint16_t, uint16_t>(raw, big, to);
      break;
    case Sample::unsigned_integer * 16 + 4:
      convert<uint32_t, int64_t>(raw, big, to);
      break;
    case Sample::unsigned_integer * 16 + 8:
      convert<uint64_t, double>(raw, big, to);
      break;
    case Sample::signed_integer * 16 + 1:
      convert<int8_t, int16_t>(raw, big, to);
      break;
    case Sample::signed_integer * 16 + 2:
      convert<int16_t, int16_t>(raw, big, to);
      break;
    case Sample::signed_integer * 16 + 4:
      convert<int32_t, int32_t>(raw, big, to);
      break;
    case Sample::signed_integer * 16 + 8:
      convert<int64_t, int64_t>(raw, big, to);
      break;
    case Sample::real * 16 + 2:
      convert<uint16_t, uint16_t>(raw, big, to);
      break;  // bits
    case Sample::real * 16 + 4:
      convert<float, float>(raw, big, to);
      break;
    case Sample::real * 16 + 8:
      convert<double, double>(raw, big, to);
      break;
    default:
      fail("{}: numbers of {} bytes are not known", name, s.bytes);
  }
  return to;
}

Tensor blank(const Dims& shape, DType dtype) {
  const Tensor t = Tensor::empty(shape, dtype);
  std::memset(t.raw(), 0, size_t(t.numel() * size_of(dtype)));
  return t;
}

Tensor interleaved(const Tensor& planes) { return planes.permute({1, 2, 0}).contiguous(); }

}  // namespace fovea::image
