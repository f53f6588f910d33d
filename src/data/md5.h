// MD5 sums (RFC 1321), by which data sets are published: they tell damage, not malice.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>

namespace fovea::data {

class Md5 {
 public:
  void add(std::span<const uint8_t> bytes);
  /// 32 hexadecimal digits; nothing can be added after it.
  std::string hex();

 private:
  void mix(const uint8_t* block);
  std::array<uint32_t, 4> state_{0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
  std::array<uint8_t, 64> block_{};
  uint64_t count_ = 0;  // bytes
};

/// Of a whole file. Throws if it cannot be read.
std::string md5_of_file(const std::string& path);

}  // namespace fovea::data
