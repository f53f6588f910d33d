// The keys of a command: every spelling becomes --key=value for CLI11, unknown keys name the nearest, values
// that do not fit say what is wanted.
#pragma once
#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace fovea::cli {

/// `words` with key=value, --key value and bare flags as --key=value; positionals as they are, after "--".
/// Throws UsageError on unknown keys and missing values.
std::vector<std::string> spell_out(const CLI::App& app, const std::vector<std::string>& words);

/// Makes every numeric and boolean key check its text, so that messages name key, value and what is wanted.
void check_types(CLI::App& app);

/// The help of one command: its keys with defaults.
std::string keys_help(const CLI::App& app);

// Checks for CLI::Option::check().
CLI::Validator at_least(double low);
/// low <= value <= high
CLI::Validator between(double low, double high);
/// One of `names`, else the message suggests the nearest.
CLI::Validator one_of(std::vector<std::string> names);

/// "epochs" of option --epochs or of a positional
std::string key_of(const CLI::Option& option);

}  // namespace fovea::cli
