// From what a probe hears to a picture: the echoes of ultrasound, line by line, become a B-mode image. (What
// an infrared camera counts becomes degrees by image.h's temperature().) Tables of echoes are (samples,
// lines): a column is what one line of sight returned, sample after sample, the first nearest to the probe.
// Formulas and sources: docs/acquisition.md. Threads: as image.h.
//   image::Probe probe{.kind = image::Probe::convex, .sampling_rate = 40e6, .radius = 60, .sector = 70};
//   image::Image picture = image::b_mode(load_npy("echoes.npy"), probe, {.range_db = 60});
//   image::write("liver.png", image::Image(image::render(picture)));
#pragma once
#include "fovea/image.h"

namespace fovea::image {

/// The strength of an oscillating signal: the magnitude of its analytic signal along each column, f32. *rf*:
/// (samples, lines) of any real type.
Tensor envelope(const Tensor& rf);

/// 20 log10(strength / reference) in decibels, f32, not below -range_db. `reference` 0 is the largest
/// strength.
Tensor log_compress(const Tensor& strength, double range_db = 60, double reference = 0);

/// Where the lines lie. Lengths in millimetres.
struct Probe {
  enum Kind : uint8_t { linear, convex };
  Kind kind = linear;
  double sampling_rate = 40e6;  // samples in a second
  double sound_speed = 1540;    // metres in a second; 1540: soft tissue
  double start = 0;             // depth of the first sample
  double pitch = 0.3;           // linear: from one line to the next
  double radius = 0;            // convex: of the probe's face; 0: all lines begin in a point (phased array)
  double sector = 60;           // convex: degrees from the first line to the last

  /// From one sample to the next: sound goes there and back.
  double sample_spacing() const { return 1000 * sound_speed / (2 * sampling_rate); }
};

/// Lines in their place: a picture (H, W) of square pixels of `pixel` millimetres, the probe above, f32 by
/// linear interpolation between the four samples around. NaN where no line was. `pixel` 0: 512 pixels deep.
Tensor scan_convert(const Tensor& lines, const Probe& probe, double pixel = 0);

struct BModeOptions {
  double range_db = 60;  // from black to white
  double pixel = 0;      // millimetres; 0: 512 pixels deep
};
/// envelope(), log_compress(), scan_convert(): decibels, with the window in which they are shown and the
/// spacing of pixels.
Image b_mode(const Tensor& rf, const Probe& probe, const BModeOptions& options = {});

}  // namespace fovea::image
