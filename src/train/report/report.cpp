#include "fovea/report.h"

#include <algorithm>
#include <cmath>

#include "base/file.h"
#include "base/html.h"
#include "base/text.h"
#include "image/thumbnail.h"
#include "train/charts.h"
#include "train/report/subject.h"

namespace fovea::train {
namespace {

std::string setting(const Subject& s, const std::string& key) {
  for (const auto& [name, text] : s.settings)
    if (name == key) return text;
  return "";
}

/// "top1 99.24%  loss 0.0243  10,000 examples to validate with  61,706 parameters"
std::string summary_line(const Subject& s) {
  return fmt::format(
      "<p><b>{}</b> &nbsp; loss {:.4f} &nbsp; <span class=dim>{} examples of {} {} &nbsp; {} "
      "parameters</span></p>\n",
      s.e.metrics.score_text(2), s.e.metrics.loss(), thousands(s.e.metrics.examples),
      html_escaped(s.set().name()), data::name_of(s.set().split()), thousands(s.model.num_parameters()));
}

std::string section(const char* heading, const std::string& body) {
  return body.empty() ? "" : fmt::format("<h2>{}</h2>\n{}\n", heading, body);
}

/// Of the section of classes_section().
const char* heading_of(data::Task task) {
  switch (task) {
    case data::Task::classify:
    case data::Task::segment:
      return "Classes";
    case data::Task::multilabel:
      return "Labels";
    case data::Task::regress:
      return "Numbers";
    case data::Task::transcribe:
      return "Strings";
  }
  fail("unknown task {}", int(task));
}

}  // namespace

std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
  std::string out = "<table>\n";
  const auto line = [&](const char* tag, const std::vector<std::string>& cells) {
    out += "<tr>";
    for (size_t i = 0; i < cells.size(); ++i)
      out += fmt::format("<{}{}>{}", tag, i == 0 ? "" : " class=n", html_escaped(cells[i]));
    out += "\n";
  };
  if (!head.empty()) line("th", head);
  for (const auto& row : rows) line("td", row);
  return out + "</table>\n";
}

std::string figure(const image::Image& picture, const std::string& what, int64_t width) {
  return fmt::format("<img src=\"{}\" style=\"width:min(100%,{}px)\" alt=\"{}\">\n",
                     image::data_uri(picture, "png"), std::min(width, picture.width()), html_escaped(what));
}

std::string percent(double part) { return std::isnan(part) ? "-" : fmt::format("{:.2f} %", 100 * part); }

void write_report(const std::string& folder, const nn::Module& model, data::DataLoader& val,
                  const Evaluation& evaluation, const ReportOptions& options) {
  const data::Task task = val.dataset().task();
  check(evaluation.logits.defined() || !evaluation.example_iou.empty(),
        "a report wants an evaluation that keeps its logits");
  const Subject s{model,
                  val,
                  evaluation,
                  options,
                  load_settings(folder + "/args.json"),
                  read_results(folder + "/results.csv", result_columns(task))};
  const std::string title = fmt::format("{} on {}", setting(s, "model"), setting(s, "data"));
  std::string body = summary_line(s);
  body += section("Learning", curves_section(s));
  body += section("Confusions", confusion_section(s));
  body += section(heading_of(task), classes_section(s));
  body += section("Calibration", calibration_section(s));
  body += section("Worst mistakes", mistakes_section(s));
  body += section("Predictions", segments_section(s));
  body += section("Filters", filters_section(s));
  body += section("Where it looks", looks_section(s));
  body += section("Time", time_section(s));
  body += section("Settings", settings_section(s));
  body += section("Environment", environment_section(s));
  write_file(folder + "/report.html", html_page(title, body));
}

}  // namespace fovea::train
