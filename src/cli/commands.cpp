#include <fmt/format.h>

#include <cstdio>

#include "cli/command.h"
#include "cli/keys.h"
#include "fovea/error.h"

namespace fovea::cli {
namespace {

const Command* const table[] = {&train_command,   &val_command,    &predict_command, &summary_command,
                                &explain_command, &bench_command,  &show_command,    &data_command,
                                &ops_command,     &devices_command};

std::string help_of(const Command& command, const CLI::App& keys) {
  return fmt::format("fovea {}: {}\n\nkeys (key=value, --key value or --key=value)\n{}\nexamples\n{}",
                     command.name, command.summary, keys_help(keys), command.examples);
}

/// CLI11 prefixes messages with the option's name; ours name the key already.
std::string message_of(const CLI::ParseError& e) {
  std::string text = e.what();
  const size_t colon = text.find(": ");
  if (!text.starts_with("--") || colon == text.npos) return text;
  const std::string key = text.substr(2, colon - 2), rest = text.substr(colon + 2);
  return rest.starts_with(key + "=") ? rest : key + "=" + rest;
}

}  // namespace

std::span<const Command* const> commands() { return table; }

int run_command(const Command& command, const std::vector<std::string>& words) {
  CLI::App keys(command.summary, command.name);
  keys.set_help_flag();
  keys.option_defaults()->always_capture_default();
  const auto run = command.define(keys);
  for (const auto& word : words) {
    if (word == "--") break;
    if (word == "--help" || word == "-h") return fmt::print("{}", help_of(command, keys)), 0;
  }
  check_types(keys);
  std::vector<std::string> spelled = spell_out(keys, words);
  try {
    keys.parse(std::vector<std::string>(spelled.rbegin(), spelled.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ParseError& e) {
    throw UsageError(message_of(e));
  }
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
