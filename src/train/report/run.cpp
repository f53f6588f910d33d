// What the folder of the run tells.
#include <algorithm>
#include <chrono>
#include <ctime>

#include "base/html.h"
#include "fovea/device.h"
#include "train/charts.h"
#include "train/report/subject.h"
#include "train/terminal.h"

namespace fovea::train {
namespace {

/// "2026-11-23 13:20 UTC"
std::string now() {
  const std::time_t time = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &utc);
  return text;
}

std::string number(double x) { return std::isnan(x) ? "-" : fmt::format("{:.4g}", x); }

/// The part of the training time in which steps waited for data, over all epochs (results.csv).
double waited_part(const std::vector<std::vector<double>>& rows) {
  double waited = 0, before = 0;
  for (const auto& row : rows) waited += row.back() * (row[1] - before), before = row[1];
  return before > 0 ? waited / before : 0;
}

}  // namespace

std::string curves_section(const Subject& s) {
  if (s.rows.empty()) return "";
  return figure(curves_of(s.rows, "Loss and score by epoch", s.task()), "loss and score over epochs", 1150);
}

std::string time_section(const Subject& s) {
  if (s.rows.empty()) return "";
  constexpr size_t most_rows = 30;
  const double waited = waited_part(s.rows);
  std::string out = fmt::format(
      "<p>{} epochs in {}. Of that, steps waited for data {:.1f} % and computed {:.1f} %.<br><span "
      "class=\"bar "
      "val\" style=\"width:{:.1f}px\"></span><span class=bar style=\"width:{:.1f}px\"></span></p>\n",
      s.rows.size(), duration(s.rows.back()[1]), 100 * waited, 100 * (1 - waited), 400 * waited,
      400 * (1 - waited));
  std::vector<std::vector<std::string>> lines;
  const size_t step = (s.rows.size() + most_rows - 1) / most_rows;
  for (size_t i = 0; i < s.rows.size(); ++i) {
    if (i % step != 0 && i + 1 != s.rows.size()) continue;
    std::vector<std::string>& line = lines.emplace_back();
    for (const double x : s.rows[i]) line.push_back(number(x));
  }
  return out + table(result_columns(s.task()), lines);
}

std::string settings_section(const Subject& s) {
  constexpr size_t columns = 3;
  const size_t each = (s.settings.size() + columns - 1) / columns;
  std::string out = "<div class=row>\n";
  for (size_t first = 0; first < s.settings.size(); first += each) {
    std::vector<std::vector<std::string>> lines;
    for (size_t i = first; i < std::min(first + each, s.settings.size()); ++i)
      lines.push_back({s.settings[i].first, s.settings[i].second});
    out += "<div>" + table({}, lines) + "</div>";
  }
  out += "</div>\n";
  if (s.options.command.empty()) return out;
  return out + fmt::format("<h3>Again</h3>\n<pre>{}</pre>\n", html_escaped(s.options.command));
}

std::string environment_section(const Subject& s) {
  std::vector<std::vector<std::string>> lines;
  for (const auto& [name, text] : s.options.environment) lines.push_back({name, text});
  lines.push_back({"processor", devices()[0].description});
  lines.push_back({"threads", std::to_string(num_threads())});
  lines.push_back({"compiler", __VERSION__});
  lines.push_back({"written", now()});
  return table({}, lines);
}

}  // namespace fovea::train
