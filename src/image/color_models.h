// The formulas between colour models, on single pixels of f32 in their natural units: gray, RGB, CMYK and HSV
// 0..1, Cb and Cr -0.5..0.5, L*a*b* and XYZ as the CIE has them (Y of white is 1).
#pragma once
#include <algorithm>
#include <array>
#include <cmath>

namespace fovea::image {

using Pixel = std::array<float, 4>;  // a fourth number for CMYK alone

struct Matrix {
  double m[3][3];

  constexpr Matrix operator*(const Matrix& o) const {
    Matrix out{};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j)
        for (int k = 0; k < 3; ++k) out.m[i][j] += m[i][k] * o.m[k][j];
    return out;
  }

  constexpr std::array<double, 3> operator*(const std::array<double, 3>& v) const {
    std::array<double, 3> out{};
    for (size_t i = 0; i < 3; ++i) out[i] = m[i][0] * v[0] + m[i][1] * v[1] + m[i][2] * v[2];
    return out;
  }

  Pixel operator()(const Pixel& p) const {
    Pixel out{};
    for (size_t i = 0; i < 3; ++i)
      out[i] = float(m[i][0]) * p[0] + float(m[i][1]) * p[1] + float(m[i][2]) * p[2];
    return out;
  }

  /// By Cramer's rule.
  constexpr Matrix inverse() const {
    const auto minor = [this](int i, int j) {
      const int a = (i + 1) % 3, b = (i + 2) % 3, c = (j + 1) % 3, d = (j + 2) % 3;
      return m[a][c] * m[b][d] - m[a][d] * m[b][c];
    };
    const double determinant = m[0][0] * minor(0, 0) + m[0][1] * minor(0, 1) + m[0][2] * minor(0, 2);
    Matrix out{};
    for (int i = 0; i < 3; ++i)
      for (int j = 0; j < 3; ++j) out.m[j][i] = minor(i, j) / determinant;
    return out;
  }

  static constexpr Matrix diagonal(const std::array<double, 3>& v) {
    return {{{v[0], 0, 0}, {0, v[1], 0}, {0, 0, v[2]}}};
  }
};

// ---- Models that a device defines, to and from sRGB ----

/// Weights of ITU-R BT.601.
constexpr float red_weight = 0.299f, green_weight = 0.587f, blue_weight = 0.114f;

inline float luma_of(const Pixel& p) { return red_weight * p[0] + green_weight * p[1] + blue_weight * p[2]; }

inline Pixel gray_to_rgb(const Pixel& p) { return {p[0], p[0], p[0]}; }
inline Pixel rgb_to_gray(const Pixel& p) { return {luma_of(p)}; }

inline Pixel cmyk_to_rgb(const Pixel& p) {
  return {(1 - p[0]) * (1 - p[3]), (1 - p[1]) * (1 - p[3]), (1 - p[2]) * (1 - p[3])};
}

/// As much black ink as can be.
inline Pixel rgb_to_cmyk(const Pixel& p) {
  const float most = std::max({p[0], p[1], p[2]});
  if (most <= 0) return {0, 0, 0, 1};
  return {1 - p[0] / most, 1 - p[1] / most, 1 - p[2] / most, 1 - most};
}

/// ITU-T T.871 (JFIF).
inline Pixel rgb_to_ycbcr(const Pixel& p) {
  const float y = luma_of(p);
  return {y, 0.5f * (p[2] - y) / (1 - blue_weight), 0.5f * (p[0] - y) / (1 - red_weight)};
}

inline Pixel ycbcr_to_rgb(const Pixel& p) {
  const float red = 2 * (1 - red_weight) * p[2], blue = 2 * (1 - blue_weight) * p[1];
  return {p[0] + red, p[0] - (red_weight * red + blue_weight * blue) / green_weight, p[0] + blue};
}

