#include "fovea/dtype.h"

#include <fmt/format.h>
#include <bit>

#include "fovea/error.h"

namespace fovea {
namespace {
struct Entry {
  DType type;
  int64_t size;
  const char* name;
};
constexpr Entry entries[] = {{f32, 4, "f32"}, {f64, 8, "f64"},     {f16, 2, "f16"}, {bf16, 2, "bf16"},
                             {i32, 4, "i32"}, {i64, 8, "i64"},     {u8, 1, "u8"},   {u16, 2, "u16"},
                             {i16, 2, "i16"}, {boolean, 1, "bool"}};
}  // namespace

int64_t size_of(DType t) { return entries[int(t)].size; }
const char* name_of(DType t) { return entries[int(t)].name; }

DType dtype_named(const std::string& name) {
  std::vector<std::string> names;
  for (const auto& e : entries) {
    if (name == e.name) return e.type;
    names.push_back(e.name);
  }
  const std::string near = nearest(name, names);
  fail("unknown dtype {}{}; known: {}", name, near.empty() ? "" : " (did you mean " + near + "?)",
       fmt::join(names, " "));
}

uint16_t f16_from_f32(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x), sign = bits >> 16 & 0x8000, magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return uint16_t(sign | 0x7e00);   // NaN
  if (magnitude >= 0x477ff000) return uint16_t(sign | 0x7c00);  // rounds to infinity
  if (magnitude < 0x38800000) {  // subnormal: the addition rounds to the right bit
    const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
    return uint16_t(sign | (std::bit_cast<uint32_t>(shifted) - 0x3f000000));
  }
  const uint32_t odd = magnitude >> 13 & 1;
  return uint16_t(sign | ((magnitude - 0x38000000 + 0xfff + odd) >> 13));
}

float f32_from_f16(uint16_t h) {
  const uint32_t sign = uint32_t(h & 0x8000) << 16, rest = h & 0x7fff;
  if (rest >= 0x7c00) return std::bit_cast<float>(sign | 0x7f800000 | (rest & 0x3ff) << 13);
  if (rest < 0x400) {
    const float v = float(rest) * 0x1p-24f;
    return sign ? -v : v;
  }
  return std::bit_cast<float>(sign | ((rest << 13) + 0x38000000));
}

uint16_t bf16_from_f32(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if ((bits & 0x7fffffff) > 0x7f800000) return uint16_t(bits >> 16 | 0x40);
  return uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

float f32_from_bf16(uint16_t b) { return std::bit_cast<float>(uint32_t(b) << 16); }

}  // namespace fovea
