#include "train/run_folder.h"

#include <fmt/format.h>

#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "fovea/error.h"

namespace fovea::train {
namespace {

namespace fs = std::filesystem;
constexpr size_t settings_limit = 1 << 20, results_limit = size_t{64} << 20;

/// Makes one folder; false if the name is taken.
bool make_folder(const fs::path& path) {
  if (::mkdir(path.c_str(), 0777) == 0) return true;
  const int code = errno;
  check(code == EEXIST, "cannot make the run folder {}: {} (project=FOLDER puts it elsewhere)", path.string(),
        std::strerror(code));
  return false;
}

template <class T>
bool is_number(const std::string& text, T& value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc{} && end == text.data() + text.size();
}

/// A number or truth value where writing that gives the same text again, else a string.
nlohmann::ordered_json value_of(const std::string& text) {
  const auto json = nlohmann::ordered_json::parse(text, nullptr, false);
  if ((json.is_number() || json.is_boolean()) && json.dump() == text) return json;
  return text;
}

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts{""};
  for (const char c : text)
    if (c == at) parts.emplace_back();
    else parts.back() += c;
  return parts;
}

std::string text_of(const Bytes& bytes) { return {bytes.begin(), bytes.end()}; }

}  // namespace

std::string make_run_folder(const std::string& project, const std::string& name, bool exist_ok) {
  std::error_code error;
  fs::create_directories(project, error);
  check(!error && fs::is_directory(project),
        "cannot make the folder {}: {} (project=FOLDER puts it elsewhere)", project,
        error ? error.message() : "a file of that name is in the way");
  const fs::path base(project);
  if (!name.empty() && (make_folder(base / name) || exist_ok)) return (base / name).string();
  for (int n = name.empty() ? 1 : 2;; ++n) {
    const fs::path path = base / (name.empty() ? std::to_string(n) : fmt::format("{}-{}", name, n));
    if (make_folder(path)) return path.string();
  }
}

void save_settings(const std::string& path, const Settings& settings) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (const auto& [key, text] : settings) json[key] = value_of(text);
  write_file(path, json.dump(2) + "\n");
}

Settings load_settings(const std::string& path) {
  const Bytes bytes = read_file(path, settings_limit);
  const auto json = nlohmann::ordered_json::parse(bytes, nullptr, false);
  check(json.is_object(), "{} is no JSON object of settings", path);
  Settings settings;
  for (const auto& [key, value] : json.items()) {
    check(value.is_primitive(), "{}: the value of {} is neither text, number nor truth value", path, key);
    settings.emplace_back(key, value.is_string() ? value.get<std::string>() : value.dump());
  }
  return settings;
}

std::vector<std::vector<double>> read_results(const std::string& path,
                                              const std::vector<std::string>& columns) {
  const auto lines = split(text_of(read_file(path, results_limit)), '\n');
  check(lines[0] == fmt::format("{}", fmt::join(columns, ",")), "{} has other columns than expected: {}",
        path, lines[0]);
  std::vector<std::vector<double>> rows;
  for (size_t i = 1; i < lines.size() && !lines[i].empty(); ++i) {
    rows.emplace_back();
    for (const auto& cell : split(lines[i], ','))
      check(is_number(cell, rows.back().emplace_back()), "{} line {}: {} is no number", path, i + 1, cell);
    check(rows.back().size() == columns.size(), "{} line {} has {} of {} columns", path, i + 1,
          rows.back().size(), columns.size());
  }
  return rows;
}

ResultsFile::ResultsFile(std::string path, const std::vector<std::string>& columns, int64_t keep_rows)
    : path_(std::move(path)), columns_(columns) {
  std::string text = fmt::format("{}\n", fmt::join(columns_, ","));
  if (keep_rows >= 0 && fs::exists(path_)) {
    const auto lines = split(text_of(read_file(path_, results_limit)), '\n');
    for (size_t i = 1; i < lines.size() && int64_t(i) <= keep_rows && !lines[i].empty(); ++i)
      text += lines[i] + "\n";
  }
  write_file(path_, text);
}

void ResultsFile::append(const std::vector<double>& values) const {
  std::string row;
  for (const double v : values) row += fmt::format("{}{:.6g}", row.empty() ? "" : ",", v);
  row += "\n";
  std::FILE* file = std::fopen(path_.c_str(), "a");
  const bool written = file && std::fwrite(row.data(), 1, row.size(), file) == row.size();
  const bool closed = file && std::fclose(file) == 0;
  const int code = errno;
  check(written && closed, "cannot write {}: {}", path_, std::strerror(code));
}

}  // namespace fovea::train
