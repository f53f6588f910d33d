#include "data/inspect/fingerprint.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numbers>

namespace fovea::data {
namespace {

constexpr int side = 32, kept = 8, small = 16;

using Gray = std::array<float, side * side>;

/// Scaled to 32x32: luma of RGB, else the mean of the channels, alpha aside.
Gray gray_of(const image::Image& picture) {
  using image::ColorModel;
  const Tensor table = image::resize(image::to_computable(picture.pixels), side, side).to(f32).contiguous();
  const int64_t channels = table.size(2);
  const bool color = picture.color == ColorModel::rgb || picture.color == ColorModel::rgba;
  const int64_t counted = color ? 3 : picture.color == ColorModel::gray_alpha ? 1 : channels;
  constexpr float luma[] = {0.299f, 0.587f, 0.114f};  // ITU-R BT.601
  Gray gray{};
  for (size_t i = 0; i < gray.size(); ++i)
    for (int64_t c = 0; c < counted; ++c)
      gray[i] += (color ? luma[c] : 1) * table.data<float>()[int64_t(i) * channels + c];
  return gray;
}

/// cosines[k][x] of frequency k + 1
const auto& cosines() {
  static const auto table = [] {
    std::array<std::array<float, side>, kept> t{};
    for (int k = 0; k < kept; ++k)
      for (int x = 0; x < side; ++x)
        t[size_t(k)][size_t(x)] = float(std::cos(std::numbers::pi * (k + 1) * (x + 0.5) / side));
    return t;
  }();
  return table;
}

uint64_t signs_of(const Gray& gray) {
  std::array<float, kept * side> rows{};  // transformed along x
  for (size_t k = 0; k < kept; ++k)
    for (size_t y = 0; y < side; ++y)
      for (size_t x = 0; x < side; ++x) rows[k * side + y] += cosines()[k][x] * gray[y * side + x];
  std::array<float, kept * kept> c{};
  for (size_t k = 0; k < kept; ++k)
    for (size_t l = 0; l < kept; ++l)
      for (size_t y = 0; y < side; ++y) c[k * kept + l] += cosines()[l][y] * rows[k * side + y];
  auto sorted = c;
  std::nth_element(sorted.begin(), sorted.begin() + c.size() / 2, sorted.end());
  const float median = sorted[c.size() / 2];
  uint64_t signs = 0;
  for (size_t i = 0; i < c.size(); ++i) signs |= uint64_t(c[i] > median) << i;
  return signs;
}

}  // namespace

uint64_t hash_of(std::span<const uint8_t> bytes, uint64_t seed) {
  uint64_t h = seed ^ bytes.size();
  const auto mix = [&](uint64_t word) {
    h = (h ^ word) * 0x9E3779B97F4A7C15u;
    h ^= h >> 32;
  };
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word;
    std::memcpy(&word, bytes.data() + at, 8);
    mix(word);
  }
  uint64_t rest = 0;
  if (at < bytes.size()) std::memcpy(&rest, bytes.data() + at, bytes.size() - at);
  mix(rest), mix(0);
  return h;
}

uint64_t hash_of(const image::Image& picture) {
  const Tensor& p = picture.pixels;
  const int64_t kind[] = {p.size(0), p.size(1), p.size(2), int64_t(p.dtype()), int64_t(picture.color)};
  const uint64_t seed = hash_of({reinterpret_cast<const uint8_t*>(kind), sizeof kind});
  return hash_of({static_cast<const uint8_t*>(p.raw()), size_t(p.numel() * size_of(p.dtype()))}, seed);
}

Look look_of(const image::Image& picture) {
  const Gray gray = gray_of(picture);
  std::array<float, small * small> means{};
  for (size_t y = 0; y < side; ++y)
    for (size_t x = 0; x < side; ++x) means[y / 2 * small + x / 2] += gray[y * side + x] / 4;
  double sum = 0, squares = 0;
  for (const float m : means) sum += m, squares += double(m) * m;
  const double mean = sum / means.size(), variance = squares / means.size() - mean * mean;
  Look look;
  if (!std::isfinite(variance) || variance <= 1e-9 * mean * mean || variance <= 0) return look;
  const double factor = Look::scale / std::sqrt(variance);
  for (size_t i = 0; i < means.size(); ++i)
    look.thumbnail[i] = int8_t(std::lround(std::clamp((means[i] - mean) * factor, -127., 127.)));
  look.signs = signs_of(gray);
  look.seen = true;
  return look;
}

double correlation(const Look& a, const Look& b) {
  int32_t ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < a.thumbnail.size(); ++i) {
    const int16_t x = a.thumbnail[i], y = b.thumbnail[i];
    ab += x * y, aa += x * x, bb += y * y;
  }
  return ab / std::sqrt(double(aa) * bb);
}

}  // namespace fovea::data
