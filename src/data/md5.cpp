#include "data/md5.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <fstream>
#include <vector>

#include "fovea/error.h"

namespace fovea::data {
namespace {

constexpr int turns[4][4] = {{7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

/// floor(2^32 |sin(i + 1)|)
const std::array<uint32_t, 64>& sines() {
  static const auto table = [] {
    std::array<uint32_t, 64> t{};
    for (size_t i = 0; i < 64; ++i) t[i] = uint32_t(std::floor(std::abs(std::sin(double(i + 1))) * 0x1p32));
    return t;
  }();
  return table;
}

uint32_t word(const uint8_t* p) {
  return uint32_t(p[0]) | uint32_t(p[1]) << 8 | uint32_t(p[2]) << 16 | uint32_t(p[3]) << 24;
}

}  // namespace

void Md5::mix(const uint8_t* block) {
  auto [a, b, c, d] = state_;
  for (uint32_t i = 0; i < 64; ++i) {
    const uint32_t round = i / 16;
    const uint32_t f = round == 0   ? (b & c) | (~b & d)
                       : round == 1 ? (d & b) | (~d & c)
                       : round == 2 ? b ^ c ^ d
                                    : c ^ (b | ~d);
    const uint32_t k = round == 0   ? i
                       : round == 1 ? (5 * i + 1) % 16
                       : round == 2 ? (3 * i + 5) % 16
                                    : 7 * i % 16;
    const uint32_t turned = std::rotl(a + f + sines()[i] + word(block + 4 * k), turns[round][i % 4]);
    a = d, d = c, c = b, b += turned;
  }
  state_[0] += a, state_[1] += b, state_[2] += c, state_[3] += d;
}

void Md5::add(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    const size_t at = count_ % 64, n = std::min(bytes.size(), 64 - at);
    std::memcpy(block_.data() + at, bytes.data(), n);
    count_ += n, bytes = bytes.subspan(n);
    if (count_ % 64 == 0) mix(block_.data());
  }
}

std::string Md5::hex() {
  const uint64_t bits = count_ * 8;
  const uint8_t one = 0x80, zero = 0;
  add({&one, 1});
  while (count_ % 64 != 56) add({&zero, 1});
  std::array<uint8_t, 8> length{};
  for (size_t i = 0; i < 8; ++i) length[i] = uint8_t(bits >> (8 * i));
  add(length);
  std::string text;
  for (const uint32_t v : state_)
    for (int i = 0; i < 4; ++i) text += fmt::format("{:02x}", v >> (8 * i) & 255);
  return text;
}

std::string md5_of_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  check(bool(in), "cannot open {}", path);
  Md5 sum;
  std::vector<char> piece(1 << 20);
  while (in.read(piece.data(), std::streamsize(piece.size())), in.gcount() > 0)
    sum.add({reinterpret_cast<const uint8_t*>(piece.data()), size_t(in.gcount())});
  check(in.eof(), "cannot read {}", path);
  return sum.hex();
}

}  // namespace fovea::data
