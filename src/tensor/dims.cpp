#include "fovea/dims.h"

namespace fovea {

int64_t Dims::numel() const {
  int64_t n = 1;
  for (int64_t d : *this)
    check(d >= 0 && !__builtin_mul_overflow(n, d, &n), "shape {} has no valid size", *this);
  return n;
}

Dims Dims::contiguous_strides() const {
  Dims s = filled(n_, 1);
  for (int i = n_ - 2; i >= 0; --i)  // a product that overflows belongs to a shape without elements
    if (__builtin_mul_overflow(s[i + 1], (*this)[i + 1], &s[i])) s[i] = 0;
  return s;
}

std::string Dims::str() const {
  std::string s = "(";
  for (int i = 0; i < n_; ++i) s += (i ? "," : "") + std::to_string(d_[i]);
  return s + ")";
}

int normal_axis(int64_t axis, int rank, const char* who) {
  check(axis >= -rank && axis < rank, "[{}] dim {} is outside of a tensor with {} dimensions", who, axis,
        rank);
  return int(axis < 0 ? axis + rank : axis);
}

Dims broadcast(const Dims& a, const Dims& b, const char* who) {
  const Dims& big = a.size() >= b.size() ? a : b;
  const Dims& small = a.size() >= b.size() ? b : a;
  Dims out = big;
  const int lead = big.size() - small.size();
  for (int i = 0; i < small.size(); ++i) {
    if (out[lead + i] == 1) out[lead + i] = small[i];
    else
      check(small[i] == 1 || small[i] == out[lead + i],
            "[{}] shapes {} and {} do not broadcast: dimension {} counted from the end is {} and {}", who, a,
            b, small.size() - i, big[lead + i], small[i]);
  }
  return out;
}

}  // namespace fovea
