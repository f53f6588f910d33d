// The discrete Fourier transform of any length.
#pragma once
#include <complex>
#include <cstdint>
#include <memory>
#include <vector>

namespace fovea::image {

using Complex = std::complex<double>;

/// A transform of n numbers, prepared once. Powers of two by halves (Cooley and Tukey 1965), other lengths as
/// a convolution (Bluestein 1970).
class Fft {
 public:
  explicit Fft(int64_t n);

  /// x[k] = sum of x[j] exp(-2 pi i j k / n), in place. *Requires* n numbers.
  void forward(std::vector<Complex>& x) const;
  /// The way back: divided by n.
  void backward(std::vector<Complex>& x) const;

 private:
  void by_halves(std::vector<Complex>& x) const;
  void by_convolution(std::vector<Complex>& x) const;

  int64_t n_;
  std::vector<Complex> roots_;   // a power of two: exp(-2 pi i k / n), k < n / 2
  std::vector<Complex> chirp_;   // else: exp(-pi i k^2 / n)
  std::vector<Complex> filter_;  // and the transform of its conjugate
  std::unique_ptr<Fft> inner_;   // of the convolution's length
};

}  // namespace fovea::image
