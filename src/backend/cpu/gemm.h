// C = clamp(A B + bias, low, high) for matrices in memory, on AVX2: 6 x 16 (f32) or 6 x 8 (f64) register
// tiles over a packed B. Every element of C is summed in the same order whatever the threads. *Requires*
// cpu_has_avx2().
#pragma once
#include <cstdint>
#include <limits>

namespace fovea {

template <class T>
struct Gemm {
  int64_t m, n, k;
  const T* a;
  int64_t a_row, a_column;  // strides in elements
  const T* b;
  int64_t b_row, b_column;
  T* c;                     // rows of n, dense
  const T* bias = nullptr;  // n values added to every row
  T low = -std::numeric_limits<T>::infinity(), high = std::numeric_limits<T>::infinity();

  /// Elements of scratch that run() wants.
  int64_t scratch() const;
  void run(T* scratch) const;

  /// Elements of B as run() reads it, for a B that stays; 0: to pack it gains nothing.
  int64_t packed() const;
  /// The work, and the product with a B that is packed.
  void pack(T* to) const;
  void run_packed(const T* packed) const;

  /// The product by the calling thread alone, for few rows of A: wants alone_scratch elements.
  void run_alone(T* scratch) const;
  static constexpr int64_t depth = 272;  // longer sums are made in pieces: rows of B that stay near
  static constexpr int64_t alone_scratch = 32 * depth;
};

}  // namespace fovea
