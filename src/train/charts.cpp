#include "train/charts.h"

#include "fovea/plot.h"

namespace fovea::train {

namespace {

/// What is kept of a validation beside its score.
const char* second_name(data::Task task) {
  switch (task) {
    case data::Task::classify:
      return "top5";
    case data::Task::multilabel:
      return "mAP";
    case data::Task::regress:
      return "MAE";
    case data::Task::transcribe:
      return "CER";
    case data::Task::segment:
      return "pixels";
  }
  fail("unknown task {}", int(task));
}

}  // namespace

std::vector<std::string> result_columns(data::Task task) {
  const std::string score = score_name(task), second = second_name(task);
  return {"epoch",          "seconds",  "lr",           "train/loss",  //
          "train/" + score, "val/loss", "val/" + score, "val/" + second, "data_wait"};
}

image::Image curves_of(const std::vector<std::vector<double>>& rows, const std::string& title,
                       data::Task task) {
  const std::string score = task == data::Task::classify ? "top-1" : score_name(task);
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
