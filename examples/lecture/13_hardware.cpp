// How fast steps are with one thread and with all; the results are the same to the last bit.
#include <chrono>
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

/// Milliseconds of a product of two 1024 x 1024 matrices.
double product(int threads, Tensor& result) {
  set_num_threads(threads);
  manual_seed(0);
  const Tensor a = randn({1024, 1024}), b = randn({1024, 1024});
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 10; ++i) result = matmul(a, b);
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count() / 10;
}

int main() {
  Tensor one, all;
  const double alone = product(1, one), together = product(0, all);
  std::cout << "1 thread: " << alone << " ms, all threads: " << together << " ms\n";
  return one.to_vector<float>() == all.to_vector<float>() ? 0 : 1;
}
