// Every kernel of the three products of 3x3 and 5x5 convolutions on the layers of known networks, in
// direct-equivalent GFLOP/s (medians; the kernels of one product run in turn). usage: conv_kernels [seconds
// per kernel]
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <vector>

#include "fovea/fovea.h"
#include "fovea/kernel.h"

using namespace fovea;

namespace {

struct Layer {
  const char* name;
  int64_t n, c, side, o, window = 3;
};
constexpr Layer layers[] = {{"resnet20 s1", 128, 16, 32, 16},     {"resnet20 s2", 128, 32, 16, 32},
                            {"resnet20 s3", 128, 64, 8, 64},      {"resnet18 s1", 16, 64, 56, 64},
                            {"resnet18 s2", 16, 128, 28, 128},    {"resnet18 s3", 16, 256, 14, 256},
                            {"resnet18 s4", 16, 512, 7, 512},     {"vgg11 c2", 8, 64, 112, 128},
                            {"vgg11 c6", 8, 512, 28, 512},        {"alexnet c3", 32, 192, 13, 384},
                            {"resnet20 s1 b1", 1, 16, 32, 16},    {"resnet20 s3 b1", 1, 64, 8, 64},
                            {"resnet18 s1 b1", 1, 64, 56, 64},    {"resnet18 s2 b1", 1, 128, 28, 128},
                            {"resnet18 s3 b1", 1, 256, 14, 256},  {"resnet18 s4 b1", 1, 512, 7, 512},
                            {"b4 64 8x8", 4, 64, 8, 64},          {"b16 64 8x8", 16, 64, 8, 64},
                            {"b8 256 14x14", 8, 256, 14, 256},    {"b4 256 14x14", 4, 256, 14, 256},
                            {"b64 8 28x28", 64, 8, 28, 8},        {"b64 8-16 28x28", 64, 8, 28, 16},
                            {"b64 16-8 14x14", 64, 16, 14, 8},    {"alexnet c2", 32, 64, 27, 192, 5},
                            {"alexnet c2 b1", 1, 64, 27, 192, 5}, {"googlenet 3a", 16, 16, 28, 32, 5},
                            {"googlenet 4e", 16, 32, 14, 128, 5}, {"googlenet 5b", 16, 48, 7, 128, 5}};

/// Seconds of one call, median; kernels that refuse give an empty list.
std::vector<double> times(const char* op, const std::vector<Tensor>& in, const NamedAttrs& attrs,
                          const std::vector<std::string>& kernels, double seconds) {
  const NoGrad guard;
  const Attrs a = attrs_of(find_op(op), attrs);
  std::vector<std::vector<double>> all(kernels.size());
  double total = 0;
  for (int round = -1; round < 3 || total < seconds * double(kernels.size()); ++round)
    for (size_t k = 0; k < kernels.size(); ++k) {
      const ForceKernel force(kernels[k]);
      const auto start = std::chrono::steady_clock::now();
      apply(find_op(op), in, a);
      const double t = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
      total += t;
      if (round >= 0) all[k].push_back(t);
    }
  std::vector<double> medians;
  for (auto& v : all) {
    std::nth_element(v.begin(), v.begin() + int64_t(v.size() / 2), v.end());
    medians.push_back(v[v.size() / 2]);
  }
  return medians;
}

void show(const Layer& l, const char* op, const std::vector<Tensor>& in, const NamedAttrs& attrs,
          double seconds) {
  std::vector<std::string> kernels;
  for (const Kernel& k : kernels_of(op)) {
    const ForceKernel force(k.name);
    try {
      const NoGrad guard;
      apply(find_op(op), in, attrs_of(find_op(op), attrs));
      kernels.emplace_back(k.name);
    } catch (const Error&) {  // refused
    }
  }
  const double flops = 2.0 * double(l.window * l.window * l.n * l.c * l.o * l.side * l.side);
  const auto t = times(op, in, attrs, kernels, seconds);
  fmt::print("{:<16} {:<17}", l.name, op);
  for (size_t i = 0; i < kernels.size(); ++i)
    fmt::print("  {} {:.0f} ({:.3f} ms)", kernels[i].substr(4), flops / t[i] / 1e9, 1e3 * t[i]);
  fmt::print("\n");
}

}  // namespace

int main(int argc, char** argv) {
  use_short_spin(argv);
  const double seconds = argc > 1 ? std::atof(argv[1]) : 0.1;
  for (const Layer& l : layers) {
    const Dims padding{l.window / 2};
    const auto shaped = [&](const Dims& shape) { return NamedAttrs{{"padding", padding}, {"shape", shape}}; };
    const Tensor x = randn({l.n, l.c, l.side, l.side}).to(Layout::blocked8);
    const Tensor g = randn({l.n, l.o, l.side, l.side}).to(Layout::blocked8);
    const Tensor w = randn({l.o, l.c, l.window, l.window});
    show(l, "conv2d", {x, w, {}}, {{"padding", padding}}, seconds);
    show(l, "conv_input_grad", {g, w}, shaped(x.shape()), seconds);
    show(l, "conv_weight_grad", {x, g}, shaped(w.shape()), seconds);
  }
}
