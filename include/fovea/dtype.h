// The element types of a tensor and conversions between them.
// f32 and f64 compute everything; i32 and i64 do arithmetic and comparison; the others are stored, sliced,
// converted.
#pragma once
#include <cstdint>
#include <string>

namespace fovea {

enum class DType : uint8_t { f32, f64, f16, bf16, i32, i64, u8, u16, i16, boolean };
using enum DType;

/// Bytes of one element.
int64_t size_of(DType t);
/// "f32", "u8", "bool" ...
const char* name_of(DType t);
/// The type with that name; throws with the nearest name otherwise.
DType dtype_named(const std::string& name);
/// f32, f64, f16 or bf16.
inline bool is_float(DType t) { return t <= DType::bf16; }
/// i32 i64 u8 u16 i16 (not bool).
inline bool is_integer(DType t) { return t >= DType::i32 && t != DType::boolean; }

/// IEEE half and bfloat16 by bits; round to nearest even, infinities and NaN kept.
uint16_t f16_from_f32(float x);
float f32_from_f16(uint16_t bits);
uint16_t bf16_from_f32(float x);
float f32_from_bf16(uint16_t bits);

/// The DType of a C++ type: dtype_of<float>() == f32.
template <class T>
constexpr DType dtype_of();
template <>
constexpr DType dtype_of<float>() {
  return DType::f32;
}
template <>
constexpr DType dtype_of<double>() {
  return DType::f64;
}
template <>
constexpr DType dtype_of<int32_t>() {
  return DType::i32;
}
template <>
constexpr DType dtype_of<int64_t>() {
  return DType::i64;
}
template <>
constexpr DType dtype_of<uint8_t>() {
  return DType::u8;
}
template <>
constexpr DType dtype_of<uint16_t>() {
  return DType::u16;
}
template <>
constexpr DType dtype_of<int16_t>() {
  return DType::i16;
}
template <>
constexpr DType dtype_of<bool>() {
  return DType::boolean;
}

}  // namespace fovea
