// What the numbers of a picture mean: physical values, temperatures.
#include <cmath>

#include "image/pixels.h"

namespace fovea::image {
namespace {

/// Transmission of `distance` metres of air of `celsius` and relative humidity 0..1.
double transmission(const Thermal& camera, double distance) {
  const double t = camera.air;
  const double water =
      camera.humidity * std::exp(1.5587 + 0.06939 * t - 2.7816e-4 * t * t + 6.8455e-7 * t * t * t);
  const double root = std::sqrt(water), way = std::sqrt(distance);
  return camera.x * std::exp(-way * (camera.alpha[0] + camera.beta[0] * root)) +
         (1 - camera.x) * std::exp(-way * (camera.alpha[1] + camera.beta[1] * root));
}

constexpr double zero_celsius = 273.15;

/// Counts that the camera would see of a black body of `celsius`.
double counts_of(const Thermal& c, double celsius) {
  return c.r1 / (c.r2 * (std::exp(c.b / (celsius + zero_celsius)) - c.f)) - c.o;
}

}  // namespace

Tensor temperature(const Tensor& counts, const Thermal& camera) {
  check(camera.r1 > 0 && camera.r2 > 0 && camera.b > 0,
        "[temperature] Planck constants R1={}, R2={}, B={} must be positive", camera.r1, camera.r2, camera.b);
  check(camera.emissivity > 0 && camera.emissivity <= 1, "[temperature] emissivity {} is outside of (0,1]",
        camera.emissivity);
  check(camera.window_transmission > 0 && camera.window_transmission <= 1,
        "[temperature] window transmission {} is outside of (0,1]", camera.window_transmission);
  check(camera.distance >= 0, "[temperature] a distance of {} m", camera.distance);
  // The air is half in front of the window and half behind it. What arrives: the object, what it reflects,
  // the air, the window.
  const double e = camera.emissivity, tau = transmission(camera, camera.distance / 2),
               w = camera.window_transmission;
  const double gain = e * tau * w * tau;
  const double stray = counts_of(camera, camera.reflected) * (1 - e) * tau * w * tau +
                       counts_of(camera, camera.air) * ((1 - tau) * w * tau + (1 - tau)) +
                       counts_of(camera, camera.window) * (1 - w) * tau;
  const Tensor raw = counts.to(f32).contiguous(), out = Tensor::empty(raw.shape(), f32);
  for (int64_t i = 0; i < raw.numel(); ++i) {
    const double object = (double(raw.data<float>()[i]) - stray) / gain;
    const double inside = camera.r1 / (camera.r2 * (object + camera.o)) + camera.f;
    out.data<float>()[i] = inside > 1 ? float(camera.b / std::log(inside) - zero_celsius) : NAN;
  }
  return out;
}

Tensor values(const Image& image) {
  check(image.pixels.defined(), "[values] the image has no pixels");
  if (image.thermal) return temperature(image.pixels, *image.thermal);
  const Tensor t = image.pixels.to(f32).contiguous();
  if (image.slope == 1 && image.intercept == 0) return t;
  const Tensor out = Tensor::empty(t.shape(), f32);
  for (int64_t i = 0; i < t.numel(); ++i)
    out.data<float>()[i] = float(image.slope * double(t.data<float>()[i]) + image.intercept);
  return out;
}

}  // namespace fovea::image
