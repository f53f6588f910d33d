#include "cli/keys.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <algorithm>
#include <charconv>
#include <CLI/CLI.hpp>
#include <cmath>
#include <optional>

#include "fovea/error.h"

namespace fovea::cli {
namespace {

bool is_key(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

bool is_truth(const std::string& text) { return text == "true" || text == "false"; }

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

/// CLI11 prefixes messages with the option's name; ours name the key already.
std::string message_of(const CLI::ParseError& e) {
  std::string text = e.what();
  const size_t colon = text.find(": ");
  if (!text.starts_with("--") || colon == text.npos) return text;
  const std::string key = text.substr(2, colon - 2), rest = text.substr(colon + 2);
  return rest.starts_with(key + "=") ? rest : key + "=" + rest;
}

}  // namespace

Key* Key::check(Check what) {
  option_->check([what](const std::string& text) { return what(text); });
  return this;
}
Key* Key::required() {
  option_->required();
  return this;
}
Key* Key::delimiter(char c) {
  option_->delimiter(c);
  return this;
}
std::string Key::name() const {
  return option_->get_lnames().empty() ? option_->get_name() : option_->get_lnames()[0];
}
bool Key::is_flag() const { return option_->get_items_expected_max() == 0; }
bool Key::given() const { return option_->count() > 0; }
std::string Key::text() const {
  if (given()) return option_->results().back();
  return is_flag() ? "false" : default_text();
}
std::string Key::default_text() const {
  const std::string text = option_->get_default_str();
  if (option_->get_type_name() != "BOOLEAN") return text;
  return text == "1" ? "true" : text == "0" ? "false" : text;
}
void Key::set(const std::string& text) {
  option_->add_result(text);
  option_->run_callback();
}

KeySet::KeySet() : app_(std::make_unique<CLI::App>()) {
  app_->set_help_flag();
  app_->option_defaults()->always_capture_default();
}
KeySet::~KeySet() = default;

Key* KeySet::added(CLI::Option* option) { return &keys_.emplace_back(*option); }
template <class T>
Key* KeySet::add_option(const std::string& names, T& target, const std::string& help) {
  return added(app_->add_option(names, target, help));
}
Key* KeySet::add_flag(const std::string& names, bool& target, const std::string& help) {
  return added(app_->add_flag(names, target, help));
}

const Key* KeySet::find(const std::string& name) const {
  for (const Key& key : keys_)
    if (key.name() == name) return &key;
  return nullptr;
}
Key* KeySet::find(const std::string& name) { return const_cast<Key*>(std::as_const(*this).find(name)); }

const Key& KeySet::wanted(std::string name) const {
  std::replace(name.begin(), name.end(), '-', '_');
  if (const Key* key = find(name); key && !key->option_->get_lnames().empty()) return *key;
  std::vector<std::string> names;
  for (const Key& key : keys_) names.push_back(key.name());
  const std::string near = nearest(name, names);
  throw UsageError(
      fmt::format("unknown key {}{}", name, near.empty() ? "" : fmt::format(", did you mean {}=?", near)));
}

/// Throws if there are more words without a key than the command takes.
void KeySet::check_positionals(const std::vector<std::string>& words) const {
  int64_t room = 0;
  for (const Key& key : keys_)
    if (key.option_->get_positional()) room += key.option_->get_items_expected_max();
  if (int64_t(words.size()) <= room) return;
  const std::string& extra = words[size_t(room)];
  if (room > 0) throw UsageError(fmt::format("{} is one word too many", extra));
  throw UsageError(fmt::format("{} stands alone: this command takes key=value, such as {}", extra,
                               find("data") ? "data=" + extra : "--help"));
}

/// `words` with key=value, --key value and bare flags as --key=value; positionals as they are, after "--".
std::vector<std::string> KeySet::spell_out(const std::vector<std::string>& words) const {
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
    const Key& known = wanted(key);
    std::string value = equals == word.npos ? "" : word.substr(equals + 1);
    if (equals == word.npos && known.is_flag()) {
      value = i + 1 < words.size() && is_truth(words[i + 1]) ? words[++i] : "true";
    } else if (equals == word.npos && i + 1 < words.size()) {
      value = words[++i];
    }
    if (value.empty()) throw UsageError(fmt::format("{} wants a value: {}=...", key, known.name()));
    if (known.is_flag() && !is_truth(value))
      throw UsageError(fmt::format("{}={} is neither true nor false", known.name(), value));
    keyed.push_back(fmt::format("--{}={}", known.name(), value));
  }
  check_positionals(alone);
  if (!alone.empty()) keyed.push_back("--");
  keyed.insert(keyed.end(), alone.begin(), alone.end());
  return keyed;
}

/// Makes every numeric and boolean key check its text, so that messages name key, value and what is wanted.
void KeySet::check_types() {
  for (Key& key : keys_)
    key.check([type = key.option_->get_type_name(), name = key.name()](const std::string& text) {
      const std::string problem = type_problem(type, text);
      return problem.empty() ? "" : fmt::format("{}={} {}", name, text, problem);
    });
}

void KeySet::parse(const std::vector<std::string>& words) {
  check_types();
  const std::vector<std::string> spelled = spell_out(words);
  try {
    app_->parse(
        std::vector<std::string>(spelled.rbegin(), spelled.rend()));  // CLI11 takes them from the back
  } catch (const CLI::ParseError& e) {
    throw UsageError(message_of(e));
  }
}

std::string KeySet::help() const {
  std::string out;
  for (const Key& key : keys_) {
    const bool alone = key.option_->get_positional() && key.option_->get_lnames().empty();
    const std::string shown = alone || key.is_flag() ? key.name() : key.name() + "=" + key.default_text();
    out += fmt::format("  {:<22} {}\n", shown, key.option_->get_description());
  }
  return out;
}

Check at_least(double low) {
  return [low](const std::string& text) {
    bool ok;
    const double value = number(text, ok);
    return ok && value < low ? fmt::format("{} is below {}", text, low) : "";
  };
}

Check between(double low, double high) {
  return [low, high](const std::string& text) {
    bool ok;
    const double value = number(text, ok);
    return ok && (value < low || value > high) ? fmt::format("{} is outside of {} to {}", text, low, high)
                                               : "";
  };
}

Check one_of(std::vector<std::string> names) {
  return [names](const std::string& text) -> std::string {
    if (std::find(names.begin(), names.end(), text) != names.end()) return "";
    const std::string near = nearest(text, names);
    return fmt::format("{} is none of {}{}", text, fmt::join(names, ", "),
                       near.empty() ? "" : fmt::format("; did you mean {}?", near));
  };
}

template Key* KeySet::add_option(const std::string&, bool&, const std::string&);
template Key* KeySet::add_option(const std::string&, int&, const std::string&);
template Key* KeySet::add_option(const std::string&, int64_t&, const std::string&);
template Key* KeySet::add_option(const std::string&, uint64_t&, const std::string&);
template Key* KeySet::add_option(const std::string&, double&, const std::string&);
template Key* KeySet::add_option(const std::string&, std::string&, const std::string&);
template Key* KeySet::add_option(const std::string&, std::optional<double>&, const std::string&);
template Key* KeySet::add_option(const std::string&, std::vector<int64_t>&, const std::string&);
template Key* KeySet::add_option(const std::string&, std::vector<double>&, const std::string&);
template Key* KeySet::add_option(const std::string&, std::vector<std::string>&, const std::string&);

}  // namespace fovea::cli
