// The keys of a command: every spelling becomes --key=value for CLI11, unknown keys name the nearest, values
// that do not fit say what is wanted. CLI11 itself stays in keys.cpp: its templates would cost the file of
// each command seconds to compile.
//   app.add_option("--epochs", k.epochs, "passes over the training set")->check(at_least(1));
#pragma once
#include <deque>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace fovea::cli {

/// The user typed something that cannot be meant: exit code 2.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Says what is wrong with the text of a value; empty if nothing is.
using Check = std::function<std::string(const std::string& text)>;
Check at_least(double low);
/// low <= value <= high
Check between(double low, double high);
/// One of `names`, else the message suggests the nearest.
Check one_of(std::vector<std::string> names);

class Key {
 public:
  explicit Key(CLI::Option& option) : option_(&option) {}
  Key* check(Check what);
  Key* required();
  /// What separates the entries of a list.
  Key* delimiter(char c);
  /// "epochs" of --epochs or of a positional
  std::string name() const;
  bool is_flag() const;
  /// Whether it was given, or set.
  bool given() const;
  /// What was given or set last, else the default.
  std::string text() const;
  /// As if it had been given.
  void set(const std::string& text);

 private:
  friend class KeySet;
  /// Truth values as true and false.
  std::string default_text() const;
  CLI::Option* option_;
};

class KeySet {
 public:
  KeySet();
  ~KeySet();
  KeySet(const KeySet&) = delete;
  KeySet& operator=(const KeySet&) = delete;

  /// `names` is "--epochs", or "source" or "source,--source" for what may stand alone; `target` holds the
  /// default. T is one of the types listed at the end of keys.cpp.
  template <class T>
  Key* add_option(const std::string& names, T& target, const std::string& help);
  /// True if the bare key is given.
  Key* add_flag(const std::string& names, bool& target, const std::string& help);

  /// Null if there is none of that name.
  Key* find(const std::string& name);
  const Key* find(const std::string& name) const;
  const std::deque<Key>& all() const { return keys_; }

  /// Reads key=value, --key=value, --key value, flags and positionals into the targets. Throws UsageError.
  void parse(const std::vector<std::string>& words);
  /// A line for each key, with its default.
  std::string help() const;

 private:
  Key* added(CLI::Option* option);
  const Key& wanted(std::string name) const;
  void check_types();
  void check_positionals(const std::vector<std::string>& words) const;
  std::vector<std::string> spell_out(const std::vector<std::string>& words) const;
  std::unique_ptr<CLI::App> app_;
  std::deque<Key> keys_;
};

}  // namespace fovea::cli
