// The reliability diagram.
#include <algorithm>
#include <cmath>

#include "fovea/calibration.h"
#include "image/canvas.h"

namespace fovea::see {
namespace {

using image::Align;
using image::Canvas;
using image::Color;

constexpr Color white{255, 255, 255}, ink{34, 34, 34}, faint{110, 110, 110}, grid{229, 229, 229},
    bar{36, 104, 180}, too_sure{222, 112, 38}, too_modest{46, 139, 87}, axis_line{150, 150, 150};
constexpr double title_size = 30, label_size = 22, tick_size = 19;
constexpr double left = 110, top = 130, side = 600, below = 130;  // of the square; of the counts under it

double x_of(double v) { return left + v * side; }
double y_of(double v) { return top + side - v * side; }

void frame(Canvas& canvas) {
  for (int i = 0; i <= 5; ++i) {
    const double v = i / 5.;
    canvas.rectangle(left, std::round(y_of(v)) - 0.5, side, 1, i == 0 ? axis_line : grid);
    canvas.text({left - 12, y_of(v) + 7}, fmt::format("{:.1f}", v), tick_size, faint, Align::right);
    canvas.text({x_of(v), top + side + below + 50}, fmt::format("{:.1f}", v), tick_size, faint,
                Align::center);
  }
  canvas.text({36, top + side / 2}, "accuracy", label_size, ink, Align::center, 90);
  canvas.text({left + side / 2, top + side + below + 86}, "confidence", label_size, ink, Align::center);
}

/// Accuracy and confidence as far as they agree, the gap between them in the colour of what it is, and the
/// count below.
void draw_bin(Canvas& canvas, const ReliabilityBin& bin, int64_t most) {
  if (bin.examples == 0) return;
  const double x = x_of(bin.low) + 1, width = x_of(bin.high) - x_of(bin.low) - 2;
  const double upper = std::max(bin.accuracy, bin.confidence), lower = std::min(bin.accuracy, bin.confidence);
  canvas.rectangle(x, y_of(lower), width, lower * side, bar);
  canvas.rectangle(x, y_of(upper), width, (upper - lower) * side,
                   bin.confidence > bin.accuracy ? too_sure : too_modest, 0.6);
  const double tall = (below - 30) * double(bin.examples) / double(most);
  canvas.rectangle(x, top + side + below - tall, width, tall, axis_line);
}

}  // namespace

image::Image draw_reliability(const Calibration& c, const std::string& title) {
  Canvas canvas(int(left + side + 60), int(top + side + below + 110), white);
  canvas.text({40, 54}, title, title_size, ink);
  canvas.text({40, 92},
              fmt::format("ECE {:.2f} %   accuracy {:.2f} %, mean confidence {:.2f} %", 100 * c.ece,
                          100 * c.accuracy, 100 * c.confidence),
              tick_size, faint);
  frame(canvas);
  int64_t most = 1;
  for (const ReliabilityBin& bin : c.bins) most = std::max(most, bin.examples);
  for (const ReliabilityBin& bin : c.bins) draw_bin(canvas, bin, most);
  canvas.line({{x_of(0), y_of(0)}, {x_of(1), y_of(1)}}, 2, ink, 0.6);
  canvas.rectangle(left, top + side + below, side, 1, axis_line);
  canvas.text({left + 8, top + side + 28}, "examples", tick_size, faint);
  canvas.text({left + 8, top + 24}, "too sure", tick_size, too_sure);
  canvas.text({left + 8, top + 50}, "too modest", tick_size, too_modest);
  return image::Image(canvas.pixels());
}

}  // namespace fovea::see
