// Calibration: whether a network that is sure of 90 % is right nine times out of ten.
//   const see::Calibration c = see::calibrate(logits, labels);
//   fmt::print("ECE {:.1f}%\n", 100 * c.ece);
//   const double t = see::fit_temperature(logits, labels);      // on validation data
//   see::calibrate(logits, labels, t).ece;                      // of softmax(logits / t)
//   image::write("reliability.png", see::draw_reliability(c));
// Threads: plain functions of their arguments.
#pragma once
#include <string>
#include <vector>

#include "fovea/image.h"
#include "fovea/tensor.h"

namespace fovea::see {

/// The predictions with a confidence (the probability of the class that is named) in (low, high].
struct ReliabilityBin {
  double low = 0, high = 0;
  int64_t examples = 0;
  double confidence = 0, accuracy = 0;  // means; 0 without examples
};

struct Calibration {
  std::vector<ReliabilityBin> bins;
  int64_t examples = 0;
  double ece = 0;  // expected calibration error: mean over the examples of |accuracy - confidence|
                   // of their bins
  double mce = 0;  // its largest over the bins
  double confidence = 0, accuracy = 0;  // means
  double nll = 0;                       // mean negative log likelihood
};

/// Of softmax(logits / temperature), by `bins` bins of equal width (Guo et al. 2017 take 15). `logits` (N,
/// classes) f32 or f64, `labels` i64 (N). Throws where shapes do not fit, a label is outside of the classes,
/// or a number is not finite.
Calibration calibrate(const Tensor& logits, const Tensor& labels, double temperature = 1, int bins = 15);

/// The temperature in 0.01 .. 100 with the smallest NLL (temperature scaling, Guo et al. 2017): fitted on
/// validation data, it changes no prediction, only how sure it is.
double fit_temperature(const Tensor& logits, const Tensor& labels);

/// The reliability diagram: accuracy over confidence, the gap between them, and how many examples each bin
/// has.
image::Image draw_reliability(const Calibration& calibration, const std::string& title = "Reliability");

}  // namespace fovea::see
