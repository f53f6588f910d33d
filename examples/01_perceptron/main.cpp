// The perceptron (Rosenblatt 1958) learns AND by its own rule, and fails on XOR, which no line separates.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

namespace {

const Tensor corners = tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});

/// Shows all four corners again and again; after each one w += (target - output) x. Returns the wrong answers
/// at the end.
int learn(const char* name, const std::vector<float>& targets) {
  Tensor w = zeros({2});
  float bias = 0;
  auto fires = [&](int64_t i) { return float(step(sum(corners.select(0, i) * w) + bias).item()); };
  for (int epoch = 0; epoch < 25; ++epoch)
    for (int64_t i = 0; i < 4; ++i) {
      const float error = targets[size_t(i)] - fires(i);
      w = w + corners.select(0, i) * error;
      bias += error;
    }
  int wrong = 0;
  std::cout << name << ": w = (" << w.at<float>({0}) << ", " << w.at<float>({1}) << "), bias " << bias
            << "\n";
  for (int64_t i = 0; i < 4; ++i) {
    const bool right = fires(i) == targets[size_t(i)];
    wrong += !right;
    std::cout << "  " << corners.at<float>({i, 0}) << " " << corners.at<float>({i, 1}) << " -> " << fires(i)
              << "  wanted " << targets[size_t(i)] << (right ? "" : "  wrong") << "\n";
  }
  return wrong;
}

}  // namespace

int main() {
  const int and_errors = learn("AND", {0, 0, 0, 1});
  const int or_errors = learn("OR", {0, 1, 1, 1});
  const int xor_errors = learn("XOR", {0, 1, 1, 0});
  std::cout << "one line separates AND and OR; XOR needs a hidden layer: see 02_xor\n";
  return and_errors == 0 && or_errors == 0 && xor_errors > 0 ? 0 : 1;
}
