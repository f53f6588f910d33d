#include "cli/keys.h"

#include <fmt/format.h>
#include <algorithm>
#include <charconv>
#include <cmath>

#include "cli/command.h"
#include "fovea/error.h"

namespace fovea::cli {
namespace {

bool is_key(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool is_truth(const std::string& text) { return text == "true" || text == "false"; }

bool is_flag(const CLI::Option& option) { return option.get_items_expected_max() == 0; }

std::vector<std::string> all_keys(const CLI::App& app) {
  std::vector<std::string> keys;
  for (const auto* option : app.get_options()) keys.push_back(key_of(*option));
  return keys;
}

const CLI::Option& find_key(const CLI::App& app, std::string key) {
  std::replace(key.begin(), key.end(), '-', '_');
  const auto* option = app.get_option_no_throw("--" + key);
  if (option) return *option;
  const std::string near = nearest(key, all_keys(app));
  throw UsageError(
      fmt::format("unknown key {}{}", key, near.empty() ? "" : fmt::format(", did you mean {}=?", near)));
}

/// Throws if there are more words without a key than the command takes.
void check_positionals(const CLI::App& app, const std::vector<std::string>& words) {
  int64_t room = 0;
  for (const auto* option : app.get_options())
    if (option->get_positional()) room += option->get_items_expected_max();
  if (int64_t(words.size()) <= room) return;
  const std::string& extra = words[size_t(room)];
  if (room > 0) throw UsageError(fmt::format("{} is one word too many", extra));
  throw UsageError(fmt::format("{} stands alone: this command takes key=value, such as {}", extra,
                               app.get_option_no_throw("--data") ? "data=" + extra : "--help"));
}

double number(const std::string& text, bool& ok) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  ok = error == std::errc{} && end == text.data() + text.size() && std::isfinite(value);
  return value;
}

/// Empty if `text` is of CLI11's `type`, else what is wanted.
std::string type_problem(const std::string& type, const std::string& text) {
  bool ok = true;
  if (type == "INT" || type == "UINT") {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    ok = error == std::errc{} && end == text.data() + text.size();
    if (!ok) return error == std::errc::result_out_of_range ? "is too large" : "is not a whole number";
    return type == "UINT" && value < 0 ? "may not be negative" : "";
  }
  if (type == "FLOAT") number(text, ok);
  return ok ? "" : "is not a number";
}

}  // namespace

std::string key_of(const CLI::Option& option) {
  return option.get_lnames().empty() ? option.get_name() : option.get_lnames()[0];
}

std::vector<std::string> spell_out(const CLI::App& app, const std::vector<std::string>& words) {
  std::vector<std::string> keyed, alone;
  for (size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    if (word == "--") {
      alone.insert(alone.end(), words.begin() + std::ptrdiff_t(i) + 1, words.end());
      break;
    }
    const bool dashed = word.starts_with("--");
    const size_t equals = word.find('=');
    const std::string key =
        word.substr(dashed ? 2 : 0, equals == word.npos ? word.npos : equals - (dashed ? 2 : 0));
    if (!dashed && word.starts_with("-") && word.size() > 1)
      throw UsageError(fmt::format("unknown option {}: keys are spelled out, see --help", word));
    if (!dashed && (equals == word.npos || !is_key(key))) {
      alone.push_back(word);
      continue;
    }
    const CLI::Option& option = find_key(app, key);
    std::string value = equals == word.npos ? "" : word.substr(equals + 1);
    if (equals == word.npos && is_flag(option)) {
      value = i + 1 < words.size() && is_truth(words[i + 1]) ? words[++i] : "true";
    } else if (equals == word.npos && i + 1 < words.size()) {
      value = words[++i];
    }
    if (value.empty()) throw UsageError(fmt::format("{} wants a value: {}=...", key, key_of(option)));
    if (is_flag(option) && !is_truth(value))
      throw UsageError(fmt::format("{}={} is neither true nor false", key_of(option), value));
    keyed.push_back(fmt::format("--{}={}", key_of(option), value));
  }
  check_positionals(app, alone);
  if (!alone.empty()) keyed.push_back("--");
  keyed.insert(keyed.end(), alone.begin(), alone.end());
  return keyed;
}

void check_types(CLI::App& app) {
  for (auto* option : app.get_options()) {
    const std::string type = option->get_type_name(), key = key_of(*option);
    option->check([type, key](const std::string& text) {
      const std::string problem = type_problem(type, text);
      return problem.empty() ? "" : fmt::format("{}={} {}", key, text, problem);
    });
  }
}

std::string keys_help(const CLI::App& app) {
  std::string out;
  for (const auto* option : app.get_options()) {
    const std::string key = key_of(*option), fallback = option->get_default_str();
    std::string shown = option->get_positional() && option->get_lnames().empty() ? key : key + "=" + fallback;
    if (is_flag(*option)) shown = key;
    out += fmt::format("  {:<22} {}\n", shown, option->get_description());
  }
  return out;
}

CLI::Validator at_least(double low) {
  return CLI::Validator(
      [low](std::string& text) {
        bool ok;
        const double value = number(text, ok);
        return ok && value < low ? fmt::format("{} is below {}", text, low) : "";
      },
      "");
}

CLI::Validator between(double low, double high) {
  return CLI::Validator(
      [low, high](std::string& text) {
        bool ok;
        const double value = number(text, ok);
        return ok && (value < low || value > high) ? fmt::format("{} is outside of {} to {}", text, low, high)
                                                   : "";
      },
      "");
}

CLI::Validator one_of(std::vector<std::string> names) {
  return CLI::Validator(
      [names](std::string& text) -> std::string {
        if (std::find(names.begin(), names.end(), text) != names.end()) return "";
        const std::string near = nearest(text, names);
        return fmt::format("{} is none of {}{}", text, fmt::join(names, ", "),
                           near.empty() ? "" : fmt::format("; did you mean {}?", near));
      },
      "");
}

}  // namespace fovea::cli
