// Pictures that people see wrong.
#include <cmath>

#include "fovea/error.h"
#include "fovea/features.h"
#include "image/canvas.h"

namespace fovea::image {
namespace {

constexpr Color black{0, 0, 0}, white{255, 255, 255}, mortar{128, 128, 128};

struct Turn {
  double cosine, sine;
  explicit Turn(double degrees)
      : cosine(std::cos(degrees * M_PI / 180)), sine(std::sin(degrees * M_PI / 180)) {}
  Point from(Point middle, double along) const {
    return {middle.x + along * cosine, middle.y + along * sine};
  }
};

/// Long lines, crossed by strokes that lean to one side on every other line.
Canvas zoellner(double side, double tilt) {
  constexpr int lines = 7;
  const int pixels = int(side);
  Canvas canvas(pixels, pixels, white);
  for (int i = 0; i < lines; ++i) {
    const double x = side * (i + 0.5) / lines, y = side / 2;
    const Turn way(90 + (i % 2 ? tilt : 0)), stroke(i % 2 ? 60 : 120);
    canvas.line({way.from({x, y}, -0.46 * side), way.from({x, y}, 0.46 * side)}, side / 160, black);
    for (int k = -9; k <= 9; ++k) {
      const Point at = way.from({x, y}, k * 0.046 * side);
      canvas.line({stroke.from(at, -0.05 * side), stroke.from(at, 0.05 * side)}, side / 160, black);
    }
  }
  return canvas;
}

/// Rows of black and white tiles, shifted against each other, with gray lines between.
Canvas cafe_wall(double side, double tilt) {
  constexpr int rows = 9, pairs = 5;
  constexpr double shifts[]{0, 0.25, 0.5, 0.25};  // of a tile
  const int pixels = int(side);
  Canvas canvas(pixels, pixels, white);
  const double tall = side / rows, wide = side / (2 * pairs);
  for (int r = 0; r < rows; ++r)
    for (int k = -1; k <= pairs; ++k)
      canvas.rectangle((2 * k + shifts[r % 4] * 2) * wide, r * tall, wide, tall, black);
  for (int r = 1; r < rows; ++r) {
    const Turn way(r % 2 ? tilt : 0);
    const Point middle{side / 2, r * tall};
    canvas.line({way.from(middle, -side), way.from(middle, side)}, side / 160, mortar);
  }
  return canvas;
}

}  // namespace

Tensor illusion(const std::string& name, int64_t side, double tilt) {
  check(side >= 64 && side <= 4096, "[illusion] side={} is outside of 64..4096", side);
  const std::vector<std::string> names{"zoellner", "cafe_wall"};
  const std::string near = nearest(name, names);
  check(name == names[0] || name == names[1], "there is no illusion '{}': zoellner and cafe_wall are known{}",
        name, near.empty() ? "" : "; did you mean " + near + "?");
  const Canvas canvas = name == names[0] ? zoellner(double(side), tilt) : cafe_wall(double(side), tilt);
  return canvas.pixels().select(2, 0).contiguous();
}

}  // namespace fovea::image
