#include "image/fft.h"

#include <bit>
#include <cmath>
#include <numbers>

namespace fovea::image {

Fft::Fft(int64_t n) : n_(n) {
  using std::numbers::pi;
  const auto size = uint64_t(n);
  if (std::has_single_bit(size)) {
    for (int64_t k = 0; k < n / 2; ++k) roots_.push_back(std::polar(1.0, -2 * pi * double(k) / double(n)));
    return;
  }
  const auto inner = std::bit_ceil(2 * size - 1);
  inner_ = std::make_unique<Fft>(int64_t(inner));
  filter_.resize(inner);
  for (uint64_t k = 0; k < size; ++k) {  // k^2 modulo 2n keeps the angle exact
    chirp_.push_back(std::polar(1.0, -pi * double(k * k % (2 * size)) / double(n)));
    filter_[k] = filter_[(inner - k) % inner] = std::conj(chirp_[k]);
  }
  inner_->forward(filter_);
}

void Fft::forward(std::vector<Complex>& x) const {
  if (inner_) by_convolution(x);
  else by_halves(x);
}

void Fft::backward(std::vector<Complex>& x) const {
  for (Complex& v : x) v = std::conj(v);
  forward(x);
  for (Complex& v : x) v = std::conj(v) / double(n_);
}

void Fft::by_halves(std::vector<Complex>& x) const {
  const auto n = size_t(n_);
  for (size_t i = 1, j = 0; i < n; ++i) {  // bits in reverse
    size_t bit = n / 2;
    for (; j & bit; bit /= 2) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i], x[j]);
  }
  for (size_t half = 1; half < n; half *= 2)
    for (size_t start = 0; start < n; start += 2 * half)
      for (size_t k = 0; k < half; ++k) {
        const Complex a = x[start + k], b = x[start + k + half] * roots_[k * (n / (2 * half))];
        x[start + k] = a + b, x[start + k + half] = a - b;
      }
}

void Fft::by_convolution(std::vector<Complex>& x) const {
  std::vector<Complex> padded(filter_.size());
  for (size_t k = 0; k < chirp_.size(); ++k) padded[k] = x[k] * chirp_[k];
  inner_->forward(padded);
  for (size_t k = 0; k < padded.size(); ++k) padded[k] *= filter_[k];
  inner_->backward(padded);
  for (size_t k = 0; k < chirp_.size(); ++k) x[k] = padded[k] * chirp_[k];
}

}  // namespace fovea::image
