#include <fmt/format.h>

#include <cstdio>

#include "cli/command.h"
#include "cli/keys.h"
#include "fovea/error.h"

namespace fovea::cli {
namespace {

const Command* const table[] = {
    &train_command,  &val_command,  &predict_command, &see_command,     &report_command,     &lecture_command,
    &models_command, &pack_command, &summary_command, &explain_command, &step_command,       &lr_command,
    &bench_command,  &race_command, &rules_command,   &plot_command,    &perceptron_command, &show_command,
    &data_command,   &ops_command,  &devices_command,
};

std::string help_of(const Command& command, const KeySet& keys) {
  return fmt::format("fovea {}: {}\n\nkeys (key=value, --key value or --key=value)\n{}\nexamples\n{}",
                     command.name, command.summary, keys.help(), command.examples);
}

}  // namespace

std::span<const Command* const> commands() { return table; }

int run_command(const Command& command, const std::vector<std::string>& words) {
  KeySet keys;
  const auto run = command.define(keys);
  for (const auto& word : words) {
    if (word == "--") break;
    if (word == "--help" || word == "-h") return fmt::print("{}", help_of(command, keys)), 0;
  }
  keys.parse(words);
  return run();
}

std::string general_help() {
  std::string out = "fovea: deep learning for computer vision\n\nfovea COMMAND key=value ...\n\ncommands\n";
  for (const Command* c : commands()) out += fmt::format("  {:<10} {}\n", c->name, c->summary);
  out += fmt::format("  {:<10} {}\n", "version", "the version of this program");
  out += fmt::format("  {:<10} {}\n", "help", "this list; `fovea help COMMAND` tells more");
  out += "\nexamples\n  fovea train data=mnist\n  fovea predict model=runs/train/1 source=digit.png\n";
  return out;
}

}  // namespace fovea::cli
