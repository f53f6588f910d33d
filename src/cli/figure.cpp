#include "cli/figure.h"

#include <cmath>

#include "base/text.h"
#include "fovea/inspect.h"

namespace fovea::cli {
namespace {

bool is_part(const train::Figure& f) {
  return f.name == "top1" || f.name == "F1" || f.name == "strings" || f.name == "mIoU";
}

std::string value_of(const train::Figure& f) {
  return is_part(f) ? fmt::format("{:.2f}%", 100 * f.value) : fmt::format("{:.4g}", f.value);
}

}  // namespace

train::Figure figure_of(const train::Evaluation& e) {
  return {e.metrics.score_name(), e.metrics.score(), e.metrics.examples};
}

train::Figure figure_of(const train::Scores& scores) {
  train::Figure figure;
  figure.examples = scores.examples;
  for (const auto& [name, value] : scores.values)
    if (!std::isnan(value) && (figure.name.empty() || name == "pseudo_likelihood"))
      figure.name = name, figure.value = value;
  return figure;
}

std::string text_of(const train::Figure& figure) {
  return fmt::format("{} {} of {} examples", figure.name, value_of(figure), thousands(figure.examples));
}

void print_compared(const train::ModelCard& card, const train::Figure& measured, const data::Dataset& set) {
  if (!card.origin) return;
  const train::Figure& stated = card.origin->figure;
  if (text_of(stated) == text_of(measured)) return fmt::print("stated: {}, as measured\n", text_of(stated));
  const bool same = data::fingerprint(set) == card.origin->val_data;
  fmt::print("stated: {}, but measured {}{}\n", text_of(stated), text_of(measured),
             same ? "" : ": these are not the examples that it was stated for");
}

}  // namespace fovea::cli
