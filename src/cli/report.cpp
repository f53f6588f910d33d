#include "cli/report.h"

#include "cli/command.h"
#include "fovea/report.h"

namespace fovea::cli {
namespace {

/// As a shell takes it for one word.
std::string quoted(const std::string& text) {
  const std::string plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,=+@%";
  if (!text.empty() && text.find_first_not_of(plain) == text.npos) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

}  // namespace

std::string command_to_repeat(const train::Settings& settings) {
  KeySet defaults;
  train_command.define(defaults);
  std::string line = "fovea train";
  for (const auto& [key, text] : settings) {
    const Key* known = defaults.find(key);
    const bool elsewhere = key == "name" || key == "project";
    if (known && !elsewhere && (known->text() != text || key == "data"))
      line += " " + quoted(fmt::format("{}={}", key, text));
  }
  return line;
}

void write_report(const std::string& folder, const nn::Module& model, data::DataLoader& val,
                  const train::Trainer& trainer) {
  const train::ReportOptions options{
      .command = command_to_repeat(train::load_settings(folder + "/args.json")),
      .environment = {{"fovea", FOVEA_VERSION}}};
  train::write_report(folder, model, val, trainer.validate(model, val, true), options);
}

}  // namespace fovea::cli
