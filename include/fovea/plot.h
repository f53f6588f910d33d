// Plots as PNG files: learning curves and confusion matrices. No display, no fonts and no other program are
// needed.
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
/// draw_curves() written to `path` (.png).
void plot_curves(const std::string& path, const std::string& title, const std::string& x_label,
                 const std::vector<Series>& series);

/// One bar from 0 for each name, in this order, with its value above it; NaN and infinite values have none.
/// Throws if names and values differ in number, there is none, or a value is negative.
Image draw_bars(const std::string& title, const std::string& y_label, const std::vector<std::string>& names,
                const std::vector<double>& values);

/// `matrix` is (K, K), any dtype: row = true class, column = predicted class, counts >= 0. Cells are coloured
/// by their share of the row; up to 20 classes show names, counts and the recall of each row.
Image draw_confusion(const Tensor& matrix, const std::vector<std::string>& classes,
                     const std::string& title = "Confusion matrix");
/// draw_confusion() written to `path` (.png).
void plot_confusion(const std::string& path, const Tensor& matrix, const std::vector<std::string>& classes,
                    const std::string& title = "Confusion matrix");

}  // namespace fovea::image
