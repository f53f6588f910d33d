#include "bench/truth.h"

#include <algorithm>
#include <cmath>

#include "fovea/random.h"

namespace fovea::bench {
namespace {

/// Row-major element of a dense tensor of four dimensions.
double at4(const Tensor& t, int64_t a, int64_t b, int64_t c, int64_t d) {
  const Dims& s = t.shape();
  return double(t.data<float>()[((a * s[1] + b) * s[2] + c) * s[3] + d]);
}

struct Place {
  int64_t a, b, c, d;
};
Place place(const Dims& shape, int64_t at) {
  return {at / shape[3] / shape[2] / shape[1], at / shape[3] / shape[2] % shape[1], at / shape[3] % shape[2],
          at % shape[3]};
}

double forward(const Problem& p, const Operands& t, const Place& y) {
  const int64_t channels = p.c / p.groups, first = y.b / (p.o / p.groups) * channels;
  double sum = 0;
  for (int64_t c = 0; c < channels; ++c)
    for (int64_t i = 0; i < p.kernel; ++i)
      for (int64_t j = 0; j < p.kernel; ++j) {
        const int64_t h = y.c * p.stride - p.padding + i, w = y.d * p.stride - p.padding + j;
        if (h >= 0 && h < p.h && w >= 0 && w < p.w)
          sum += at4(t.x, y.a, first + c, h, w) * at4(t.weight, y.b, c, i, j);
      }
  return sum;
}

double input_grad(const Problem& p, const Operands& t, const Place& x) {
  const int64_t channels = p.c / p.groups, results = p.o / p.groups, group = x.b / channels;
  double sum = 0;
  for (int64_t o = group * results; o < (group + 1) * results; ++o)
    for (int64_t i = 0; i < p.kernel; ++i)
      for (int64_t j = 0; j < p.kernel; ++j) {
        const int64_t h = x.c + p.padding - i, w = x.d + p.padding - j;
        if (h % p.stride != 0 || w % p.stride != 0) continue;
        if (h >= 0 && h / p.stride < p.out_h() && w >= 0 && w / p.stride < p.out_w())
          sum += at4(t.g, x.a, o, h / p.stride, w / p.stride) * at4(t.weight, o, x.b % channels, i, j);
      }
  return sum;
}

double weight_grad(const Problem& p, const Operands& t, const Place& w) {
  const int64_t channels = p.c / p.groups, channel = w.a / (p.o / p.groups) * channels + w.b;
  double sum = 0;
  for (int64_t n = 0; n < p.n; ++n)
    for (int64_t i = 0; i < p.out_h(); ++i)
      for (int64_t j = 0; j < p.out_w(); ++j) {
        const int64_t h = i * p.stride - p.padding + w.c, v = j * p.stride - p.padding + w.d;
        if (h >= 0 && h < p.h && v >= 0 && v < p.w)
          sum += at4(t.x, n, channel, h, v) * at4(t.g, n, w.a, i, j);
      }
  return sum;
}

}  // namespace

const char* name_of(Product product) {
  return product == Product::forward      ? "forward"
         : product == Product::input_grad ? "input grad"
                                          : "weight grad";
}

double true_element(const Problem& p, Product product, const Operands& t, int64_t at) {
  if (product == Product::forward) return forward(p, t, place(t.g.shape(), at));
  if (product == Product::input_grad) return input_grad(p, t, place(t.x.shape(), at));
  return weight_grad(p, t, place(t.weight.shape(), at));
}

double error_of(const Problem& p, Product product, const Operands& t, const Tensor& result, int samples) {
  Generator generator(0);
  double difference = 0, largest = 0;
  for (int i = 0; i < samples; ++i) {
    const int64_t at = int64_t(generator.below(uint64_t(result.numel())));
    const double truth = true_element(p, product, t, at);
    difference = std::max(difference, std::abs(double(result.data<float>()[at]) - truth));
    largest = std::max(largest, std::abs(truth));
  }
  return largest > 0 ? difference / largest : difference;
}

}  // namespace fovea::bench
