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

/// What is maximised: of picture i the mean of channel or number units[i] of what the layer gave; (units).
Tensor answers(const Tensor& output, const std::string& layer, const Tensor& units) {
  check(output.rank() == 2 || output.rank() == 4,
        "[dream] {} gives {}, neither maps (N,C,h,w) nor vectors (N,n)", layer, output.shape());
  for (const int64_t unit : units.to_vector<int64_t>())
    check(unit >= 0 && unit < output.size(1), "[dream] unit {} is outside of the {} of {}", unit,
          output.size(1), layer);
  const Tensor means = output.rank() == 2 ? output : mean(output, {2, 3});
  return squeeze(gather(means, unsqueeze(units, 1), 1), 1);
}

/// The answers to `x`, which the network sees moved by `shift`, and their gradient.
std::pair<Tensor, Tensor> slope_at(const nn::Module& net, const std::string& layer, const Tensor& units,
                                   const Tensor& x, const Dims& shift) {
  const nn::Watch seen(net, layer);
  Tensor leaf = x.detach();
  leaf.set_requires_grad();
  net(roll(leaf, shift, {2, 3}));
  const Tensor answer = answers(seen.output(), layer, units);
  const Tensor slope = grad(sum(answer), {leaf})[0];
  return {answer.detach(), slope.defined() ? slope : zeros(x.shape(), x.dtype())};
}

void check_options(const DreamOptions& o) {
  check(o.steps > 0 && o.lr > 0 && o.jitter >= 0 && o.blur_every >= 0 && o.decay >= 0 && o.decay < 1,
        "[dream] steps={} lr={} jitter={} blur_every={} decay={}: steps and lr are above 0, the others not "
        "below, decay below 1",
        o.steps, o.lr, o.jitter, o.blur_every, o.decay);
}

}  // namespace

Dreams dream(const nn::Module& net, const std::string& layer, const std::vector<int64_t>& units,
             const Dims& input, const DreamOptions& o) {
  check(input.size() == 3 && !units.empty(), "[dream] wants pictures (C,H,W) of units, not {} of {}", input,
        units.size());
  check_options(o);
  const Probe probe(net);
  const DType dtype = net.parameters().empty() ? f32 : net.parameters()[0].dtype();
  const Tensor low = o.low.defined() ? o.low.to(dtype) : scalar(-3, dtype),
               high = o.high.defined() ? o.high.to(dtype) : scalar(3, dtype);
  const Tensor wanted = Tensor::of(std::span(units));
  Generator random(o.seed);
  const auto shift = [&] { return int64_t(random.below(uint64_t(2 * o.jitter + 1))) - o.jitter; };
  Tensor x = noise({int64_t(units.size()), input[0], input[1], input[2]}, random).to(dtype), before;
  for (int step = 0; step < o.steps; ++step) {
    const int64_t down = shift(), right = shift();
    const auto [answer, slope] = slope_at(net, layer, wanted, x, {down, right});
    if (step == 0) before = answer;
    const Tensor size = sqrt(mean(square(slope), {1, 2, 3}, true)) + 1e-12;
    x = minimum(maximum((x + slope * o.lr / size) * (1 - o.decay), low), high);
    if (o.blur_every > 0 && step % o.blur_every == o.blur_every - 1) x = blurred(x);
  }
  return {x, before, slope_at(net, layer, wanted, x, {0, 0}).first};
}

}  // namespace fovea::see
