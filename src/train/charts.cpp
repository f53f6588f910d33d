#include "train/charts.h"

#include "fovea/plot.h"

namespace fovea::train {

const std::vector<std::string>& result_columns() {
  static const std::vector<std::string> columns{"epoch",      "seconds",  "lr",       "train/loss",
                                                "train/top1", "val/loss", "val/top1", "val/top5"};
  return columns;
}

void draw_curves(const std::string& folder, const std::vector<std::vector<double>>& rows,
                 const std::string& title) {
  if (rows.empty()) return;
  const auto column = [&](size_t i) {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(row[i]);
    return values;
  };
  const auto epochs = column(0);
  image::plot_curves(folder + "/curves.png", title, "epoch",
                     {{"train", epochs, column(3), "loss"},
                      {"val", epochs, column(5), "loss"},
                      {"train", epochs, column(4), "top-1"},
                      {"val", epochs, column(6), "top-1"}});
}

void draw_confusion(const std::string& folder, const ConfusionMatrix& matrix,
                    const std::vector<std::string>& classes) {
  const int64_t n = matrix.classes();
  const Tensor counts = Tensor::empty({n, n}, i64);
  for (int64_t t = 0; t < n; ++t)
    for (int64_t p = 0; p < n; ++p) counts.at<int64_t>({t, p}) = matrix.count(t, p);
  image::plot_confusion(folder + "/confusion.png", counts, classes);
}

}  // namespace fovea::train