/// A. R. Smith, Color Gamut Transform Pairs, SIGGRAPH 1978. Gray has hue 0.
inline Pixel rgb_to_hsv(const Pixel& p) {
  const float value = std::max({p[0], p[1], p[2]}), range = value - std::min({p[0], p[1], p[2]});
  if (range <= 0 || value <= 0) return {0, 0, value};
  float sixths = p[0] == value   ? (p[1] - p[2]) / range
                 : p[1] == value ? 2 + (p[2] - p[0]) / range
                                 : 4 + (p[0] - p[1]) / range;
  if (sixths < 0) sixths += 6;
  return {sixths / 6, range / value, value};
}

inline Pixel hsv_to_rgb(const Pixel& p) {
  const float turn = p[0] - std::floor(p[0]);
  const auto channel = [&](float shift) {
    const float k = std::fmod(shift + turn * 6, 6.0f);
    return p[2] - p[2] * p[1] * std::clamp(std::min(k, 4 - k), 0.0f, 1.0f);
  };
  return {channel(5), channel(3), channel(1)};
}

// ---- Models of the eye, through XYZ ----

/// IEC 61966-2-1: the light that a screen gives for a number, and back.
inline float linear_of(float v) { return v <= 0.04045f ? v / 12.92f : std::pow((v + 0.055f) / 1.055f, 2.4f); }
inline float companded(float v) {
  return v <= 0.0031308f ? 12.92f * v : 1.055f * std::pow(v, 1 / 2.4f) - 0.055f;
}

constexpr std::array<double, 3> d65{0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290};  // IEC 61966-2-1
constexpr std::array<double, 3> d50{0.9642, 1, 0.8249};                                   // ICC.1, 7.2.16

/// Linear RGB to XYZ: the chromaticities of IEC 61966-2-1, so scaled that full red, green and blue are white.
constexpr Matrix screen() {
  constexpr Matrix primaries{{{0.64, 0.30, 0.15}, {0.33, 0.60, 0.06}, {0.03, 0.10, 0.79}}};
  return primaries * Matrix::diagonal(primaries.inverse() * d65);
}

/// XYZ as seen under D50 in place of D65: Bradford's adaptation (ICC.1, annex E).
constexpr Matrix adaptation() {
  constexpr Matrix bradford{
      {{0.8951, 0.2664, -0.1614}, {-0.7502, 1.7135, 0.0367}, {0.0389, -0.0685, 1.0296}}};
  const auto from = bradford * d65, to = bradford * d50;
  return bradford.inverse() * Matrix::diagonal({to[0] / from[0], to[1] / from[1], to[2] / from[2]}) *
         bradford;
}

inline Pixel rgb_to_xyz(const Pixel& p) {
  constexpr Matrix to_xyz = screen();
  return to_xyz({linear_of(p[0]), linear_of(p[1]), linear_of(p[2])});
}

inline Pixel xyz_to_rgb(const Pixel& p) {
  constexpr Matrix from_xyz = screen().inverse();
  const Pixel light = from_xyz(p);
  return {companded(light[0]), companded(light[1]), companded(light[2])};
}

/// CIE 15:2004.
inline Pixel xyz_to_lab(const Pixel& p) {
  constexpr Matrix to_d50 = Matrix::diagonal({1 / d50[0], 1 / d50[1], 1 / d50[2]}) * adaptation();
  const Pixel relative = to_d50(p);
  const auto f = [&](size_t i) {
    const float t = relative[i];
    return t > 216.0f / 24389 ? std::cbrt(t) : t * (841.0f / 108) + 4.0f / 29;
  };
  return {116 * f(1) - 16, 500 * (f(0) - f(1)), 200 * (f(1) - f(2))};
}

inline Pixel lab_to_xyz(const Pixel& p) {
  constexpr Matrix to_d65 = adaptation().inverse() * Matrix::diagonal(d50);
  const float fy = (p[0] + 16) / 116, fx = fy + p[1] / 500, fz = fy - p[2] / 200;
  const auto inverse = [](float f) { return f > 6.0f / 29 ? f * f * f : (f - 4.0f / 29) * (108.0f / 841); };
  return to_d65({inverse(fx), inverse(fy), inverse(fz)});
}

}  // namespace fovea::image
