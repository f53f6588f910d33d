// Plots as PNG, SVG or text: learning curves, functions, confusion matrices, regions of classes. No display,
// no fonts and no other program are needed.
//   image::plot_curves("curves.png", "LeNet-5 on MNIST", "epoch",
//                      {{"train", epochs, train_loss, "loss"}, {"val", epochs, val_top1, "accuracy"}});
//   image::plot_confusion("confusion.png", counts, {"cat", "dog"});
#pragma once
#include <string>
#include <vector>

#include "fovea/image.h"

namespace fovea::image {

/// A line through (x[i], y[i]). Series with the same axis share a panel; NaN and infinite values interrupt
/// the line.
struct Series {
  std::string name;
  std::vector<double> x, y;
  std::string axis;  // "loss", "accuracy" ...
};

/// One panel per axis, side by side, in the order of their first series. Throws if x and y differ in length.
Image draw_curves(const std::string& title, const std::string& x_label, const std::vector<Series>& series);
/// draw_curves() written to `path` (.png, .svg ...).
void plot_curves(const std::string& path, const std::string& title, const std::string& x_label,
                 const std::vector<Series>& series);

/// One bar from 0 for each name, in this order, with its value above it; NaN and infinite values have none.
/// Throws if names and values differ in number, there is none, or a value is negative.
Image draw_bars(const std::string& title, const std::string& y_label, const std::vector<std::string>& names,
                const std::vector<double>& values);

/// As plot_curves, but small panels, `columns` of them in a row, however many.
void plot_panels(const std::string& path, const std::string& title, const std::vector<Series>& series,
                 int columns = 6);
/// One series for the terminal: `rows` lines of braille dots with the limits of both axes.
std::string text_curve(const Series& series, int columns = 64, int rows = 12);

/// Which class each point of a plane is taken for.
struct Regions {
  double left, right, bottom, top;  // the borders
  Tensor classes;                   // i64 (rows, columns) of cells, the highest row first
  Tensor points;                    // f64 (N, 2): examples
  std::vector<int64_t> labels;      // of the points
};
/// The regions tinted by class with the examples as discs, written to `path` (.png, .svg ...).
void plot_regions(const std::string& path, const std::string& title, const Regions& regions);
/// The same for the terminal: a character for the class of each cell (. : # %), a digit or letter for each
/// example.
std::string text_regions(const Regions& regions);

/// A height over each point of a plane, such as the loss over two parameters.
struct Surface {
  double left, right, bottom, top;  // the borders
  Tensor heights;                   // f64 (rows, columns), at the centres of cells, the highest row first
  std::string x_label = {}, y_label = {};
};
/// Steps across it: f64 (N, 2), drawn until they leave it.
struct Way {
  std::string name;
  Tensor points;
};
/// One panel for each way, or one without any: bands of colour, the lower the narrower, so that valleys show
/// their ground, with their heights beside them; written to `path` (.png, .svg ...). Throws if no height is
/// finite.
void plot_surface(const std::string& path, const std::string& title, const Surface& surface,
                  const std::vector<Way>& ways);
/// The same for the terminal: the darker (from blank to @) the higher; o marks the steps of the way.
std::string text_surface(const Surface& surface, const Way& way);

/// `matrix` is (K, K), any dtype: row = true class, column = predicted class, counts >= 0. Cells are coloured
/// by their share of the row; up to 20 classes show names, counts and the recall of each row.
Image draw_confusion(const Tensor& matrix, const std::vector<std::string>& classes,
                     const std::string& title = "Confusion matrix");
/// draw_confusion() written to `path` (.png).
void plot_confusion(const std::string& path, const Tensor& matrix, const std::vector<std::string>& classes,
                    const std::string& title = "Confusion matrix");

}  // namespace fovea::image
