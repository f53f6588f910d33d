// How good the network is: confusions, classes, calibration.
#include "base/text.h"
#include "fovea/calibration.h"
#include "fovea/plot.h"
#include "fovea/strings.h"
#include "train/charts.h"
#include "train/report/subject.h"

namespace fovea::train {
namespace {

constexpr int64_t most_classes = 200;  // in tables and plots

/// 2 p r / (p + r)
double f1_of(double precision, double recall) {
  return precision + recall > 0 ? 2 * precision * recall / (precision + recall)
                                : std::numeric_limits<double>::quiet_NaN();
}

std::vector<std::vector<std::string>> class_rows(const Subject& s) {
  const ConfusionMatrix& m = s.e.confusion;
  std::vector<std::vector<std::string>> rows;
  for (int64_t c = 0; c < std::min(m.classes(), most_classes); ++c) {
    int64_t examples = 0;
    for (int64_t p = 0; p < m.classes(); ++p) examples += m.count(c, p);
    rows.push_back({s.set().classes()[size_t(c)], thousands(examples), percent(m.recall(c)),
                    percent(m.precision(c)), percent(f1_of(m.precision(c), m.recall(c)))});
  }
  return rows;
}

std::vector<std::vector<std::string>> segment_rows(const Subject& s) {
  std::vector<std::vector<std::string>> rows;
  for (size_t c = 0; c < std::min(s.e.metrics.outputs.size(), size_t(most_classes)); ++c) {
    const OutputSums& sums = s.e.metrics.outputs[c];
    rows.push_back({s.set().classes()[c], thousands(sums.hits + sums.misses), percent(s.e.metrics.iou(c)),
                    percent(s.e.confusion.recall(int64_t(c))), percent(s.e.confusion.precision(int64_t(c)))});
  }
  return rows;
}

std::vector<std::vector<std::string>> output_rows(const Subject& s) {
  const Metrics& m = s.e.metrics;
  std::vector<std::vector<std::string>> rows;
  for (size_t k = 0; k < std::min(m.outputs.size(), size_t(most_classes)); ++k)
    if (s.task() == data::Task::multilabel)
      rows.push_back({s.set().classes()[k], percent(m.f1(k)), percent(s.e.average_precision[k])});
    else
      rows.push_back({s.set().classes()[k], fmt::format("{:.4g}", m.mae(k)), fmt::format("{:.4g}", m.rmse(k)),
                      fmt::format("{:.3f}", m.r2(k))});
  return rows;
}

std::string lengths_table(const Subject& s) {
  std::vector<std::vector<std::string>> rows;
  for (const LengthScore& l : scores_by_length(s.e.logits, s.e.labels))
    rows.push_back({std::to_string(l.length), thousands(l.strings),
                    percent(double(l.right) / double(l.strings)), percent(l.character_error_rate())});
  return table({"characters", "strings", "right", "character errors"}, rows);
}

}  // namespace

std::string confusion_section(const Subject& s) {
  if (s.e.confusion.classes() == 0 || s.e.confusion.classes() > most_classes) return "";
  return figure(image::draw_confusion(counts_of(s.e.confusion), s.set().classes()), "confusion matrix", 760);
}

std::string classes_section(const Subject& s) {
  if (s.transcribes()) return lengths_table(s);
  std::string out;
  if (s.segments()) out = table({"class", "pixels", "IoU", "recall", "precision"}, segment_rows(s));
  else if (s.classifies()) out = table({"class", "examples", "recall", "precision", "F1"}, class_rows(s));
  else if (s.task() == data::Task::multilabel)
    out = table({"label", "F1", "average precision"}, output_rows(s));
  else out = table({"number", "mean |error|", "root of mean square", "R2"}, output_rows(s));
  const auto all = int64_t(s.set().classes().size());
  return all <= most_classes ? out : out + fmt::format("<p class=dim>and {} more</p>\n", all - most_classes);
}

std::string calibration_section(const Subject& s) {
  if (!s.classifies()) return "";
  const see::Calibration as_it_is = see::calibrate(s.e.logits, s.e.labels);
  const double t = see::fit_temperature(s.e.logits, s.e.labels);
  const see::Calibration scaled = see::calibrate(s.e.logits, s.e.labels, t);
  const auto row = [](const std::string& name, const see::Calibration& c) -> std::vector<std::string> {
    return {name, percent(c.ece), percent(c.mce), fmt::format("{:.4f}", c.nll), percent(c.confidence)};
  };
  const auto diagram = [](const see::Calibration& c, const std::string& title) {
    return "<div style=\"width:420px\">" +
           figure(see::draw_reliability(c, title), "reliability diagram", 420) + "</div>";
  };
  return "<div class=row>\n" + diagram(as_it_is, "As it is") +
         diagram(scaled, fmt::format("At temperature {:.2f}", t)) + "</div>\n" +
         table({"", "ECE", "largest gap", "NLL", "mean confidence"},
               {row("as it is", as_it_is), row(fmt::format("logits / {:.3f}", t), scaled)}) +
         "<p class=dim>The temperature is fitted on these examples (Guo et al. 2017); ECE by 15 bins.</p>\n";
}

}  // namespace fovea::train
