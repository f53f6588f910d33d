// Explanations by the gradient of the score with respect to the input.
#include <cmath>

#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "fovea/random.h"
#include "see/probe.h"

namespace fovea::see {
namespace {

struct Rule {
  std::vector<double> at, weight;
};

/// Gauss-Legendre on 0..1: the zeros of the Legendre polynomial by Newton's method, from Tricomi's estimate.
Rule gauss_legendre(int n) {
  Rule rule;
  for (int i = n; i > 0; --i) {
    double x = std::cos(M_PI * (i - 0.25) / (n + 0.5)), slope = 1;
    for (int round = 0; round < 100; ++round) {
      double before = 1, now = x;  // P0, P1
      for (int k = 2; k <= n; ++k)
        before = std::exchange(now, ((2 * k - 1) * x * now - (k - 1) * before) / k);
      slope = n * (x * now - before) / (x * x - 1);
      const double step = now / slope;
      x -= step;
      if (std::abs(step) < 1e-15) break;
    }
    rule.at.push_back((1 + x) / 2);
    rule.weight.push_back(1 / ((1 - x * x) * slope * slope));
  }
  return rule;
}

/// The sum over all dimensions but the first.
Tensor sum_each(const Tensor& x) { return sum(reshape(x, {x.size(0), -1}), {1}); }

Tensor noise_like(const Tensor& x, double deviation, Generator& random) {
  const Tensor noise = Tensor::empty(x.shape(), f32);
  for (int64_t i = 0; i < noise.numel(); ++i) noise.data<float>()[i] = float(deviation) * random.normal();
  return noise.to(x.dtype());
}

}  // namespace

Tensor input_gradient(const nn::Module& net, const Tensor& x, const Tensor& classes) {
  const Probe probe(net);
  return gradient(net, x, classes);
}

Tensor saliency_map(const nn::Module& net, const Tensor& x, const Tensor& classes,
                    const SmoothOptions& options) {
  check_images("saliency_map", x);
  check(options.samples >= 0 && options.noise >= 0, "[saliency_map] {} samples with a noise of {}",
        options.samples, options.noise);
  const Probe probe(net);
  if (options.samples == 0) return max(abs(gradient(net, x, classes)), {1});
  const double deviation = options.noise * (max(x).item() - min(x).item());
  Generator random(options.seed);
  Tensor total = zeros(x.shape(), x.dtype());
  for (int i = 0; i < options.samples; ++i)
    total = total + gradient(net, x + noise_like(x, deviation, random), classes);
  return max(abs(total), {1}) / double(options.samples);
}

Integrated integrated_gradients(const nn::Module& net, const Tensor& x, const Tensor& classes,
                                const IntegratedOptions& options) {
  check(options.steps > 0 && options.steps <= 10'000,
        "[integrated_gradients] steps={} is outside of 1..10000", options.steps);
  const Probe probe(net);
  const Tensor start = options.baseline.defined() ? expand(options.baseline.to(x.dtype()), x.shape())
                                                  : zeros(x.shape(), x.dtype());
  const Tensor way = x.detach() - start;
  const Rule rule = gauss_legendre(options.steps);
  Tensor mean = zeros(x.shape(), x.dtype());
  for (size_t k = 0; k < rule.at.size(); ++k)
    mean = mean + gradient(net, start + way * rule.at[k], classes) * rule.weight[k];
  const Tensor parts = way * mean;
  const NoGrad guard;
  return {parts, sum_each(parts) - (scores(net, x, classes) - scores(net, start, classes))};
}

}  // namespace fovea::see
