// Numbers as files store them, and as tensors hold them.
#pragma once
#include <bit>
#include <cstring>

#include "image/codec.h"

namespace fovea::image {

/// The T at `p`, in the byte order given. *Requires* sizeof(T) readable bytes.
template <class T>
T load(const uint8_t* p, bool big_endian = false) {
  uint8_t bytes[sizeof(T)];
  for (size_t i = 0; i < sizeof(T); ++i)
    bytes[i] = p[big_endian == (std::endian::native == std::endian::big) ? i : sizeof(T) - 1 - i];
  return std::bit_cast<T>(bytes);
}

/// The T at byte `at` of a hostile file; throws beyond its end.
template <class T>
T load_at(const Source& source, size_t at, bool big_endian = false) {
  check(at <= source.bytes.size() && source.bytes.size() - at >= sizeof(T),
        "{} is truncated: {} bytes wanted at byte {} of {}", source.name, sizeof(T), at, source.bytes.size());
  return load<T>(source.bytes.data() + at, big_endian);
}

/// How a file stores a number.
struct Sample {
  enum Kind : uint8_t { unsigned_integer, signed_integer, real };
  Kind kind = unsigned_integer;
  int bytes = 1;
  bool big_endian = false;
};

/// "u8" i8 u16 i16 u32 i32 u64 i64 f16 f32 f64 -> how it is stored.
Sample sample_named(const std::string& name, const char* who);

/// The type of a tensor that holds such numbers: their own, or the next wider one (i8: i16, u32: i64; u64:
/// f64).
DType dtype_of(const Sample& sample);

/// Numbers from the file into a tensor of dtype_of(sample); throws unless `raw` holds exactly as many.
Tensor tensor_from(View8 raw, const Dims& shape, const Sample& sample, const std::string& name);

/// A new tensor of zeros.
Tensor blank(const Dims& shape, DType dtype);

/// (C, H, W) to (H, W, C).
Tensor interleaved(const Tensor& planes);

}  // namespace fovea::image
