// Arithmetic operators on tensors: a + b, 2 * a, 1 - a, a / b, -a; comparisons stay named ops (less, equal
// ...), because they give tensors.
#pragma once
#include "fovea/ops.h"

namespace fovea {

inline Tensor operator+(const Tensor& a, const Tensor& b) { return add(a, b); }
inline Tensor operator-(const Tensor& a, const Tensor& b) { return sub(a, b); }
inline Tensor operator*(const Tensor& a, const Tensor& b) { return mul(a, b); }
inline Tensor operator/(const Tensor& a, const Tensor& b) { return div(a, b); }
inline Tensor operator-(const Tensor& a) { return neg(a); }
inline Tensor operator+(const Tensor& a, double b) { return affine(a, 1, b); }
inline Tensor operator+(double a, const Tensor& b) { return affine(b, 1, a); }
inline Tensor operator-(const Tensor& a, double b) { return affine(a, 1, -b); }
inline Tensor operator-(double a, const Tensor& b) { return affine(b, -1, a); }
inline Tensor operator*(const Tensor& a, double b) { return affine(a, b); }
inline Tensor operator*(double a, const Tensor& b) { return affine(b, a); }
inline Tensor operator/(const Tensor& a, double b) { return affine(a, 1 / b); }
inline Tensor operator/(double a, const Tensor& b) { return affine(reciprocal(b), a); }

}  // namespace fovea
