// The scalar vocabulary of pointwise and reduction texts: fv_* functions that exist in C++, OpenCL C and CUDA
// under the same names (the preludes of src/op/emit.cpp define the other two). The float versions are
// branch-free, so loops over them vectorise; NaN propagates, infinities give their limits. Errors in ulp are
// held by tests/op/scalar_test.cpp.
#pragma once
#include <bit>
#include <cmath>
#include <cstdint>

#define FV_INLINE inline __attribute__((always_inline))

namespace fovea::text {

template <class real>
FV_INLINE real fv_sel(bool c, real a, real b) {
  return c ? a : b;
}
template <class real>
FV_INLINE real fv_min(real a, real b) {
  const real least = a < b ? a : b;
  return a != a ? a : least;
}
template <class real>
FV_INLINE real fv_max(real a, real b) {
  const real most = a > b ? a : b;
  return a != a ? a : most;
}
template <class real>
FV_INLINE real fv_abs(real x) {
  return x < 0 ? -x : x;
}
FV_INLINE float fv_abs(float x) { return std::fabs(x); }
FV_INLINE double fv_abs(double x) { return std::fabs(x); }
FV_INLINE float fv_sqrt(float x) { return std::sqrt(x); }
FV_INLINE double fv_sqrt(double x) { return std::sqrt(x); }
FV_INLINE float fv_floor(float x) { return std::floor(x); }
FV_INLINE double fv_floor(double x) { return std::floor(x); }
FV_INLINE float fv_ceil(float x) { return std::ceil(x); }
FV_INLINE double fv_ceil(double x) { return std::ceil(x); }
/// To the nearest integer, halves to even.
FV_INLINE float fv_rint(float x) { return std::rint(x); }
FV_INLINE double fv_rint(double x) { return std::rint(x); }
FV_INLINE float fv_sin(float x) { return std::sin(x); }
FV_INLINE double fv_sin(double x) { return std::sin(x); }
FV_INLINE float fv_cos(float x) { return std::cos(x); }
FV_INLINE double fv_cos(double x) { return std::cos(x); }
FV_INLINE float fv_pow(float x, float y) { return std::pow(x, y); }
FV_INLINE double fv_pow(double x, double y) { return std::pow(x, y); }

FV_INLINE double fv_exp(double x) { return std::exp(x); }
FV_INLINE double fv_expm1(double x) { return std::expm1(x); }
FV_INLINE double fv_log(double x) { return std::log(x); }
FV_INLINE double fv_log1p(double x) { return std::log1p(x); }
FV_INLINE double fv_tanh(double x) { return std::tanh(x); }
FV_INLINE double fv_erf(double x) { return std::erf(x); }

/// e^r - 1 for |r| <= ln(2)/2 (Cephes expf polynomial).
FV_INLINE float exp_poly(float r) {
  float p = 1.9875691500e-4f;
  p = p * r + 1.3981999507e-3f;
  p = p * r + 8.3334519073e-3f;
  p = p * r + 4.1665795894e-2f;
  p = p * r + 1.6666665459e-1f;
  p = p * r + 5.0000001201e-1f;
  return p * r * r + r;
}

/// x = n ln 2 + r; returns r, scale * more = 2^n (in two factors, since 2^128 is no float). *Requires* -126
/// <= n <= 128 or NaN.
FV_INLINE float exp_reduce(float x, float& scale, float& more) {
  constexpr float round = 12582912.0f;  // 1.5 * 2^23: adding it rounds to an integer
  const float n = (x * 1.44269504f + round) - round;
  const bool top = n > 127.0f;
  scale = std::bit_cast<float>((std::bit_cast<int32_t>((top ? 127.0f : n) + round) << 23) + 0x3f800000);
  more = top ? 2.0f : 1.0f;
  return (x - n * 0.693359375f) + n * 2.12194440e-4f;
}

FV_INLINE float fv_exp(float x) {
  float c = x < -87.33654f ? -87.33654f : x;
  c = c > 89.0f ? 89.0f : c;  // overflows
  float scale, more;
  const float r = exp_reduce(c, scale, more);
  more = x < -87.33654f ? 0.0f : more;  // a factor, not a value: the compiler would branch on it
  return (exp_poly(r) + 1.0f) * scale * more;
}

/// For x up to 88.
FV_INLINE float expm1_below(float x) {
  float scale, more;
  const float r = exp_reduce(x < -30.0f ? -30.0f : x, scale, more);
  return exp_poly(r) * scale + (scale - 1.0f);
}

FV_INLINE float fv_expm1(float x) {
  const float y = expm1_below(x > 88.0f ? 88.0f : x);
  return x > 88.0f ? fv_exp(x) : y;
}

/// Cephes logf.
FV_INLINE float fv_log(float x) {
  const bool small = x < 1.17549435e-38f;
  const float scaled = small ? x * 8388608.0f : x;
  const int32_t bits = std::bit_cast<int32_t>(scaled);
  float e = float((bits >> 23) - 126) - (small ? 23.0f : 0.0f);
  float m = std::bit_cast<float>((bits & 0x007fffff) | 0x3f000000);
  const bool low = m < 0.707106781f;
  e = low ? e - 1.0f : e;
  m = (low ? m + m : m) - 1.0f;
  float p = 7.0376836292e-2f;
  p = p * m - 1.1514610310e-1f;
  p = p * m + 1.1676998740e-1f;
  p = p * m - 1.2420140846e-1f;
  p = p * m + 1.4249322787e-1f;
  p = p * m - 1.6668057665e-1f;
  p = p * m + 2.0000714765e-1f;
  p = p * m - 2.4999993993e-1f;
  p = p * m + 3.3333331174e-1f;
  const float z = m * m;
  float y = m * z * p + e * -2.12194440e-4f - 0.5f * z;
  y = m + y + e * 0.693359375f;
  y = x > 3.402823466e38f ? x : y;  // infinity
  y = x == 0.0f ? -INFINITY : y;
  y = x < 0.0f ? NAN : y;
  return x != x ? x : y;
}

FV_INLINE float fv_log1p(float x) {
  const float u = 1.0f + x;
  const float y = fv_log(u) - ((u - 1.0f) - x) / u;
  return u == 1.0f ? x : (u > 3.402823466e38f || u == 0.0f) ? fv_log(u) : y;
}

FV_INLINE float fv_tanh(float x) {
  const float e = expm1_below(-2.0f * std::fabs(x));
  return std::copysign(-e / (e + 2.0f), x);
}

/// Rational minimax on [-4, 4] (the form Eigen uses).
FV_INLINE float fv_erf(float x) {
  float c = x < -4.0f ? -4.0f : x;
  c = c > 4.0f ? 4.0f : c;
  const float z = c * c;
  float p = -2.72614225801306e-10f;
  p = p * z + 2.77068142495902e-08f;
  p = p * z - 2.10102402082508e-06f;
  p = p * z - 5.69250639462346e-05f;
  p = p * z - 7.34990630326855e-04f;
  p = p * z - 2.95459980854025e-03f;
  p = p * z - 1.60960333262415e-02f;
  float q = -1.45660718464996e-05f;
  q = q * z - 2.13374055278905e-04f;
  q = q * z - 1.68282697438203e-03f;
  q = q * z - 7.37332916720468e-03f;
  q = q * z - 1.42647390514189e-02f;
  return c * p / q;
}

template <class real>
FV_INLINE real fv_sigmoid(real x) {
  return real(1) / (real(1) + fv_exp(-x));
}
/// log(1 + e^x)
template <class real>
FV_INLINE real fv_softplus(real x) {
  return fv_max(x, real(0)) + fv_log1p(fv_exp(-fv_abs(x)));
}

}  // namespace fovea::text
