// A command of the `fovea` program: its name, help and examples, the keys it understands and what it does.
//   const Command echo_command{"echo", "says a word", "fovea echo word=hello", [](KeySet& app) {
//     auto word = std::make_shared<std::string>("hi");
//     app.add_option("--word", *word, "what to say");
//     return [word] { return fmt::print("{}\n", *word), 0; };
//   }};
#pragma once
#include <fmt/format.h>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cli/keys.h"

namespace fovea::cli {

struct Command {
  const char* name;
  const char* summary;                           // one line
  const char* examples;                          // lines of command and comment, for --help
  std::function<int()> (*define)(KeySet& keys);  // declares the keys; the result runs and gives the exit code
};

extern const Command step_command;
extern const Command train_command;
extern const Command val_command;
extern const Command predict_command;
extern const Command see_command;
extern const Command report_command;
extern const Command lecture_command;
extern const Command models_command;
extern const Command pack_command;
extern const Command summary_command;
extern const Command explain_command;
extern const Command bench_command;
extern const Command race_command;
extern const Command rules_command;
extern const Command lr_command;
extern const Command plot_command;
extern const Command perceptron_command;
extern const Command show_command;
extern const Command data_command;
extern const Command ops_command;
extern const Command devices_command;

/// All but `help` and `version`, in the order of the help.
std::span<const Command* const> commands();

/// Parses `words` (key=value, --key=value, --key value, flags, positionals) for `command` and runs it. Throws
/// UsageError.
int run_command(const Command& command, const std::vector<std::string>& words);
/// The list of commands.
std::string general_help();

}  // namespace fovea::cli
