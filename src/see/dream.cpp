// Feature visualisation by activation maximisation.
#include "fovea/autograd.h"
#include "fovea/operators.h"
#include "fovea/random.h"
#include "see/probe.h"

namespace fovea::see {
namespace {

/// Small noise around 0.
Tensor noise(const Dims& shape, Generator& random) {
  constexpr float deviation = 0.1f;
  const Tensor x = Tensor::empty(shape, f32);
  for (int64_t i = 0; i < x.numel(); ++i) x.data<float>()[i] = deviation * random.normal();
  return x;
}

/// A binomial kernel of 3x3 on each channel; the border repeats.
Tensor blurred(const Tensor& x) {
  const int64_t channels = x.size(1);
  const Tensor kernel =
      expand(tensor({1, 2, 1, 2, 4, 2, 1, 2, 1}, {1, 1, 3, 3}, x.dtype()) / 16., {channels, 1, 3, 3});
  return conv2d(pad(x, {1, 1, 1, 1}, "replicate"), kernel, {}, {1}, {0}, {1}, channels);
}

/// What is maximised: the mean of channel or unit `unit` of what the layer gave.
Tensor activation_of(const Tensor& output, const std::string& layer, int64_t unit) {
  check(output.rank() == 2 || output.rank() == 4,
        "[dream] {} gives {}, neither maps (N,C,h,w) nor vectors (N,n)", layer, output.shape());
  check(unit >= 0 && unit < output.size(1), "[dream] unit {} is outside of the {} of {}", unit,
        output.size(1), layer);
  return mean(slice(output, 1, unit, unit + 1));
}

/// The activation for `x`, which the network sees moved by `shift`, and its gradient.
std::pair<double, Tensor> slope_at(const nn::Module& net, const std::string& layer, int64_t unit,
                                   const Tensor& x, const Dims& shift) {
  const nn::Watch seen(net, layer);
  Tensor leaf = x.detach();
  leaf.set_requires_grad();
  net(roll(leaf, shift, {2, 3}));
  const Tensor activation = activation_of(seen.output(), layer, unit);
  const Tensor slope = grad(activation, {leaf})[0];
  return {activation.item(), slope.defined() ? slope : zeros(x.shape(), x.dtype())};
}

}  // namespace

Dream dream(const nn::Module& net, const std::string& layer, int64_t unit, const Dims& input,
            const DreamOptions& o) {
  check(input.size() == 3, "[dream] a network sees pictures (C,H,W), not {}", input);
  check(o.steps > 0 && o.lr > 0 && o.jitter >= 0 && o.blur_every >= 0 && o.decay >= 0 && o.decay < 1,
        "[dream] steps={} lr={} jitter={} blur_every={} decay={}: steps and lr are above 0, the others 0 or "
        "more",
        o.steps, o.lr, o.jitter, o.blur_every, o.decay);
  const Probe probe(net);
  const DType dtype = net.parameters().empty() ? f32 : net.parameters()[0].dtype();
  const Tensor low = o.low.defined() ? o.low.to(dtype) : scalar(-3, dtype),
               high = o.high.defined() ? o.high.to(dtype) : scalar(3, dtype);
  Generator random(o.seed);
  Tensor x = noise({1, input[0], input[1], input[2]}, random).to(dtype);
  const auto shift = [&] { return int64_t(random.below(uint64_t(2 * o.jitter + 1))) - o.jitter; };
  std::vector<double> activations;
  for (int step = 0; step < o.steps; ++step) {
    const int64_t down = shift(), right = shift();
    const auto [activation, slope] = slope_at(net, layer, unit, x, {down, right});
    activations.push_back(activation);
    const double size = std::sqrt(mean(square(slope)).item());
    if (size > 0) x = x + slope * (o.lr / size);
    x = minimum(maximum(x * (1 - o.decay), low), high);
    if (o.blur_every > 0 && step % o.blur_every == o.blur_every - 1) x = blurred(x);
  }
  activations.push_back(slope_at(net, layer, unit, x, {0, 0}).first);
  return {x, activations};
}

}  // namespace fovea::see
