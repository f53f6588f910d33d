// The perceptron (Rosenblatt 1958) learns AND and OR by its own rule, and is proven to fail on XOR, which no
// line separates.
#include <iostream>

#include "fovea/fovea.h"

using namespace fovea;

namespace {

const Tensor corners = tensor({0, 0, 0, 1, 1, 0, 1, 1}, {4, 2});

/// Shows the four corners again and again; after each one w += (target - output) x. True if it learned them.
bool learn(const char* name, const Tensor& targets) {
  const nn::Perceptron unit(2);
  const nn::PerceptronResult result = nn::learn_perceptron(unit, corners, targets);
  const nn::Separability line = nn::separability(corners, targets);
  std::cout << name << ": " << result.describe() << "\n  " << line.describe() << "\n";
  if (line.separable)
    std::cout << "  no more than " << nn::novikoff_bound(corners, targets) << " updates were possible\n";
  const Tensor outputs = unit(corners);
  for (int64_t i = 0; i < 4; ++i)
    std::cout << "  " << corners.at<float>({i, 0}) << " " << corners.at<float>({i, 1}) << " -> "
              << outputs.at<float>({i, 0})
              << (outputs.at<float>({i, 0}) == targets.at<float>({i}) ? "" : "  wrong") << "\n";
  return result.converged() && result.errors == 0;
}

}  // namespace

int main() {
  const bool learns_and = learn("AND", tensor({0, 0, 0, 1}));
  const bool learns_or = learn("OR", tensor({0, 1, 1, 1}));
  const bool learns_xor = learn("XOR", tensor({0, 1, 1, 0}));
  std::cout << "one line separates AND and OR; XOR needs a hidden layer: see 02_xor\n";
  return learns_and && learns_or && !learns_xor ? 0 : 1;
}
