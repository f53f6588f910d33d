// A small anti-aliased canvas for plots: rectangles, lines, discs and text on an RGB image, and the same as
// SVG. Cairo would do as well, but loading it costs every start of the program 1.4 to 2.1 ms (measured).
// Coordinates are finite and in pixels from the top left corner; (0.5, 0.5) is the centre of the first pixel.
//   Canvas c(800, 600, {255, 255, 255});
//   c.line({{10, 10}, {90, 50}}, 2, {200, 0, 0});
//   c.text({50, 100}, "epoch", 20, {0, 0, 0}, Align::center);
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "fovea/tensor.h"

namespace fovea::image {

struct Color {
  uint8_t r, g, b;
};
struct Point {
  double x, y;
};
enum class Align : uint8_t { left, center, right };

class Canvas {
 public:
  Canvas(int width, int height, Color ground);

  int width() const { return width_; }
  int height() const { return height_; }
  /// u8 (height, width, 3), shared with the canvas.
  const Tensor& pixels() const { return pixels_; }
  /// All that was drawn, as the text of an SVG file.
  std::string svg() const;
  /// Writes svg() to names that end in .svg, else the pixels in the format that the name says; atomically.
  void write(const std::string& path) const;

  void rectangle(double x, double y, double width, double height, Color color, double opacity = 1);
  /// A polyline with round joins and ends; parts beyond the canvas are cut off.
  void line(const std::vector<Point>& points, double width, Color color, double opacity = 1);
  void disc(Point center, double radius, Color color) { line({center}, 2 * radius, color); }
  /// One line of text; `at` lies on the baseline, at its start, middle or end; `angle` turns it
  /// anticlockwise, in degrees.
  void text(Point at, std::string_view utf8, double size, Color color, Align align = Align::left,
            double angle = 0);
  static double text_width(std::string_view utf8, double size);

 private:
  static void check_finite(std::initializer_list<double> values);
  void cover_segment(Point a, Point b, double radius);
  void cover_edge(Point a, Point b);
  void blend(Color color, double opacity);
  void grow_box(double left, double top, double right, double bottom);

  int width_, height_;
  Tensor pixels_;
  std::string shapes_;  // as elements of SVG
  // Coverage of the shape being drawn (0..1; for polygons its differences along x), and the part of it in
  // use.
  std::vector<float> coverage_;
  int left_, top_, right_, bottom_;
};

}  // namespace fovea::image
