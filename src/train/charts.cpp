#include "train/charts.h"

#include "fovea/plot.h"

namespace fovea::train {

std::vector<std::string> result_columns(data::Task task) {
  const bool labels = task == data::Task::multilabel, classes = task == data::Task::classify;
  const std::string score = classes ? "top1" : labels ? "F1" : "R2";
  return {"epoch",          "seconds",  "lr",           "train/loss",
          "train/" + score, "val/loss", "val/" + score, classes ? "val/top5" : labels ? "val/mAP" : "val/MAE",
          "data_wait"};
}

image::Image curves_of(const std::vector<std::vector<double>>& rows, const std::string& title,
                       data::Task task) {
  const std::string score = task == data::Task::classify     ? "top-1"
                            : task == data::Task::multilabel ? "F1"
                                                             : "R2";
  const auto column = [&](size_t i) {
    std::vector<double> values;
    for (const auto& row : rows) values.push_back(row[i]);
    return values;
  };
  const auto epochs = column(0);
  return image::draw_curves(title, "epoch",
                            {{"train", epochs, column(3), "loss"},
                             {"val", epochs, column(5), "loss"},
                             {"train", epochs, column(4), score},
                             {"val", epochs, column(6), score}});
}

void draw_curves(const std::string& folder, const std::vector<std::vector<double>>& rows,
                 const std::string& title, data::Task task) {
  if (!rows.empty()) image::write(folder + "/curves.png", curves_of(rows, title, task));
}

Tensor counts_of(const ConfusionMatrix& matrix) {
  const int64_t n = matrix.classes();
  const Tensor counts = Tensor::empty({n, n}, i64);
  for (int64_t t = 0; t < n; ++t)
    for (int64_t p = 0; p < n; ++p) counts.at<int64_t>({t, p}) = matrix.count(t, p);
  return counts;
}

void draw_confusion(const std::string& folder, const ConfusionMatrix& matrix,
                    const std::vector<std::string>& classes) {
  image::plot_confusion(folder + "/confusion.png", counts_of(matrix), classes);
}

}  // namespace fovea::train
