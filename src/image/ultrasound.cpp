// Ultrasound: from radio-frequency lines to a B-mode image.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "fovea/acquisition.h"
#include "image/fft.h"

namespace fovea::image {
namespace {

/// (samples, lines) as f32.
Tensor table(const Tensor& t, const char* who) {
  const bool flat = t.rank() == 2 || (t.rank() == 3 && t.size(2) == 1);
  check(flat && t.numel() > 0, "[{}] wants (samples, lines), not {}", who, t.describe());
  return t.to(f32).contiguous().reshape({t.size(0), t.size(1)});
}

/// Positive frequencies doubled, negative ones dropped (Marple 1999).
void keep_positive(std::vector<Complex>& spectrum) {
  const size_t n = spectrum.size();
  for (size_t k = 1; k < (n + 1) / 2; ++k) spectrum[k] *= 2;
  for (size_t k = n / 2 + 1; k < n; ++k) spectrum[k] = 0;
}

/// The picture that lines cover, in millimetres: (0, 0) is the middle of the probe's face, z goes down.
struct Extent {
  double left = 0, right = 0, top = 0, bottom = 0;
};

class Geometry {
 public:
  Geometry(const Probe& probe, int64_t samples, int64_t lines)
      : probe_(probe), last_sample_(double(samples - 1)), last_line_(double(lines - 1)) {
    check(probe.sampling_rate > 0 && probe.sound_speed > 0,
          "[scan_convert] a sampling rate of {} and a speed of {} must be positive", probe.sampling_rate,
          probe.sound_speed);
    check(samples > 1 && lines > 1, "[scan_convert] {} samples of {} lines span no picture", samples, lines);
    if (probe.kind == Probe::linear) {
      check(probe.pitch > 0, "[scan_convert] a linear probe has a pitch above 0, not {}", probe.pitch);
    } else {
      check(probe.sector > 0 && probe.sector < 180 && probe.radius >= 0 && probe.radius + probe.start >= 0,
            "[scan_convert] a convex probe has a sector in (0,180) degrees and a radius from 0 on, not {} "
            "and {}",
            probe.sector, probe.radius);
    }
  }

  Extent extent() const {
    const double depth = probe_.start + last_sample_ * probe_.sample_spacing();
    if (probe_.kind == Probe::linear) {
      const double half = last_line_ * probe_.pitch / 2;
      return {-half, half, probe_.start, depth};
    }
    const double far = probe_.radius + depth, wide = far * std::sin(half_angle());
    return {-wide, wide, (probe_.radius + probe_.start) * std::cos(half_angle()) - probe_.radius, depth};
  }

  /// Which sample of which line is heard from (x, z).
  std::pair<double, double> sample_at(double x, double z) const {
    if (probe_.kind == Probe::linear)
      return {(z - probe_.start) / probe_.sample_spacing(), x / probe_.pitch + last_line_ / 2};
    const double from_centre = std::hypot(x, z + probe_.radius), angle = std::atan2(x, z + probe_.radius);
    return {(from_centre - probe_.radius - probe_.start) / probe_.sample_spacing(),
            (angle / half_angle() + 1) * last_line_ / 2};
  }

 private:
  double half_angle() const { return probe_.sector / 2 * std::numbers::pi / 180; }

  Probe probe_;
  double last_sample_, last_line_;
};

/// Between four samples; NaN outside. *Requires* at least two samples and lines.
float interpolated(const Tensor& lines, double sample, double line) {
  const double rows = double(lines.size(0) - 1), columns = double(lines.size(1) - 1);
  constexpr double rounding = 1e-6;
  const bool inside =
      sample >= -rounding && sample <= rows + rounding && line >= -rounding && line <= columns + rounding;
  if (!inside) return NAN;
  const double y = std::clamp(sample, 0.0, rows), x = std::clamp(line, 0.0, columns);
  const double top = std::min(std::floor(y), rows - 1), left = std::min(std::floor(x), columns - 1);
  const double down = y - top, across = x - left;
  const float* const p = lines.data<float>() + int64_t(top) * lines.size(1) + int64_t(left);
  const float* const q = p + lines.size(1);
  return float((1 - down) * ((1 - across) * p[0] + across * p[1]) +
               down * ((1 - across) * q[0] + across * q[1]));
}

constexpr double usual_rows = 512;

double pixel_of(const Extent& extent, double wanted) {
  return wanted > 0 ? wanted : (extent.bottom - extent.top) / (usual_rows - 1);
}

}  // namespace

Tensor envelope(const Tensor& rf) {
  const Tensor t = table(rf, "envelope"), out = Tensor::empty(t.shape(), f32);
  const int64_t samples = t.size(0), lines = t.size(1);
  const Fft fft(samples);
  std::vector<Complex> signal(size_t(samples), 0);
  for (int64_t line = 0; line < lines; ++line) {
    for (int64_t i = 0; i < samples; ++i) signal[size_t(i)] = t.data<float>()[i * lines + line];
    fft.forward(signal);
    keep_positive(signal);
    fft.backward(signal);
    for (int64_t i = 0; i < samples; ++i)
      out.data<float>()[i * lines + line] = float(std::abs(signal[size_t(i)]));
  }
  return out;
}

Tensor log_compress(const Tensor& strength, double range_db, double reference) {
  check(range_db > 0 && reference >= 0, "[log_compress] a range of {} dB below {}", range_db, reference);
  const Tensor t = strength.to(f32).contiguous(), out = Tensor::empty(t.shape(), f32);
  const float* const from = t.data<float>();
  if (reference == 0)
    for (int64_t i = 0; i < t.numel(); ++i) reference = std::max(reference, double(from[i]));
  for (int64_t i = 0; i < t.numel(); ++i) {
    const double ratio = reference > 0 ? from[i] / reference : 0;
    out.data<float>()[i] = float(ratio > 0 ? std::max(20 * std::log10(ratio), -range_db) : -range_db);
  }
  return out;
}

Tensor scan_convert(const Tensor& lines, const Probe& probe, double pixel) {
  const Tensor t = table(lines, "scan_convert");
  const Geometry geometry(probe, t.size(0), t.size(1));
  const Extent extent = geometry.extent();
  const double size = pixel_of(extent, pixel);
  const double rows = std::floor((extent.bottom - extent.top) / size + 1e-6) + 1,
               columns = std::floor((extent.right - extent.left) / size + 1e-6) + 1;
  check(rows * columns <= double(default_limits().pixels),
        "[scan_convert] pixels of {} mm make a picture of {:.0f} x {:.0f}, more than the limit {}", size,
        rows, columns, default_limits().pixels);
  const Tensor out = Tensor::empty({int64_t(rows), int64_t(columns)}, f32);
  const double left = -(columns - 1) / 2 * size;
  float* to = out.data<float>();
  for (int64_t row = 0; row < out.size(0); ++row)
    for (int64_t column = 0; column < out.size(1); ++column) {
      const auto [sample, line] =
          geometry.sample_at(left + double(column) * size, extent.top + double(row) * size);
      *to++ = interpolated(t, sample, line);
    }
  return out;
}

Image b_mode(const Tensor& rf, const Probe& probe, const BModeOptions& options) {
  const Tensor decibels = log_compress(envelope(rf), options.range_db);
  Image image(scan_convert(decibels, probe, options.pixel));
  const double size = pixel_of(Geometry(probe, decibels.size(0), decibels.size(1)).extent(), options.pixel);
  image.unit = "dB", image.window = Window{-options.range_db / 2, options.range_db};
  image.spacing = {size, size, 0};
  return image;
}

}  // namespace fovea::image
